"""How likely each region's colour is right, and in plain words why not."""

from __future__ import annotations

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Mask
from keycel_backend.regions.propagation import Colors

UNSURE = 0.5
"""A region less likely right than this is more likely wrong."""
_PAYS = 0.09
"""Chance to be wrong, times the fourth root of the share of the picture, from which on a look pays."""
DISAGREE = "The keyframes before and after suggest different colours."
BORDER = "Colours meet here without a line, and the border is uncertain."


def confidence(colors: Colors, entries: Integers) -> Floats:
    """(regions,) estimated probability that the chosen `entries` are right.

    Checked on real clips: of regions given 0.15, 0.3, 0.5, 0.7 and 0.96 the share that is right is
    0.13, 0.26, 0.52, 0.75 and 0.94.
    """
    rows = np.arange(len(entries))
    share = colors.shares[rows, entries]
    return np.clip(share * (0.25 + 0.75 * colors.known), 0.0, 1.0).astype(np.float32)


def unsure(sure: Floats, areas: Integers, canvas: int) -> Mask:
    """(regions,) which of them the artist is asked to look at; `canvas` in pixels, as are `areas`.

    A look costs the same for every region, and what it saves grows with the region: one that fills a
    hundredth of the picture is shown below 0.72, a thousandth below 0.5, a fivethousandth below 0.25, and one
    under 1/15000 never. Power and threshold were chosen on procedural shots by the wrong area that the shown
    regions hold (docs/benchmarks.md).
    """
    return (1.0 - sure) * (areas / canvas) ** 0.25 >= _PAYS


def reason(known: float, best: float, second: float, directions_agree: bool) -> str:
    """What speaks most against a region's colour."""
    if known < 0.5:
        return "No painted region looks like this one; it may be new in this drawing."
    if not directions_agree:
        return DISAGREE
    if best - second < 0.25:
        return "Two colours are about equally likely."
    return "The match to the painted regions is weak."
