"""Facts about this installation for support: no pictures, no names of documents or people."""

from __future__ import annotations

import platform

import psutil
import zmq
import zstandard

from keycel_shared.messages import OptionValue
from keycel_shared.version import PROTOCOL, VERSION


def facts(worker: int | None) -> dict[str, OptionValue]:
    """Versions, machine and memory; `worker` is the process id of the warm worker."""
    return {
        "version": VERSION,
        "protocol": PROTOCOL,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "memory_free_bytes": psutil.virtual_memory().available,
        "pyzmq": zmq.__version__,
        "libzmq": zmq.zmq_version(),
        "zstandard": zstandard.__version__,
        "supervisor_bytes": _resident(None),
        "worker_bytes": _resident(worker) if worker is not None else None,
        "worker_process": worker,
    }


def _resident(process: int | None) -> int | None:
    try:
        return psutil.Process(process).memory_info().rss
    except psutil.Error:
        return None
