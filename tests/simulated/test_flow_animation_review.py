"""Drawings of an animation are proposals: accepted, locked, made anew one by one, chosen among takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from support.artists_desk import Desk, RunUntil
from support.dock_scene import ANIMATING, FLAT
from support.memory_backend import inverted
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer, flat_picture

from keycel_plugin.flow.animate import animate
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.flow.palette import replace_color
from keycel_plugin.flow.pending import Kind, Pending, PendingJobs
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.flow.takes import choose_take
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.records import FrameRecord, LayerRecord, TakeOrigin
from keycel_shared.errors import ErrorCode
from keycel_shared.messages import JobRequest, OptionValue
from keycel_shared.states import FrameState

OPTIONS: dict[str, OptionValue] = {"prompt": "it hops", "frames": 3, "exposure": 2, "mode": "draft"}
TIMES = (4, 6, 8)
PROPOSED, EDITED, ACCEPTED = FrameState.PROPOSED, FrameState.EDITED, FrameState.ACCEPTED


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    """With an animation of the drawing at frame 4, which is the active layer."""
    desk = Desk(run_until)
    desk.document.time = 5
    desk.finish(animate(desk.document, desk.choice, "moving", OPTIONS, 0, desk.context))
    assert desk.error is None
    desk.document.active_id = desk.document.layer("Keycel animation").id
    return desk


@pytest.fixture
def controller(desk: Desk) -> Iterator[Controller]:
    desk.backend.engines = (FLAT, ANIMATING)
    desk.backend.status.show(Link.OFF, "")
    controller = Controller(MemoryHost(desk.document), cast("Backend", desk.backend))
    controller.docker_shown(True)
    yield controller
    controller.shut_down()


def _made(desk: Desk) -> LayerRecord:
    found = desk.record.layer(desk.document.layer("Keycel animation").id)
    assert found is not None
    return found


def _drawings(desk: Desk) -> dict[int, bytes]:
    return dict(desk.document.layer("Keycel animation").keyframes)


def _redraw(desk: Desk, *times: int) -> None:
    desk.finish(regenerate(desk.document, times, desk.choice, desk.context))


def _states(controller: Controller) -> dict[int, FrameState]:
    return {cell.time: cell.state for cell in controller.model.review.cells}


def test_every_drawing_is_reviewed(desk: Desk, controller: Controller) -> None:
    desk.run_until(lambda: _states(controller) == dict.fromkeys(TIMES, PROPOSED))
    desk.document.move_playhead(7)
    desk.run_until(lambda: controller.model.review.current == 6)
    controller.accept()
    desk.run_until(lambda: _states(controller)[6] is ACCEPTED)
    desk.document.paint(_made(desk).layer, 8, flat_picture(1))
    desk.run_until(lambda: _states(controller)[8] is EDITED)
    controller.lock()
    desk.run_until(lambda: _made(desk).frame(6).locked)
    # with another layer active and nothing coloured there is nothing else to review
    desk.document.active_id = "keys"
    desk.run_until(lambda: set(_states(controller)) == set(TIMES))
    assert not any(cell.keyframe for cell in controller.model.review.cells)
    assert controller.model.review.palette == ()


def test_one_drawing_is_made_anew_and_its_take_chosen_again(desk: Desk) -> None:
    before, steps = _drawings(desk), desk.undo_steps
    _redraw(desk, 7)
    assert desk.error is None
    assert desk.message == "New drawings at 6. Undo brings the previous ones back."
    first, request = desk.backend.requests
    assert (request.targets, request.seed, request.redraw) == ((6,), 1, True)
    assert (request.engine, request.task, request.options) == ("moving", "animate", OPTIONS)
    assert request.drawings == first.drawings, "the artist's drawing, though its layer is not asked"
    source = desk.document.layer("lines").keyframes[4]
    assert _drawings(desk) == {**before, 6: inverted(source, 6 + 1)}
    assert desk.undo_steps == steps + 1
    takes = _made(desk).frame(6).takes
    assert [take.seed for take in takes] == [0, 1]
    _redraw(desk, 6)
    assert desk.backend.requests[-1].seed == 2
    desk.finish(choose_take(desk.document, 6, takes[0].digest, desk.context))
    assert desk.error is None
    assert _drawings(desk) == before


def test_accepted_and_painted_drawings_are_only_replaced_on_demand(desk: Desk) -> None:
    mine = flat_picture(1)
    desk.document.paint(_made(desk).layer, 8, mine)
    frame = _made(desk).frame(6)
    _change(desk, replace(frame, accepted=frame.written[-1].digest))
    before = _drawings(desk)
    answer = {"yes": False}
    desk.question.changed.connect(lambda: desk.question.answer(answer["yes"]))
    _redraw(desk, 6, 8)
    assert desk.message == "Nothing was changed."
    assert _drawings(desk) == before
    assert len(desk.backend.requests) == 1
    answer["yes"] = True
    _redraw(desk, 6, 8)
    assert desk.error is None
    after = _drawings(desk)
    assert {time for time in after if after[time] != before[time]} == {6, 8}
    painted = _made(desk).frame(8).takes
    assert sorted(take.origin.value for take in painted) == ["artist", "engine", "engine"]
    [own] = [take for take in painted if take.origin is TakeOrigin.ARTIST]
    desk.finish(choose_take(desk.document, 8, own.digest, desk.context))
    assert _drawings(desk)[8] == mine


def _change(desk: Desk, frame: FrameRecord) -> None:
    desk.memory.save(desk.record.with_layer(_made(desk).with_frames([frame])))


def test_replaced_colours_leave_the_ink_alone(desk: Desk) -> None:
    before = _drawings(desk)
    blue, green, red, alpha = before[6][-4:]
    ink, other = (red, green, blue, alpha), (1, 250, 3, 255)
    desk.finish(replace_color(desk.document, ink, other, desk.context))
    assert desk.error is None
    _redraw(desk, 6)
    first = _made(desk).frame(6).takes[0]
    desk.finish(choose_take(desk.document, 6, first.digest, desk.context))
    assert _drawings(desk) == before


def test_it_is_coloured_as_any_line_layer_and_then_its_colours_are_reviewed(
    desk: Desk, controller: Controller
) -> None:
    layer = _made(desk).layer
    desk.document.layer("keys").keyframes[4] = flat_picture(200)
    controller.choose_line(layer)
    desk.run_until(lambda: controller.model.choice.choice.line_layer == layer)
    controller.colorize()
    desk.run_until(lambda: not controller.busy)
    assert controller.model.progress.news.error is None
    assert desk.backend.requests[-1].task == "colorize"
    assert desk.record.choice.result_layer not in ("", layer)
    desk.run_until(lambda: set(_states(controller)) == set(TIMES))
    desk.run_until(lambda: controller.model.review.palette != ())
    controller.choose_result(layer)  # back to the drawings themselves
    desk.run_until(lambda: controller.model.review.palette == ())
    assert _states(controller) == dict.fromkeys(TIMES, PROPOSED)


@pytest.mark.parametrize("again", [False, True])
def test_a_killed_krita_goes_on(desk: Desk, tmp_path: Path, again: bool) -> None:
    layer = _made(desk).layer if again else ""
    lines = layer or "lines"
    work = Pending(Kind.ANIMATE, lines, "", layer, (6,) if again else (3,))
    if not again:
        work = replace(work, engine="moving", options=OPTIONS, take=2, color_layer="keys")
    earlier = PendingJobs(tmp_path)
    earlier.remember(work, JobRequest("moving", "animate", 4, 3, (), ()), "gone", "job-7")
    earlier.close()  # as when its process ends
    desk.backend.pending = PendingJobs(tmp_path)
    before = _drawings(desk)
    controller = Controller(MemoryHost(desk.document), cast("Backend", desk.backend))
    controller.docker_shown(True)
    desk.run_until(lambda: len(desk.backend.requests) == 2)
    desk.run_until(lambda: not controller.busy)
    assert controller.model.progress.news.error is None
    request = desk.backend.requests[-1]
    assert request.options == OPTIONS
    if again:
        assert (request.targets, request.seed) == ((6,), 1)
        assert _drawings(desk)[6] != before[6]
    else:
        assert (request.targets, request.seed) == ((3, 5, 7), 2)
        assert "Keycel animation 2" in [layer.name for layer in desk.document.stack]
    assert list(tmp_path.glob("*.json")) == []
    controller.shut_down()


def test_a_still_drawing_is_a_shot_too(run_until: RunUntil) -> None:
    sketch = flat_picture(90)
    desk = Desk(run_until, MemoryDocument(MemoryLayer("lines", "Lines", still=sketch)))
    desk.document.time = 12
    desk.finish(animate(desk.document, desk.choice, "moving", OPTIONS, 0, desk.context))
    assert desk.error is None
    assert _drawings(desk) == {time: inverted(sketch, time) for time in (0, 2, 4)}


def test_the_cost_is_told_before_any_work(desk: Desk, controller: Controller) -> None:
    animation = controller.model.animation
    desk.run_until(lambda: animation.estimate is not None)
    assert animation.estimate is not None
    assert animation.estimate.frames == 10
    controller.set_animation_option("frames", 4)
    desk.run_until(lambda: animation.estimate is not None and animation.estimate.frames == 4)
    desk.document.open = False
    controller.refresh()
    desk.run_until(lambda: animation.estimate is None)


def test_what_is_refused(desk: Desk) -> None:
    before = _drawings(desk)
    cases = [((4,), ErrorCode.DOC_NO_SUCH_FRAME), ((0,), ErrorCode.DOC_NO_SUCH_FRAME)]
    for times, code in cases:
        _redraw(desk, *times)
        assert desk.error is not None
        assert desk.error.code is code
    _change(desk, replace(_made(desk).frame(6), locked=True))
    _redraw(desk, 6)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_FRAME_LOCKED
    desk.spread()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NOT_OURS
    desk.memory.drop_take(desk.record.animations[0].drawing)
    _redraw(desk, 8)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_TAKE_LOST
    assert _drawings(desk) == before
