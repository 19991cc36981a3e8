"""The worker's side of an order: collapsing repeats, isolating bad frames, what is reported."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.trial_engine import DESCRIPTION

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    Estimate,
    FrameResult,
    OptionValue,
    ProgressCallback,
    RegionReport,
    Request,
)
from keycel_backend.io.region_json import region_from_json, region_to_json
from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.orders import (
    Alive,
    Cancel,
    FrameMade,
    FrameMissed,
    Progressed,
    Report,
    Run,
    from_line,
    to_line,
)
from keycel_backend.worker.run import Execution
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, PictureAt
from keycel_shared.pixels import digest_of
from keycel_shared.schema import SchemaError

WIDTH, HEIGHT = 4, 3


class Scripted:
    """Fails as told; `calls` are the targets of each run."""

    description = DESCRIPTION

    def __init__(self, fails: set[int] | None = None, error: Exception | None = None) -> None:
        self.fails = fails or set()
        self.error = error or RuntimeError("broken")
        self.calls: list[tuple[int, ...]] = []
        self.requests: list[Request] = []

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        raise NotImplementedError

    def load(self, device: str, precision: str) -> None: ...

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        self.calls.append(request.targets)
        self.requests.append(request)
        for target in request.targets:
            if cancelled():
                raise Cancelled
            if target in self.fails:
                raise self.error
            progress(0.5, "half")
            yield self.result(request, target)

    def result(self, request: Request, target: int) -> FrameResult:
        drawing = next(drawing for drawing in request.shot.drawings if drawing.time == target)
        return FrameResult(target, request.shot.load(drawing.digest), (), (), 0.5)


class World:
    def __init__(self, folder: Path, count: int, **changes: Any) -> None:
        self.files = BlobFiles(folder)
        self.pixels = {time: np.full((HEIGHT, WIDTH, 4), time, np.uint8) for time in range(count)}
        self.pixels[0][..., 0] = 200  # blue, as it travels
        drawings = tuple(PictureAt(time, self.keep(pixels.tobytes())) for time, pixels in self.pixels.items())
        self.request = JobRequest(
            **{
                "engine": "trial",
                "task": "colorize",
                "width": WIDTH,
                "height": HEIGHT,
                "drawings": drawings,
                "keyframes": drawings[:1],
                **changes,
            }
        )
        self.reports: list[Report] = []
        self.cancel_after = math.inf

    def keep(self, data: bytes) -> str:
        digest = digest_of(data)
        self.files.write(digest, self.files.pack(data))
        return digest

    def run(self, engine: Scripted, targets: tuple[int, ...]) -> None:
        order = Run("j", self.request, targets)
        execution = Execution(
            order, self.files, self.reports.append, lambda: len(self.made) >= self.cancel_after
        )
        execution.run(engine)

    @property
    def made(self) -> list[int]:
        return [report.time for report in self.reports if isinstance(report, FrameMade)]

    @property
    def missed(self) -> dict[int, ErrorCode]:
        return {report.time: report.error.code for report in self.reports if isinstance(report, FrameMissed)}


def test_pictures_arrive_as_rgba_and_leave_as_bgra(tmp_path: Path) -> None:
    world = World(tmp_path, 1)
    seen: list[Any] = []

    class Looking(Scripted):
        def result(self, request: Request, target: int) -> FrameResult:
            result = super().result(request, target)
            seen.append(result.flats[0, 0].tolist())
            return result

    world.run(Looking(), (0,))
    assert seen == [[0, 0, 200, 0]]
    (made,) = [report for report in world.reports if isinstance(report, FrameMade)]
    assert world.files.read(made.digest) == world.pixels[0].tobytes()
    assert (made.seed, made.seconds, made.unsure) == (0, 0.5, 0)
    assert Progressed("j", 0.5, "half") in world.reports


def test_repeats_reach_the_engine_as_one_drawing_with_all_its_times(tmp_path: Path) -> None:
    a, b = digest_of(bytes(WIDTH * HEIGHT * 4)), "b" * 64
    drawings = (PictureAt(9, a), PictureAt(2, a), PictureAt(5, b))
    keyframes = (PictureAt(9, a), PictureAt(3, b))
    world = World(tmp_path, 1, drawings=drawings, keyframes=keyframes, options={"pace": 1.0, "none": None})
    engine = Scripted()
    world.run(engine, (2,))
    shot = engine.requests[0].shot
    assert [(drawing.times, drawing.digest) for drawing in shot.drawings] == [((2, 9), a), ((5,), b)]
    assert [(key.time, key.digest) for key in shot.keyframes] == [(3, b), (9, a)]
    assert engine.requests[0].options == {"pace": 1.0}


def test_only_a_new_take_may_use_the_seed(tmp_path: Path) -> None:
    for redraw in (False, True):
        engine = Scripted()
        world = World(tmp_path, 3, seed=5, redraw=redraw)
        world.run(engine, (1, 2))
        assert engine.requests[0].redraw == (frozenset({1, 2}) if redraw else frozenset())
        seeds = {report.seed for report in world.reports if isinstance(report, FrameMade)}
        assert seeds == ({5} if redraw else {0}), "the job seed that gives the frame again"


@pytest.mark.parametrize("bad", [{0}, {7}, {23}, {3, 4}, {0, 23}])
def test_bad_frames_are_singled_out(tmp_path: Path, bad: set[int]) -> None:
    world = World(tmp_path, 24)
    engine = Scripted(bad)
    world.run(engine, tuple(range(24)))
    assert world.missed == dict.fromkeys(bad, ErrorCode.RUN_FAILED)
    assert sorted(world.made) == [time for time in range(24) if time not in bad]


@pytest.mark.parametrize("count", [1, 2, 24, 200])
def test_where_everything_fails_that_is_known_soon(tmp_path: Path, count: int) -> None:
    world = World(tmp_path, count)
    engine = Scripted(set(range(count)), KeycelError(ErrorCode.DOC_NO_KEYFRAME, "No.", "Paint."))
    world.run(engine, tuple(range(count)))
    assert world.missed == dict.fromkeys(range(count), ErrorCode.DOC_NO_KEYFRAME)
    assert len(engine.calls) <= 5 * math.log2(count + 1) + 5


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), ErrorCode.RES_OUT_OF_MEMORY),
        (ZeroDivisionError("x"), ErrorCode.RUN_FAILED),
        (Cancelled(), ErrorCode.RUN_FAILED),
        (KeycelError(ErrorCode.DOC_NO_LINES, "No.", "Draw."), ErrorCode.DOC_NO_LINES),
    ],
)
def test_errors_become_values(tmp_path: Path, error: Exception, code: ErrorCode) -> None:
    world = World(tmp_path, 1)
    world.run(Scripted({0}, error), (0,))
    assert world.missed == {0: code}


def test_a_full_disk_is_not_tried_again(tmp_path: Path) -> None:
    world = World(tmp_path, 8)
    engine = Scripted({2}, KeycelError(ErrorCode.RES_DISK_FULL, "Full.", "Tidy up."))
    world.run(engine, tuple(range(8)))
    assert len(engine.calls) == 1
    assert (world.made, len(world.missed)) == ([0, 1], 6)


def test_a_damaged_drawing_costs_its_own_frame(tmp_path: Path) -> None:
    world = World(tmp_path, 6)
    digest = world.request.drawings[4].digest
    world.files.path(digest).write_bytes(b"damaged")
    world.run(Scripted(), tuple(range(6)))
    assert world.missed == {4: ErrorCode.RES_MISSING_BLOB}
    assert sorted(world.made) == [0, 1, 2, 3, 5]


@pytest.mark.parametrize(
    "flats",
    [
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((2, 2, 4), np.uint8),
        np.zeros((HEIGHT, WIDTH, 4), float),
    ],
)
def test_a_result_of_the_wrong_form_is_refused(tmp_path: Path, flats: Any) -> None:
    class Wrong(Scripted):
        def result(self, request: Request, target: int) -> FrameResult:
            del request
            return FrameResult(target, flats, (), (), 0.0)

    world = World(tmp_path, 1)
    world.run(Wrong(), (0,))
    assert world.missed == {0: ErrorCode.RUN_FAILED}


def test_a_frame_that_was_not_wanted_is_refused(tmp_path: Path) -> None:
    class Eager(Scripted):
        def result(self, request: Request, target: int) -> FrameResult:
            return super().result(request, 0 if target == 1 else target)

    world = World(tmp_path, 2)
    world.run(Eager(), (0, 1))
    assert (world.made, world.missed) == ([0], {1: ErrorCode.RUN_FAILED})


def test_cancel_ends_without_a_word(tmp_path: Path) -> None:
    world = World(tmp_path, 5)
    world.cancel_after = 2
    world.run(Scripted(), tuple(range(5)))
    assert (world.made, world.missed) == ([0, 1], {})


def test_the_report_is_plain_json_whatever_numbers_the_engine_uses(tmp_path: Path) -> None:
    class Reporting(Scripted):
        def result(self, request: Request, target: int) -> FrameResult:
            number: Any = np.int32
            box = (number(0), number(1), number(4), number(3))
            regions = (
                RegionReport(
                    box,
                    number(8),
                    (255, 0, 0, 255),
                    number(0),
                    np.float32(0.25),  # type: ignore[arg-type]
                    "unlike its neighbours",
                    ((number(1), number(0), number(4)), (number(2), number(0), number(4))),
                    "0123456789ab-3",
                ),
                RegionReport((0, 0, 1, 1), 1, (0, 0, 0, 0), None, 0.5),
            )
            flats = request.shot.load(request.shot.drawings[0].digest)
            return FrameResult(target, flats, ((255, 0, 0, 255),), regions, 0.0)

    world = World(tmp_path, 1)
    world.run(Reporting(), (0,))
    (made,) = [report for report in world.reports if isinstance(report, FrameMade)]
    assert made.unsure == 1
    report = json.loads(world.files.read(made.report))
    assert report["palette"] == [[255, 0, 0, 255]]
    assert report["regions"][0] == {
        "box": [0, 1, 4, 3],
        "area": 8,
        "color": [255, 0, 0, 255],
        "palette_entry": 0,
        "confidence": 0.25,
        "reason": "unlike its neighbours",
        "track": "0123456789ab-3",
        "runs": [[1, 0, 4], [2, 0, 4]],
    }
    assert report["regions"][1]["palette_entry"] is None
    assert report["regions"][1]["runs"] == []
    assert [region_to_json(region_from_json(region)) for region in report["regions"]] == [
        {name: value for name, value in region.items() if name not in ("runs", "track")}
        for region in report["regions"]
    ]
    assert region_from_json(report["regions"][0]).runs == ((1, 0, 4), (2, 0, 4))
    assert region_from_json(report["regions"][0]).track == "0123456789ab-3"


def test_orders_and_reports_survive_the_pipe(tmp_path: Path) -> None:
    run = Run("j", World(tmp_path, 2, name="line\nbreak").request, (0, 1))
    for message in (run, Cancel("j"), Alive(), FrameMade("j", 0, "d", "r", 2**63 - 1, 0.1, 0)):
        line = to_line(message)
        assert line.count(b"\n") == 1
        assert from_line(line) == message
    for nonsense in (b"", b"[]", b'{"kind":"Explode"}', b'{"kind":"Cancel"}', b"\xff"):
        with pytest.raises(SchemaError):
            from_line(nonsense)
