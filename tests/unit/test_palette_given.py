"""The palette after undo and redo follows from what our layer shows and what was written there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keycel_plugin.state.records import (
    FrameRecord,
    LayerRecord,
    PaletteEntry,
    Rgba,
    ShotRecord,
    Take,
    TakeOrigin,
    Written,
    decode,
    encode,
)

HAIR, PINK, TEAL, SKIN = (90, 50, 20, 255), (240, 120, 160, 255), (0, 128, 128, 255), (250, 210, 180, 255)


def written(color: Rgba, take: str = "take") -> Written:
    """A take's picture in which HAIR was shown as `color`; its digest says so."""
    colors = (PaletteEntry(HAIR, color),) if color != HAIR else ()
    return Written(shown(color, take), "drawing", take, colors)


def shown(color: Rgba, take: str = "take") -> str:
    return f"{take} with hair {color}"


def frame(time: int, *colors: Rgba, take: str = "take") -> FrameRecord:
    """`colors`: what HAIR was shown as, one writing after the other."""
    return FrameRecord(
        time,
        takes=(Take(take, TakeOrigin.ENGINE),),
        written=tuple(written(color, take) for color in colors),
    )


def shot(recorded: Rgba, *frames: FrameRecord, name: str = "Hair") -> ShotRecord:
    return ShotRecord(
        layers=(LayerRecord("us", "lines", "keys", frames=frames),),
        palette=(PaletteEntry(SKIN, TEAL), PaletteEntry(HAIR, recorded, name)),
    )


@pytest.mark.parametrize(
    ("recorded", "past", "now", "expected"),
    [
        (PINK, (HAIR, PINK), (PINK, PINK), PINK),
        (PINK, (HAIR, PINK), (HAIR, HAIR), HAIR),
        (HAIR, (HAIR, PINK), (PINK, PINK), PINK),
        (TEAL, (HAIR, PINK, TEAL), (PINK, PINK), PINK),
        (TEAL, (HAIR, PINK, TEAL), (HAIR, HAIR), HAIR),
        (PINK, (HAIR, PINK, TEAL), (TEAL, TEAL), TEAL),
        (PINK, (HAIR, PINK), (HAIR, PINK), PINK),
        (TEAL, (HAIR, PINK, TEAL), (PINK, HAIR, HAIR), HAIR),
        (TEAL, (HAIR, PINK), (PINK, PINK), TEAL),
        (PINK, (HAIR,), (HAIR, HAIR), PINK),
    ],
    ids=[
        "nothing was undone",
        "undone",
        "redone",
        "the second of two undone",
        "both undone",
        "the second of two redone",
        "one frame still has it",
        "most frames decide",
        "never written in the recorded colour",
        "never replaced",
    ],
)
def test_the_rule(recorded: Rgba, past: tuple[Rgba, ...], now: tuple[Rgba, ...], expected: Rgba) -> None:
    record = shot(recorded, *(frame(time, *past) for time in range(len(now))))
    palette = record.palette_given("us", {time: shown(color) for time, color in enumerate(now)})
    assert set(palette) == {PaletteEntry(SKIN, TEAL), PaletteEntry(HAIR, expected, "Hair")}
    if expected == recorded:
        assert palette == record.palette
    again = replace(record, palette=palette)
    assert again.palette_given("us", {time: shown(color) for time, color in enumerate(now)}) == palette


def test_an_entry_without_a_name_goes_with_its_replacement() -> None:
    record = shot(PINK, frame(0, HAIR, PINK), name="")
    assert record.palette_given("us", {0: shown(HAIR)}) == (PaletteEntry(SKIN, TEAL),)


def test_a_redone_colour_gets_its_entry_again() -> None:
    record = replace(shot(HAIR, frame(0, HAIR, PINK)), palette=())
    assert record.palette_given("us", {0: shown(PINK)}) == (PaletteEntry(HAIR, PINK),)


PROTECTED = {
    "locked": replace(frame(0, HAIR, PINK, TEAL), locked=True),
    "accepted": replace(frame(0, HAIR, PINK, TEAL), accepted=shown(PINK)),
    "painted": replace(frame(0, HAIR, PINK, TEAL), takes=(Take("take", TakeOrigin.ARTIST),)),
}


@pytest.mark.parametrize("protected", PROTECTED.values(), ids=PROTECTED)
def test_protected_frames_are_not_asked(protected: FrameRecord) -> None:
    alone = shot(TEAL, protected)
    assert alone.palette_given("us", {0: shown(PINK)}) == alone.palette
    beside = shot(TEAL, protected, frame(1, HAIR, PINK, TEAL))
    assert beside.palette_given("us", {0: shown(PINK), 1: shown(TEAL)}) == beside.palette
    undone = beside.palette_given("us", {0: shown(PINK), 1: shown(HAIR)})
    assert PaletteEntry(HAIR, HAIR, "Hair") in undone


def test_another_take_says_nothing_about_a_colour_that_it_never_had_replaced() -> None:
    both = replace(
        frame(0, HAIR, PINK),
        takes=(Take("take", TakeOrigin.ENGINE), Take("other", TakeOrigin.ENGINE)),
        written=(written(HAIR), written(PINK), written(HAIR, "other")),
    )
    record = shot(PINK, both)
    assert record.palette_given("us", {0: shown(HAIR, "other")}) == record.palette


@pytest.mark.parametrize(
    "now", [{}, {0: ""}, {0: "painted by the artist"}], ids=["unseen", "blank", "edited"]
)
def test_what_is_no_picture_of_ours_says_nothing(now: dict[int, str]) -> None:
    record = shot(
        PINK, replace(frame(0, HAIR, PINK), written=(Written("", ""), *frame(0, HAIR, PINK).written))
    )
    assert record.palette_given("us", now) == record.palette


def test_a_layer_without_a_record_says_nothing() -> None:
    record = shot(PINK, frame(0, HAIR, PINK))
    assert record.palette_given("other", {0: shown(HAIR)}) == record.palette


def test_the_record_keeps_what_was_replaced_and_reads_older_ones() -> None:
    record = shot(PINK, frame(0, HAIR, PINK))
    assert decode(encode(record)) == record
    body = json.loads(encode(record))
    for entry in body["shot"]["layers"][0]["frames"][0]["written"]:
        del entry["colors"]
    [older] = decode(json.dumps(body).encode()).layers
    assert [entry.colors for entry in older.frame(0).written] == [(), ()]
    assert older.frame(0).written[1].digest == shown(PINK)
