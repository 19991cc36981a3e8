"""Running an engine over a collection of clips with known colours, and the table of results.

A clip is a folder with `line/`, `color/` and optionally `fill/` and `meta.json` (see `open_truth`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keycel_backend.evaluate.score import Scores, score_folders
from keycel_backend.io.folder import read_pictures
from keycel_shared.errors import ErrorCode, KeycelError

SETTINGS = ("first", "firstlast")
"""Which frames are given: the first only, or the first and the last."""


@dataclass(frozen=True)
class Clip:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def lines(self) -> Path:
        return self.folder / "line"

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(read_pictures(self.lines))

    def keyframes(self, setting: str) -> tuple[int, ...]:
        """Times of the frames that are given in one of `SETTINGS`."""
        times = self.times
        return (times[0], times[-1]) if setting == "firstlast" else times[:1]

    def write_shot(self, folder: Path, setting: str) -> None:
        """A shot folder with all drawings and only the given frames painted."""
        shutil.copytree(self.lines, folder / "line")
        (folder / "color").mkdir()
        given = self.keyframes(setting)
        for time, picture in read_pictures(self.folder / "color").items():
            if time in given:
                source = Path(picture.describe())
                shutil.copyfile(source, folder / "color" / source.name)

    def score(self, predicted: Path, setting: str) -> Scores:
        return score_folders(predicted, self.folder / "color", self.lines, setting)


@dataclass(frozen=True)
class ClipResult:
    clip: str
    setting: str
    scores: Scores
    seconds_per_frame: float


def find_clips(folder: Path) -> tuple[Clip, ...]:
    """All clips in a folder, by name.

    Raises:
        KeycelError: DOC_NO_SHOT where there is none.
    """
    clips = [Clip(path) for path in sorted(folder.glob("*")) if (path / "line").is_dir()]
    if not clips:
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            f"There are no clips in {folder}.",
            "Give a folder of clips, each with line/ and color/ inside.",
        )
    return tuple(clips)


def results_table(results: Sequence[ClipResult]) -> str:
    """Markdown: one table per setting, one row per clip and one of means."""
    tables = [
        _table(setting, [result for result in results if result.setting == setting]) for setting in SETTINGS
    ]
    return "\n".join(table for table in tables if table)


_COLUMNS = ("reg_fg_area", "reg_fg", "pix3", "psnr256", "ssim256", "edmd", "tc")
_HEADINGS = (
    *("clip", "regions by area", "regions by count", "pixels within dE 3"),
    *("PSNR", "SSIM", "EDMD", "TC", "seconds per frame"),
)


def _table(setting: str, results: Sequence[ClipResult]) -> str:
    rows = [[getattr(result.scores, name) for name in _COLUMNS] for result in results]
    values = [[*row, result.seconds_per_frame] for row, result in zip(rows, results, strict=True)]
    means = [sum(column) / len(results) for column in zip(*values, strict=True)]
    lines = [
        f"Reference: {'first and last frame' if setting == 'firstlast' else 'first frame only'}",
        "",
        _row(_HEADINGS),
        _row(["---"] * len(_HEADINGS)),
        *(_row([result.clip, *map(_number, row)]) for result, row in zip(results, values, strict=True)),
        _row(["mean", *map(_number, means)]),
        "",
    ]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
