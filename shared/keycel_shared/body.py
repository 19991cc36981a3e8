"""The base of all message bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Body:
    """`TYPE` is the name on the wire."""

    TYPE: ClassVar[str] = ""
