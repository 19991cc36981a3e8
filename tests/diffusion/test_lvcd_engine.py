"""LVCD as an engine, end to end on a tiny installed model with random weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.cancelling import assert_cancelled_within_a_step
from support.drawn_shots import all_targets, draw, figure, shot_from
from support.installed_lvcd import install_tiny
from support.looker import Looker
from support.tiny_lvcd import TINY, random_networks

from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.engines import painting
from keycel_backend.engines.base import Cancelled, FrameResult, OptionValue, Request, Shot
from keycel_backend.engines.lvcd import networks as engine_networks
from keycel_backend.engines.lvcd import painter
from keycel_backend.engines.lvcd.description import DESCRIPTION
from keycel_backend.engines.lvcd.engine import LvcdEngine
from keycel_backend.engines.registry import find_engine, load_engine
from keycel_backend.regions.lines import read_line_art
from keycel_shared.errors import ErrorCode, KeycelError

QUICK: dict[str, OptionValue] = {"steps": 4, "resolution": 64}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, networks: LvcdNetworks) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("home")
        install_tiny(folder, networks, monkeypatch)
        yield folder


@pytest.fixture(scope="module")
def engine(home: Path) -> LvcdEngine:
    return _loaded(home)


def _loaded(home: Path) -> LvcdEngine:
    assert home.is_dir()
    engine = load_engine("lvcd", "colorize")
    assert isinstance(engine, LvcdEngine)
    engine.load("cpu", "float32")
    return engine


def _shot(drawings: int, painted: tuple[int, ...] = (0,), **how: Any) -> Shot:
    pictures = [draw(figure(moved=(2.0 * number, 0.0)), **how) for number in range(drawings)]
    return shot_from([lines for lines, _ in pictures], {number: pictures[number][1] for number in painted})


def _request(shot: Shot, **changes: Any) -> Request:
    return replace(Request(shot, all_targets(shot), QUICK), **changes)


def _run(
    engine: LvcdEngine, request: Request, told: list[tuple[float, str]] | None = None
) -> dict[int, FrameResult]:
    notes = [] if told is None else told
    results = engine.run(request, lambda share, doing: notes.append((share, doing)), lambda: False)
    return {result.time: result for result in results}


def test_every_frame_comes_in_exact_palette_colors_with_a_report(engine: LvcdEngine) -> None:
    shot = _shot(4)
    told: list[tuple[float, str]] = []
    results = _run(engine, _request(shot), told)
    assert sorted(results) == [0, 1, 2, 3]
    painted = {tuple(color) for color in np.unique(shot.load("color0").reshape(-1, 4), axis=0).tolist()}
    for result in results.values():
        assert result.flats.shape == (240, 320, 4)
        assert {tuple(color) for color in np.unique(result.flats.reshape(-1, 4), axis=0).tolist()} <= painted
        assert set(result.palette) <= painted
        assert sum(region.area for region in result.regions) > 0.8 * 240 * 320
        for region in result.regions:
            assert bool(region.reason) == bool(region.runs)
    assert np.array_equal(results[0].flats, shot.load("color0")), "the keyframe's own frame is the artist's"
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "Done")
    shares = [share for share, doing in told if doing == "Sampling"]
    assert shares == [0.25, 0.5, 0.75, 1.0], "one piece of news for each step"


def test_the_same_request_gives_the_same_pixels(engine: LvcdEngine, home: Path) -> None:
    request = _request(_shot(3))
    first, again, fresh = _run(engine, request), _run(engine, request), _run(_loaded(home), request)
    for time, result in first.items():
        assert np.array_equal(result.flats, again[time].flats)
        assert np.array_equal(result.flats, fresh[time].flats)
        assert result.regions == fresh[time].regions


def _soft(request: Request) -> Request:
    """In soft mode every difference of the networks' pictures shows."""
    return replace(request, options={**request.options, "soft": True})


def _pictures(results: dict[int, FrameResult]) -> dict[int, bytes]:
    return {time: result.flats.tobytes() for time, result in results.items()}


def test_a_frame_is_the_same_whichever_others_are_asked_for(home: Path) -> None:
    shot = _shot(18)
    whole = _pictures(_run(_loaded(home), _soft(_request(shot))))
    for targets in ((3,), (12, 17), (16,)):
        part = _pictures(_run(_loaded(home), _soft(_request(shot, targets=targets))))
        assert part == {time: whole[time] for time in targets}


def test_more_steps_than_are_blended_are_consistent_too(home: Path) -> None:
    shot = _shot(18)
    request = replace(_soft(_request(shot)), options={**QUICK, "soft": True, "steps": 26})
    whole = _pictures(_run(_loaded(home), request))
    part = _pictures(_run(_loaded(home), replace(request, targets=(11,))))
    assert part[11] == whole[11]


