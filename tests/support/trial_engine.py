"""An engine whose behaviour a test chooses by options, and a backend that knows it.

`python -m support.trial_engine '{...}'` is that backend; the file is its worker too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from keycel_backend.engines import registry
from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    EngineDescription,
    Estimate,
    FrameResult,
    Option,
    OptionValue,
    ProgressCallback,
    RegionReport,
    Request,
)
from keycel_backend.engines.seeds import frame_seed
from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

MODULE = "support.trial_engine"
NEVER = -1


def _number(name: str, default: OptionValue) -> Option:
    return Option(name, name, "", default, -1, 1_000_000)


DESCRIPTION = EngineDescription(
    name="trial",
    title="Trial",
    version="1",
    tasks=("colorize",),
    options=(
        _number("pace", 0.0),
        _number("fail_at", NEVER),
        _number("die_at", NEVER),
        _number("exhaust_at", NEVER),
        _number("skip_at", NEVER),
        Option("fail_always", "fail_always", "", False),
        Option("stubborn", "stubborn", "", False),
        Option("mode", "mode", "", "plain", choices=("plain", "fancy")),
    ),
    largest_side=4096,
)


def computed(home: Path) -> list[int]:
    """Times of the drawings that workers of this home have computed, in order."""
    log = home / "computed.log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def estimate(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    return Estimate(drawings * (1.0 + float(options["pace"])), width * height * keyframes)


class TrialEngine:
    """Yields the drawing with its first pixel replaced by the frame's seed (0 without `redraw`)."""

    description = DESCRIPTION

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return estimate(width, height, drawings, keyframes, options)

    def load(self, device: str, precision: str) -> None:
        print("a library that prints", device, precision)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        if request.options["fail_always"]:
            raise KeycelError(ErrorCode.DOC_NO_LINES, "Nothing here.", "Draw something.")
        os.write(1, b"not a report\n")
        drawings = {drawing.time: drawing for drawing in request.shot.drawings}
        for index, target in enumerate(request.targets):
            self._misbehave(request, drawings[target].times)
            if request.options["skip_at"] == target:
                continue
            self._wait(request, cancelled)
            progress((index + 0.5) / len(request.targets), f"frame {target}")
            with (paths.home() / "computed.log").open("a") as log:
                log.write(f"{target}\n")
            digest = drawings[target].digest
            take = request.seed if target in request.redraw else 0
            seed = frame_seed(take, digest)
            flats = request.shot.load(digest).copy()
            flats[0, 0] = [seed >> shift & 255 for shift in (0, 8, 16, 24)]
            shown = [key.time for key in request.shot.keyframes if key.time in drawings[target].times]
            region = RegionReport((0, 0, 1, 1), 1, (1, 2, 3, 255), 0, 0.4, f"painted at {shown}")
            yield FrameResult(target, flats, ((1, 2, 3, 255),), (region,), 0.001)

    def _misbehave(self, request: Request, times: tuple[int, ...]) -> None:
        if request.options["fail_at"] in times:
            raise ZeroDivisionError("as asked")
        if request.options["exhaust_at"] in times:
            raise MemoryError
        if request.options["die_at"] in times:
            os.kill(os.getpid(), signal.SIGKILL)

    def _wait(self, request: Request, cancelled: CancelledCallback) -> None:
        end = time.monotonic() + float(request.options["pace"])
        while time.monotonic() < end:
            time.sleep(0.01)
            if request.previews is not None and request.previews.wanted():
                drawing = request.shot.drawings[0]
                request.previews.show(drawing.time, request.shot.load(drawing.digest))
            if cancelled() and not request.options["stubborn"]:
                raise Cancelled


def main(arguments: list[str]) -> int:
    registry.ENTRIES["trial"] = registry.EngineEntry(DESCRIPTION, estimate, f"{MODULE}:TrialEngine")
    if arguments == ["worker"]:
        from keycel_backend.worker.process import main as work

        return work()
    from keycel_backend.supervisor import runner, serve, store

    options = json.loads(arguments[0])
    if options.pop("trial_model", False):
        from support import trial_model

        trial_model.register()
        options["models_command"] = (sys.executable, "-m", trial_model.MODULE)
    runner.CANCEL_SECONDS = 0.5
    store.DISK_RESERVE = options.pop("disk_reserve", store.DISK_RESERVE)
    command = (sys.executable, "-m", MODULE, "worker")
    return serve.serve(serve.ServeOptions(worker_command=command, **options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
