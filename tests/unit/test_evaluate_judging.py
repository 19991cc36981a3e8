"""Methods, their judgement, reliability and worst drawings, on a small clip with known answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.drawn_shots import BODY, draw, figure

from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.evaluate.__main__ import main
from keycel_backend.evaluate.clips import find_clips
from keycel_backend.evaluate.color import distinct
from keycel_backend.evaluate.footage import Footage, Task, load_footage, tasks
from keycel_backend.evaluate.judging import judge_clip
from keycel_backend.evaluate.methods import Colored, by_engine, flow_and_vote, hold
from keycel_backend.evaluate.reliability import Reliability
from keycel_backend.evaluate.reliability import draw as draw_reliability
from keycel_backend.evaluate.worst import WorstFrames
from keycel_backend.io.results import frame_name, write_png

STEP = 12.0


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """One clip: a figure that moves to the right, in frames 0, 2, 4 and 6."""
    for part in ("line", "color"):
        (tmp_path / "clips" / "walk" / part).mkdir(parents=True)
    for number in range(4):
        lines, flats = draw(figure(moved=(STEP * number, 0.0)))
        write_png(tmp_path / "clips" / "walk" / "line" / frame_name(2 * number), lines)
        write_png(tmp_path / "clips" / "walk" / "color" / frame_name(2 * number), flats)
    return tmp_path / "clips"


@pytest.fixture
def walk(clips: Path) -> Footage:
    return load_footage(find_clips(clips)[0])


def test_distinct_values_are_those_of_numpy() -> None:
    rng = np.random.default_rng(2)
    for codes in (np.repeat(rng.integers(0, 9, 50), rng.integers(1, 9, 50)), np.zeros(0, np.int64)):
        values, place = distinct(codes)
        assert np.array_equal(values, np.unique(codes))
        assert np.array_equal(values[place], codes)


def test_what_each_setting_asks_for() -> None:
    times = (0, 2, 4, 6)
    assert tasks(times, "first") == [Task(times, (0,))]
    assert tasks(times, "firstlast")[0].wanted == (2, 4)
    assert [(task.painted, task.wanted) for task in tasks(times, "prev")] == [
        ((0,), (2,)),
        ((2,), (4,)),
        ((4,), (6,)),
    ]


def test_hold_shows_the_nearest_painted_picture(walk: Footage) -> None:
    shown = {one.time: one.flats for one in hold(walk, tasks(walk.times, "firstlast")[0])}
    assert np.array_equal(shown[2], walk.colors[0])
    assert np.array_equal(shown[4], walk.colors[6])


@pytest.mark.parametrize("setting", ["first", "firstlast", "prev"])
def test_a_moving_figure_defeats_hold_but_not_flow_nor_the_engine(walk: Footage, setting: str) -> None:
    held = judge_clip(walk, setting, hold)
    assert judge_clip(walk, setting, flow_and_vote).count == 1.0
    assert judge_clip(walk, setting, by_engine(FlatEngine())).count == 1.0
    assert held.count < 0.7
    assert held.close < judge_clip(walk, setting, flow_and_vote).close


def test_clips_that_differ_in_nothing_but_their_pictures_are_not_confused(walk: Footage) -> None:
    repainted = {time: picture[..., [2, 1, 0, 3]].copy() for time, picture in walk.colors.items()}
    method = by_engine(FlatEngine())
    task = tasks(walk.times, "first")[0]
    first = {one.time: one.flats for one in method(walk, task)}
    other = {one.time: one.flats for one in method(replace(walk, name="other", colors=repainted), task)}
    assert np.array_equal(other[2], first[2][..., [2, 1, 0, 3]])


def everything_in_the_body_color(footage: Footage, task: Task) -> Iterator[Colored]:
    for time in task.wanted:
        flats = footage.colors[time].copy()
        flats[flats[..., 3] > 0] = (*BODY, 255)
        yield Colored(time, flats)


def test_figures_are_shares_of_the_foreground(walk: Footage) -> None:
    found = judge_clip(walk, "first", everything_in_the_body_color)
    assert found.count == pytest.approx(1 / 6)
    assert 0.3 < found.area < 0.8


def test_stated_confidence_is_compared_with_the_truth() -> None:
    reliability = Reliability()
    reliability.add(np.full(10, 0.75), np.arange(10) < 5)
    reliability.add(np.full(30, 0.98), np.ones(30, np.bool_))
    assert reliability.bins() == [
        (10, pytest.approx(0.75), pytest.approx(0.5)),
        (30, pytest.approx(0.98), pytest.approx(1.0)),
    ]
    assert reliability.error() == pytest.approx((10 * 0.25 + 30 * 0.02) / 40)


def test_every_region_the_engine_reports_is_looked_up_in_the_truth(walk: Footage, tmp_path: Path) -> None:
    reliability = Reliability()
    judge_clip(walk, "first", by_engine(FlatEngine()), [reliability.watch])
    assert sum(number for number, _, _ in reliability.bins()) == 3 * 7  # six regions and the ground
    assert all(share == 1.0 for _, _, share in reliability.bins())
    draw_reliability(tmp_path / "curve.png", {"first": reliability})
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.size[0] > 300
        assert len(picture.convert("RGB").getcolors() or []) > 3
    assert (tmp_path / "curve.png").stat().st_size < 40_000


def test_sheets_show_only_what_went_wrong(walk: Footage, tmp_path: Path) -> None:
    worst = WorstFrames()
    judge_clip(walk, "first", everything_in_the_body_color, [worst.watch])
    judge_clip(walk, "prev", flow_and_vote, [worst.watch])
    assert worst.write(tmp_path / "sheets") == [tmp_path / "sheets" / "walk-first.png"]
    with Image.open(tmp_path / "sheets" / "walk-first.png") as sheet:
        colors = sheet.convert("RGB").getcolors(1 << 20) or []
    assert (255, 0, 200) in {color for _, color in colors}


def test_the_command_prints_every_method_and_setting(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(clips), "--peers", "--settings", "first", "prev"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "mean of 1" in line]
    assert len(rows) == 6
    assert main([str(clips), "--lines"]) == 0
    assert "| ours: both | 1.000 | 1.000 |" in capsys.readouterr().out


def test_a_folder_without_clips_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "DOC_NO_SHOT" in capsys.readouterr().err
