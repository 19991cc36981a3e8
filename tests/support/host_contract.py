"""What every host promises and how it misbehaves, as assertions: run in memory and in a real Krita alike.

Only what both of their Pythons have may be imported here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from keycel_plugin.host.ports import Host, NamedLayer, Place, Replacement, ShotDocument, StagedLayer
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

LINE_TIMES = (0, 2, 3, 5, 9, 44)
"""Of the layer “Lines”; the drawing at 5 comes back at 44. “Colour keys” has 0 and 9, “Paper” is still."""


class Desk(Protocol):
    """A shot on which nothing has been done yet, in front; and the artist's own hands."""

    host: Host
    moves_are_steps: bool
    """Moving the playhead by the timeline is an undo step (up to Krita 5.1)."""

    async def settle(self) -> None:
        """Wait until the host has done what it was told."""
        ...

    def redo(self) -> None: ...

    def lock(self, layer: str) -> None: ...


Case = Callable[[Desk], Awaitable[None]]


def layer_named(document: ShotDocument, name: str) -> str:
    [found] = [layer.id for layer in document.layers() if layer.name == name]
    return found


def picture(document: ShotDocument, value: int) -> bytes:
    width, height = document.size
    return bytes((value, 0, 255 - value, 255)) * (width * height)


async def staged(document: ShotDocument, cels: Sequence[Sequence[int]], first_value: int) -> StagedLayer:
    """Cels with the pictures `first_value`, `first_value` + 1, ..."""
    layer = document.stage(cels, layer_named(document, "Colour keys"))
    for value, times in enumerate(cels, first_value):
        await layer.put(min(times), picture(document, value))
    return layer


async def added(document: ShotDocument, cels: Sequence[Sequence[int]], name: str = "New") -> str:
    """A new layer of ours with the pictures 1, 2, ..."""
    layer = await staged(document, cels, 1)
    try:
        return await document.add_layer(layer, name, layer_named(document, "Lines"), Place.BENEATH)
    finally:
        layer.close()


async def replaced(document: ShotDocument, changes: dict[str, Sequence[int]], first_value: int) -> None:
    """Replace keyframes of several layers, each layer with the pictures `first_value`, ..."""
    replacements = [
        Replacement(await staged(document, [[time] for time in times], first_value), layer, tuple(times))
        for layer, times in changes.items()
    ]
    try:
        await document.replace_frames(replacements)
    finally:
        for replacement in replacements:
            replacement.staged.close()


@contextlib.contextmanager
def refused(code: ErrorCode) -> Iterator[None]:
    try:
        yield
    except KeycelError as error:
        if error.value.code is not code:
            raise
    else:
        raise AssertionError(f"not refused with {code}")


# -------------------------------------------------------------------------------- cases


async def every_answer_is_a_new_object(desk: Desk) -> None:
    first, second = desk.host.active_document(), desk.host.active_document()
    assert first is not second
    assert first.is_same(second)
    [only] = desk.host.documents()
    assert only.is_same(first)
    assert only.is_active()


async def the_playhead_moves_later(desk: Desk) -> None:
    document = desk.host.active_document()
    for time in (5, 9, 3):
        document.move_playhead(time)
        await desk.settle()
        assert document.playhead() == time


async def moving_the_playhead_may_be_an_undo_step(desk: Desk) -> None:
    """Several moves after each other are one."""
    document = desk.host.active_document()
    new = await added(document, [[0]])
    await desk.settle()
    for time in (5, 9):
        document.move_playhead(time)
        await desk.settle()
    document.undo()
    await desk.settle()
    if desk.moves_are_steps:
        assert (document.playhead(), list(document.our_layers())) == (0, [new])
        document.undo()
        await desk.settle()
    else:
        assert document.playhead() == 9
    assert list(document.our_layers()) == []


async def undoing_a_step_leaves_the_playhead(desk: Desk) -> None:
    document = desk.host.active_document()
    document.move_playhead(3)
    await desk.settle()
    await added(document, [[0]])
    await desk.settle()
    document.undo()
    await desk.settle()
    assert document.playhead() == 3


