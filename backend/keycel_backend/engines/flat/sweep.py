"""Colours of every drawing of a stretch, chained outward from the painted drawings at its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from keycel_backend.engines.flat.drawings import Analysed, Checkpoint, PackedLabels
from keycel_backend.engines.flat.references import Reference
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import Match, match, reverse
from keycel_backend.regions.propagation import KEYFRAME, NEIGHBOUR, NEXT_BUT_ONE, Colors, blend, pool

Analyse = Callable[[int], Analysed]


@dataclass(frozen=True, slots=True)
class Answer:
    """Colours of one drawing, and what each direction alone would have said."""

    drawing: int
    regions: PackedLabels
    features_border: None
    colors: Colors
    left: Colors | None
    right: Colors | None


def sweep_outward(
    start: Reference, order: Sequence[int], analyse: Analyse, checkpoint: Checkpoint, forward: bool
) -> Iterator[Answer]:
    """A stretch with one painted end: `order` leads away from it; answers come at once, nearest first."""
    window: list[tuple[RegionFeatures, Colors]] = [(start.analysed.features, start.colors)]
    for step, drawing in enumerate(order):
        current = analyse(drawing)
        checkpoint()
        evidence = _evidence(current.features, window, start if step >= 1 else None, checkpoint)
        colors = pool(evidence)
        window = [*window[-1:], (current.features, colors)]
        yield Answer(drawing, current.regions, None, colors, colors if forward else None, None if forward else colors)


def _evidence(
    target: RegionFeatures,
    window: Sequence[tuple[RegionFeatures, Colors]],
    start: Reference | None,
    checkpoint: Checkpoint,
) -> list[tuple[float, Match, Colors]]:
    found: list[tuple[float, Match, Colors]] = []
    for weight, (features, colors) in zip((NEIGHBOUR, NEXT_BUT_ONE), reversed(window), strict=False):
        if start is not None and features is start.analysed.features:
            weight = KEYFRAME
        found.append((weight, match(target, features), colors))
        checkpoint()
    if start is not None and all(colors is not start.colors for _, _, colors in found):
        found.append((KEYFRAME, match(target, start.analysed.features), start.colors))
        checkpoint()
    return found
