"""How good regions are as such, whatever colours them: by the best colouring that they allow.

Every found region gets the true colour that most of it has. A true region that is then wrong was lost: it
leaked into another one, or was swallowed. Finding more regions than there are makes matching harder instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

import cv2
import numpy as np

from keycel_backend.evaluate.color import pack, unpack
from keycel_backend.evaluate.footage import Footage
from keycel_backend.evaluate.region_tally import judge
from keycel_backend.evaluate.regions import TrueRegions, most_frequent
from keycel_backend.regions.arrays import Bytes, Labels, connected_pieces, nearest_value
from keycel_backend.regions.line_ends import joined
from keycel_backend.regions.lines import LineArt, read_line_art
from keycel_backend.regions.segmentation import FACING, automatic_gap, segment

Picture = TypeVar("Picture", Bytes, Labels)

Splitting = Callable[[LineArt], Labels]
"""Regions of a drawing, counted from 1, given to every pixel; not all 0."""

_TINY = 1 / 5000
"""Share of the picture below which a region is tiny: eye highlights, buttons."""
_SMALLEST = 4
_RADII = (8, 4, 2)


@dataclass
class Reading:
    """Sums over drawings; see the properties."""

    right: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("area", "count", "tiny"), 0.0))
    total: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("area", "count", "tiny"), 0.0))
    found: int = 0
    """Regions found."""
    true: int = 0
    """True regions, background among them."""

    def share(self, name: str) -> float:
        """Share of the foreground's "area", of the "count" of its regions, or of its "tiny" ones, 0..1."""
        return self.right[name] / max(self.total[name], 1.0)

    @property
    def fragments(self) -> float:
        """Regions found for every true one."""
        return self.found / max(self.true, 1)


def unclosed(art: LineArt) -> Labels:
    """Connected paper: every gap leaks."""
    return _given_to_all(connected_pieces(~art.ink)[1])


def trapped_ball(art: LineArt) -> Labels:
    """Balls of three fixed radii, the largest first (Zhang et al. 2009, section 4.1).

    A ball fills where it fits and cannot pass a gap narrower than itself. What no ball reaches goes to its
    nearest region.
    """
    labels = np.zeros(art.ink.shape, np.int32)
    for radius in _RADII:
        free = ~art.ink & (labels == 0)
        ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        _, cores = connected_pieces(cv2.erode(free.view(np.uint8), ball).view(np.bool_))
        grown = cv2.dilate(cores.astype(np.float32), ball).astype(np.int32)
        labels = np.where(free & (grown > 0), grown + labels.max(), labels).astype(np.int32)
    return _given_to_all(labels)


def line_ends_joined(art: LineArt) -> Labels:
    """Connected paper once line ends are joined as the `flat` engine does it, but no other gap is closed."""
    gap = _gap(art)
    return _given_to_all(connected_pieces(~(art.ink | joined(art.ink, art.line_width, FACING * gap, gap)))[1])


def ours(gap_factor: float = 1.0, facing: float = FACING) -> Splitting:
    """The `flat` engine's regions, with its own gap times `gap_factor`; `facing`: see `segment`."""

    def split(art: LineArt) -> Labels:
        return segment(art.ink, gap_factor * _gap(art), facing=facing).filled

    return split


def _gap(art: LineArt) -> float:
    height, width = art.ink.shape
    return automatic_gap(width, height, art.line_width)


OURS = "ours: both"
SPLITTINGS: Mapping[str, Splitting] = {
    "no gaps closed": unclosed,
    f"trapped ball, radii {', '.join(map(str, _RADII))}": trapped_ball,
    "line ends joined": line_ends_joined,
    "flood from wide to narrow": ours(facing=0.0),
    OURS: ours(),
    "ours, half the gap": ours(0.5),
    "ours, twice the gap": ours(2.0),
}


def read_lines(footage: Footage, scale: int, splitting: Splitting, into: Reading) -> None:
    """Adds all drawings of `footage` to `into`, on a canvas `scale` times as large."""
    for time in footage.times:
        art = read_line_art(_enlarged(footage.lines[time], scale, cv2.INTER_CUBIC))
        true = _enlarged_regions(footage.regions[time], scale)
        frame = footage.frames[time]
        paint = _enlarged(frame.color if frame.paint is None else frame.paint, scale, cv2.INTER_NEAREST)
        labels = splitting(art)
        count = int(labels.max())
        known = np.where(true.labels > 0, labels, 0)
        best = np.concatenate([[0], most_frequent(known, count, pack(paint))])
        painted = unpack(best[labels])
        verdict = judge(true, true.predicted_colors(painted), footage.tolerance, footage.background)
        tiny = true.areas < _TINY * labels.size
        ones = np.ones(len(true), np.int64)
        for name, weight in (("area", true.areas), ("count", ones), ("tiny", ones * tiny)):
            into.right[name] += float(weight[verdict.foreground & verdict.right].sum())
            into.total[name] += float(weight[verdict.foreground].sum())
        into.found += count
        into.true += len(true)


def _enlarged_regions(known: TrueRegions, scale: int) -> TrueRegions:
    labels = _enlarged(known.labels, scale, cv2.INTER_NEAREST)
    return TrueRegions(labels, known.colors, known.areas * scale**2, known.by_median)


def _enlarged(picture: Picture, scale: int, interpolation: int) -> Picture:
    if scale == 1:
        return picture
    return cast(Picture, cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation))


def _given_to_all(labels: Labels) -> Labels:
    """Without specks, and every pixel with its nearest region; one region where nothing is left."""
    large = np.bincount(labels.ravel()) >= _SMALLEST
    large[0] = False
    number = np.where(large, np.cumsum(large), 0).astype(np.int32)
    return nearest_value(number[labels]) if large.any() else np.ones_like(labels)
