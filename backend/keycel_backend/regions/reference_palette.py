"""A palette from a picture that is no painted keyframe: its own flat colours, or its colours quantised."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Mask, Pixels
from keycel_backend.regions.palette import Palette, Rgba, color_codes, flat_colors, palette_from

_FLAT_SHARE = 0.8
"""Share of a picture that patches of exact colours cover if it is painted in flats."""
_SAMPLES = 20_000
_ROUNDS = 20


def reference_palette(picture: Pixels, most: int) -> Palette:
    """Colours of the opaque part of a picture, most used first; entry 0 is "unpainted".

    A picture painted in flats gives its own colours exactly. Any other gives `most` colours at most, each
    one that occurs in it: k-means in CIE L*a*b*, begun with colours far apart, so that a small bright
    patch has its own. Deterministic.
    """
    opaque = picture[..., 3] >= 128
    codes = color_codes(picture)
    found = flat_colors(codes, opaque) if opaque.any() else {}
    if 0 < len(found) <= most and sum(found.values()) >= _FLAT_SHARE * int(opaque.sum()):
        return palette_from([found])
    return palette_from([], legal=_quantised(picture, opaque, most)) if opaque.any() else palette_from([])


def _quantised(picture: Pixels, opaque: Mask, most: int) -> list[Rgba]:
    rgb = picture[opaque][:, :3]
    rgb = rgb[np.linspace(0, len(rgb) - 1, min(len(rgb), _SAMPLES)).astype(np.int64)]
    lab = cast(Floats, cv2.cvtColor(rgb[None].astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB))[0]
    centres = _far_apart(lab, most)
    nearest = np.zeros(len(lab), np.int64)
    for _ in range(_ROUNDS):
        nearest = _nearest(lab, centres)
        moved = np.stack(
            [
                lab[nearest == number].mean(axis=0) if (nearest == number).any() else centre
                for number, centre in enumerate(centres)
            ]
        )
        if np.allclose(moved, centres):
            break
        centres = moved
    members = np.bincount(nearest, minlength=len(centres))
    order = [number for number in np.argsort(-members, kind="stable") if members[number]]
    typical = [int(((lab - centres[number]) ** 2).sum(axis=1).argmin()) for number in order]
    return [(int(red), int(green), int(blue), 255) for red, green, blue in rgb[typical]]


def _far_apart(lab: Floats, most: int) -> Floats:
    """Up to `most` samples, each as far as possible from those before it; the first is the median."""
    first = int(((lab - np.median(lab, axis=0)) ** 2).sum(axis=1).argmin())
    chosen = [first]
    distance = ((lab - lab[first]) ** 2).sum(axis=1)
    while len(chosen) < most and distance.max() > 1.0:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, ((lab - lab[chosen[-1]]) ** 2).sum(axis=1))
    return lab[chosen]


def _nearest(lab: Floats, centres: Floats) -> Integers:
    distances = ((lab[:, None] - centres[None]) ** 2).sum(axis=2)
    return distances.argmin(axis=1)