async def a_blank_keyframe_at_zero_is_always_there(desk: Desk) -> None:
    document = desk.host.active_document()
    new = await added(document, [[4], [7]])
    width, height = document.size
    assert document.keyframe_times(new) == (0, 4, 7)
    assert await document.picture_at(new, 0) == bytes(4 * width * height)
    assert await document.picture_at(new, 4) == picture(document, 1)


async def holds_are_not_resolved(desk: Desk) -> None:
    document = desk.host.active_document()
    new = await added(document, [[0], [4]])
    assert await document.picture_at(new, 3) == b""
    assert await document.picture_at(layer_named(document, "Paper"), 0) == b""


async def repeated_pictures_are_shared_until_one_is_replaced(desk: Desk) -> None:
    document = desk.host.active_document()
    new = await added(document, [[0, 7], [3]])
    assert await document.picture_at(new, 7) == await document.picture_at(new, 0) == picture(document, 1)
    await replaced(document, {new: [7]}, 50)
    assert await document.picture_at(new, 7) == picture(document, 50)
    assert await document.picture_at(new, 0) == picture(document, 1)
    assert await document.picture_at(new, 3) == picture(document, 2)


async def a_held_frame_gets_a_keyframe_when_replaced(desk: Desk) -> None:
    document = desk.host.active_document()
    new = await added(document, [[0], [7]])
    await replaced(document, {new: [4]}, 50)
    assert document.keyframe_times(new) == (0, 4, 7)
    assert await document.picture_at(new, 0) == picture(document, 1)


async def several_layers_are_replaced_in_one_step(desk: Desk) -> None:
    document = desk.host.active_document()
    first, second = await added(document, [[0], [3]], "First"), await added(document, [[0], [5]], "Second")
    await desk.settle()
    await replaced(document, {first: [0, 3], second: [5]}, 50)
    await desk.settle()
    assert await document.picture_at(first, 0) == picture(document, 50)
    assert await document.picture_at(second, 5) == picture(document, 50)
    assert await document.picture_at(first, 3) == picture(document, 51)
    document.undo()
    await desk.settle()
    assert await document.picture_at(first, 0) == await document.picture_at(second, 0) == picture(document, 1)
    assert await document.picture_at(first, 3) == await document.picture_at(second, 5) == picture(document, 2)


async def a_layer_comes_back_as_ours(desk: Desk) -> None:
    """After undo it is gone; after redo it is the same one."""
    document = desk.host.active_document()
    new = await added(document, [[0]])
    await desk.settle()
    document.undo()
    await desk.settle()
    assert list(document.our_layers()) == []
    with refused(ErrorCode.DOC_NO_SUCH_LAYER):
        await document.picture_at(new, 0)
    desk.redo()
    await desk.settle()
    assert list(document.our_layers()) == [new]
    document.check_writable(new)


async def only_our_layers_may_be_changed(desk: Desk) -> None:
    document = desk.host.active_document()
    for name in ("Lines", "Colour keys", "Paper"):
        layer = layer_named(document, name)
        for change in (
            lambda layer=layer: document.check_writable(layer),
            lambda layer=layer: document.set_visible(layer, False),
            lambda layer=layer: document.unlock(layer),
        ):
            with refused(ErrorCode.DOC_NOT_OURS):
                change()
        before = document.keyframe_times(layer)
        with refused(ErrorCode.DOC_NOT_OURS):
            await replaced(document, {layer: [0]}, 50)
        assert document.keyframe_times(layer) == before
        assert document.is_visible(layer)


async def a_locked_layer_is_refused_until_unlocked(desk: Desk) -> None:
    document = desk.host.active_document()
    new = await added(document, [[0]])
    desk.lock(new)
    with refused(ErrorCode.DOC_LAYER_LOCKED):
        await replaced(document, {new: [0]}, 50)
    assert await document.picture_at(new, 0) == picture(document, 1)
    document.unlock(new)
    await replaced(document, {new: [0]}, 50)
    assert await document.picture_at(new, 0) == picture(document, 50)


async def visibility_is_not_undone(desk: Desk) -> None:
    document = desk.host.active_document()
    first = await added(document, [[0]], "First")
    await desk.settle()
    await added(document, [[0]], "Second")
    await desk.settle()
    document.set_visible(first, False)
    await desk.settle()
    document.undo()
    await desk.settle()
    assert list(document.our_layers()) == [first]
    assert not document.is_visible(first)


