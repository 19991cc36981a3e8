"""What buttons and shortcuts mean: which frames, which choice, one work at a time, every end told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from support.artists_desk import shot_document
from support.memory_backend import MemoryBackend
from support.memory_host import MemoryDocument, MemoryHost

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pending import Kind, Pending, PendingJobs
from keycel_plugin.qt import QtWidgets
from keycel_plugin.state.records import Choice, Scope
from keycel_plugin.state.remedies import Remedy, remedy_for
from keycel_shared.errors import ErrorCode
from keycel_shared.messages import EngineInfo, EngineOption, JobRequest
from keycel_shared.states import FrameState

RunUntil = Callable[..., None]

FLAT = EngineInfo(
    name="flat",
    title="Flat colours",
    version="2",
    tasks=("colorize",),
    options=(EngineOption("gap", "Close gaps", "", 0, 0, 100),),
    minimum_keyframes=1,
    largest_side=16384,
    licence="",
)
DRAWINGS = (0, 3, 4, 9)


@pytest.fixture
def document() -> MemoryDocument:
    return shot_document()


@pytest.fixture
def backend(application: QtWidgets.QApplication) -> MemoryBackend:
    del application
    made = MemoryBackend()
    made.engines = (FLAT,)
    return made


@pytest.fixture
def controller(document: MemoryDocument, backend: MemoryBackend) -> Iterator[Controller]:
    made = Controller(MemoryHost(document), cast("Backend", backend))
    made.docker_shown(True)
    yield made
    made.shut_down()


@pytest.fixture
def finish(controller: Controller, run_until: RunUntil) -> Callable[[], None]:
    return lambda: run_until(lambda: not controller.busy)


def choice_of(document: MemoryDocument) -> Choice:
    return ShotMemory(document).record().choice


def states(controller: Controller) -> dict[int, FrameState]:
    return {cell.time: cell.state for cell in controller.model.review.cells}


@pytest.fixture
def coloured(controller: Controller, finish: Callable[[], None], run_until: RunUntil) -> Controller:
    controller.colorize()
    finish()
    assert controller.model.progress.news.error is None
    run_until(lambda: states(controller) == dict.fromkeys(DRAWINGS, FrameState.PROPOSED))
    return controller


def test_layers_are_suggested_and_a_choice_is_kept_in_the_document(
    controller: Controller, document: MemoryDocument
) -> None:
    assert controller.model.choice.choice.line_layer == "lines"
    assert controller.model.choice.choice.color_layer == "keys"
    assert document.memo_names() == []  # looking leaves nothing behind
    controller.choose_scope(Scope.CURRENT)
    controller.choose_color("background")
    assert choice_of(document).scope is Scope.CURRENT
    assert choice_of(document).color_layer == "background"
    assert controller.model.choice.choice == choice_of(document)


def test_only_options_that_differ_from_the_engine_are_kept(
    controller: Controller, document: MemoryDocument, run_until: RunUntil
) -> None:
    run_until(lambda: controller.model.choice.engine is not None)
    controller.set_option("gap", 7)
    assert choice_of(document).options == {"gap": 7}
    controller.set_option("gap", 0)
    assert choice_of(document).options == {}


def test_options_reach_the_engine(
    controller: Controller, backend: MemoryBackend, finish: Callable[[], None], run_until: RunUntil
) -> None:
    run_until(lambda: controller.model.choice.engine is not None)
    controller.set_option("gap", 7)
    controller.colorize()
    finish()
    assert backend.requests[-1].options == {"gap": 7}


def test_the_cost_is_told_before_any_work(controller: Controller, run_until: RunUntil) -> None:
    run_until(lambda: controller.model.choice.estimate is not None)
    estimate = controller.model.choice.estimate
    assert estimate is not None
    assert estimate.frames >= len(DRAWINGS)


def test_scope_current_is_the_drawing_under_the_playhead(
    controller: Controller, document: MemoryDocument, backend: MemoryBackend, finish: Callable[[], None]
) -> None:
    document.time = 5
    controller.choose_scope(Scope.CURRENT)
    controller.colorize()
    finish()
    assert backend.requests[-1].targets == (4,)


def test_frames_meant_strip_then_timeline_then_playhead(
    coloured: Controller, document: MemoryDocument
) -> None:
    document.time = 3
    coloured.refresh()
    coloured.lock()
    finish_short(coloured)
    assert locked(document) == {3}
    document.selection = (3, 4, 5)
    coloured.lock()
    finish_short(coloured)
    assert locked(document) == {3, 4}
    coloured.select((0, 9))
    coloured.lock()
    finish_short(coloured)
    assert locked(document) == {0, 3, 4, 9}


def test_a_moved_playhead_ends_the_strips_selection(coloured: Controller, document: MemoryDocument) -> None:
    coloured.select((0, 3))
    document.time = 9
    coloured.refresh()
    assert coloured.model.review.selected == ()


def finish_short(controller: Controller) -> None:
    for _ in range(200):
        QtWidgets.QApplication.processEvents()
    assert not controller.busy


def locked(document: MemoryDocument) -> set[int]:
    [layer] = ShotMemory(document).record().layers
    return {frame.time for frame in layer.frames if frame.locked}


def test_a_second_press_while_working_does_nothing(
    controller: Controller, backend: MemoryBackend, finish: Callable[[], None]
) -> None:
    controller.colorize()
    controller.colorize()
    controller.spread()
    finish()
    assert len(backend.requests) == 1


def test_quitting_in_the_middle_leaves_the_document_alone(
    controller: Controller, document: MemoryDocument, backend: MemoryBackend, run_until: RunUntil
) -> None:
    backend.stalls = True
    controller.colorize()
    run_until(lambda: controller.model.progress.news.done == 1)
    before = [layer.id for layer in document.stack]
    controller.shut_down()
    assert not controller.busy
    assert [layer.id for layer in document.stack] == before


def test_a_mistake_of_ours_is_told_plainly(
    controller: Controller, backend: MemoryBackend, finish: Callable[[], None]
) -> None:
    async def connect_for(*_: object) -> MemoryBackend:
        raise ZeroDivisionError("the tin is empty")

    backend.connect_for = connect_for  # type: ignore[method-assign]
    controller.colorize()
    finish()
    error = controller.model.progress.news.error
    assert error is not None
    assert error.code is ErrorCode.BUG_UNEXPECTED
    assert "the tin is empty" in error.detail


def test_a_locked_layer_is_unlocked_by_the_button(
    coloured: Controller, document: MemoryDocument, finish: Callable[[], None]
) -> None:
    [ours] = document.our_layers()
    document.layer(ours).locked = True
    coloured.regenerate()
    finish()
    error = coloured.model.progress.news.error
    assert error is not None
    assert remedy_for(error) is Remedy.UNLOCK_LAYER
    coloured.remedy(Remedy.UNLOCK_LAYER)
    finish()
    assert coloured.model.progress.news.error is None
    assert not document.layer(ours).locked


def test_an_interrupted_job_goes_on_when_its_document_comes_to_the_front(
    document: MemoryDocument, backend: MemoryBackend, run_until: RunUntil, tmp_path: Path
) -> None:
    earlier = PendingJobs(tmp_path)
    request = JobRequest("flat", "colorize", 4, 3, (), ())
    earlier.remember(Pending(Kind.COLORIZE, "lines", "keys"), request, "gone", "job-7")
    earlier.close()  # as when its process ends
    backend.pending = PendingJobs(tmp_path)
    controller = Controller(MemoryHost(document), cast("Backend", backend))
    controller.docker_shown(True)
    run_until(lambda: len(document.our_layers()) == 1)
    run_until(lambda: not controller.busy)
    assert controller.model.progress.news.error is None
    assert list(tmp_path.glob("*.json")) == []
    controller.shut_down()


def test_a_palette_file_restricts_the_colours(
    controller: Controller, backend: MemoryBackend, finish: Callable[[], None], tmp_path: Path
) -> None:
    file = tmp_path / "film.gpl"
    file.write_text("GIMP Palette\nName: film\n#\n10 20 30 night\n200 100 0 lamp\n")
    controller.load_palette(str(file))
    finish_short(controller)
    assert controller.model.choice.choice.palette_name == "film.gpl"
    controller.colorize()
    finish()
    assert backend.requests[-1].palette == ((10, 20, 30, 255), (200, 100, 0, 255))
    controller.clear_palette()
    assert controller.model.choice.choice.palette == ()
