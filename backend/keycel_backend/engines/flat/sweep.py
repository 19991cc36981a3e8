"""Colours of every drawing of a stretch, chained outward from the painted drawings at its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from keycel_backend.engines.flat.drawings import Analysed, Checkpoint, PackedLabels
from keycel_backend.engines.flat.references import Reference
from keycel_backend.engines.flat.shades import (
    PackedGround,
    between,
    ground_of,
    inherited,
    main_entries,
    shaded,
)
from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import Match, Matcher, lookalikes, match, reverse
from keycel_backend.regions.propagation import (
    KEYFRAME,
    NEIGHBOUR,
    NEXT_BUT_ONE,
    Colors,
    blend,
    pool,
    supplement,
)
from keycel_backend.regions.shade_motion import Shaded, carry
from keycel_backend.regions.shading import Shades
from keycel_backend.regions.tracks import agreed, first_tracks, followed, linked

Analyse = Callable[[int], Analysed]
Others = Callable[[], Sequence[Reference]]
"""Painted drawings besides the ends of a stretch, nearest first; only a few."""

_LONG = 64
"""From this many drawings on, the outer quarters of a stretch follow their own end alone, so that
they are ready long before the whole stretch is."""

_NEAR = 0.1
"""Drawings this close to the start (share of the way to the end) do not wait for the way back: of the
end they ask only the keyframe itself."""


_UNKNOWN = 0.4
_NOTABLE = 0.0005
"""A region of at least this share of the picture that nobody knows is worth a look at other keyframes."""


def _no_others() -> Sequence[Reference]:
    return ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Colours of one drawing, and what each end of its stretch alone says."""

    drawing: int
    regions: PackedLabels
    colors: Colors
    ends: tuple[Colors, ...]
    shades: Shades
    """Of the regions in which colours meet without a line."""
    tracks: list[str] = field(default_factory=list[str])
    """The region track of each region: which part of the figure it is; empty if not followed."""


@dataclass(slots=True)
class _Links:
    """What the way back needs of one drawing."""

    regions: PackedLabels
    tracks: list[str]
    heirs: Integers
    """Of which region of the drawing before each region is the heir; see `linked`."""
    ground: PackedGround | None
    """None where no shade can come from either end."""
    forward: Colors
    shades: Shades
    elsewhere: Colors | None
    to_end: Match
    to_next: list[Match] = field(default_factory=list[Match])
    """To the next drawing and the one after; fewer near the end."""


def sweep(
    order: Sequence[int],
    start: Reference,
    end: Reference | None,
    analyse: Analyse,
    checkpoint: Checkpoint,
    others: Others = _no_others,
    match_regions: Matcher = match,
) -> Iterator[Answer]:
    """Answers for all drawings of `order`, which leads from painted `start` to painted `end`, if any.

    `others`: painted drawings farther away, asked only about regions that neither end knows.
    `match_regions`: hand-made or learned.

    Without `end` answers come at once, nearest to `start` first; with it most come after the sweep
    has arrived there.
    """
    window: list[tuple[RegionFeatures, Colors]] = [(start.analysed.features, start.colors)]
    trail: list[_Links] = []
    shady = bool(start.shades or (end and end.shades))
    before = shaded(start.analysed.features, start.colors, start.shades)
    tracks = first_tracks(start.analysed.features)
    for step, drawing in enumerate(order):
        current = analyse(drawing)
        checkpoint()
        target = current.features
        found = [match_regions(target, features) for features, _ in reversed(window)]
        checkpoint()
        tracks = followed(tracks, found[0], target)
        evidence = _weighted(found, [colors for _, colors in reversed(window)], near_key=step < 2)
        if step >= 2:
            evidence.append((KEYFRAME, match_regions(target, start.analysed.features), start.colors))
        colors = pool(evidence)
        to_end = None if end is None else match_regions(target, end.analysed.features)
        checkpoint()
        known = colors.known
        if end is not None and to_end is not None:
            known = np.maximum(known, pool([(KEYFRAME, to_end, end.colors)]).known)
        elsewhere = _ask_others(target, known, others, match_regions, checkpoint)
        colors = supplement(colors, elsewhere) if elsewhere else colors
        alike = pool([(KEYFRAME, lookalikes(target, start.analysed.features), start.colors)])
        colors = supplement(colors, alike)
        ground = ground_of(target)
        colors, shades = inherited(colors, carry(ground, before, found[0]))
        before = Shaded(ground, main_entries(colors), shades)
        if to_end is None:
            yield Answer(drawing, current.regions, colors, (colors,), shades, tracks)
        else:
            assert end is not None
            packed_ground = PackedGround.pack(ground) if shady else None
            heirs = linked(found[0], target.area)
            trail.append(
                _Links(current.regions, tracks, heirs, packed_ground, colors, shades, elsewhere, to_end)
            )
            for back, (links, (features, _)) in enumerate(zip(found, reversed(window), strict=True)):
                if step - 1 - back >= 0:
                    trail[step - 1 - back].to_next.append(reverse(links, target.area, features.area))
            place = _place(step, len(order))
            if place <= _NEAR:
                direct = pool([(KEYFRAME, to_end, end.colors)])
                blended = blend(colors, direct, place)
                yield Answer(drawing, current.regions, blended, (colors,), shades, tracks)
        window = [*window[-1:], (target, colors)]
        checkpoint()
    if end is not None:
        yield from _return(order, trail, end)