def test_another_take_changes_its_frame_and_no_other(engine: LvcdEngine, home: Path) -> None:
    shot = _shot(5)
    plain = _pictures(_run(engine, _soft(_request(shot))))
    take = replace(_soft(_request(shot, targets=(2, 3))), seed=1, redraw=frozenset({2}))
    results = _pictures(_run(engine, take))
    assert results[2] != plain[2]
    assert results[3] == plain[3], "not redrawn, so bit-identical"
    alone = replace(take, targets=(2,))
    assert _pictures(_run(_loaded(home), alone))[2] == results[2], "whatever was sampled before"
    both = replace(take, redraw=frozenset({2, 3}))
    assert _pictures(_run(engine, both))[2] == results[2], "whatever else is redrawn"
    other = _pictures(_run(engine, replace(alone, seed=2)))
    assert other[2] not in (plain[2], results[2])


def test_another_take_samples_only_its_frames_steps(engine: LvcdEngine) -> None:
    shot = _shot(5)
    _run(engine, _request(shot))
    told: list[tuple[float, str]] = []
    _run(engine, _request(shot, targets=(2,), seed=1, redraw=frozenset({2})), told)
    assert sum(doing == "Sampling" for _, doing in told) == 4


def test_each_stretch_starts_from_its_own_keyframe(home: Path) -> None:
    shot = _shot(6, painted=(1, 4))
    told: list[tuple[float, str]] = []
    results = _run(_loaded(home), _soft(_request(shot)), told)
    assert sorted(results) == [0, 1, 2, 3, 4, 5]
    assert sum(doing == "Sampling" for _, doing in told) == 3 * 4, "before, between, after"
    after = shot_from([shot.load(f"line{number}") for number in (4, 5)], {0: shot.load("color4")})
    assert _pictures(_run(_loaded(home), _soft(_request(after))))[1] == results[5].flats.tobytes()


def test_one_drawing_alone_is_its_keyframe(engine: LvcdEngine) -> None:
    shot = _shot(1)
    assert np.array_equal(_run(engine, _request(shot))[0].flats, shot.load("color0"))


def test_soft_shading_is_opaque_where_paint_is_and_says_so(engine: LvcdEngine) -> None:
    shot = _shot(2)
    flat, soft = _run(engine, _request(shot))[1], _run(engine, _soft(_request(shot)))[1]
    assert np.array_equal(flat.flats[..., 3], soft.flats[..., 3])
    painted = flat.flats[..., 3] > 0
    if painted.any():
        assert len(np.unique(soft.flats[painted], axis=0)) > len(np.unique(flat.flats[painted], axis=0))
    assert all(region.palette_entry is None for region in soft.regions)
    assert "not the palette's" in next(one for one in DESCRIPTION.options if one.name == "soft").help


def test_cancelling_ends_at_the_next_step(home: Path) -> None:
    asked: list[str] = []
    request = _request(_shot(3))
    results = _loaded(home).run(
        request, lambda _, doing: asked.append(doing), lambda: asked.count("Sampling") > 1
    )
    with pytest.raises(Cancelled):
        list(results)
    assert asked.count("Sampling") == 2


def test_a_step_can_be_cancelled_before_it_is_done(home: Path) -> None:
    assert_cancelled_within_a_step(_loaded(home), _request(_shot(3)))


def test_running_out_of_memory_gives_up_step_by_step_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, sample = painting.decode_chunk, painter.sample_segment
    tried: list[str] = []

    def decode_chunk(vae: Any, latents: torch.Tensor) -> torch.Tensor:
        if len(latents) > 5:
            raise torch.OutOfMemoryError("decode")
        return decode(vae, latents)

    def sample_segment(networks: Any, sketches: Any, segment: Any, *rest: Any) -> Any:
        tried.append(f"{len(segment.frames)}")
        if len(segment.frames) > 8:
            raise torch.OutOfMemoryError("sample")
        return sample(networks, sketches, segment, *rest)

    monkeypatch.setattr(painting, "decode_chunk", decode_chunk)
    monkeypatch.setattr(painter, "sample_segment", sample_segment)
    told: list[tuple[float, str]] = []
    results = _run(_loaded(home), _request(_shot(12)), told)
    assert sorted(results) == list(range(12))
    assert tried[:3] == ["14", "14", "8"]
    notes = [doing for _, doing in told if doing.startswith("Memory ran out")]
    assert ["main memory" in notes[0], "8 frames" in notes[1], "decoding 5" in notes[2]] == [True] * 3
    assert len(notes) == 3


