"""Puts flats, lines and paper together into the picture an audience sees."""

from __future__ import annotations

import numpy as np

from keycel_backend.io.compose import WHITE, multiplied, over, over_color, with_alpha
from keycel_backend.regions.arrays import Mask, Pixels, dilate
from keycel_backend.regions.lines import LineArt, read_line_art

Rgb = tuple[int, int, int]


def flatten(flats: Pixels, line: Pixels, paper: Rgb | None = None, show_trace_lines: bool = False) -> Pixels:
    """Opaque picture of `flats` over paper under `line`, all (height, width, 4) RGBA.

    Lines on transparent lie over the colours; lines scanned on paper are multiplied. Coloured
    separation lines are painted over, as in finished animation, unless `show_trace_lines`.
    `paper`: None takes the drawing's own, white where it lies on transparent.
    """
    art = read_line_art(line)
    under = over_color(flats, paper or (art.paper if art.on_paper else WHITE))
    shown = multiplied(under, line, art.paper) if art.on_paper else over(under, line)
    if not show_trace_lines and art.trace.any():
        hidden = _trace_and_fringe(art)
        shown[hidden] = under[hidden]
    return with_alpha(np.ascontiguousarray(shown))


def _trace_and_fringe(art: LineArt) -> Mask:
    """Trace lines with their soft edges, without the main lines they touch."""
    return dilate(art.trace, 1) & ~(art.ink & ~art.trace)
