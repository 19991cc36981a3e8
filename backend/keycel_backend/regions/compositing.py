"""Puts flats, lines and paper together into the picture an audience sees."""

from __future__ import annotations

import numpy as np

from keycel_backend.regions.arrays import Floats, Mask, Pixels, dilate
from keycel_backend.regions.lines import LineArt, read_line_art

WHITE = (255, 255, 255)


def flatten(
    flats: Pixels, line: Pixels, paper: tuple[int, int, int] = WHITE, show_trace_lines: bool = False
) -> Pixels:
    """Opaque picture of `flats` over `paper` under `line`, all (height, width, 4) RGBA.

    Lines on transparent lie over the colours; lines scanned on paper are multiplied. Coloured
    separation lines are painted over, as in finished animation, unless `show_trace_lines`.
    """
    alpha = flats[..., 3:4].astype(np.float32) / 255.0
    under = flats[..., :3] * alpha + np.array(paper, np.float32) * (1.0 - alpha)
    art = read_line_art(line)
    shown = _line_layer(under.astype(np.float32), line, art)
    if not show_trace_lines and art.trace.any():
        hidden = _trace_and_fringe(art)
        shown[hidden] = under[hidden]
    out = np.empty_like(flats)
    out[..., :3] = np.clip(np.round(shown), 0, 255)
    out[..., 3] = 255
    return out


def _line_layer(under: Floats, line: Pixels, art: LineArt) -> Floats:
    if art.on_paper:
        return under * np.minimum(line[..., :3] / np.maximum(np.array(art.paper, np.float32), 1.0), 1.0)
    alpha = line[..., 3:4].astype(np.float32) / 255.0
    return line[..., :3] * alpha + under * (1.0 - alpha)


def _trace_and_fringe(art: LineArt) -> Mask:
    """Trace lines with their soft edges, without the main lines they touch."""
    return dilate(art.trace, 1) & ~(art.ink & ~art.trace)
