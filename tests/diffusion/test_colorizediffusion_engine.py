"""The `colorizediffusion` engine on small networks with random weights."""

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
from support.drawn_shots import BODY, HEAD, all_targets, draw, figure, shot_from
from support.installed_colorizediffusion import install_tiny_coloring
from support.looker import Looker

from keycel_backend.diffusion.colorizediffusion import detail
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.engines.base import Cancelled, FrameResult, Keyframe, OptionValue, Request, Shot
from keycel_backend.engines.colorizediffusion import painter
from keycel_backend.engines.colorizediffusion.engine import ColorizeDiffusionEngine
from keycel_backend.engines.registry import find_engine, load_engine
from keycel_backend.regions.arrays import Pixels
from keycel_shared.errors import ErrorCode, KeycelError

QUICK: dict[str, OptionValue] = {"steps": 4, "resolution": 64}


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, coloring_networks: ColorizeDiffusionNetworks
) -> Iterator[ColorizeDiffusionEngine]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_tiny_coloring(tmp_path_factory.mktemp("home"), coloring_networks, monkeypatch)
        engine = load_engine("colorizediffusion", "reference")
        assert isinstance(engine, ColorizeDiffusionEngine)
        engine.load("cpu", "float32")
        yield engine


def _shot(reference: Pixels | None = None, mask: Pixels | None = None, drawings: int = 1) -> Shot:
    pictures = [draw(figure(moved=(4.0 * number, 0.0))) for number in range(drawings)]
    shot = shot_from([lines for lines, _ in pictures], {})
    extra = {"reference": pictures[0][1] if reference is None else reference, "mask": mask}

    def load(digest: str) -> Pixels:
        found = extra.get(digest)
        return shot.load(digest) if found is None else found.copy()

    sketches = () if mask is None else (Keyframe(0, "mask"),)
    return replace(shot, load=load, sketches=sketches, reference="reference")


def _request(shot: Shot, **options: OptionValue) -> Request:
    return Request(shot, all_targets(shot), {**QUICK, **options})


def _run(
    engine: ColorizeDiffusionEngine, request: Request, told: list[tuple[float, str]] | None = None
) -> list[FrameResult]:
    notes = [] if told is None else told
    return list(engine.run(request, lambda share, doing: notes.append((share, doing)), lambda: False))


def _colors(picture: Pixels) -> set[tuple[int, ...]]:
    return {tuple(color) for color in np.unique(picture.reshape(-1, 4), axis=0).tolist()}


def test_only_the_references_own_colors_come_out(engine: ColorizeDiffusionEngine) -> None:
    shot = _shot(drawings=2)
    told: list[tuple[float, str]] = []
    results = _run(engine, _request(shot), told)
    assert [result.time for result in results] == [0, 1]
    painted = _colors(shot.load("reference"))
    for result in results:
        assert result.flats.shape == (240, 320, 4)
        assert _colors(result.flats) <= painted
        assert {(*HEAD, 255), (*BODY, 255)} <= set(result.palette)
        assert sum(region.area for region in result.regions) > 0.8 * 240 * 320
        assert all((region.confidence < 0.5) == bool(region.reason) for region in result.regions)
    assert [share for share, doing in told if doing == "Sampling"] == [number / 8 for number in range(1, 9)]
    assert told[-1] == (1.0, "Done")


def test_a_photograph_gives_colors_that_occur_in_it_and_a_palette_rules(
    engine: ColorizeDiffusionEngine,
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 4), np.uint8)
    noise[..., 3] = 255
    (result,) = _run(engine, _request(_shot(noise), colors=5))
    assert 1 < len(result.palette) <= 5
    assert set(result.palette) <= _colors(noise)
    assert _colors(result.flats) <= set(result.palette), "an opaque picture leaves nothing unpainted"
    legal = ((1, 2, 3, 255), (200, 100, 50, 255))
    (result,) = _run(engine, replace(_request(_shot(noise)), palette=legal))
    assert _colors(result.flats) <= set(legal)


def test_the_same_request_gives_the_same_and_a_take_another(engine: ColorizeDiffusionEngine) -> None:
    request = _request(_shot(), soft=True)
    first, again = _run(engine, request)[0], _run(engine, request)[0]
    assert np.array_equal(first.flats, again.flats)
    assert len(_colors(first.flats)) > len(_colors(_run(engine, _request(_shot()))[0].flats))
    take = _run(engine, replace(request, seed=4, redraw=frozenset({0})))[0]
    assert not np.array_equal(take.flats, first.flats)
    held = _run(engine, replace(request, seed=4))[0]
    assert np.array_equal(held.flats, first.flats), "a seed alone changes nothing"


@pytest.mark.parametrize("sampler", ["dpm-solver", "euler"])
def test_previews_are_shown_to_who_looks_and_change_nothing(
    engine: ColorizeDiffusionEngine, sampler: str
) -> None:
    looker = Looker(3)
    request = _request(_shot(), sampler=sampler)
    (plain,) = _run(engine, request)
    (result,) = _run(engine, replace(request, previews=looker))
    assert np.array_equal(result.flats, plain.flats)
    assert [time for time, _ in looker.seen] == [0, 0, 0]
    for _, picture in looker.seen:
        assert picture.shape == (192, 256, 4)
        assert len(_colors(picture)) > 10
    assert not np.array_equal(looker.seen[0][1], looker.seen[2][1])


