"""What the learned matcher reads of one drawing alone: its line picture and descriptors of its regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Integers, Labels
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import opened

POINTS = 8
"""Places at which a region looks at the line picture."""
SHAPE = 6
"""Numbers on size and place of a region, besides its outline and surroundings."""


@dataclass(frozen=True, slots=True)
class DrawingView:
    """A drawing of n regions and e pairs of neighbours."""

    lines: Bytes
    """(height, width) working-size line picture."""
    points: Floats
    """(n, POINTS, 2) x, y inside each region; -1..1 from border to border of the picture."""
    outline: Floats
    """(n, 196) as in `RegionFeatures`."""
    context: Floats
    """(n, 288) as in `RegionFeatures`."""
    shape: Floats
    """(n, SHAPE)"""
    edges: Integers
    """(e, 2)"""
    contact: Floats
    """(e,)"""


def view(features: RegionFeatures) -> DrawingView:
    ink_middle = features.centroid.mean(axis=0)
    shape = np.stack(
        [
            np.log(features.area / features.figure**2) / 3.0 + 2.0,
            features.size / features.figure,
            features.border,
            opened(features),
            *((features.centroid - ink_middle) / features.figure).T,
        ],
        axis=1,
    )
    return DrawingView(
        lines=features.lines,
        points=_points(features.labels, features.centroid),
        outline=features.outline,
        context=features.context,
        shape=shape.astype(np.float32),
        edges=features.edges,
        contact=features.contact,
    )


def _points(labels: Labels, centroid: Floats) -> Floats:
    """Pixels of each region, evenly spread over it in reading order; its middle where it has none."""
    height, width = labels.shape
    count = len(centroid)
    flat = labels.ravel()
    order = np.argsort(flat, kind="stable")
    begin = np.searchsorted(flat[order], np.arange(1, count + 1), "left")
    number = np.bincount(flat, minlength=count + 1)[1:]
    share = (np.arange(POINTS) + 0.5) / POINTS
    index = begin[:, None] + np.floor(share[None] * number[:, None]).astype(np.int64)
    pixel = order[np.minimum(index, len(order) - 1)]
    places = np.stack([pixel % width, pixel // width], axis=2).astype(np.float32)
    places[number == 0] = centroid[number == 0][:, None]
    size = np.array([width, height], np.float32)
    return ((2.0 * places + 1.0) / size - 1.0).astype(np.float32)
