"""Main loop of the worker process."""

from __future__ import annotations

import logging
import signal
import sys

from keycel_backend.engines.base import Engine
from keycel_backend.engines.registry import load_engine
from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.orders import Finished, Run, Started
from keycel_shared import paths
from keycel_shared.errors import KeycelError

from .control import Control
from .pipes import take_standard_streams
from .run import Execution, as_error_value

log = logging.getLogger(__name__)

DEVICE = "cpu"
PRECISION = "float32"


class Engines:
    """Engines by name, loaded once."""

    def __init__(self) -> None:
        self._loaded: dict[str, Engine] = {}

    def get(self, name: str, task: str) -> Engine:
        if name not in self._loaded:
            engine = load_engine(name, task)
            engine.load(DEVICE, PRECISION)
            self._loaded[name] = engine
        return self._loaded[name]


def main() -> int:
    """Serve orders until told to quit or until the supervisor is gone; does not return otherwise."""
    # Ctrl-C in a terminal reaches us too; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders, reports = take_standard_streams()
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s worker: %(message)s"
    )
    control = Control(orders, reports)
    engines = Engines()
    files = BlobFiles(paths.store_folder())
    while True:
        task = control.next()
        if not isinstance(task, Run):
            _warm(engines, task.engine, task.task)
            continue
        execution = Execution(task, files, reports.send, lambda job=task.job: control.is_cancelled(job))
        try:
            engine = engines.get(task.request.engine, task.request.task)
        except Exception as error:
            log.exception("engine %s cannot be loaded", task.request.engine)
            execution.give_up(as_error_value(error))
        else:
            reports.send(Started(task.job))
            execution.run(engine)
        reports.send(Finished(task.job))


def _warm(engines: Engines, name: str, task: str) -> None:
    try:
        engines.get(name, task)
    except KeycelError as error:
        log.warning("%s", error)
    except Exception:
        log.exception("engine %s cannot be loaded", name)