async def memos_are_not_undone(desk: Desk) -> None:
    document = desk.host.active_document()
    await added(document, [[0]])
    await desk.settle()
    document.set_memo("one", b"\x00\xff")
    document.set_memo("two", b"2")
    document.set_memo("two", b"22")
    document.set_memo("never", b"")
    document.undo()
    await desk.settle()
    assert sorted(document.memo_names()) == ["one", "two"]
    assert (document.memo("one"), document.memo("two"), document.memo("never")) == (b"\x00\xff", b"22", b"")
    document.set_memo("one", b"")
    assert list(desk.host.active_document().memo_names()) == ["two"]


async def readers_know_every_drawing(desk: Desk) -> None:
    document = desk.host.active_document()
    lines, keys, paper = (layer_named(document, name) for name in ("Lines", "Colour keys", "Paper"))
    assert document.keyframe_times(lines) == LINE_TIMES
    assert document.keyframe_times(paper) == (0,)
    assert document.length == LINE_TIMES[-1] + 1
    for layer in (lines, keys, paper):
        reader = await document.open_reader(layer, keys)
        try:
            assert reader.times == document.keyframe_times(layer)
            digests = [digest_of(reader.picture(time)) for time in reader.times]
        finally:
            reader.close()
        repeated = layer == lines
        assert len(set(digests)) == len(digests) - repeated
        assert not repeated or digests[-1] == digests[-3]


async def new_layers_lie_beneath_or_above(desk: Desk) -> None:
    document = desk.host.active_document()
    lines = layer_named(document, "Lines")
    for name, place in (("Beneath", Place.BENEATH), ("Above", Place.ABOVE)):
        layer = await staged(document, [[0]], 1)
        try:
            await document.add_layer(layer, name, lines, place)
        finally:
            layer.close()
    order = [(layer.name, layer.ours) for layer in document.layers()]
    assert order[:3] == [("Above", True), ("Lines", False), ("Beneath", True)]
    assert [layer.id for layer in document.layers() if layer.ours] == list(document.our_layers())[::-1]


async def several_layers_come_as_one_group_in_one_step(desk: Desk) -> None:
    """Above the layer named; they are ours, and can be replaced like others."""
    document = desk.host.active_document()
    before = [layer.id for layer in document.layers()]
    parts = [await staged(document, [[2], [4]], 1), await staged(document, [[2], [4]], 11)]
    try:
        named = [NamedLayer(part, name) for part, name in zip(parts, ("Lower", "Upper"), strict=True)]
        lower, upper = await document.add_group(named, "Both", layer_named(document, "Lines"))
    finally:
        for part in parts:
            part.close()
    await desk.settle()
    assert (layer_named(document, "Lower"), layer_named(document, "Upper")) == (lower, upper)
    assert list(document.our_layers()) == [lower, upper]
    names = [layer.name for layer in document.layers() if layer.name != "Both"]
    assert names[:3] == ["Upper", "Lower", "Lines"]
    assert await document.picture_at(lower, 4) == picture(document, 2)
    assert await document.picture_at(upper, 4) == picture(document, 12)
    await replaced(document, {lower: [2], upper: [4]}, 50)
    await desk.settle()
    assert await document.picture_at(lower, 2) == await document.picture_at(upper, 4) == picture(document, 50)
    assert await document.picture_at(upper, 2) == picture(document, 11)
    for _step in range(2):
        document.undo()
        await desk.settle()
    assert [layer.id for layer in document.layers()] == before


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        every_answer_is_a_new_object,
        the_playhead_moves_later,
        moving_the_playhead_may_be_an_undo_step,
        undoing_a_step_leaves_the_playhead,
        a_blank_keyframe_at_zero_is_always_there,
        holds_are_not_resolved,
        repeated_pictures_are_shared_until_one_is_replaced,
        a_held_frame_gets_a_keyframe_when_replaced,
        several_layers_are_replaced_in_one_step,
        a_layer_comes_back_as_ours,
        only_our_layers_may_be_changed,
        a_locked_layer_is_refused_until_unlocked,
        visibility_is_not_undone,
        memos_are_not_undone,
        readers_know_every_drawing,
        new_layers_lie_beneath_or_above,
        several_layers_come_as_one_group_in_one_step,
    )
}
