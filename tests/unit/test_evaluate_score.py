"""The measures, against the script that comes with the clips and against cases known by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import imagecodecs
import numpy as np
import pytest
from support.shared_folder import shared_folder

from keycel_backend.evaluate.clips import Clip, ClipResult, find_clips, results_table
from keycel_backend.evaluate.score import score_folders
from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import RunReport, write_report
from keycel_backend.io.shot import open_shot
from keycel_shared.errors import ErrorCode, KeycelError

RED, BLUE = (200, 30, 40), (20, 60, 220)
LEAVES_FILES_OPEN = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""The clips' script, which is not ours, leaves closing its files to Python."""


def put(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels)))


def clips_script() -> ModuleType:
    path = shared_folder() / "clips" / "score.py"
    specification = importlib.util.spec_from_file_location("clips_score", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def perturbed(clip: Path, target: Path) -> None:
    """A prediction with some colours exchanged and a little motion."""
    rng = np.random.default_rng(5)
    for path in sorted((clip / "color").glob("*.png")):
        picture = load_png(path)[..., :3].copy()
        colors = np.unique(np.reshape(picture, (-1, 3)), axis=0)
        for color in colors[rng.choice(len(colors), 4)]:
            picture[np.all(picture == color, axis=2)] = rng.integers(0, 256, 3)
        put(target / path.name, np.roll(picture, int(rng.integers(0, 3)), axis=1))


@LEAVES_FILES_OPEN
@pytest.mark.parametrize(("name", "references"), [("anita_boy", "firstlast"), ("fnf_gf", "prev")])
def test_agrees_with_the_clips_own_script(tmp_path: Path, name: str, references: str) -> None:
    clip = shared_folder() / "clips" / name
    perturbed(clip, tmp_path)
    script = clips_script()
    expected = script.score(
        script.Clip(str(clip)), lambda time: script.rd(str(tmp_path / f"{time:04d}.png")), references
    )
    found = score_folders(tmp_path, clip / "color", clip / "line", references).to_json()
    assert set(found) == set(expected)
    for measure, value in expected.items():
        assert found[measure] == pytest.approx(value, abs=1e-3), measure
    assert 0.01 < expected["reg_fg"] < 0.99


@LEAVES_FILES_OPEN
def test_agrees_where_the_paint_is_unknown(tmp_path: Path) -> None:
    clip = tmp_path / "clip"
    source = shared_folder() / "clips" / "anita_kids"
    for part in ("color", "line"):
        for time in range(5):
            put(clip / part / f"{time:04d}.png", load_png(source / part / f"{time:04d}.png")[..., :3])
    (clip / "meta.json").write_text('{"frames": 5, "region_thr": 236}')
    perturbed(clip, tmp_path / "predicted")
    script = clips_script()
    expected = script.score(
        script.Clip(str(clip)),
        lambda time: script.rd(str(tmp_path / "predicted" / f"{time:04d}.png")),
        "first",
    )
    found = score_folders(tmp_path / "predicted", clip / "color", clip / "line", "first").to_json()
    assert set(found) == set(expected)
    for measure, value in expected.items():
        assert found[measure] == pytest.approx(value, abs=1e-3), measure


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Three frames: a red and a blue box of 20 x 20 and 20 x 10 pixels inside black outlines."""
    for time in range(3):
        lines = np.full((64, 64, 3), 255, np.uint8)
        color = lines.copy()
        for top, height, paint in ((10, 20, RED), (40, 10, BLUE)):
            lines[top - 1 : top + height + 1, 9 + time : 31 + time] = 0
            lines[top : top + height, 10 + time : 30 + time] = 255
            color[lines[..., 0] == 0] = 0
            color[top : top + height, 10 + time : 30 + time] = paint
        put(tmp_path / "line" / f"{time:04d}.png", lines)
        put(tmp_path / "color" / f"{time:04d}.png", color)
        put(tmp_path / "fill" / f"{time:04d}.png", color)
    (tmp_path / "meta.json").write_text(
        f'{{"palette": [{list(RED)}, {list(BLUE)}, [255, 255, 255], [0, 0, 0]]}}'
    )
    return tmp_path


def test_known_shares(boxes: Path) -> None:
    """One frame right, in the other the large box is wrong."""
    for time in range(3):
        picture = load_png(boxes / "color" / f"{time:04d}.png")[..., :3].copy()
        if time == 2:
            picture[np.all(picture == RED, axis=2)] = BLUE
        put(boxes / "predicted" / f"{time:04d}.png", picture)
    scores = score_folders(boxes / "predicted", boxes / "color", boxes / "line")
    assert scores.frames == 2
    assert scores.regions == 6
    assert scores.reg_fg == pytest.approx(3 / 4)
    assert scores.reg_fg_area == pytest.approx(1 - 400 / 1200)
    assert scores.per_frame_reg_fg == (1.0, 0.5)
    assert scores.pix3 == pytest.approx(1 - 400 / 64 / 64 / 2)
    assert scores.offpal == 0
    assert scores.psnr < 99


def test_the_truth_itself_is_perfect(boxes: Path) -> None:
    scores = score_folders(boxes / "color", boxes / "color", boxes / "line", "none")
    assert (scores.psnr, scores.ssim, scores.edmd, scores.tc) == (99.0, pytest.approx(1.0), 0.0, 1.0)
    assert (scores.reg, scores.pix3, scores.frames) == (1.0, 1.0, 3)


def test_colours_outside_the_palette_are_counted(boxes: Path) -> None:
    for time in range(3):
        picture = load_png(boxes / "color" / f"{time:04d}.png")[..., :3].copy()
        picture[np.all(picture == BLUE, axis=2)] = (90, 200, 90)
        put(boxes / "predicted" / f"{time:04d}.png", picture)
    assert score_folders(boxes / "predicted", boxes / "color", boxes / "line").offpal == 1


def test_flats_are_seen_under_the_lines(boxes: Path) -> None:
    """Transparent flats score as the same picture with paper and lines put together."""
    for time in range(3):
        picture = load_png(boxes / "color" / f"{time:04d}.png")
        painted = np.all(picture[..., :3] == RED, axis=2) | np.all(picture[..., :3] == BLUE, axis=2)
        picture[~painted] = 0
        put(boxes / "predicted" / f"{time:04d}.png", picture)
    scores = score_folders(boxes / "predicted", boxes / "color", boxes / "line", "none")
    assert scores.pix3 == 1.0
    truth_of_flats = score_folders(boxes / "predicted", boxes / "predicted", boxes / "line", "none")
    assert truth_of_flats.reg_fg == 1.0
    assert truth_of_flats.regions == scores.regions


def test_references_come_from_the_report(boxes: Path) -> None:
    write_report(boxes / "color", RunReport("boxes", (0, 2), ()))
    assert score_folders(boxes / "color", boxes / "color", boxes / "line").frames == 1


@pytest.mark.parametrize(
    ("references", "code"),
    [("all", ErrorCode.DOC_BAD_OPTION), ([0, 1, 2], ErrorCode.DOC_NO_SUCH_FRAME)],
)
def test_references_that_make_no_sense(boxes: Path, references: object, code: ErrorCode) -> None:
    with pytest.raises(KeycelError) as caught:
        score_folders(boxes / "color", boxes / "color", boxes / "line", references)  # type: ignore[arg-type]
    assert caught.value.value.code is code


def test_what_is_missing_is_named(boxes: Path) -> None:
    for folder in ("predicted", "color", "line"):
        copy = boxes / "copy" / folder
        copy.mkdir(parents=True)
        for path in (boxes / ("color" if folder == "predicted" else folder)).glob("*.png"):
            (copy / path.name).write_bytes(path.read_bytes())
        (copy / "0001.png").unlink()
        with pytest.raises(KeycelError) as caught:
            score_folders(
                copy if folder == "predicted" else boxes / "color",
                boxes / "color",
                copy if folder == "line" else boxes / "line",
            ) if folder != "color" else score_folders(copy, boxes / "absent", boxes / "line")
        assert caught.value.value.code in (ErrorCode.DOC_NO_SUCH_FRAME, ErrorCode.DOC_NO_SHOT)


def test_sizes_that_differ(boxes: Path) -> None:
    for time in range(3):
        put(boxes / "predicted" / f"{time:04d}.png", np.zeros((32, 64, 3), np.uint8))
    with pytest.raises(KeycelError) as caught:
        score_folders(boxes / "predicted", boxes / "color", boxes / "line")
    assert caught.value.value.code is ErrorCode.DOC_SIZE_MISMATCH


@pytest.mark.parametrize("text", ["{", "[]", '{"palette": [[1, 2]]}', '{"region_thr": "x"}'])
def test_meta_that_makes_no_sense(boxes: Path, text: str) -> None:
    (boxes / "meta.json").write_text(text)
    with pytest.raises(KeycelError) as caught:
        score_folders(boxes / "color", boxes / "color", boxes / "line")
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION


def test_clips_become_shots_and_tables(tmp_path: Path) -> None:
    clips = find_clips(shared_folder() / "clips")
    assert [clip.name for clip in clips] == ["anita_boy", "anita_flower", "anita_kids", "fnf_gf", "ga2d_girl"]
    clip: Clip = clips[0]
    for setting, keyframes in (("first", [0]), ("firstlast", [0, 13])):
        clip.write_shot(tmp_path / setting, setting)
        shot = open_shot(tmp_path / setting)
        assert list(shot.drawings) == list(range(14))
        assert list(shot.keyframes) == keyframes
    scores = clip.score(clip.folder / "color", "firstlast")
    table = results_table([ClipResult("anita_boy", "firstlast", scores, 0.25)])
    assert "first and last" in table
    assert "| anita_boy | 1.000 | 0.997 | 1.000 | 99.0 |" in table
    assert table.count("0.250") == 2
    with pytest.raises(KeycelError):
        find_clips(tmp_path / "absent")
