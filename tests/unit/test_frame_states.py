"""A frame's state follows from what lies in the layer, what was written there, and the drawing above."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keycel_plugin.state.records import (
    FrameRecord,
    LayerRecord,
    PaletteEntry,
    ShotRecord,
    Take,
    TakeOrigin,
    Written,
    decode,
    encode,
)
from keycel_shared.states import FrameState

ENGINE, ARTIST = TakeOrigin.ENGINE, TakeOrigin.ARTIST

COLORED = FrameRecord(
    5,
    takes=(Take("a", ENGINE), Take("mine", ARTIST)),
    written=(Written("", "d1"), Written("A", "d1", "a"), Written("mine", "d1", "mine")),
)


@pytest.mark.parametrize(
    ("frame", "shown", "drawing", "state"),
    [
        (FrameRecord(5), "", "d1", FrameState.EMPTY),
        (FrameRecord(5, error="why"), "", "d1", FrameState.FAILED),
        (FrameRecord(5), "X", "d1", FrameState.EDITED),
        (COLORED, "", "d1", FrameState.EMPTY),
        (replace(COLORED, error="why"), "", "d1", FrameState.FAILED),
        (COLORED, "A", "d1", FrameState.PROPOSED),
        (replace(COLORED, error="why"), "A", "d1", FrameState.PROPOSED),
        (COLORED, "A", "d2", FrameState.STALE),
        (COLORED, "X", "d1", FrameState.EDITED),
        (COLORED, "X", "d2", FrameState.EDITED),
        (replace(COLORED, accepted="A"), "A", "d1", FrameState.ACCEPTED),
        (replace(COLORED, accepted="A"), "A", "d2", FrameState.STALE),
        (replace(COLORED, accepted="A"), "X", "d1", FrameState.EDITED),
        (COLORED, "mine", "d1", FrameState.EDITED),
        (replace(COLORED, accepted="mine"), "mine", "d1", FrameState.ACCEPTED),
        (replace(COLORED, accepted="mine"), "mine", "d2", FrameState.EDITED),
        (replace(COLORED, written=COLORED.written[1:]), "", "d1", FrameState.EDITED),
    ],
)
def test_state(frame: FrameRecord, shown: str, drawing: str, state: FrameState) -> None:
    assert frame.state_given(shown, drawing) is state
    assert replace(frame, locked=True).state_given(shown, drawing) is state


def test_the_same_picture_for_two_drawings_fits_both() -> None:
    frame = COLORED.with_written(Written("A", "d2", "a"))
    assert frame.state_given("A", "d1") is FrameState.PROPOSED
    assert frame.state_given("A", "d2") is FrameState.PROPOSED
    assert frame.state_given("A", "d3") is FrameState.STALE


def test_a_known_take_keeps_its_place_and_learns_the_seed() -> None:
    frame = FrameRecord(5).with_take(Take("a", ENGINE)).with_take(Take("b", ENGINE, 1))
    assert frame.next_seed() == 2
    again = frame.with_take(Take("a", ENGINE, 2))
    assert [take.digest for take in again.takes] == ["a", "b"]
    assert again.next_seed() == 3
    assert again.with_take(Take("a", ENGINE, 0)) == again


digests = st.sampled_from(["", "A", "B", "C", "D"])
entries = st.builds(Written, digests, st.sampled_from(["d1", "d2"]), st.sampled_from(["", "a", "b"]))
takes = st.builds(
    Take, st.sampled_from(["a", "b", "c"]), st.sampled_from(TakeOrigin), st.integers(0, 9), st.integers(0, 9)
)


@given(st.lists(st.tuples(entries, st.none() | takes), max_size=8))
def test_writing_never_forgets(writes: list[tuple[Written, Take | None]]) -> None:
    frame = FrameRecord(5, error="why")
    for entry, take in writes:
        before, frame = frame, frame.with_written(entry, take)
        assert frame.written[-1] == entry
        assert frame.error == ""
        assert set(frame.written) >= set(before.written)
        assert {known.digest for known in frame.takes} >= {known.digest for known in before.takes}
        assert len({known.digest for known in frame.takes}) == len(frame.takes)
        assert len(set(frame.written)) == len(frame.written)
        assert frame.next_seed() >= before.next_seed()
    record = ShotRecord(
        layers=(LayerRecord("us", "lines", "keys", frames=(frame,)),),
        palette=(PaletteEntry((1, 2, 3, 255), (4, 5, 6, 255), "skin"),),
    )
    assert decode(encode(record)) == record


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1, "shot": 7}', b"\xff\xfe"]
)
def test_a_damaged_record_reads_as_a_fresh_one(data: bytes) -> None:
    assert decode(data) == ShotRecord()
