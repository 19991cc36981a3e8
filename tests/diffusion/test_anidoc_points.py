"""Finding and following points: by regions, by LightGlue, by a TorchScript module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from support.drawn_shots import BUTTON, FIGURE_COLORS, draw, figure
from transformers import LightGlueConfig, LightGlueForKeypointMatching, SuperPointConfig

from keycel_backend import cli
from keycel_backend.diffusion.anidoc.condition import Correspondences
from keycel_backend.engines.anidoc.labelling import PointFinder
from keycel_backend.engines.anidoc.lightglue import load_lightglue
from keycel_backend.engines.anidoc.material import dark_lines, reference_image, sketch
from keycel_backend.engines.anidoc.points import Followed, Matches
from keycel_backend.engines.anidoc.reference_colors import read_reference_colors
from keycel_backend.engines.anidoc.region_points import RegionPoints
from keycel_backend.engines.anidoc.scripted_tracker import load_scripted_tracker
from keycel_backend.models.catalogue import COTRACKER, LIGHTGLUE
from keycel_backend.regions.arrays import Bytes, Floats
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.palette import UNPAINTED, Palette
from keycel_shared.errors import ErrorCode, KeycelError

CPU = torch.device("cpu")
SIZE = (320, 256)


@pytest.fixture(scope="module")
def regions() -> RegionPoints:
    return RegionPoints(LearnedMatcher())


def _sketch(moved: float) -> Bytes:
    lines, _ = draw(figure(moved=(moved, 0.0)))
    return sketch(read_line_art(lines), *SIZE)


def _reference() -> Bytes:
    lines, flats = draw(figure())
    return reference_image(flatten(flats, lines), *SIZE)


def test_sketches_are_black_and_white_and_lines_stay_whole() -> None:
    lines, _ = draw(figure())
    art = read_line_art(lines)
    for width, height in (SIZE, (192, 128), (64, 64)):
        picture = sketch(art, width, height)
        assert set(np.unique(picture)) == {0, 255}
        _, pieces = np.unique(picture, return_counts=True)
        assert 0.01 < pieces[0] / picture.size < 0.5
    faint = lines.copy()
    faint[..., 3] //= 3
    assert np.mean(sketch(read_line_art(faint), *SIZE) != sketch(art, *SIZE)) < 0.02


def test_points_lie_in_the_same_region_and_follow_its_motion(regions: RegionPoints) -> None:
    matches = regions.match(_reference(), _sketch(6.0))
    assert len(matches.reference) >= 3
    assert np.abs((matches.sketch - matches.reference)[:, 1]).max() <= 3.0
    shift = np.median((matches.sketch - matches.reference)[:, 0])
    assert shift == pytest.approx(6.0, abs=1.5)
    sketches = np.stack([_sketch(6.0 * number) for number in range(4)])
    points, asked = regions.match(_reference(), sketches[0]).sketch, list[bool]()
    followed = regions.follow(sketches, points, lambda: asked.append(True))
    assert len(asked) == len(sketches) - 1, "before each sketch it may be cancelled"
    assert followed.visible[0].all()
    seen = followed.visible[-1]
    assert seen.mean() > 0.5
    moved = np.median((followed.positions[-1] - followed.positions[0])[seen, 0])
    assert moved == pytest.approx(18.0, abs=3.0)


def test_nothing_is_found_in_an_empty_drawing(regions: RegionPoints) -> None:
    empty = np.full((SIZE[1], SIZE[0]), 255, np.uint8)
    assert len(regions.match(_reference(), empty).reference) == 0


def _finder(
    regions: RegionPoints, way: Correspondences | None = Correspondences.TRACKED, sparse: bool = False
) -> PointFinder:
    return PointFinder(regions, regions, way, sparse, seed=3)


def test_labels_are_the_same_each_time_and_follow_the_way_chosen(regions: RegionPoints) -> None:
    sketches = np.stack([_sketch(6.0 * min(number, 4)) for number in range(6)])

    def labels(finder: PointFinder) -> tuple[Bytes, Bytes]:
        maps = finder.labels(_reference(), sketches, 5, lambda: None)
        return maps.reference.numpy(), maps.frames.numpy()

    tracked = labels(_finder(regions))
    assert tracked[0].max() >= 2, "what moves is told, also where the last frame is repeated"
    assert all(
        np.array_equal(one, other) for one, other in zip(labels(_finder(regions)), tracked, strict=True)
    )
    assert not np.array_equal(tracked[1][0], tracked[1][3])
    assert np.array_equal(tracked[1][4], tracked[1][5])
    repeated = labels(_finder(regions, Correspondences.REPEATED))
    assert all(np.array_equal(frame, repeated[1][0]) for frame in repeated[1])
    assert not labels(_finder(regions, None))[0].any()
    assert 1 <= labels(_finder(regions, sparse=True))[0].max() <= 5


class _Nothing:
    def match(self, reference: Bytes, sketch: Bytes) -> Matches:
        del reference, sketch
        return Matches.none()

    def follow(self, sketches: Bytes, points: Floats, checkpoint: Callable[[], None]) -> Followed:
        raise AssertionError((sketches, points, checkpoint))


def test_without_matches_there_are_no_labels() -> None:
    finder = PointFinder(_Nothing(), _Nothing(), Correspondences.TRACKED, False, 0)
    sketches = np.stack([_sketch(0.0)] * 2)
    assert not finder.labels(_reference(), sketches, 2, lambda: None).reference.any()


def test_colors_of_a_reference_are_its_paint_and_not_its_lines() -> None:
    lines, flats = draw(figure())
    on_transparent = flats.copy()
    colors = read_reference_colors(on_transparent)
    painted = {tuple(color) for color in np.unique(flats.reshape(-1, 4), axis=0).tolist() if color[3]}
    assert set(colors.colors) == painted
    drawn = read_reference_colors(flatten(flats, lines))
    assert set(drawn.colors) <= painted
    assert drawn.on_ground == bool((flatten(flats, lines)[0, 0, :3] >= 240).all())
    assert dark_lines(flatten(flats, lines)[..., :3]).any()
    known = Palette((UNPAINTED, colors.colors[0]))
    assert colors.added_to(known).colors[:2] == known.colors
    assert len(colors.added_to(known)) == len(painted) + 1


@pytest.mark.parametrize("grain", ["noise", "jpeg", "shade"])
def test_a_reference_that_is_no_flat_painting_gives_its_colors_too(grain: str) -> None:
    lines, flats = draw(figure())
    picture, chance = flatten(flats, lines), np.random.default_rng(1)
    if grain == "jpeg":
        _, packed = cv2.imencode(".jpg", picture[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
        picture[..., :3] = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))[..., ::-1]
    else:
        change = chance.normal(0.0, 2.0, picture[..., :3].shape)
        if grain == "shade":
            change += np.linspace(-12.0, 12.0, picture.shape[1])[None, :, None]
        picture[..., :3] = np.clip(picture[..., :3] + change * (flats[..., 3:] > 0), 0, 255)
    found = np.array(read_reference_colors(picture).colors)[:, :3].astype(int)
    assert len(found) <= 16
    too_small = {BUTTON} if grain == "jpeg" else set[tuple[int, int, int]]()  # its colour is spread out
    for color in set(FIGURE_COLORS) - too_small:
        assert np.abs(found - color).max(axis=1).min() <= 16, (color, found)
    assert np.abs(found - 255).max(axis=1).min() > 8, "paper is no paint"


def _lightglue(folder: Path) -> Path:
    detector = SuperPointConfig(
        encoder_hidden_sizes=[8, 8, 16, 16], decoder_hidden_size=16, keypoint_decoder_dim=65,
        descriptor_decoder_dim=16, keypoint_threshold=0.0, max_keypoints=40,
    )  # fmt: skip
    config = LightGlueConfig(
        keypoint_detector_config=detector, descriptor_dim=16, num_hidden_layers=2, num_attention_heads=2,
        filter_threshold=0.0, depth_confidence=-1.0, width_confidence=-1.0,
    )  # fmt: skip
    torch.manual_seed(1)
    LightGlueForKeypointMatching(config).save_pretrained(folder)
    return folder


def test_lightglue_is_installed_from_its_folder_and_matches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    folder = _lightglue(tmp_path / "published")
    words = ["models", "install", "lightglue", "--from", str(folder), "--accept-licence"]
    assert cli.main(words) == 0
    assert "Magic Leap" in capsys.readouterr().out
    matches = load_lightglue(LIGHTGLUE.folder, CPU).match(_reference(), _sketch(0.0))
    assert matches.reference.shape == matches.sketch.shape
    assert (matches.reference >= 0).all()
    assert (matches.reference <= np.array(SIZE)).all()
    (folder / "model.safetensors").write_bytes(b"nothing")
    assert cli.main(words) == 3
    assert "REG_BAD_MODEL" in capsys.readouterr().err


class _Shifting(torch.nn.Module):
    """Moves every point by a pixel in each frame; called as CoTracker's predictor is."""

    def forward(self, video: torch.Tensor, queries: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        frames = torch.arange(video.shape[1], dtype=torch.float32)
        positions = queries[:, None, :, 1:] + frames[None, :, None, None]
        return positions, torch.ones(positions.shape[:3], dtype=torch.bool)


class _Wrong(torch.nn.Module):
    def forward(self, video: torch.Tensor, queries: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return video, queries


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_tracker_is_installed_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    torch.jit.script(_Shifting()).save(str(tmp_path / "mine.pt"))
    words = ["models", "install", "cotracker", "--accept-licence", "--from", str(tmp_path / "mine.pt")]
    assert cli.main(words) == 0
    assert "CC-BY-NC" in capsys.readouterr().out
    sketches, points = np.stack([_sketch(0.0)] * 3), np.array([[5.0, 6.0], [7.0, 8.0]], np.float32)
    followed = load_scripted_tracker(COTRACKER.folder, CPU).follow(sketches, points, lambda: None)
    assert np.array_equal(followed.positions[2], points + 2.0)
    assert followed.visible.all()
    torch.jit.script(_Wrong()).save(str(tmp_path / "mine.pt"))
    assert cli.main(words) == 0
    with pytest.raises(KeycelError) as caught:
        load_scripted_tracker(COTRACKER.folder, CPU).follow(sketches, points, lambda: None)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    (tmp_path / "mine.pt").write_bytes(b"nothing")
    assert cli.main(words) == 3
    assert cli.main([*words[:-1], str(tmp_path / "gone.pt")]) == 3
