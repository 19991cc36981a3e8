"""Bounds on what a file may make us allocate. Checked from headers, before any pixel is decoded."""

from __future__ import annotations

from keycel_shared.errors import ErrorCode, KeycelError

MAX_SIDE = 16384
MAX_PIXELS = 1 << 27
"""A 16384 x 8192 picture: 512 MiB as RGBA."""

MAX_TIME = 999_999
"""Largest frame number: eleven hours at 24 frames per second."""


def check_size(width: int, height: int, what: str) -> None:
    """Refuse pictures that no animation needs and that would only exhaust memory.

    Raises:
        KeycelError: DOC_TOO_LARGE, naming `what` and its size.
    """
    if max(width, height) <= MAX_SIDE and width * height <= MAX_PIXELS:
        return
    raise KeycelError(
        ErrorCode.DOC_TOO_LARGE,
        f"{what} is {width} x {height} pixels, larger than Keycel can colour.",
        f"Scale it down to at most {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} megapixels.",
        detail=f"{what}: {width} x {height}",
    )
