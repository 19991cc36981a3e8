"""AniDoc as an engine, end to end on a tiny installed model with random weights."""

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
from support.looker import Looker
from support.tiny_anidoc import install_tiny_anidoc, random_anidoc

from keycel_backend.diffusion.anidoc.condition import frame_condition
from keycel_backend.engines import painting
from keycel_backend.engines.anidoc import painter
from keycel_backend.engines.anidoc.engine import AniDocEngine
from keycel_backend.engines.base import Cancelled, FrameResult, Keyframe, OptionValue, Request, Shot
from keycel_backend.engines.registry import load_engine
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, KeycelError

QUICK: dict[str, OptionValue] = {"steps": 4, "resolution": 64, "soft": True}
"""In soft mode every difference of the networks' pictures shows."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as monkeypatch, torch.no_grad():
        folder = tmp_path_factory.mktemp("home")
        install_tiny_anidoc(folder, random_anidoc(seed=5), monkeypatch)
        yield folder


@pytest.fixture(scope="module")
def engine(home: Path) -> AniDocEngine:
    return _loaded(home)


def _loaded(home: Path) -> AniDocEngine:
    assert home.is_dir()
    engine = load_engine("anidoc", "colorize")
    assert isinstance(engine, AniDocEngine)
    engine.load("cpu", "float32")
    return engine


def _shot(drawings: int, painted: tuple[int, ...] = (0,), reference: bool = False) -> Shot:
    pictures = [draw(figure(moved=(3.0 * number, 0.0))) for number in range(drawings)]
    shot = shot_from([lines for lines, _ in pictures], {number: pictures[number][1] for number in painted})
    if not reference:
        return shot
    lines, flats = draw(figure(moved=(-4.0, 2.0)))
    image = flatten(flats, lines)
    return replace(
        shot,
        reference="reference",
        load=lambda digest: image if digest == "reference" else shot.load(digest),
    )


def _request(shot: Shot, **changes: Any) -> Request:
    return replace(Request(shot, all_targets(shot), QUICK), **changes)


def _run(
    engine: AniDocEngine, request: Request, told: list[tuple[float, str]] | None = None
) -> dict[int, FrameResult]:
    notes = [] if told is None else told
    results = engine.run(request, lambda share, doing: notes.append((share, doing)), lambda: False)
    return {result.time: result for result in results}


def _pictures(results: dict[int, FrameResult]) -> dict[int, bytes]:
    return {time: result.flats.tobytes() for time, result in results.items()}


def _colors(picture: np.ndarray[Any, Any]) -> set[tuple[int, ...]]:
    return {tuple(color) for color in np.unique(picture.reshape(-1, 4), axis=0).tolist()}


def test_a_keyframe_serves_as_reference_and_only_its_colors_come_out(engine: AniDocEngine) -> None:
    shot = _shot(3)
    told: list[tuple[float, str]] = []
    results = _run(engine, _request(shot, options={**QUICK, "soft": False}), told)
    assert sorted(results) == [0, 1, 2]
    for result in results.values():
        assert _colors(result.flats) <= _colors(shot.load("color0"))
        for region in result.regions:
            assert (region.confidence < 0.5) == bool(region.reason)
    assert np.array_equal(results[0].flats, shot.load("color0")), "the keyframe's own frame is the artist's"
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert [share for share, doing in told if doing == "Sampling"] == [0.25, 0.5, 0.75, 1.0]


def test_a_reference_image_needs_no_keyframe(engine: AniDocEngine) -> None:
    shot = _shot(2, painted=(), reference=True)
    results = _run(engine, _request(shot, options={**QUICK, "soft": False}))
    image = shot.load("reference")
    assert sorted(results) == [0, 1]
    for result in results.values():
        painted = result.flats[result.flats[..., 3] > 0]
        assert _colors(painted) <= _colors(image), "its flat colours, none mixed with lines"
        assert (0, 0, 0, 255) not in result.palette, "lines are no paint"
        assert len(result.palette) >= 3


def test_the_reference_image_counts_before_keyframes_and_matters(engine: AniDocEngine) -> None:
    plain, referred = _shot(3), _shot(3, reference=True)
    with_image = _run(engine, _request(referred))
    assert np.array_equal(with_image[0].flats, plain.load("color0")), "what is painted stays"
    assert _pictures(with_image)[2] != _pictures(_run(engine, _request(plain)))[2]
    other = replace(referred, load=lambda digest: 255 - referred.load(digest) // 2)
    image_only = replace(
        other, load=lambda digest: other.load(digest) if digest == "reference" else referred.load(digest)
    )
    assert _pictures(_run(engine, _request(image_only)))[2] != _pictures(with_image)[2]


def test_without_reference_and_keyframe_it_is_told(engine: AniDocEngine) -> None:
    with pytest.raises(KeycelError) as caught:
        _run(engine, _request(_shot(2, painted=())))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME


@pytest.mark.parametrize("alpha", [0, 255])
def test_a_reference_in_which_nothing_is_painted_is_told(engine: AniDocEngine, alpha: int) -> None:
    shot = _shot(2)
    blank = np.full((240, 320, 4), 255, np.uint8)
    blank[..., 3] = alpha
    shot = replace(shot, reference="blank", load={**_loads(shot), "blank": blank}.__getitem__)
    with pytest.raises(KeycelError) as caught:
        _run(engine, _request(shot))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME
    assert "reference picture" in str(caught.value)


def _loads(shot: Shot) -> dict[str, Any]:
    digests = [one.digest for one in (*shot.drawings, *shot.keyframes)]
    return {digest: shot.load(digest) for digest in digests}


def test_every_frame_comes_on_odd_canvases_whatever_their_number(engine: AniDocEngine) -> None:
    for drawings, asked in ((1, (0,)), (2, (0, 1)), (14, (13,)), (15, (0, 14))):
        pictures = [_odd(draw(figure(moved=(float(number), 0.0)))[0]) for number in range(drawings)]
        lines, flats = draw(figure())
        shot = shot_from(pictures, {})
        loads = {**_loads(shot), "image": _odd(flatten(flats, lines))}
        shot = replace(shot, reference="image", load=loads.__getitem__)
        results = _run(engine, _request(shot, targets=asked))
        assert tuple(sorted(results)) == asked, drawings
        assert all(result.flats.shape == pictures[0].shape for result in results.values())


def _odd(picture: Pixels) -> Pixels:
    """Of 297 x 231 pixels."""
    return np.ascontiguousarray(picture[3:234, 11:308])


def test_previews_are_shown_to_who_looks(home: Path) -> None:
    looker = Looker(1)
    request = _request(_shot(2), previews=looker)
    results = _loaded(home).run(request, lambda *_: None, lambda: bool(looker.seen))
    with pytest.raises(Cancelled):
        list(results)
    assert [(time, picture.shape) for time, picture in looker.seen] == [(1, (192, 256, 4))]


def _sketched() -> Shot:
    """Key sketches at 0 and 3, and another picture of the figure as reference."""
    shot = _shot(4, painted=(), reference=True)
    sketches = tuple(Keyframe(time, f"line{time}") for time in (0, 3))
    return replace(shot, drawings=(), sketches=sketches)


def test_between_key_sketches_the_line_track_is_colored(home: Path) -> None:
    assert home.is_dir()
    engine = load_engine("anidoc", "inbetween")
    assert isinstance(engine, AniDocEngine)
    engine.load("cpu", "float32")
    shown: list[np.ndarray[Any, Any]] = []

    def watch(sketches: torch.Tensor, *rest: Any) -> torch.Tensor:
        shown.append(sketches.numpy().copy())
        return frame_condition(sketches, *rest)

    shot, options = _sketched(), {**QUICK, "soft": False, "sparse": True}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(painter, "frame_condition", watch)
        results = _run(engine, Request(shot, (0, 1, 3), options))
    assert sorted(results) == [0, 1, 3]
    for time, result in results.items():
        painted = result.flats[result.flats[..., 3] > 0]
        assert _colors(painted) <= _colors(shot.load("reference"))
        assert result.line is not None
        if time in (0, 3):
            assert np.array_equal(result.line, shot.load(f"line{time}")), "keys are the artist's"
    (window,) = shown
    assert len(np.unique(window, axis=0)) == 2, "the first and the last sketch, nothing between"
    with pytest.raises(KeycelError) as caught:
        _run(engine, Request(replace(shot, reference=""), (1,), QUICK))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME


def test_frames_do_not_depend_on_which_others_are_asked_for_or_on_the_run(home: Path) -> None:
    shot = _shot(16, painted=(), reference=True)
    whole = _pictures(_run(_loaded(home), _request(shot, targets=(3, 13, 15))))
    assert sorted(whole) == [3, 13, 15], "two windows"
    part = _pictures(_run(_loaded(home), _request(shot, targets=(13, 15))))
    assert part == {time: whole[time] for time in (13, 15)}


def test_another_take_changes_its_frame_and_no_other(engine: AniDocEngine, home: Path) -> None:
    shot = _shot(4, painted=(), reference=True)
    plain = _pictures(_run(engine, _request(shot, targets=(1, 2, 3))))
    told: list[tuple[float, str]] = []
    take = _request(shot, targets=(2, 3), seed=1, redraw=frozenset({2}))
    results = _pictures(_run(engine, take, told))
    assert results[2] != plain[2]
    assert results[3] == plain[3], "not redrawn, so bit-identical"
    assert sum(doing == "Sampling" for _, doing in told) == 4, "nothing is sampled again"
    alone = replace(take, targets=(2,))
    assert _pictures(_run(_loaded(home), alone))[2] == results[2], "whatever was sampled before"
    other = _pictures(_run(engine, replace(alone, seed=2)))
    assert other[2] not in (plain[2], results[2])


@pytest.mark.parametrize(
    "change",
    [
        {"points": "repeated"},
        {"points": "first frame only"},
        {"sparse": True},
        {"guidance": 1.5},
    ],
)
def test_every_option_does_something(engine: AniDocEngine, change: dict[str, OptionValue]) -> None:
    shot = _shot(4)
    plain = _pictures(_run(engine, _request(shot)))
    changed = _pictures(_run(engine, _request(shot, options={**QUICK, **change})))
    assert changed[0] == plain[0]
    assert changed[3] != plain[3]


def test_cancelling_ends_at_the_next_step(home: Path) -> None:
    asked: list[str] = []
    results = _loaded(home).run(
        _request(_shot(3)), lambda _, doing: asked.append(doing), lambda: asked.count("Sampling") > 1
    )
    with pytest.raises(Cancelled):
        list(results)
    assert asked.count("Sampling") == 2


def test_a_step_can_be_cancelled_before_it_is_done(home: Path) -> None:
    assert_cancelled_within_a_step(_loaded(home), _request(_shot(3)))


def test_running_out_of_memory_gives_up_step_by_step_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, sample = painting.decode_chunk, painter.sample_window

    def decode_chunk(vae: Any, latents: torch.Tensor) -> torch.Tensor:
        if len(latents) > 5:
            raise torch.OutOfMemoryError("decode")
        return decode(vae, latents)

    def sample_window(networks: Any, window: Any, *rest: Any) -> Any:
        if len(window.frames) > 8:
            raise torch.OutOfMemoryError("sample")
        return sample(networks, window, *rest)

    monkeypatch.setattr(painting, "decode_chunk", decode_chunk)
    monkeypatch.setattr(painter, "sample_window", sample_window)
    told: list[tuple[float, str]] = []
    results = _run(_loaded(home), _request(_shot(9)), told)
    assert sorted(results) == list(range(9))
    notes = [doing for _, doing in told if doing.startswith("Memory ran out")]
    assert ["main memory" in notes[0], "8 frames" in notes[1], "decoding 5" in notes[2]] == [True] * 3
    assert len(notes) == 3


@pytest.mark.parametrize("spoilt", ["unet.conv_out", "vae.decoder.conv_out"])
def test_numbers_that_are_not_finite_are_an_error_and_no_black_frame(
    spoilt: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = random_anidoc(seed=5)
    component, _, layer = spoilt.partition(".")
    bias = broken.components()[component].get_submodule(layer).bias
    assert isinstance(bias, torch.Tensor)
    bias.data[0] = torch.nan
    monkeypatch.setattr("keycel_backend.engines.anidoc.networks.load_anidoc", lambda *_: broken)
    with pytest.raises(KeycelError) as caught:
        _run(_loaded(home), _request(_shot(2)))
    assert caught.value.value.code is ErrorCode.RUN_FAILED


def test_wrong_options_and_missing_models_are_told(engine: AniDocEngine) -> None:
    shot = _shot(2)
    for options, code in (
        ({"steps": 3}, ErrorCode.DOC_BAD_OPTION),
        ({"points": "all"}, ErrorCode.DOC_BAD_OPTION),
        ({"matcher": "lightglue"}, ErrorCode.REG_NO_MODEL),
        ({"tracker": "cotracker"}, ErrorCode.REG_NO_MODEL),
    ):
        with pytest.raises(KeycelError) as caught:
            _run(engine, _request(shot, options={**QUICK, **options}))
        assert caught.value.value.code is code


def test_without_weights_the_remedy_is_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    with pytest.raises(KeycelError) as caught:
        AniDocEngine().load("cpu", "float32")
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
    assert "keycel models install anidoc --from anidoc stable-video" in caught.value.value.remedy


def test_describing_and_estimating_imports_no_torch() -> None:
    program = (
        "import sys; from keycel_backend.engines.registry import ENTRIES; "
        "cost = ENTRIES['anidoc'].estimate(1920, 1080, 14, 0, {}); "
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules; print(cost.memory_bytes)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert 9e9 < int(run.stdout) < 40e9
