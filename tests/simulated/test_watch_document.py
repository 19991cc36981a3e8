"""Which document and layers are watched, and when the watch keeps its hands off."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.colored_shot import ColoredShot
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer, MemoryReader, flat_picture

from keycel_plugin.flow import watch as watching
from keycel_plugin.flow.review import set_choice
from keycel_plugin.flow.watch import Watch
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.states import FrameState

RunUntil = Callable[..., None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BEAT_MS", 10)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "_REST_MS", 0)


@pytest.fixture
def plain() -> MemoryDocument:
    """Not coloured yet."""
    return MemoryDocument(
        MemoryLayer("sketch", "Sketch", {0: flat_picture(1)}),
        MemoryLayer("keys", "Colour keys", {0: flat_picture(200)}),
        MemoryLayer("lines", "Lines", {0: flat_picture(10), 2: flat_picture(20)}),
        name="plain",
    )


class Desk:
    def __init__(self, run_until: RunUntil, *documents: MemoryDocument) -> None:
        self.until = run_until
        self.host = MemoryHost(*documents)
        self.model = Model()
        self.watch = Watch(self.host, self.model)
        self.watch.start()

    def times(self) -> list[int]:
        return [cell.time for cell in self.model.review.cells]

    def settle(self) -> None:
        """Until every picture was looked at."""
        self.until(lambda: self.watch._observer is not None and not self.watch._observer.unseen())


@pytest.fixture
def desk(run_until: RunUntil, plain: MemoryDocument) -> Iterator[Desk]:
    desk = Desk(run_until, plain)
    yield desk
    desk.watch.stop()


def test_layers_are_listed_and_suggested_by_name(desk: Desk) -> None:
    choice = desk.model.choice
    assert [layer.name for layer in choice.layers] == ["Lines", "Colour keys", "Sketch"]
    assert (choice.choice.line_layer, choice.choice.color_layer) == ("lines", "keys")
    assert desk.times() == [0, 2]
    assert {cell.state for cell in desk.model.review.cells} == {FrameState.EMPTY}


def test_a_suggestion_is_not_written_into_the_document(desk: Desk, plain: MemoryDocument) -> None:
    desk.settle()
    assert plain.memos == {}
    assert not plain.modified
    assert plain.undo_stack == []


def test_a_choice_of_the_artist_stays_until_its_layer_is_gone(desk: Desk, plain: MemoryDocument) -> None:
    set_choice(plain, Choice("sketch", "keys"))
    desk.watch.look_again()
    assert desk.model.choice.choice.line_layer == "sketch"
    assert desk.times() == [0]
    plain.stack = [layer for layer in plain.stack if layer.id != "sketch"]
    desk.watch.look_again()
    assert desk.model.choice.choice.line_layer == "lines"
    assert desk.times() == [0, 2]


def test_a_renamed_or_new_layer_is_listed(desk: Desk, plain: MemoryDocument) -> None:
    plain.layer("sketch").name = "Rough"
    plain.stack.append(MemoryLayer("more", "Second lines"))
    desk.until(lambda: [layer.name for layer in desk.model.choice.layers][::3] == ["Second lines", "Rough"])


def test_colours_of_painted_keyframes_are_found_before_anything_is_coloured(desk: Desk) -> None:
    desk.until(lambda: len(desk.model.review.palette) == 1)
    [swatch] = desk.model.review.palette
    assert (swatch.original, swatch.frames) == ((200, 200, 200, 255), 0)


def test_the_used_pair_is_chosen_for_a_document_without_a_choice(run_until: RunUntil) -> None:
    shot = ColoredShot(run_until)
    shot.document.layer("lines").name, shot.document.layer("keys").name = "A", "B"
    shot.memory.save(type(shot.record)(layers=shot.record.layers))
    desk = Desk(run_until, shot.document)
    assert (desk.model.choice.choice.line_layer, desk.model.choice.choice.color_layer) == ("lines", "keys")
    desk.watch.stop()


def test_another_document_in_front_replaces_everything(run_until: RunUntil, plain: MemoryDocument) -> None:
    shot = ColoredShot(run_until)
    desk = Desk(run_until, shot.document, plain)
    desk.until(lambda: bool(desk.model.review.unsure) and desk.model.thumbnails.get(9) is not None)
    desk.host.bring_to_front(plain)
    desk.until(lambda: desk.times() == [0, 2])
    assert desk.model.review.unsure == ()
    assert desk.model.review.takes == ()
    assert desk.model.thumbnails.get(9) is None
    assert desk.watch.ours is None
    desk.host.bring_to_front(shot.document)
    desk.until(lambda: desk.times() == [0, 3, 4, 9])
    desk.watch.stop()


def test_no_document(desk: Desk, plain: MemoryDocument) -> None:
    desk.settle()
    plain.open = False
    desk.until(lambda: desk.watch.document is None)
    assert desk.times() == []
    assert desk.model.choice.layers == ()
    assert desk.model.review.current == -1
    assert desk.model.review.palette == ()
    plain.open = True
    desk.until(lambda: desk.times() == [0, 2])


def test_a_hidden_docker_looks_at_nothing(desk: Desk, plain: MemoryDocument) -> None:
    desk.settle()
    desk.watch.stop()
    assert MemoryReader.open_count == 0
    plain.layer("lines").keyframes[5] = flat_picture(50)
    plain.time = 2
    desk.watch.look_again()  # a shortcut was pressed: it shall mean the right frames
    assert desk.times() == [0, 2, 5]
    assert desk.model.review.current == 2
    assert not desk.watch._is_looking()
    desk.watch.start()
    desk.until(lambda: desk.model.thumbnails.get(5) is not None)


def test_while_a_job_runs_only_the_playhead_is_followed(desk: Desk, plain: MemoryDocument) -> None:
    desk.settle()
    desk.model.progress.show("Colouring")
    assert not desk.watch._is_looking()
    reads: list[int] = []
    plain.__dict__["open_reader"] = lambda *_: reads.append(1)
    plain.layer("lines").keyframes[5] = flat_picture(50)
    plain.time = 2
    desk.until(lambda: desk.model.review.current == 2)
    assert desk.times() == [0, 2]
    assert reads == []
    del plain.__dict__["open_reader"]
    desk.model.progress.finish("Done")
    desk.until(lambda: desk.times() == [0, 2, 5])


def test_what_is_chosen_while_a_job_runs_is_taken_over_at_once(desk: Desk, plain: MemoryDocument) -> None:
    desk.model.progress.show("Colouring")
    set_choice(plain, Choice("sketch", "keys"))
    desk.watch.look_again()
    assert desk.model.choice.choice.line_layer == "sketch"
    assert not desk.watch._is_looking()
    desk.model.progress.finish("Done")


def test_a_job_that_starts_in_the_middle_of_looking_is_not_disturbed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_REST_MS", 500)
    desk.until(lambda: MemoryReader.open_count > 0)
    desk.model.progress.show("Colouring")
    assert MemoryReader.open_count == 0
    monkeypatch.setattr(watching, "_REST_MS", 0)
    desk.model.progress.finish("Done")
    desk.settle()


def test_a_layer_that_cannot_be_read_is_tried_again_later(
    desk: Desk, plain: MemoryDocument, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.settle()
    monkeypatch.setattr(watching, "_ERROR_SECONDS", 0.05)
    tries: list[int] = []

    async def broken(*_: object) -> None:
        tries.append(1)
        raise KeycelError(ErrorCode.DOC_UNREADABLE_PICTURE, "No.", "Wait.")

    plain.__dict__["open_reader"] = broken
    desk.until(lambda: len(tries) == 2)
    assert desk.times() == [0, 2]
    del plain.__dict__["open_reader"]
    plain.paint("lines", 0, flat_picture(99))
    before = desk.model.thumbnails.get(0)
    desk.until(lambda: desk.model.thumbnails.get(0) is not before)
    assert capsys.readouterr().err == ""


def test_a_canvas_of_another_size_starts_afresh(desk: Desk, plain: MemoryDocument) -> None:
    desk.settle()
    plain.size = (6, 2)
    for layer in plain.stack:
        layer.keyframes = {time: flat_picture(time + 1, (6, 2)) for time in layer.keyframes}
    desk.until(lambda: (small := desk.model.thumbnails.get(2)) is not None and small.width() == 6)
