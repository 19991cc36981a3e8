"""Finishes frames of a stretch as soon as both neighbours are known, with which each is compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from keycel_backend.engines.flat.references import Reference
from keycel_backend.engines.lvcd.finish import Suggestion
from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.flicker import Neighbour, steadied
from keycel_backend.regions.lines import LineArt
from keycel_backend.regions.matching import Matcher
from keycel_backend.regions.segmentation import Segmentation


@dataclass(frozen=True, slots=True)
class Known:
    """What a drawing tells its neighbours: its regions and their colours."""

    features: RegionFeatures
    entries: Integers
    confidence: Floats

    @classmethod
    def painted(cls, reference: Reference) -> Known:
        """Of a painted drawing, of which everything is sure."""
        entries = reference.colors.shares.argmax(axis=1)
        return cls(reference.analysed.features, entries, np.ones(len(entries), np.float32))


@dataclass(frozen=True, slots=True)
class Suggested:
    """A drawing with what the networks suggest for it."""

    segmentation: Segmentation
    suggestion: Suggestion
    known: Known

    @classmethod
    def of(cls, art: LineArt, segmentation: Segmentation, suggestion: Suggestion) -> Suggested:
        votes = suggestion.votes
        return cls(
            segmentation,
            suggestion,
            Known(measure(art.ink, segmentation), votes.entries, votes.confidence),
        )


class Tracks:
    """Neighbouring drawings of a stretch, frame by frame; frame 0 is the painted one it starts from."""

    def __init__(self, frames: int, start: Known, end: Known | None, matcher: Matcher) -> None:
        """`frames`: of the stretch with frame 0; `end`: of the painted drawing after it, if there is one."""
        self._matcher = matcher
        self._known: dict[int, Known] = {0: start}
        if end is not None:
            self._known[frames] = end
        self._last = frames - 1 if end is None else frames

    def needed(self, frames: Collection[int]) -> set[int]:
        """Frames beside `frames`, as far as they are not painted."""
        beside = {frame + step for frame in frames for step in (-1, 1)}
        return {frame for frame in beside if frame <= self._last and frame not in self._known}

    def learn(self, frame: int, suggested: Suggested) -> None:
        """What the networks suggest for a frame."""
        self._known[frame] = suggested.known

    def is_complete(self, frame: int) -> bool:
        """Whether all that there is beside a frame is known."""
        return all(beside in self._known for beside in (frame - 1, frame + 1) if beside <= self._last)

    def checked(self, frame: int, suggested: Suggested) -> Suggested:
        """The same after comparison with the drawings beside it."""
        beside = [self._known[at] for at in (frame - 1, frame + 1) if at in self._known]
        neighbours = [
            Neighbour(self._matcher(suggested.known.features, one.features), one.entries, one.confidence)
            for one in beside
        ]
        votes = steadied(suggested.suggestion.votes, neighbours)
        return replace(suggested, suggestion=replace(suggested.suggestion, votes=votes))
