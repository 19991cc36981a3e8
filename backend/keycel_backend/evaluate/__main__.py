"""Measures methods on clips, in this process: regions, pixels, reliability, worst drawings, line reading.

    python -m keycel_backend.evaluate CLIPS --peers --reliability OUT.png --sheets DIR
    python -m keycel_backend.evaluate CLIPS --lines --scale 2

CLIPS is a folder of clips. One with the fixed procedural shots is made by

    python -m keycel_backend.training.shots --seed 910000000 --count 50 --height 256 540 \\
        --drawings 8 14 --clips CLIPS
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# before NumPy is loaded, as for `keycel` itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from keycel_backend.engines.registry import find_engine, load_engine
from keycel_backend.evaluate import asking
from keycel_backend.evaluate.clips import find_clips
from keycel_backend.evaluate.footage import ALL_SETTINGS, Footage, load_footage
from keycel_backend.evaluate.judging import Figures, Watch, judge_clip
from keycel_backend.evaluate.line_reading import OURS, SPLITTINGS, Reading, read_lines
from keycel_backend.evaluate.methods import Method, by_engine, flow_and_vote, hold
from keycel_backend.evaluate.reliability import Reliability, as_text, draw
from keycel_backend.evaluate.speed import MemoryWatch
from keycel_backend.evaluate.worst import WorstFrames
from keycel_shared.errors import KeycelError

_PEERS = {"hold the nearest reference": hold, "DIS flow chained + region vote": flow_and_vote}
_DRAWINGS_READ = 3
"""Of every clip, evenly spread, when lines are read."""


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    try:
        find_engine(given.engine, "colorize")
        clips = find_clips(given.clips)
        most = _DRAWINGS_READ if given.lines else None
        footage = (load_footage(clip, most) for clip in clips)
        if given.lines:
            print(_line_table(footage, given.scale))
        else:
            _measure(footage, given)
    except KeycelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m keycel_backend.evaluate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("clips", type=Path, help="folder of clips, each with line/ and color/")
    parser.add_argument("--engine", default="flat", help="which engine (default flat)")
    parser.add_argument("--settings", nargs="+", choices=ALL_SETTINGS, default=ALL_SETTINGS)
    parser.add_argument("--peers", action="store_true", help="measure simple peers too")
    parser.add_argument("--each", action="store_true", help="one row for every clip, besides the means")
    parser.add_argument("--reliability", type=Path, metavar="PNG", help="draw confidence against truth")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="write the worst drawings of every clip")
    parser.add_argument("--lines", action="store_true", help="measure the regions alone, not the colours")
    parser.add_argument("--scale", type=int, default=1, help="with --lines: canvas so many times as large")
    return parser


def _measure(clips: Iterator[Footage], given: argparse.Namespace) -> None:
    engine = load_engine(given.engine, "colorize")
    engine.load("cpu", "float32")
    own = f"Keycel `{given.engine}`"
    methods: dict[str, Method] = {own: by_engine(engine)} | (_PEERS if given.peers else {})
    reliability = {setting: Reliability() for setting in given.settings}
    asked = {setting: asking.Asking() for setting in given.settings}
    worst = WorstFrames()
    figures: list[tuple[str, Figures]] = []
    with MemoryWatch() as memory:
        for footage in clips:
            for setting in given.settings:
                for name, method in methods.items():
                    watches: list[Watch] = [reliability[setting].watch, asked[setting].watch, worst.watch]
                    heard = watches if name == own else []
                    figures.append((name, judge_clip(footage, setting, method, heard)))
            print(footage.name, file=sys.stderr, flush=True)
    print(_table(figures, given.each, own))
    print(f"\nPeak memory {memory.peak / 1e9:.2f} GB")
    for setting, one in reliability.items():
        print(f"\nReliability, {setting}\n\n{as_text(one)}")
        print(f"\nUnsure regions, {setting}\n\n{asking.as_text(asked[setting])}")
    if given.reliability is not None:
        draw(given.reliability, reliability)
    if given.sheets is not None:
        worst.write(given.sheets)


_COLUMNS = (
    "setting",
    "method",
    "clip",
    "area",
    "count",
    "within dE 3",
    "off-palette",
    "processor s / drawing",
)


def _table(figures: Sequence[tuple[str, Figures]], each: bool, own: str) -> str:
    """`own`: the method whose figures are also told by kind of drawing."""
    rows = [_row(_COLUMNS), _row(["---"] * len(_COLUMNS))]
    groups = dict.fromkeys((one.setting, name) for name, one in figures)
    for setting, name in groups:
        group = [one for method, one in figures if (one.setting, method) == (setting, name)]
        if each:
            rows += [_row([setting, name, one.clip, *_values([one])]) for one in group]
        rows.append(_row([setting, name, f"mean of {len(group)}", *_values(group)]))
        if name == own:
            for kind in sorted({kind for one in group for kind in one.kinds}):
                of_kind = [one for one in group if kind in one.kinds]
                rows.append(_row([setting, name, f"{kind}: {len(of_kind)}", *_values(of_kind)]))
    return "\n".join(rows)


def _values(group: Sequence[Figures]) -> list[str]:
    values = [[one.area, one.count, one.close, one.off_palette, one.seconds] for one in group]
    return [f"{value:.3f}" for value in np.mean(values, axis=0)]


def _line_table(clips: Iterator[Footage], scale: int) -> str:
    readings = {name: Reading() for name in SPLITTINGS}
    kinds: dict[str, Reading] = {}
    for footage in clips:
        for name, splitting in SPLITTINGS.items():
            read_lines(footage, scale, splitting, readings[name])
        for kind in footage.kinds:
            read_lines(footage, scale, SPLITTINGS[OURS], kinds.setdefault(kind, Reading()))
        print(footage.name, file=sys.stderr, flush=True)
    head = ("area", "count", "tiny", "found per true")
    tables = [_reading_rows(("regions", *head), readings)]
    if kinds:
        tables.append(_reading_rows(("kind of drawing", *head), dict(sorted(kinds.items()))))
    return "\n\n".join(tables)


def _reading_rows(head: Sequence[str], readings: Mapping[str, Reading]) -> str:
    rows = [_row(head), _row(["---"] * len(head))]
    for name, reading in readings.items():
        shares = [f"{reading.share(kind):.3f}" for kind in ("area", "count", "tiny")]
        rows.append(_row([name, *shares, f"{reading.fragments:.2f}"]))
    return "\n".join(rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
