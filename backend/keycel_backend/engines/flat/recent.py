"""Answers of the last sweeps, so that another take of a frame does not sweep its stretch again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

from keycel_backend.engines.flat.sweep import Answer

KEPT_BYTES = 256 * 1024 * 1024


class RecentSweeps:
    """Whole sweeps by everything they depend on; the least recently used leave first."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._limit = kept_bytes
        self._kept: OrderedDict[Hashable, tuple[Answer, ...]] = OrderedDict()

    def follow(self, identity: Hashable, sweep: Callable[[], Iterator[Answer]]) -> Iterator[Answer]:
        """The answers kept under `identity`, else those of `sweep`, kept once it has come to its end."""
        if identity in self._kept:
            self._kept.move_to_end(identity)
            yield from self._kept[identity]
            return
        answers: list[Answer] = []
        for answer in sweep():
            answers.append(answer)
            yield answer
        self._kept[identity] = tuple(answers)
        while self._kept and sum(map(_bytes, self._kept.values())) > self._limit:
            self._kept.popitem(last=False)


def _bytes(answers: tuple[Answer, ...]) -> int:
    """Size of label maps, colour shares and shades, which is nearly all of it."""
    return sum(
        len(answer.regions.data)
        + sum(colors.shares.nbytes for colors in (answer.colors, *answer.ends))
        + sum(shade.depth.nbytes for shade in answer.shades.values())
        for answer in answers
    )
