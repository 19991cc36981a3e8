"""Main loop of the worker process."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import cast

from keycel_backend.diffusion.device import Device, processor
from keycel_backend.engines.base import Engine
from keycel_backend.engines.registry import ENTRIES, load_engine
from keycel_backend.models.libraries import import_networks
from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.orders import DeviceFound, Finished, Probe, Run, Started, Warm
from keycel_shared import paths
from keycel_shared.errors import KeycelError

from .control import Control
from .pipes import take_standard_streams
from .previews import Previews
from .run import Execution, as_error_value

log = logging.getLogger(__name__)

DEVICE_VARIABLE = "KEYCEL_DEVICE"
"""Environment variable that names the device for engines that use a graphics card: "cpu", "cuda:1", ..."""


class Engines:
    """Engines by name, loaded once, each on the device that suits it; of those on a card only the last."""

    def __init__(self, found: Callable[[Device], None]) -> None:
        """`found` is told of the device as soon as it is known."""
        self._found = found
        self._loaded: dict[str, Engine] = {}
        self._device: Device | None = None

    def get(self, name: str, task: str) -> Engine:
        """Raises `KeycelError` where the engine or what it needs is not here, or its device is not."""
        if name not in self._loaded:
            engine = load_engine(name, task)
            device = processor()
            if ENTRIES[name].accelerated:
                device = self.device()
                self._forget_networks()
            engine.load(device.kind, device.precision)
            self._loaded[name] = engine
        return self._loaded[name]

    def _forget_networks(self) -> None:
        """Large networks of two engines rarely fit into memory together."""
        self._loaded = {
            name: engine for name, engine in self._loaded.items() if not ENTRIES[name].accelerated
        }

    def device(self) -> Device:
        """Of engines that use a graphics card. Imports torch.

        Raises:
            KeycelError: ENV_MISSING_LIBRARY, or DOC_BAD_OPTION for a wrong `KEYCEL_DEVICE`.
        """
        if self._device is None:
            probing = import_networks("keycel_backend.diffusion.probing")
            self._device = cast("Device", probing.find_device(os.environ.get(DEVICE_VARIABLE, "")))
            log.info("networks run on %s", self._device)
            self._found(self._device)
        return self._device


def main() -> int:
    """Serve orders until told to quit or until the supervisor is gone; does not return otherwise."""
    # Ctrl-C in a terminal reaches us too; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders, reports = take_standard_streams()
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s worker: %(message)s"
    )
    control = Control(orders, reports)
    engines = Engines(lambda device: reports.send(DeviceFound(device)))
    files = BlobFiles(paths.store_folder())
    while True:
        task = control.next()
        if not isinstance(task, Run):
            _prepare(engines, task)
            continue
        previews = Previews(task.job, files, reports.send, control)
        execution = Execution(
            task, files, reports.send, lambda job=task.job: control.is_cancelled(job), previews
        )
        try:
            engine = engines.get(task.request.engine, task.request.task)
        except Exception as error:
            log.exception("engine %s cannot be loaded", task.request.engine)
            execution.give_up(as_error_value(error))
        else:
            reports.send(Started(task.job))
            execution.run(engine)
        reports.send(Finished(task.job))


def _prepare(engines: Engines, task: Warm | Probe) -> None:
    """Ahead of any job; where it fails, the job that needs it will say so."""
    try:
        if isinstance(task, Warm):
            engines.get(task.engine, task.task)
        else:
            engines.device()
    except KeycelError as error:
        log.warning("%s", error)
    except Exception:
        log.exception("%s", task)
