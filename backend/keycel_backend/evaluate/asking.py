"""What the artist is asked to look at: how many questions, how many of them rightly, and what they catch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from keycel_backend.engines.base import RegionReport
from keycel_backend.evaluate.color import colors_to_lab, distance, pack, unpack
from keycel_backend.evaluate.footage import Footage
from keycel_backend.evaluate.judging import Judged
from keycel_backend.evaluate.regions import most_frequent
from keycel_backend.regions.arrays import Labels

_ALL = "all reasons"


class Asking:
    """Adds up the unsure regions of drawings, by reason and together."""

    def __init__(self) -> None:
        self._drawings = 0
        self._wrong_area = 0
        self._shown: Counter[str] = Counter()
        self._rightly: Counter[str] = Counter()
        self._caught: Counter[str] = Counter()
        self._questions: dict[str, set[object]] = {}

    def watch(self, footage: Footage, setting: str, judged: Judged) -> None:
        """Every unsure region; it is shown rightly if most of its known paint has another colour."""
        regions, frame = judged.regions, footage.frames[judged.colored.time]
        wrong = np.concatenate([[False], judged.verdict.foreground & ~judged.verdict.right])[regions.labels]
        unsure = [report for report in judged.colored.regions if report.reason]
        labels = _drawn(unsure, wrong.shape)
        known = np.where(frame.ink, 0, labels)
        paint = frame.color if frame.paint is None else frame.paint
        true, shown = (
            colors_to_lab(unpack(most_frequent(known, len(unsure), pack(picture))))
            for picture in (paint, judged.seen)
        )
        off = distance(true, shown) > footage.tolerance
        caught = np.bincount(labels[wrong], minlength=len(unsure) + 1)[1:]
        self._drawings += 1
        self._wrong_area += int(wrong.sum())
        for number, (report, is_off, area) in enumerate(zip(unsure, off, caught, strict=True)):
            part = report.track or (judged.colored.time, number)
            question = footage.name, setting, part, report.color
            for reason in (report.reason, _ALL):
                self._shown[reason] += 1
                self._rightly[reason] += int(is_off)
                self._caught[reason] += int(area)
                self._questions.setdefault(reason, set()).add(question)

    def figures(self) -> Mapping[str, tuple[float, float, float, float]]:
        """By reason, the most frequent first: regions a drawing; questions a drawing (a part followed over
        several drawings is one); share of the regions that is wrong; share of all wrong area that they hold.
        """
        drawings = max(self._drawings, 1)
        return {
            reason: (
                shown / drawings,
                len(self._questions[reason]) / drawings,
                self._rightly[reason] / shown,
                self._caught[reason] / max(self._wrong_area, 1),
            )
            for reason, shown in self._shown.most_common()
        }


def _drawn(unsure: Iterable[RegionReport], size: tuple[int, ...]) -> Labels:
    """The regions from 1, 0 elsewhere."""
    labels = np.zeros(size, np.int32)
    for number, report in enumerate(unsure, 1):
        for row, first, after in report.runs:
            labels[row, first:after] = number
    return labels


def as_text(asking: Asking) -> str:
    """One row a reason."""
    rows = [
        "| reason | regions / drawing | questions / drawing | wrong | of wrong area |",
        "| --- " * 5 + "|",
    ]
    rows += [
        f"| {reason} | {shown:.2f} | {questions:.2f} | {wrong:.2f} | {caught:.2f} |"
        for reason, (shown, questions, wrong, caught) in asking.figures().items()
    ]
    return "\n".join(rows)
