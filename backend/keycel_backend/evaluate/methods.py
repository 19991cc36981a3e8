"""Ways to colour a clip: an engine, and two simple peers that any engine has to beat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keycel_backend.engines.base import Drawing, Engine, Keyframe, RegionReport, Request, Shot
from keycel_backend.evaluate.color import Codes, Rgb, pack, unpack
from keycel_backend.evaluate.footage import Footage, Task
from keycel_backend.evaluate.regions import most_frequent
from keycel_backend.evaluate.truth import with_lines
from keycel_backend.io.compose import with_alpha
from keycel_backend.regions.arrays import Labels
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.motion import dense_motion, overlap
from keycel_backend.regions.segmentation import automatic_gap, segment

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels


@dataclass(frozen=True)
class Colored:
    """One coloured drawing."""

    time: int
    flats: Pixels
    """RGBA, with or without lines."""
    regions: tuple[RegionReport, ...] = ()
    """What an engine says of its regions; peers say nothing."""


Method = Callable[[Footage, Task], Iterator[Colored]]
"""Colours the wanted drawings of a task, in any order."""


def by_engine(engine: Engine) -> Method:
    """`engine`, loaded, with its default options."""

    def color(footage: Footage, task: Task) -> Iterator[Colored]:
        # an engine may remember answers by digest: two clips must not share any
        line, paint = f"{footage.name} line", f"{footage.name} color"
        pictures = {f"{line} {time}": footage.lines[time] for time in task.drawings}
        pictures |= {f"{paint} {time}": footage.colors[time] for time in task.painted}
        shot = Shot(
            *footage.size,
            tuple(Drawing((time,), f"{line} {time}") for time in task.drawings),
            tuple(Keyframe(time, f"{paint} {time}") for time in task.painted),
            lambda digest: pictures[digest].copy(),
        )
        for result in engine.run(Request(shot, task.wanted), lambda _share, _doing: None, lambda: False):
            yield Colored(result.time, result.flats, result.regions)

    return color


def hold(footage: Footage, task: Task) -> Iterator[Colored]:
    """Peer: the nearest painted picture, unchanged (of two equally near the earlier)."""
    for time in task.wanted:
        yield Colored(time, footage.colors[_nearest(time, task)])


def flow_and_vote(footage: Footage, task: Task) -> Iterator[Colored]:
    """Peer: DIS flow from drawing to drawing, chained outward from the nearest painted one.

    Every region (gaps closed as by the `flat` engine) takes the colour that most of it lands on.
    """
    drawn = {time: _DrawnRegions.of(footage.lines[time]) for time in task.drawings}
    place = {time: number for number, time in enumerate(task.drawings)}
    colors = {time: drawn[time].paint(pack(_seen(footage, time))) for time in task.painted}
    far = {time: abs(place[time] - place[_nearest(time, task)]) for time in task.wanted}
    for time in sorted(task.wanted, key=lambda time: (far[time], time)):
        back = -1 if place[_nearest(time, task)] < place[time] else 1
        source = task.drawings[place[time] + back]
        target = drawn[time].features
        motion = dense_motion(target.lines, drawn[source].features.lines)
        before = drawn[source].features
        votes = overlap(target.labels, target.count, before.labels, before.count, motion)
        values, number = np.unique(colors[source], return_inverse=True)
        by_color = votes @ (number[:, None] == np.arange(len(values))).astype(np.float32)
        colors[time] = values[by_color.argmax(axis=1)]
        flats = with_alpha(unpack(colors[time][drawn[time].filled - 1]))
        yield Colored(time, flatten(flats, footage.lines[time]))


@dataclass(frozen=True)
class _DrawnRegions:
    filled: Labels
    paper: Labels
    """Regions without the lines."""
    features: RegionFeatures

    @classmethod
    def of(cls, drawing: Pixels) -> _DrawnRegions:
        art = read_line_art(drawing)
        found = segment(art.ink, automatic_gap(drawing.shape[1], drawing.shape[0], art.line_width))
        return cls(found.filled, found.labels, measure(art.ink, found))

    def paint(self, codes: Codes) -> Codes:
        """The most frequent colour of each region."""
        return most_frequent(self.paper, self.features.count, codes)


def _seen(footage: Footage, time: int) -> Rgb:
    return with_lines(footage.colors[time], footage.lines[time])


def _nearest(time: int, task: Task) -> int:
    here = task.drawings.index(time)
    return min(task.painted, key=lambda painted: (abs(task.drawings.index(painted) - here), painted))
