"""Key sketches get their colours first, from each other: what lies between them follows from both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keycel_backend.engines.base import (
    CancelledCallback,
    Drawing,
    FrameResult,
    Keyframe,
    ProgressCallback,
    Request,
    Rgba,
)
from keycel_backend.engines.flat.description import LEAVE_UNSURE
from keycel_backend.engines.flat.drawings import PackedLabels
from keycel_backend.engines.morph.line_track import Color
from keycel_backend.regions.arrays import Labels, Pixels, nearest_index
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.palette import UNPAINTED, Palette, color_codes


@dataclass(frozen=True)
class ColoredKeys:
    """All key sketches with their colours, by frame number."""

    results: Mapping[int, FrameResult]
    """What is to be delivered; painted keys have the artist's own colours."""
    palette: Palette
    _paint: Mapping[int, PackedLabels]
    _sureness: Mapping[int, Mapping[Rgba, float]]

    def paint(self, time: int) -> Labels:
        """(height, width) palette entries of a key, under its lines, too; nothing is left out as unsure."""
        return self._paint[time].unpack()

    def sureness(self, time: int, color: Rgba) -> float:
        """How sure a colour is on a key, 0..1, by area; 0 if it is not there."""
        return self._sureness[time].get(color, 0.0)


def color_keys(
    request: Request,
    painted: tuple[Keyframe, ...],
    color: Color,
    progress: ProgressCallback,
    cancelled: CancelledCallback,
) -> ColoredKeys:
    """`request`: of the task "inbetween"; `painted`: at least one, as `painted_keys` gives them."""
    shot = request.shot
    times: dict[str, list[int]] = {}
    for sketch in shot.sketches:
        times.setdefault(sketch.digest, []).append(sketch.time)
    drawings = tuple(Drawing(tuple(found), digest) for digest, found in times.items())
    inner = replace(
        request,
        shot=replace(shot, drawings=drawings, keyframes=painted, sketches=()),
        targets=tuple(drawing.time for drawing in drawings),
        redraw=frozenset(),
    )
    whole = replace(inner, options={**request.options, LEAVE_UNSURE.name: False})
    found = {result.time: result for result in color(whole, progress, cancelled)}
    delivered = found
    if request.options[LEAVE_UNSURE.name]:
        delivered = {result.time: result for result in color(inner, progress, cancelled)}
    palette = Palette((UNPAINTED, *next(iter(found.values())).palette))
    first = {moment: drawing.time for drawing in drawings for moment in drawing.times}
    paint = {
        drawing.time: _paint(found[drawing.time].flats, shot.load(drawing.digest), palette)
        for drawing in drawings
    }
    sureness = {time: _by_color(result) for time, result in found.items()}
    return ColoredKeys(
        {moment: replace(delivered[time], time=moment) for moment, time in first.items()},
        palette,
        {moment: paint[time] for moment, time in first.items()},
        {moment: sureness[time] for moment, time in first.items()},
    )


def _paint(flats: Pixels, line: Pixels, palette: Palette) -> PackedLabels:
    entries = palette.entries_of(color_codes(flats))
    ink = read_line_art(line).ink
    if ink.any() and not ink.all():
        entries = entries.ravel()[nearest_index(~ink)[0]]
    return PackedLabels.pack(entries, len(palette))


def _by_color(result: FrameResult) -> dict[Rgba, float]:
    area: dict[Rgba, float] = {}
    sure: dict[Rgba, float] = {}
    for region in result.regions:
        area[region.color] = area.get(region.color, 0.0) + region.area
        sure[region.color] = sure.get(region.color, 0.0) + region.area * region.confidence
    return {color: sure[color] / max(area[color], 1.0) for color in area}
