"""Contact sheets of the drawings that went worst: line, truth, result, wrong regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keycel_backend.evaluate.footage import Footage
from keycel_backend.evaluate.judging import Judged
from keycel_backend.io.compose import over_color, with_alpha
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet

_KEPT = 3
_WRONG = np.array((255, 0, 200), np.uint8)


class WorstFrames:
    """Keeps the three drawings of every clip and setting with the largest wrong foreground area."""

    def __init__(self) -> None:
        self._worst: dict[tuple[str, str], list[tuple[int, int, tuple[SheetCell, ...]]]] = {}

    def watch(self, footage: Footage, setting: str, judged: Judged) -> None:
        wrong = judged.verdict.foreground & ~judged.verdict.right
        area = int(judged.regions.areas[wrong].sum())
        kept = self._worst.setdefault((footage.name, setting), [])
        if area and (len(kept) < _KEPT or area > kept[-1][0]):
            kept.append((area, judged.colored.time, _cells(footage, judged)))
            kept.sort(key=lambda entry: (-entry[0], entry[1]))
            del kept[_KEPT:]

    def write(self, folder: Path) -> list[Path]:
        """A PNG for every clip and setting with anything wrong; their paths.

        Raises:
            KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
        """
        folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for (clip, setting), kept in self._worst.items():
            if kept:
                parts = [
                    SheetPart(f"{clip}, {setting}, drawing {time}: {area} pixels wrong", cells)
                    for area, time, cells in kept
                ]
                written.append(folder / f"{clip}-{setting}.png")
                write_contact_sheet(written[-1], parts, columns=4)
        return written


def _cells(footage: Footage, judged: Judged) -> tuple[SheetCell, ...]:
    frame = footage.frames[judged.colored.time]
    wrong = np.concatenate([[False], judged.verdict.foreground & ~judged.verdict.right])
    pale = over_color(footage.lines[judged.colored.time], (255, 255, 255))
    marked = np.where(wrong[judged.regions.labels][..., None], _WRONG, pale)
    return (
        SheetCell(footage.lines[judged.colored.time], "line"),
        SheetCell(with_alpha(frame.color), "truth"),
        SheetCell(with_alpha(judged.seen), "result"),
        SheetCell(with_alpha(marked), f"wrong: {int(wrong.sum())} of {len(judged.regions)} regions"),
    )
