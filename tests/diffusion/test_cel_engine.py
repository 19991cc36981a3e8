"""`cel` and `sketchkey` as engines, on tiny random networks and on those that come with Keycel."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.cancelling import assert_cancelled_within_a_step
from support.drawn_shots import agreement, all_targets, draw, figure, shot_from
from support.looker import Looker
from support.tiny_sketchkey import tiny_networks

from keycel_backend.diffusion.sketchkey.denoiser import Sequence
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.weights import load_networks, save_networks
from keycel_backend.diffusion.sketchkey.windows import plan_windows
from keycel_backend.engines.base import Cancelled, FrameResult, Keyframe, OptionValue, Request, Shot
from keycel_backend.engines.cel import carrying, painter, run
from keycel_backend.engines.cel.engine import CelEngine
from keycel_backend.engines.cel.frames import ink
from keycel_backend.engines.registry import find_engine, load_engine
from keycel_backend.engines.sketchkey.engine import SketchKeyEngine
from keycel_backend.regions.confidence import unsure
from keycel_shared.errors import ErrorCode, KeycelError

SHIPPED = run.WEIGHTS
QUICK: dict[str, OptionValue] = {"steps": 2}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tiny networks in place of those that come with Keycel."""
    folder = tmp_path_factory.mktemp("weights")
    for name in ("cel", "sketchkey"):
        (folder / name).mkdir()
        with torch.no_grad():
            save_networks(tiny_networks(gate=0.5), folder / name / "networks.safetensors")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(run, "WEIGHTS", folder)
        monkeypatch.setattr(run, "SIDE", 64)
        yield folder


@pytest.fixture
def engine(weights: Path) -> CelEngine:
    return _loaded(weights)


def _loaded(weights: Path) -> CelEngine:
    assert weights.is_dir()
    engine = load_engine("cel", "colorize")
    assert isinstance(engine, CelEngine)
    engine.load("cpu", "float32")
    return engine


def _shot(drawings: int, painted: tuple[int, ...] = (0,), step: float = 2.0) -> Shot:
    pictures = [draw(figure(moved=(step * number, 0.0))) for number in range(drawings)]
    return shot_from([lines for lines, _ in pictures], {number: pictures[number][1] for number in painted})


def _request(shot: Shot, **changes: Any) -> Request:
    return replace(Request(shot, all_targets(shot), QUICK), **changes)


def _soft(request: Request) -> Request:
    """In soft mode every difference of the networks' pictures shows."""
    return replace(request, options={**request.options, "soft": True})


def _run(
    engine: CelEngine | SketchKeyEngine, request: Request, told: list[tuple[float, str]] | None = None
) -> dict[int, FrameResult]:
    notes = [] if told is None else told
    results = engine.run(request, lambda share, doing: notes.append((share, doing)), lambda: False)
    return {result.time: result for result in results}


def _pictures(results: dict[int, FrameResult]) -> dict[int, bytes]:
    return {time: result.flats.tobytes() for time, result in results.items()}


def test_every_frame_comes_in_exact_palette_colors_with_a_report(engine: CelEngine) -> None:
    shot = _shot(4)
    told: list[tuple[float, str]] = []
    results = _run(engine, _request(shot), told)
    assert sorted(results) == [0, 1, 2, 3]
    painted = {tuple(color) for color in np.unique(shot.load("color0").reshape(-1, 4), axis=0).tolist()}
    for result in results.values():
        assert {tuple(color) for color in np.unique(result.flats.reshape(-1, 4), axis=0).tolist()} <= painted
        for region in result.regions:
            share = np.array([region.area])
            asked = unsure(np.array([region.confidence], np.float32), share, shot.width * shot.height)
            assert bool(asked[0]) == bool(region.reason)
    assert np.array_equal(results[0].flats, shot.load("color0")), "the keyframe's own frame is the artist's"
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "Done")
    assert [share for share, doing in told if doing == "Sampling"] == [0.5, 1.0]


def test_the_same_request_gives_the_same_pixels(engine: CelEngine, weights: Path) -> None:
    request = _soft(_request(_shot(3)))
    first = _pictures(_run(engine, request))
    assert first == _pictures(_run(engine, request)) == _pictures(_run(_loaded(weights), request))


