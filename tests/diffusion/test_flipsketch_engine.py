"""FlipSketch as an engine, end to end on a tiny installed model with random weights."""

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
from support.drawn_shots import draw, figure, shot_from
from support.looker import Looker
from support.tiny_flipsketch import install_tiny, random_networks

from keycel_backend.diffusion.flipsketch import pipeline
from keycel_backend.engines.base import Cancelled, FrameResult, OptionValue, Request, Shot
from keycel_backend.engines.flipsketch import run
from keycel_backend.engines.flipsketch.engine import FlipsketchEngine
from keycel_backend.engines.registry import find_engine, load_engine
from keycel_backend.regions.lines import read_line_art
from keycel_shared.errors import ErrorCode, KeycelError

QUICK: dict[str, OptionValue] = {
    "prompt": "it walks",
    "frames": 4,
    "steps": 4,
    "resolution": 64,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("home")
        install_tiny(folder, random_networks(seed=5), monkeypatch)
        yield folder


@pytest.fixture(scope="module")
def engine(home: Path) -> FlipsketchEngine:
    return _loaded(home)


def _loaded(home: Path) -> FlipsketchEngine:
    assert home.is_dir()
    engine = load_engine("flipsketch", "animate")
    assert isinstance(engine, FlipsketchEngine)
    engine.load("cpu", "float32")
    return engine


def _shot(**how: Any) -> Shot:
    return shot_from([draw(figure(), **how)[0]], {})


def _request(targets: tuple[int, ...] = (0, 1, 2, 3), **options: OptionValue) -> Request:
    return Request(_shot(), targets, {**QUICK, **options})


def _run(
    engine: FlipsketchEngine, request: Request, told: list[tuple[float, str]] | None = None
) -> dict[int, FrameResult]:
    notes = [] if told is None else told
    results = engine.run(request, lambda share, doing: notes.append((share, doing)), lambda: False)
    return {result.time: result for result in results}


def _pictures(results: dict[int, FrameResult]) -> dict[int, bytes]:
    return {time: result.flats.tobytes() for time, result in results.items()}


def test_an_animation_begins_with_the_artists_drawing_and_goes_on_in_their_ink(
    engine: FlipsketchEngine,
) -> None:
    request, told = _request(), list[tuple[float, str]]()
    results = _run(engine, request, told)
    assert sorted(results) == [0, 1, 2, 3]
    drawing = request.shot.load("line0")
    assert results[0].flats.tobytes() == drawing.tobytes(), "byte for byte"
    for time in (1, 2, 3):
        picture = results[time].flats
        assert picture.shape == drawing.shape
        assert not picture[picture[..., 3] == 0].any()
        inked = picture[picture[..., 3] > 0]
        assert len(inked), "random networks scribble"
        assert {tuple(color) for color in inked[:, :3].tolist()} == {(0, 0, 0)}
        assert (picture[..., 3] == 0).mean() > 0.2
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "Done")
    assert sum(doing == "Drawing" for _, doing in told) == 4 + 4, "inversion and sampling"


def test_previews_go_through_the_drawings_and_change_nothing(engine: FlipsketchEngine) -> None:
    looker = Looker(4)
    plain = _pictures(_run(engine, _request(exposure=2, targets=(0, 2, 4, 6))))
    shown = _run(engine, replace(_request(exposure=2, targets=(0, 2, 4, 6)), previews=looker))
    assert _pictures(shown) == plain
    assert [time for time, _ in looker.seen] == [2, 4, 6, 2]
    assert {picture.shape for _, picture in looker.seen} == {(192, 256, 4)}
    assert all(picture[..., :3].std() > 1.0 for _, picture in looker.seen)


def test_a_small_decoder_shows_them_where_there_is_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Red:
        def picture(self, latent: torch.Tensor) -> torch.Tensor:
            return torch.tensor([255, 0, 0], dtype=torch.uint8).expand(*latent.shape[1:], 3)

    monkeypatch.setattr(run, "installed_tiny_decoder", lambda _: Red())
    looker = Looker(4)
    _run(_loaded(home), replace(_request(), previews=looker))
    assert np.unique(looker.seen[0][1].reshape(-1, 4), axis=0).tolist() == [[255, 0, 0, 255]]


def test_the_same_request_gives_the_same_pixels(engine: FlipsketchEngine, home: Path) -> None:
    first, again, fresh = (_pictures(_run(one, _request())) for one in (engine, engine, _loaded(home)))
    assert first == again == fresh