@pytest.mark.parametrize("mode", ["background", "split", "both"])
def test_the_artists_mask_decides_what_is_foreground(engine: ColorizeDiffusionEngine, mode: str) -> None:
    mask = np.zeros((240, 320, 4), np.uint8)
    mask[:, :160] = 255
    ours = _run(engine, _request(_shot(), mode=mode, soft=True))[0].flats
    theirs = _run(engine, _request(_shot(mask=mask), mode=mode, soft=True))[0].flats
    assert not np.array_equal(ours, theirs)


@pytest.mark.parametrize("preparation", ["invert", "invert-webui", "none"])
def test_official_readings_of_lines(engine: ColorizeDiffusionEngine, preparation: str) -> None:
    (result,) = _run(engine, _request(_shot(), preparation=preparation, margin=1.5))
    assert result.flats.shape == (240, 320, 4)


def test_cancelling_ends_at_the_next_step(engine: ColorizeDiffusionEngine) -> None:
    asked: list[str] = []
    results = engine.run(
        _request(_shot()), lambda _, doing: asked.append(doing), lambda: asked.count("Sampling") > 1
    )
    with pytest.raises(Cancelled):
        list(results)
    assert asked.count("Sampling") == 2


def test_a_step_can_be_cancelled_before_it_is_done(engine: ColorizeDiffusionEngine) -> None:
    assert_cancelled_within_a_step(engine, _request(_shot()))


def test_running_out_of_memory_gives_up_step_by_step_and_says_so(
    engine: ColorizeDiffusionEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = painter.sample_latents
    tried: list[int] = []

    def sample_latents(networks: Any, noise: torch.Tensor, *rest: Any) -> torch.Tensor:
        tried.append(noise.shape[3])
        if noise.shape[3] > 16:
            raise torch.OutOfMemoryError("sample")
        return sample(networks, noise, *rest)

    monkeypatch.setattr(painter, "sample_latents", sample_latents)
    told: list[tuple[float, str]] = []
    results = _run(engine, _request(_shot(), resolution=256), told)
    assert len(results) == 1
    assert tried == [32, 32, 24, 16]
    notes = [doing for _, doing in told if doing.startswith("Memory ran out")]
    assert ["main memory" in notes[0], "71 percent" in notes[1], "50 percent" in notes[2]] == [True] * 3


def test_details_are_drawn_in_a_second_pass_with_the_same_memory(
    engine: ColorizeDiffusionEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[float, str]] = []
    seen: list[tuple[int, ...]] = []
    forward = detail.unet_forward

    def unet_forward(network: Any, sample: torch.Tensor, *rest: Any) -> torch.Tensor:
        seen.append(tuple(sample.shape[2:]))
        return forward(network, sample, *rest)

    monkeypatch.setattr(detail, "unet_forward", unet_forward)
    request = _request(_shot(), soft=True, mode="split", detail=128)
    (result,) = _run(engine, request, told)
    assert set(seen) == {(8, 8)}, "tiles are no larger than the first pass"
    assert len(seen) == 2 * 3 * 3, "two steps of nine tiles"
    shares = [share for share, doing in told if doing == "Sampling"]
    assert shares == pytest.approx([number / 6 for number in range(1, 7)])
    (again,) = _run(engine, request)
    assert np.array_equal(result.flats, again.flats)
    seen.clear()
    (plain,) = _run(engine, _request(_shot(), soft=True, mode="split", detail=64))
    assert seen == []
    assert not np.array_equal(result.flats, plain.flats)


def test_where_decoding_runs_out_of_memory_it_goes_on_in_tiles(
    engine: ColorizeDiffusionEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = detail.decode_latents

    def decode_latents(networks: Any, latents: torch.Tensor) -> torch.Tensor:
        if latents.shape[3] > 8:
            raise torch.OutOfMemoryError("decode")
        return decode(networks, latents)

    for module in (painter, detail):
        monkeypatch.setattr(module, "decode_latents", decode_latents)
    told: list[tuple[float, str]] = []
    assert len(_run(engine, _request(_shot(), resolution=128), told)) == 1
    notes = [doing for _, doing in told if doing.startswith("Memory ran out")]
    assert notes == ["Memory ran out while decoding: decoding the picture in tiles"]
    assert sum(doing == "Sampling" for _, doing in told) == 4, "nothing is sampled again"


def test_what_is_wrong_is_told(engine: ColorizeDiffusionEngine) -> None:
    shot = _shot()
    cases = [
        (_request(shot, steps=1), ErrorCode.DOC_BAD_OPTION),
        (_request(shot, mode="sideways"), ErrorCode.DOC_BAD_OPTION),
        (replace(_request(shot), targets=(7,)), ErrorCode.DOC_NO_SUCH_FRAME),
        (_request(replace(shot, reference="")), ErrorCode.DOC_NO_KEYFRAME),
    ]
    for request, code in cases:
        with pytest.raises(KeycelError) as caught:
            _run(engine, request)
        assert caught.value.value.code is code


def test_without_weights_the_remedy_is_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    with pytest.raises(KeycelError) as caught:
        find_engine("colorizediffusion", "reference")
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
    assert "keycel models install colorizediffusion --from switch-eps.safetensors" in (
        caught.value.value.remedy
    )


def test_describing_and_estimating_imports_no_torch() -> None:
    program = (
        "import sys; from keycel_backend.engines.registry import ENTRIES; "
        "cost = ENTRIES['colorizediffusion'].estimate(1920, 1080, 1, 0, {}); "
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules; print(cost.memory_bytes)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert 7e9 < int(run.stdout) < 12e9