def test_a_frame_is_the_same_whichever_others_are_asked_for(weights: Path) -> None:
    shot = _shot(12, step=1.0)
    whole = _pictures(_run(_loaded(weights), _soft(_request(shot))))
    for targets in ((3,), (10,), (8, 11)):
        part = _pictures(_run(_loaded(weights), _soft(_request(shot, targets=targets))))
        assert part == {time: whole[time] for time in targets}


def test_another_take_changes_its_frame_and_no_other(engine: CelEngine, weights: Path) -> None:
    shot = _shot(5)
    plain = _pictures(_run(engine, _soft(_request(shot))))
    take = replace(_soft(_request(shot, targets=(2, 3))), seed=1, redraw=frozenset({2}))
    told: list[tuple[float, str]] = []
    results = _pictures(_run(engine, take, told))
    assert sum(doing == "Sampling" for _, doing in told) == 2, "only the frame's own steps"
    assert results[2] != plain[2]
    assert results[3] == plain[3], "not redrawn, so bit-identical"
    alone = replace(take, targets=(2,))
    assert _pictures(_run(_loaded(weights), alone))[2] == results[2], "whatever was painted before"
    assert _pictures(_run(engine, replace(alone, seed=2)))[2] not in (plain[2], results[2])


def test_keyframes_on_both_sides_are_both_seen(weights: Path) -> None:
    one, both = _shot(6, painted=(1,)), _shot(6, painted=(1, 4))
    told: list[tuple[float, str]] = []
    left = _pictures(_run(_loaded(weights), _soft(_request(one))))
    results = _pictures(_run(_loaded(weights), _soft(_request(both)), told))
    assert sorted(results) == list(range(6))
    assert sum(doing == "Sampling" for _, doing in told) == 3 * 2, "before, between, after"
    assert results[0] == left[0]
    assert results[2] != left[2], "the next keyframe takes part"


def test_one_drawing_alone_is_its_keyframe(engine: CelEngine) -> None:
    shot = _shot(1)
    assert np.array_equal(_run(engine, _request(shot))[0].flats, shot.load("color0"))


def test_cancelling_ends_at_the_next_step(engine: CelEngine) -> None:
    asked: list[str] = []
    request = _request(_shot(14))
    results = engine.run(request, lambda _, doing: asked.append(doing), lambda: asked.count("Sampling") > 1)
    with pytest.raises(Cancelled):
        list(results)
    assert asked.count("Sampling") == 2


def test_a_painted_drawing_alone_is_no_work_for_the_networks(engine: CelEngine) -> None:
    shot, told = _shot(4, painted=(0, 2)), list[tuple[float, str]]()
    results = _run(engine, _request(shot, targets=(0, 2)), told)
    assert np.array_equal(results[2].flats, shot.load("color2"))
    assert told[-1] == (1.0, "Done")
    assert not [doing for _, doing in told if doing == "Sampling"]