def test_a_drawing_is_the_same_whichever_others_are_asked_for(engine: FlipsketchEngine) -> None:
    whole = _pictures(_run(engine, _request()))
    assert _pictures(_run(engine, _request((2,)))) == {2: whole[2]}
    assert _pictures(_run(engine, _request((0,)))) == {0: whole[0]}


def test_another_take_is_another_animation_of_the_same_drawing(engine: FlipsketchEngine) -> None:
    plain = _pictures(_run(engine, _request()))
    take = replace(_request(), seed=3, redraw=frozenset({0, 2, 3}))
    results = _pictures(_run(engine, take))
    assert results[0] == plain[0]
    assert results[1] == plain[1], "not redrawn, so bit-identical"
    assert results[2] != plain[2]
    assert results[3] != plain[3]
    alone = replace(_request((2,)), seed=3, redraw=frozenset({2}))
    assert _pictures(_run(engine, alone))[2] == results[2], "whatever else is redrawn"


def test_long_animations_go_on_from_their_last_drawing(engine: FlipsketchEngine) -> None:
    told: list[tuple[float, str]] = []
    results = _run(engine, _request((1, 4), frames=5, window=3), told)
    assert sorted(results) == [1, 4]
    assert sum(doing == "Drawing" for _, doing in told) == 2 * (4 + 4)
    few: list[tuple[float, str]] = []
    first = _run(engine, _request((1,), frames=5, window=3), few)
    assert sum(doing == "Drawing" for _, doing in few) == 4 + 4, "later clips are not drawn for nothing"
    assert _pictures(first)[1] == _pictures(results)[1]


def test_drawings_come_at_the_frames_of_their_exposure(engine: FlipsketchEngine) -> None:
    on_ones = _pictures(_run(engine, _request()))
    on_threes = _pictures(_run(engine, _request((0, 3, 6, 9), exposure=3)))
    assert [on_threes[3 * time] for time in range(4)] == [on_ones[time] for time in range(4)]
    for wrong in ((1,), (12,), (-3,)):
        with pytest.raises(KeycelError) as caught:
            _run(engine, _request(wrong, exposure=3))
        assert caught.value.value.code is ErrorCode.DOC_NO_SUCH_FRAME


def test_faithful_is_another_result_and_tells_of_its_work(engine: FlipsketchEngine) -> None:
    told: list[tuple[float, str]] = []
    faithful = _pictures(_run(engine, _request((0, 1), mode="faithful", frames=2), told))
    assert faithful[1] != _pictures(_run(engine, _request((0, 1), frames=2)))[1]
    # 2 of 4 steps are aligned, in 10 iterations each
    assert sum(doing == "Drawing" for _, doing in told) == 4 + 4 + 2 * 10


def test_what_to_avoid_and_how_closely_to_keep_matter(engine: FlipsketchEngine) -> None:
    plain = _pictures(_run(engine, _request((3,))))
    for changed in ({"avoid": "blur"}, {"fidelity": 1.0}, {"guidance": 3.0}, {"prompt": "it jumps"}):
        assert _pictures(_run(engine, _request((3,), **changed))) != plain


@pytest.mark.parametrize("mode", ["draft", "faithful"])
def test_cancelling_ends_at_the_next_step(home: Path, mode: str) -> None:
    asked: list[str] = []
    results = _loaded(home).run(
        _request((1,), mode=mode),
        lambda _, doing: asked.append(doing),
        lambda: len(asked) > 5,
    )
    with pytest.raises(Cancelled):
        list(results)
    assert len(asked) == 6


def test_a_step_can_be_cancelled_before_it_is_done(home: Path) -> None:
    assert_cancelled_within_a_step(_loaded(home), _request((1,), mode="draft"), step="Drawing")


def test_running_out_of_memory_gives_up_step_by_step_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, sample = pipeline.decode_frames, pipeline.sample_clip
    tried: list[int] = []

    def decode_frames(vae: Any, latents: torch.Tensor) -> torch.Tensor:
        if len(latents) > 5:
            raise torch.OutOfMemoryError("decode")
        return decode(vae, latents)

    def sample_clip(unet: Any, noise: torch.Tensor, *rest: Any) -> torch.Tensor:
        tried.append(noise.shape[2])
        if noise.shape[2] > 8:
            raise torch.OutOfMemoryError("sample")
        return sample(unet, noise, *rest)

    monkeypatch.setattr(pipeline, "decode_frames", decode_frames)
    monkeypatch.setattr(pipeline, "sample_clip", sample_clip)
    told: list[tuple[float, str]] = []
    results = _run(_loaded(home), _request(tuple(range(10)), frames=10), told)
    assert sorted(results) == list(range(10))
    assert tried == [10, 10, 8, 3], "with main memory used too, then in shorter clips"
    notes = [doing for _, doing in told if doing.startswith("Memory ran out")]
    assert ["main memory" in notes[0], "8 frames" in notes[1], "decoding 5" in notes[2]] == [True] * 3
    assert all(0.0 <= share <= 1.0 for share, _ in told)


