"""Somebody who looks at the previews of an engine."""

from __future__ import annotations

from keycel_backend.regions.arrays import Pixels


class Looker:
    """Looks at previews until it has seen `most`, at all of them without."""

    def __init__(self, most: int | None = None) -> None:
        self.seen: list[tuple[int, Pixels]] = []
        """Time of the frame, and the picture."""
        self._most = most

    def wanted(self) -> bool:
        return self._most is None or len(self.seen) < self._most

    def show(self, time: int, picture: Pixels) -> None:
        self.seen.append((time, picture))
