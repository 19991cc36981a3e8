"""What networks compute on, as plain data: estimates need it, and are made without torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

_PROCESSOR_OPERATIONS = 3.0e10
"""Per second and core in single precision, what a usual processor keeps up."""
_VALUE_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Device:
    """A processor or a graphics card."""

    kind: str
    """As torch names it: "cpu", "cuda" (also ROCm), "xpu", "mps", with ":1" for the second."""
    name: str
    """For people."""
    precision: str
    """"float32", "float16" or "bfloat16": of all networks but the VAE."""
    memory_bytes: int
    """Of its own; 0 for none or unknown."""
    operations_per_second: float
    """What networks keep up in that precision, roughly; a multiplication with an addition counts as two."""

    @property
    def value_bytes(self) -> int:
        return _VALUE_BYTES[self.precision]


def processor() -> Device:
    """The device that is always there."""
    return Device("cpu", "processor", "float32", 0, _PROCESSOR_OPERATIONS * (os.cpu_count() or 1))