def test_where_nothing_is_left_to_give_up_it_is_a_plain_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample_segment(*_: Any) -> Any:
        raise torch.OutOfMemoryError("sample")

    monkeypatch.setattr(painter, "sample_segment", sample_segment)
    with pytest.raises(KeycelError) as caught:
        _run(_loaded(home), _request(_shot(2)))
    assert caught.value.value.code is ErrorCode.RES_OUT_OF_MEMORY


@pytest.mark.parametrize("spoilt", ["unet.conv_out", "vae.decoder.conv_out"])
def test_numbers_that_are_not_finite_are_an_error_and_no_black_frame(
    spoilt: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = random_networks(TINY, seed=5)
    component, _, layer = spoilt.partition(".")
    bias = broken.components()[component].get_submodule(layer).bias
    assert isinstance(bias, torch.Tensor)
    bias.data[0] = torch.nan
    monkeypatch.setattr("keycel_backend.engines.lvcd.networks.load_lvcd", lambda *_: broken)
    with pytest.raises(KeycelError) as caught:
        _run(_loaded(home), _request(_shot(2)))
    assert caught.value.value.code is ErrorCode.RUN_FAILED


def test_line_art_of_any_kind_is_understood_alike(home: Path) -> None:
    plain = _shot(2)
    lines, flats = [plain.load(f"line{number}") for number in (0, 1)], plain.load("color0")
    expected = _run(_loaded(home), _soft(_request(plain)))[1].flats.astype(int)

    def on_paper(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> Shot:
        pictures = []
        for line in lines:
            share = line[..., 3:] / 255.0
            picture = np.round(np.array(paper) * (1.0 - share) + np.array(ink) * share).astype(np.uint8)
            pictures.append(np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]))
        return shot_from(pictures, {0: flats})

    for shot in (
        on_paper((255, 255, 255), (0, 0, 0)),
        on_paper((0, 0, 0), (255, 255, 255)),
        on_paper((255, 255, 255), (60, 60, 200)),
        on_paper((255, 255, 255), (170, 170, 170)),
    ):
        result = _run(_loaded(home), _soft(_request(shot)))[1].flats
        assert read_line_art(shot.load("line1")).ink.any()
        assert np.abs(result.astype(int) - expected).mean() < 8.0


def test_previews_are_shown_to_who_looks(home: Path) -> None:
    looker = Looker(1)
    engine = _loaded(home)  # one that has not painted this shot yet
    request = _request(_shot(2), previews=looker)
    results = engine.run(request, lambda *_: None, lambda: bool(looker.seen))
    with pytest.raises(Cancelled):
        list(results)
    assert [(time, picture.shape) for time, picture in looker.seen] == [(1, (192, 256, 4))]


def test_an_installed_small_decoder_makes_the_previews(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Red:
        def picture(self, latent: torch.Tensor) -> torch.Tensor:
            red = torch.zeros(8 * latent.shape[1], 8 * latent.shape[2], 3, dtype=torch.uint8)
            red[..., 0] = 255
            return red

    looker = Looker(1)
    monkeypatch.setattr(engine_networks, "installed_tiny_decoder", lambda _: Red())
    engine = _loaded(home)
    with pytest.raises(Cancelled):
        list(engine.run(_request(_shot(2), previews=looker), lambda *_: None, lambda: bool(looker.seen)))
    assert np.unique(looker.seen[0][1].reshape(-1, 4), axis=0).tolist() == [[255, 0, 0, 255]]


def test_wrong_options_and_frames_are_told(engine: LvcdEngine) -> None:
    shot = _shot(2)
    with pytest.raises(KeycelError) as caught:
        _run(engine, _request(shot, options={"steps": 3}))
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION
    with pytest.raises(KeycelError) as caught:
        _run(engine, _request(shot, targets=(7,)))
    assert caught.value.value.code is ErrorCode.DOC_NO_SUCH_FRAME
    with pytest.raises(KeycelError) as caught:
        _run(engine, _request(replace(shot, keyframes=())))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME


def test_without_weights_the_remedy_is_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    for ask in (lambda: find_engine("lvcd", "colorize"), lambda: LvcdEngine().load("cpu", "float32")):
        with pytest.raises(KeycelError) as caught:
            ask()
        assert caught.value.value.code is ErrorCode.REG_NO_MODEL
        assert "keycel models install lvcd --from svd.safetensors lvcd.ckpt" in caught.value.value.remedy


def test_describing_and_estimating_imports_no_torch() -> None:
    program = (
        "import sys; from keycel_backend.engines.registry import ENTRIES; "
        "cost = ENTRIES['lvcd'].estimate(1920, 1080, 15, 1, {}); "
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules; print(cost.memory_bytes)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert 9e9 < int(run.stdout) < 40e9