def test_where_nothing_is_left_to_give_up_it_is_a_plain_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample_clip(*_: Any) -> Any:
        raise torch.OutOfMemoryError("sample")

    monkeypatch.setattr(pipeline, "sample_clip", sample_clip)
    with pytest.raises(KeycelError) as caught:
        _run(_loaded(home), _request())
    assert caught.value.value.code is ErrorCode.RES_OUT_OF_MEMORY


def test_numbers_that_are_not_finite_are_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode_frames(_: Any, latents: torch.Tensor) -> torch.Tensor:
        return torch.full((len(latents), 3, 64, 64), torch.nan)

    monkeypatch.setattr(pipeline, "decode_frames", decode_frames)
    with pytest.raises(KeycelError) as caught:
        _run(_loaded(home), _request())
    assert caught.value.value.code is ErrorCode.RUN_FAILED


def test_line_art_of_any_kind_is_animated_in_its_own_ink(engine: FlipsketchEngine) -> None:
    for ink, on_paper in (((0, 0, 0), True), ((200, 30, 60), False), ((150, 150, 150), False)):
        drawing = draw(figure(), on_paper=on_paper)[0]
        if not on_paper:
            drawing[..., :3] = ink
        request = Request(shot_from([drawing], {}), (0, 1), {**QUICK, "frames": 2})
        results = _run(engine, request)
        assert np.array_equal(results[0].flats, drawing)
        made = results[1].flats
        assert made[..., 3].min() == 0, "on transparent, whatever the drawing lies on"
        assert {tuple(color) for color in made[made[..., 3] > 0][:, :3].tolist()} == {ink}


def test_wrong_input_is_told(engine: FlipsketchEngine) -> None:
    empty = shot_from([np.zeros((64, 64, 4), np.uint8)], {})
    two = shot_from([draw(figure())[0], draw(figure(turned=5.0))[0]], {})
    cases = (
        (_request(prompt="  "), ErrorCode.DOC_BAD_OPTION),
        (_request(prompt="a very long story " * 20), ErrorCode.DOC_BAD_OPTION),
        (_request(steps=3), ErrorCode.DOC_BAD_OPTION),
        (_request(mode="sloppy"), ErrorCode.DOC_BAD_OPTION),
        (_request(avoid=3), ErrorCode.DOC_BAD_OPTION),
        (_request((7,)), ErrorCode.DOC_NO_SUCH_FRAME),
        (replace(_request(), shot=empty), ErrorCode.DOC_NO_LINES),
        (replace(_request(), shot=two), ErrorCode.DOC_BAD_OPTION),
    )
    for request, code in cases:
        with pytest.raises(KeycelError) as caught:
            _run(engine, request)
        assert caught.value.value.code is code, request


def test_a_clip_without_any_line_is_gone_on_from(
    engine: FlipsketchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks may forget the drawing: an empty picture is what they made of it, and no accident."""

    def decode_frames(_: Any, latents: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(latents), 3, 64, 64)

    monkeypatch.setattr(pipeline, "decode_frames", decode_frames)
    results = _run(engine, _request(window=3))
    assert all(read_line_art(results[time].flats).is_empty for time in (1, 2, 3))


def test_without_weights_the_remedy_is_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    for ask in (
        lambda: find_engine("flipsketch", "animate"),
        lambda: FlipsketchEngine().load("cpu", "float32"),
    ):
        with pytest.raises(KeycelError) as caught:
            ask()
        assert caught.value.value.code is ErrorCode.REG_NO_MODEL
        assert "keycel models install flipsketch --from checkpoint-2500" in caught.value.value.remedy


def test_describing_and_estimating_imports_no_torch() -> None:
    program = (
        "import sys; from keycel_backend.engines.registry import ENTRIES; "
        "cost = ENTRIES['flipsketch'].estimate(1920, 1080, 1, 0, {}); "
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules; print(cost.memory_bytes)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert 6e9 < int(run.stdout) < 20e9
