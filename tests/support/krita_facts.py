"""What the tests of the host in a real Krita compare with: digests of pictures that they know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from support.walking_figure import figure

SMALL = (320, 180)
TIMES = (0, 2, 3, 9)
REPEATED = (5, 44)
"""The drawing at 5 comes back at 44."""


def digest(pixels: np.ndarray) -> str:
    """Of an RGBA picture, shape (height, width, 4), as the host gives its bytes (BGRA)."""
    return hashlib.sha256(np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3]]).tobytes()).hexdigest()


def line_digests() -> dict[str, str]:
    """By frame number (as JSON keys) the lines as they were written into the file."""
    digests = {str(time): digest(figure(time, *SMALL, painted=False)) for time in (*TIMES, REPEATED[0])}
    return {**digests, str(REPEATED[1]): digests[str(REPEATED[0])]}


def blank_digest() -> str:
    return hashlib.sha256(bytes(SMALL[0] * SMALL[1] * 4)).hexdigest()


def value_digest(value: int) -> str:
    """Of what `pixels_of` in the scenario `host` makes of a value."""
    pixel = bytes((value % 256, value // 256, (7 * value) % 256, 255))
    return hashlib.sha256(pixel * (SMALL[0] * SMALL[1])).hexdigest()


def layer(state: dict[str, Any], name: str) -> dict[str, Any]:
    """One layer of what the scenario `shots.state` tells."""
    [found] = [layer for layer in state["layers"] if layer["name"] == name]
    return found


def others(state: dict[str, Any], names: Iterable[str]) -> list[dict[str, Any]]:
    return [layer for layer in state["layers"] if layer["name"] not in names]


UNTOUCHED = ("playhead", "active", "selected", "selection", "documents")


def untouched(state: dict[str, Any]) -> dict[str, Any]:
    """What no delivery may change."""
    return {key: state[key] for key in UNTOUCHED}
