"""Painted keyframes of a shot: the palette of all, and the colours of each one's regions."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from keycel_backend.engines.base import Keyframe, Request
from keycel_backend.engines.flat.drawings import Analysed, Checkpoint, packed, split_regions
from keycel_backend.engines.flat.shades import settled_start
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.painting import Painting, own_flats, paint_at, read_painting, shares_of
from keycel_backend.regions.palette import Codes, Palette, code_to_rgba, flat_colors, palette_from
from keycel_backend.regions.propagation import Colors, painted
from keycel_backend.regions.shading import Shades, read_shades

_KEPT = 6
"""Analysed keyframes held in memory; a stretch needs two at its ends and may ask two more."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A painted drawing ready to be matched."""

    analysed: Analysed
    colors: Colors
    shades: Shades
    """Of the regions in which colours meet without a line."""
    flats: Codes
    """The keyframe's own frame without lines."""


class References:
    """Reads keyframes when they are needed and keeps the last few."""

    def __init__(
        self, request: Request, painted_drawings: dict[int, Keyframe], gap: float, checkpoint: Checkpoint
    ) -> None:
        self._shot = request.shot
        self._keyframes = painted_drawings
        self._gap = gap
        self._checkpoint = checkpoint
        self._kept: OrderedDict[int, Reference] = OrderedDict()
        found: list[dict[int, int]] = []
        self.paper = 0
        """Colour code of the keyframes' opaque paper; 0 where they lie on transparent."""
        for index in sorted(painted_drawings):
            checkpoint()
            painting = self._read(index)
            found.append(flat_colors(painting.codes, painting.clean))
            self.paper = self.paper or painting.paper
        self.palette: Palette = palette_from(found, request.palette)
        self._only_legal = bool(request.palette)
        if self._only_legal and code_to_rgba(self.paper) not in self.palette.colors:
            self.paper = 0

    def __getitem__(self, index: int) -> Reference:
        """The reference of a painted drawing."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        art, segmentation = split_regions(self._shot, index, self._gap, self._checkpoint)
        painting = read_painting(self._shot.load(self._keyframes[index].digest), art)
        self._checkpoint()
        analysed = packed(art, segmentation)
        filled = analysed.features.labels
        paint, owner = paint_at(painting, segmentation, self.palette, filled.shape)
        shades = read_shades(paint, owner, filled, segmentation.count)
        reference = Reference(
            analysed,
            settled_start(painted(shares_of(painting, segmentation, self.palette)), shades),
            shades,
            self._legal(own_flats(painting, segmentation, self.palette)),
        )
        self._kept[index] = reference
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return reference

    def _legal(self, flats: Codes) -> Codes:
        """The artist's own flats as they are, unless only certain colours are legal."""
        return self.palette.codes()[self.palette.entries_of(flats)] if self._only_legal else flats

    def _read(self, index: int) -> Painting:
        art = read_line_art(self._shot.load(self._shot.drawings[index].digest))
        return read_painting(self._shot.load(self._keyframes[index].digest), art)