def _weighted(
    found: Sequence[Match], colors: Sequence[Colors], near_key: bool
) -> list[tuple[float, Match, Colors]]:
    """Evidence of the one or two drawings passed last; `near_key`: the farthest of them is the keyframe."""
    weights = (NEIGHBOUR, KEYFRAME if near_key else NEXT_BUT_ONE)
    return list(zip(weights, found, colors, strict=False))


def _ask_others(
    target: RegionFeatures, known: Floats, others: Others, match_regions: Matcher, checkpoint: Checkpoint
) -> Colors | None:
    notable = target.area >= _NOTABLE * target.labels.size
    if not (notable & (known < _UNKNOWN)).any():
        return None
    found: Colors | None = None
    for reference in others():
        answer = pool([(KEYFRAME, match_regions(target, reference.analysed.features), reference.colors)])
        found = answer if found is None else supplement(found, answer)
        checkpoint()
    return found


def _return(order: Sequence[int], trail: Sequence[_Links], end: Reference) -> Iterator[Answer]:
    """The way back from `end`; answers nearest to a keyframe first."""
    count = len(order)
    back: dict[int, Colors] = {count: end.colors}
    answers: dict[int, Answer] = {}
    after = shaded(end.analysed.features, end.colors, end.shades)
    for step in reversed(range(count)):
        links = trail[step]
        if step == count - 1:
            evidence = [(NEIGHBOUR, links.to_end, end.colors)]
        else:
            ahead = [back[step + 1], back[step + 2]][: len(links.to_next)]
            evidence = list(zip((NEIGHBOUR, NEXT_BUT_ONE), links.to_next, ahead, strict=False))
            evidence.append((KEYFRAME, links.to_end, end.colors))
        colors = pool(evidence)
        back[step] = supplement(colors, links.elsewhere) if links.elsewhere else colors
        place = _place(step, count)
        shades = links.shades
        if links.ground is not None:
            ground = links.ground.unpack()
            nearer = links.to_end if step == count - 1 else links.to_next[0]
            back[step], shades = inherited(back[step], carry(ground, after, nearer))
            after = Shaded(ground, main_entries(back[step]), shades)
        if place > _NEAR:
            ends = (links.forward, back[step]) if place < 1.0 else (back[step],)
            colors = blend(links.forward, back[step], place)
            if links.ground is not None:
                before = Shaded(after.ground, main_entries(links.forward), links.shades)
                known = links.forward.known, back[step].known
                colors, shades = between(before, after, known, colors, place)
            answers[step] = Answer(order[step], links.regions, colors, ends, shades, links.tracks)
    voted = _voted(answers, trail)
    for step in sorted(voted, key=lambda step: (min(step, count - 1 - step), step)):
        yield voted[step]


def _voted(answers: Mapping[int, Answer], trail: Sequence[_Links]) -> dict[int, Answer]:
    """The answers of some steps in a row after the members of each region track have agreed on a colour.

    Regions in which colours meet without a line keep what they have: their colour is several.
    """
    steps = sorted(answers)
    together = agreed([answers[step].colors for step in steps], [trail[step].heirs for step in steps])
    voted: dict[int, Answer] = {}
    for step, colors in zip(steps, together, strict=True):
        shaded_rows = list(answers[step].shades)
        colors.shares[shaded_rows] = answers[step].colors.shares[shaded_rows]
        voted[step] = replace(answers[step], colors=colors)
    return voted


def _place(step: int, count: int) -> float:
    """Where between the two keyframes a drawing stands, 0..1; 0 and 1: only the nearer end is asked."""
    place = (step + 1) / (count + 1)
    if count < _LONG:
        return place
    return min(max(2.0 * place - 0.5, 0.0), 1.0)
