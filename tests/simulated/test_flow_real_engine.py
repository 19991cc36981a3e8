"""A whole shot with the real backend and the flat engine: colour, correct, spread, regenerate, choose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.artists_desk import Desk, RunUntil
from support.drawn_shots import BODY, FIGURE_COLORS, Shape, agreement, box, draw, figure
from support.memory_host import MemoryDocument, MemoryLayer
from support.plugin_client import end_supervisor, install

from keycel_backend.io.bgra import from_bgra, to_bgra
from keycel_backend.regions.arrays import Pixels
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.context import Context
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.question import Question
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

FRAMES = 6
SIZE = (320, 240)
POLE = (255, 140, 0)
POLE_OUTLINE = box(30, 20, 50, 220)
POLE_FROM = 2
"""From this frame on the figure holds a pole, which no painted keyframe shows."""


def shapes(time: int) -> list[Shape]:
    drawn = figure(moved=(4.0 * time, 0.0))
    return [*drawn, Shape(POLE_OUTLINE, POLE)] if time >= POLE_FROM else drawn


def raw(picture: Pixels) -> bytes:
    return bytes(to_bgra(picture))


def shot() -> MemoryDocument:
    pictures = [draw(shapes(time), *SIZE) for time in range(FRAMES)]
    lines = {time: raw(line) for time, (line, _) in enumerate(pictures)}
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {0: raw(pictures[0][1])}),
        MemoryLayer("lines", "Lines", lines),
        size=SIZE,
    )


@pytest.fixture
def desk(run_until: RunUntil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    install(tmp_path)
    backend = Backend()
    yield Desk(run_until, shot(), context=Context(backend, Progress(), Question()))
    backend.close()
    end_supervisor()


def color_at(desk: Desk, time: int, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(value) for value in from_bgra(desk.pixels[time], *SIZE)[y, x])


def test_a_whole_shot(desk: Desk) -> None:
    desk.colorize()
    assert desk.error is None
    for time in range(FRAMES):
        line, truth = draw(shapes(time)[: len(figure())], *SIZE)
        flats = from_bgra(desk.pixels[time], *SIZE)
        assert agreement(flats, truth, line) > 0.99
        used = {tuple(color) for color in flats.reshape(-1, 4)[flats.reshape(-1, 4)[:, 3] > 0].tolist()}
        assert used <= {(*color, 255) for color in FIGURE_COLORS}
    take = desk.frame(3).takes[0]
    unsure = [region for region in desk.memory.regions(take.digest) if region.unsure]
    assert len(unsure) == take.unsure > 0
    assert any((40, 60) in _points(region.runs) for region in unsure)

    # The artist paints the pole once, and a press of Spread does the rest.
    corrected = np.array(from_bgra(desk.pixels[3], *SIZE))
    corrected[draw([Shape(POLE_OUTLINE, POLE)], *SIZE)[1][..., 3] > 0] = (*POLE, 255)
    desk.document.paint(desk.layer, 3, raw(corrected))
    assert desk.states()[3] is FrameState.EDITED
    steps = desk.undo_steps
    desk.spread()
    assert desk.error is None
    assert desk.undo_steps == steps + 1
    assert desk.pixels[3] == raw(corrected)
    for time in range(POLE_FROM, FRAMES):
        assert color_at(desk, time, 40, 60) == (*POLE, 255)
    assert color_at(desk, 1, 40, 60)[3] == 0
    assert color_at(desk, 5, 160 + 20, 115) == (*BODY, 255)

    before = desk.pixels
    desk.regenerate(4)
    assert desk.error is None
    assert {time: pixels for time, pixels in desk.pixels.items() if time != 4} == {
        time: pixels for time, pixels in before.items() if time != 4
    }
    first = desk.frame(4).takes[0]
    desk.choose_take(4, first.digest)
    assert digest_of(desk.pixels[4]) == first.digest


def _points(runs: tuple[tuple[int, int, int], ...]) -> set[tuple[int, int]]:
    return {(x, row) for row, first, end in runs for x in range(first, end)}
