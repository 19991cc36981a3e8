"""What engines share whose networks have weights that the user installs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    EngineDescription,
    Estimate,
    FrameResult,
    OptionValue,
    ProgressCallback,
    Request,
)
from keycel_backend.models.catalogue import require_installed
from keycel_backend.models.libraries import import_networks

EstimateFunction = Callable[[int, int, int, int, Mapping[str, OptionValue]], Estimate]
Runner = Callable[[Request, ProgressCallback, Callable[[], None]], Iterator[FrameResult]]
"""(request, progress, checkpoint) to the frames; `checkpoint` raises `Cancelled` once that is wished."""


class InstalledEngine:
    """Importing and describing it costs nothing; `load` needs torch and the installed weights."""

    def __init__(
        self, description: EngineDescription, estimate: EstimateFunction, model: str, runners: str
    ) -> None:
        """
        Args:
            model: name of the model, as in `models.catalogue`.
            runners: module with `load_runner(folder, device, precision)`, which returns a `Runner`.
        """
        self.description = description
        self._estimate = estimate
        self._model = model
        self._runners = runners
        self._run: Runner | None = None

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return self._estimate(width, height, drawings, keyframes, options)

    def load(self, device: str, precision: str) -> None:
        """Read the weights.

        Raises:
            KeycelError: REG_NO_MODEL or REG_BAD_MODEL; ENV_MISSING_LIBRARY where torch or one of the
                libraries of the networks is missing.
        """
        folder = require_installed(self._model)
        self._run = self.load_runner(import_networks(self._runners), folder, device, precision)

    def load_runner(self, runners: Any, folder: Path, device: str, precision: str) -> Runner:
        """From the module `runners`; for engines that have more to say to it."""
        return runners.load_runner(folder, device, precision)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        assert self._run is not None, "load() comes first"
        return self._run(request, progress, checkpoint)
