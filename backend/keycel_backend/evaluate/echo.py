"""An engine that gives every drawing back unchanged, to measure everything around engines.

`python -m keycel_backend.evaluate.echo` runs a supervisor that knows this engine besides the real
ones; the file is its worker too. Nothing else ever registers it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from keycel_backend.engines import registry
from keycel_backend.engines.base import (
    CancelledCallback,
    EngineDescription,
    Estimate,
    FrameResult,
    OptionValue,
    ProgressCallback,
    Request,
)

DESCRIPTION = EngineDescription(
    name="echo", title="Echo", version="1", tasks=("colorize",), minimum_keyframes=0
)


def estimate(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    del keyframes, options
    return Estimate(0.0 * drawings, 8 * width * height)


class EchoEngine:
    """Loads each drawing and yields it."""

    description = DESCRIPTION

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return estimate(width, height, drawings, keyframes, options)

    def load(self, device: str, precision: str) -> None:
        del device, precision

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        del cancelled
        digests = {drawing.time: drawing.digest for drawing in request.shot.drawings}
        for index, time in enumerate(request.targets):
            yield FrameResult(
                time=time,
                flats=request.shot.load(digests[time]),
                palette=(),
                regions=(),
                seconds=0.0,
            )
            progress((index + 1) / len(request.targets), "echo")


MODULE = "keycel_backend.evaluate.echo"


def register() -> None:
    registry.ENTRIES["echo"] = registry.EngineEntry(DESCRIPTION, estimate, f"{MODULE}:EchoEngine")


def main(arguments: list[str]) -> int:
    """The worker if asked for, else the supervisor."""
    register()
    if arguments == ["worker"]:
        from keycel_backend.worker.process import main as work

        return work()
    from keycel_backend.supervisor.serve import ServeOptions, serve

    return serve(ServeOptions(owned=True, grace=0.0, worker_command=(sys.executable, "-m", MODULE, "worker")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
