"""Procedural shots: what training and its tests rely on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keycel_backend.evaluate.clips import Clip
from keycel_backend.evaluate.truth import open_truth
from keycel_backend.io.compose import over_color
from keycel_backend.io.pictures import load_png
from keycel_backend.regions.arrays import dilate
from keycel_backend.regions.lines import read_line_art
from keycel_backend.training.shots.__main__ import main
from keycel_backend.training.shots.clip import write_clip
from keycel_backend.training.shots.shot import ProceduralShot, ShotSettings, generate_shot
from keycel_backend.training.shots.style import Border

SMALL = ShotSettings(heights=(256, 280), drawings=(3, 4))
SEEDS = range(16)


@pytest.fixture(scope="module")
def shots() -> list[ProceduralShot]:
    return [generate_shot(seed, SMALL) for seed in SEEDS]


def test_a_seed_is_a_shot() -> None:
    first, again, other = (generate_shot(seed, SMALL) for seed in (7, 7, 8))
    assert len(first.drawings) == len(again.drawings)
    for one, two in zip(first.drawings, again.drawings, strict=True):
        assert one.times == two.times
        assert np.array_equal(one.line, two.line)
        assert np.array_equal(one.identity, two.identity)
    assert other.colors != first.colors


def test_maps_have_the_canvas_size_and_settings_are_kept(shots: list[ProceduralShot]) -> None:
    for shot in shots:
        assert 256 <= shot.height <= 280
        assert 3 <= len(shot.drawings) <= 4
        for drawing in shot.drawings:
            assert drawing.line.shape == drawing.flats.shape == (shot.height, shot.width, 4)
            assert drawing.line.dtype == drawing.flats.dtype == np.uint8
            assert drawing.identity.shape == (shot.height, shot.width)
            assert drawing.identity.dtype == np.int32


def test_every_frame_is_exposed_once_and_in_order(shots: list[ProceduralShot]) -> None:
    for shot in shots:
        times = [time for drawing in shot.drawings for time in drawing.times]
        assert times == list(range(len(times)))


def test_flats_are_the_colours_of_the_identities(shots: list[ProceduralShot]) -> None:
    for shot in shots:
        table = np.array([(0, 0, 0, 0), *((*color, 255) for color in shot.colors)], np.uint8)
        for drawing in shot.drawings:
            assert drawing.identity.min() >= 0
            assert drawing.identity.max() <= len(shot.colors)
            assert np.array_equal(drawing.flats, table[drawing.identity])


def test_identities_last_through_the_shot(shots: list[ProceduralShot]) -> None:
    """Most of what is seen in a drawing is seen in the next one too, under the same number."""
    shares: list[float] = []
    for shot in shots:
        for one, two in zip(shot.drawings, shot.drawings[1:], strict=False):
            seen = two.identity[two.identity > 0]
            if len(seen):
                shares.append(float(np.isin(seen, np.unique(one.identity)).mean()))
    assert np.mean(shares) > 0.9


def test_most_drawings_show_something_that_moves(shots: list[ProceduralShot]) -> None:
    changed = [
        float((one.identity != two.identity).mean())
        for shot in shots
        for one, two in zip(shot.drawings, shot.drawings[1:], strict=False)
    ]
    assert np.mean([share > 0.0005 for share in changed]) > 0.7


def test_lines_run_between_surfaces(shots: list[ProceduralShot]) -> None:
    """Where two surfaces that are to be told apart meet, there is ink within two pixels."""
    shares: list[float] = []
    for shot in shots:
        bases = np.array([0, *shot.bases])
        for drawing in shot.drawings:
            art = read_line_art(drawing.line)
            kind = bases[drawing.identity] if shot.style.border is not Border.TRACED else drawing.identity
            meeting = kind[:, 1:] != kind[:, :-1]
            if meeting.sum() > 50:
                shares.append(float(dilate(art.ink, 2)[:, 1:][meeting].mean()))
    assert len(shares) > 20
    assert np.mean(shares) > 0.9
    assert np.median(shares) > 0.96


def test_no_line_inside_what_is_plain(shots: list[ProceduralShot]) -> None:
    """Far from every border of a surface there is no ink but that of solid surfaces and strokes."""
    shares: list[float] = []
    for shot in shots:
        for drawing in shot.drawings:
            border = np.zeros(drawing.identity.shape, np.bool_)
            border[:, 1:] |= drawing.identity[:, 1:] != drawing.identity[:, :-1]
            border[1:] |= drawing.identity[1:] != drawing.identity[:-1]
            reach = 4 + round(shot.style.width + 3 * (shot.style.doubled > 0))
            background = ~dilate(border, reach) & (drawing.identity == 0)
            if background.any():
                shares.append(float(read_line_art(drawing.line).ink[background].mean()))
    assert max(shares) < 0.01


def test_shots_differ_in_everything_that_is_promised() -> None:
    shots = [generate_shot(seed, ShotSettings(heights=(256, 256), drawings=(2, 2))) for seed in range(32)]
    lines = [shot.drawings[0].line for shot in shots]
    opaque = np.array([(line[..., 3] == 255).mean() > 0.98 for line in lines])
    assert 0.2 < opaque.mean() < 0.8
    assert {len(drawing.times) for shot in shots for drawing in shot.drawings} >= {1, 2, 3}
    assert any(np.array(shot.bases).tolist() != list(range(1, len(shot.bases) + 1)) for shot in shots)
    assert any(read_line_art(line).trace.any() for line in lines)
    assert all(len(set(shot.colors)) < len(shot.colors) for shot in shots if len(shot.colors) > 60)
    assert len({shot.width for shot in shots}) >= 4


def test_a_shot_written_as_a_clip_is_read_back_as_its_truth(tmp_path: Path) -> None:
    shot = generate_shot(5, SMALL)
    write_clip(shot, tmp_path)
    clip = Clip(tmp_path)
    assert clip.times == tuple(drawing.times[0] for drawing in shot.drawings)
    truth = open_truth(tmp_path / "color", clip.lines)
    assert truth.has_paint
    assert set(shot.colors) <= set(truth.settings.palette)
    frame = truth.frame(shot.drawings[1].times[0])
    assert frame.paint is not None
    assert np.array_equal(frame.paint, over_color(shot.drawings[1].flats, (255, 255, 255))[..., :3])
    scores = clip.score(tmp_path / "color", "first")
    assert scores.reg_fg > 0.99
    assert scores.pix3_fg > 0.99


def test_the_command_writes_a_sheet_and_says_how_fast_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    assert (
        main(["--sheet", str(sheet), "--seed", "3", "--count", "1", "--height", "128", "--statistics"]) == 0
    )
    assert load_png(sheet).shape[1] > 1000
    said = capsys.readouterr().out
    assert "a second on one core" in said
    assert "line width" in said


def test_shades_without_lines_can_be_asked_for() -> None:
    settings = replace(SMALL, unlined_shades=True)
    inside = 0
    for seed in range(4):
        shot = generate_shot(seed, settings)
        assert shot.style.border is Border.UNDRAWN
        bases = np.array([0, *shot.bases])
        for drawing in shot.drawings:
            one, two = drawing.identity[:, :-1], drawing.identity[:, 1:]
            meet = (one != two) & (bases[one] == bases[two])
            ink = read_line_art(drawing.line).ink
            inside += int((meet & ~dilate(ink, 2)[:, :-1]).sum())
    assert inside > 100


def test_the_command_draws_within_the_given_ranges(tmp_path: Path) -> None:
    asked = [
        "--height",
        "180",
        "200",
        "--drawings",
        "3",
        "4",
        "--seed",
        "5",
        "--count",
        "2",
        "--clips",
        str(tmp_path),
    ]
    assert main(asked) == 0
    for folder in sorted(tmp_path.iterdir()):
        assert 180 <= json.loads((folder / "meta.json").read_text())["height"] <= 200
        assert 3 <= len(list((folder / "line").glob("*.png"))) <= 4