def test_reading_and_carrying_can_be_cancelled_before_every_drawing(
    engine: CelEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts work instead of seconds: each piece takes a fraction of a second on a large canvas."""
    events: list[str] = []

    def watch(module: Any, name: str) -> None:
        work = getattr(module, name)

        def watched(*arguments: Any) -> Any:
            events.append(name)
            return work(*arguments)

        monkeypatch.setattr(module, name, watched)

    def cancelled() -> bool:
        events.append("check")
        return False

    for module, name in ((run, "read_line_art"), (run, "sketch"), (carrying, "dense_motion")):
        watch(module, name)
    request = _request(_shot(100, painted=(0, 99), step=0.5), targets=(1,))
    assert len(list(engine.run(request, lambda *_: None, cancelled))) == 1
    pieces = " ".join(events).split("check")
    assert sum("dense_motion" in piece for piece in pieces) == 98, "of each drawing, from one side"
    assert sum("read_line_art" in piece for piece in pieces) == 100
    assert max(len(piece.split()) for piece in pieces) == 1, "never two pieces of work without a look"


def test_a_step_can_be_cancelled_before_it_is_done(engine: CelEngine) -> None:
    assert_cancelled_within_a_step(engine, _request(_shot(5)))


def test_previews_show_what_every_step_came_to(weights: Path) -> None:
    looker = Looker()
    _run(_loaded(weights), _request(_shot(12, painted=(1,)), previews=looker))
    assert [time for time, _ in looker.seen] == [0] * 2 + [6] * 2 + [11] * 2, "two steps for each window"
    assert {picture.shape for _, picture in looker.seen} == {(192, 256, 4)}
    first, second = (picture for _, picture in looker.seen[2:4])
    assert not np.array_equal(first, second)


def _short_of_memory(monkeypatch: pytest.MonkeyPatch, enough: Callable[[Sequence], bool]) -> list[str]:
    """Painting runs out of memory unless `enough` says so; sizes and devices that were tried."""
    paint = painter.paint
    tried: list[str] = []

    def short(networks: Any, sequence: Sequence, *rest: Any) -> Any:
        height, width = sequence.colors.shape[3:]
        tried.append(f"{width}x{height} {sequence.colors.device}")
        if not enough(sequence):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return paint(networks, sequence, *rest)

    monkeypatch.setattr(painter, "paint", short)
    return tried


def test_where_memory_runs_out_pictures_get_smaller_and_it_is_said_until_the_end(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SIDE", 128)
    tried = _short_of_memory(monkeypatch, lambda sequence: sequence.colors.shape[4] < 20)
    engine, told = _loaded(weights), list[tuple[float, str]]()
    shot = _shot(12, step=1.0)
    results = _run(engine, _soft(_request(shot)), told)
    assert sorted(results) == list(range(12))
    assert tried == ["36x28 cpu", "26x20 cpu", "18x14 cpu", "18x14 cpu"]
    half = "Memory ran out while sampling: working at 50 percent of the size"
    notes = [doing for _, doing in told if doing.startswith("Memory ran out")]
    assert notes == [half.replace("50", "71"), *[half] * 5], "once for each rung, then with every step"
    take = replace(_soft(_request(shot, targets=(2,))), seed=1, redraw=frozenset({2}))
    told.clear()
    _run(engine, take, told)
    assert [doing for _, doing in told if doing == half] == [half] * 2, "what was painted small is used"


def test_after_smaller_pictures_the_processor_is_tried_at_full_size(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Travelling(SketchKeyNetworks):
        """Notes where it is sent instead of going."""

        def to(self, *where: Any, **_: Any) -> Any:
            visited.append(str(where[0]))
            return self

    visited: list[str] = []
    monkeypatch.setattr(run, "SIDE", 128)
    tried = _short_of_memory(monkeypatch, lambda sequence: sequence.colors.device.type == "cpu")
    networks = load_networks(weights / "cel" / "networks.safetensors", torch.device("cpu"))
    networks.__class__ = Travelling
    told: list[str] = []
    loaded = run.LoadedCel(networks, torch.device("meta"))
    request = _soft(_request(_shot(3)))
    results = run.run_cel(request, loaded, lambda _, doing: told.append(doing), lambda: None)
    small = {result.time: result for result in results}
    assert tried == ["36x28 meta", "26x20 meta", "18x14 meta", "36x28 cpu"]
    assert visited[:4] == ["meta"] * 3 + ["cpu"]
    notes = [doing for doing in told if doing.startswith("Memory ran out")]
    assert ["71 percent" in notes[0], "50 percent" in notes[1]] == [True] * 2
    assert set(notes[2:]) == {"Memory ran out while sampling: working on the processor"}
    assert _pictures(small) == _pictures(_run(_loaded(weights), request)), "as if it had begun there"


def test_where_nothing_is_left_to_give_up_it_is_a_plain_error(
    engine: CelEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = _short_of_memory(monkeypatch, lambda _: False)
    with pytest.raises(KeycelError) as caught:
        _run(engine, _request(_shot(2, step=7.0)))
    assert caught.value.value.code is ErrorCode.RES_OUT_OF_MEMORY
    assert tried == ["18x14 cpu", "12x10 cpu"], "smaller pictures would show nothing"


def _sketched(times: tuple[int, ...], painted: tuple[int, ...] = ()) -> Shot:
    """Key sketches of a figure that moves; the reference is the first in colour."""
    pictures = {time: draw(figure(moved=(2.0 * time, 0.0))) for time in times}
    store = {f"line{time}": lines for time, (lines, _) in pictures.items()}
    store |= {f"color{time}": flats for time, (_, flats) in pictures.items()}
    return Shot(
        320,
        240,
        (),
        tuple(Keyframe(time, f"color{time}") for time in painted),
        lambda digest: store[digest].copy(),
        sketches=tuple(Keyframe(time, f"line{time}") for time in times),
        reference=f"color{times[0]}",
    )


@pytest.mark.parametrize("name", ["sketchkey", "cel"])
def test_frames_between_key_sketches_have_lines_and_palette_colors(weights: Path, name: str) -> None:
    assert weights.is_dir()
    engine = load_engine(name, "inbetween")
    engine.load("cpu", "float32")
    assert isinstance(engine, (SketchKeyEngine, CelEngine))
    shot = _sketched((0, 3))
    results = _run(engine, Request(shot, (0, 1, 2, 3), QUICK))
    assert sorted(results) == [0, 1, 2, 3]
    painted = {tuple(color) for color in np.unique(shot.load("color0").reshape(-1, 4), axis=0).tolist()}
    for time, result in results.items():
        assert {tuple(color) for color in np.unique(result.flats.reshape(-1, 4), axis=0).tolist()} <= painted
        assert result.line is not None
        if time in (0, 3):
            assert np.array_equal(result.line, shot.load(f"line{time}")), "keys are the artist's"
    assert np.array_equal(results[0].flats, shot.load("color0"))
    part = _run(engine, _soft(Request(shot, (2,), QUICK)))
    whole = _run(engine, _soft(Request(shot, (0, 1, 2, 3), QUICK)))
    assert part[2].flats.tobytes() == whole[2].flats.tobytes()


def test_key_sketches_are_all_that_sketchkey_sees(weights: Path) -> None:
    assert weights.is_dir()
    engine = SketchKeyEngine()
    engine.load("cpu", "float32")
    shown: list[int] = []
    usual = run.CelPainter

    def watch(networks: Any, device: Any, size: Any, frames: Any, steps: int, sparse: bool) -> Any:
        assert sparse
        shown.extend(number for number, frame in enumerate(frames) if frame.shown)
        assert all((frame.lines < 128).any() for frame in frames), "paint is carried along all of them"
        assert all(bool(ink(frame).any()) == frame.shown for frame in frames)
        return usual(networks, device, size, frames, steps, sparse)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(run, "CelPainter", watch)
        _run(engine, Request(_sketched((0, 3, 5)), (1,), QUICK))
    assert shown == [0, 3, 5]


def test_nothing_painted_is_told(weights: Path) -> None:
    assert weights.is_dir()
    engine = SketchKeyEngine()
    engine.load("cpu", "float32")
    with pytest.raises(KeycelError) as caught:
        _run(engine, Request(replace(_sketched((0, 3)), reference=""), (1,), QUICK))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME


def test_windows_cover_all_frames_and_end_at_keys() -> None:
    for frames in (2, 9, 10, 30):
        for stops in ((), (4, 8, 12, 16, 20, 24, 28)):
            windows = plan_windows(frames, stops)
            assert [frame for window in windows for frame in window.new] == list(range(1, frames))
            assert all(window.frames[0] == 0 and len(window.new) <= 8 for window in windows)
            for before, after in pairwise(windows):
                assert after.frames[1] == before.frames[-1], "each goes on from the one before"
                assert not stops or before.frames[-1] in stops
            places = [[window.place(frame) for frame in window.frames] for window in windows]
            assert all(place[0] == 0 and max(np.diff(place)) <= 4 for place in places)


def test_without_torch_it_is_a_plain_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keycel_backend.engines.cel.run")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(KeycelError) as caught:
        load_engine("cel", "colorize").load("cpu", "float32")
    assert caught.value.value.code is ErrorCode.ENV_MISSING_LIBRARY


@pytest.mark.parametrize(
    ("name", "task"), [("cel", "colorize"), ("cel", "inbetween"), ("sketchkey", "inbetween")]
)
def test_the_registry_knows_them(name: str, task: str) -> None:
    description = find_engine(name, task)
    assert description.version == "3"


def test_the_networks_that_come_with_keycel_color_a_figure_that_moves_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "WEIGHTS", SHIPPED)
    engine = CelEngine()
    engine.load("cpu", "float32")
    shot = _shot(3, step=4.0)
    lines, flats = draw(figure(moved=(8.0, 0.0)))
    result = _run(engine, Request(shot, (2,)))[2]
    assert agreement(result.flats, flats, lines) > 0.9
