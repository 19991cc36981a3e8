"""Measures in-betweens on clips: key sketches are every n-th drawing, the reference the first in colour.

    python -m keycel_backend.evaluate.inbetweens CLIPS --every 4 8 --ffmpeg ffmpeg --sheets DIR
    python -m keycel_backend.evaluate.inbetweens CLIPS --engine morph sketchkey

Beside the engines: the nearest key held, both keys faded into each other, and ffmpeg's minterpolate. All of
them are coloured by `flat`. Frames after the last key are left out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# before NumPy is loaded, as for `keycel` itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from keycel_backend.engines.base import Drawing, Engine, Keyframe, Request, Shot
from keycel_backend.engines.registry import load_engine
from keycel_backend.evaluate.clips import find_clips
from keycel_backend.evaluate.footage import Footage, load_footage
from keycel_backend.evaluate.image_quality import to_unit
from keycel_backend.evaluate.line_distance import edmd
from keycel_backend.evaluate.motion_interpolation import motion_interpolated
from keycel_backend.evaluate.region_tally import judge
from keycel_backend.io.compose import WHITE, over_color, with_alpha
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import KeycelError

_CELLS = 9


@dataclass(frozen=True)
class Span:
    """The frames of a clip that in-betweens are measured on."""

    footage: Footage
    keys: tuple[int, ...]
    """Frame numbers, ascending; at least two."""

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(time for time in self.footage.times if time <= self.keys[-1])

    @property
    def between(self) -> tuple[int, ...]:
        return tuple(time for time in self.times if time not in self.keys)

    def around(self, time: int) -> tuple[int, int, float]:
        """The keys before and after a frame, and how far it is from the one to the other, 0..1."""
        before = max(key for key in self.keys[:-1] if key <= time)
        after = self.keys[self.keys.index(before) + 1]
        return before, after, (time - before) / (after - before)


@dataclass(frozen=True)
class Made:
    """Frames of one method, by frame number."""

    lines: Mapping[int, Pixels]
    flats: Mapping[int, Pixels]


Method = Callable[[Span], Made]


@dataclass(frozen=True)
class Row:
    """What a method reaches on one clip."""

    every: int
    method: str
    between: float
    """EDMD of the line art, in pixels, mean over in-betweens."""
    overall: float
    """The same over all frames, keys too."""
    at_keys: float
    area: float
    """Share of the area of foreground regions with the right colour, over in-betweens."""
    count: float


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m keycel_backend.evaluate.inbetweens", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("clips", type=Path, help="folder of clips, each with line/ and color/")
    parser.add_argument("--every", type=int, nargs="+", default=[4, 8], help="drawings from key to key")
    parser.add_argument(
        "--engine", nargs="+", default=["morph"], metavar="ENGINE", help="which engines (default morph)"
    )
    parser.add_argument("--ffmpeg", metavar="PROGRAM", help="measure its minterpolate, too")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="write a contact sheet of every clip")
    given = parser.parse_args(arguments)
    try:
        rows = _measure(given)
    except KeycelError as error:
        print(error, file=sys.stderr)
        return 2
    print(_table(rows))
    return 0


def _measure(given: argparse.Namespace) -> list[Row]:
    engines = {name: load_engine(name, "inbetween") for name in given.engine}
    flat = load_engine("flat", "colorize")
    for one in (*engines.values(), flat):
        one.load("cpu", "float32")
    methods: dict[str, Method] = {
        f"Keycel `{name}`": partial(_by_engine, one) for name, one in engines.items()
    }
    methods["hold the nearest key"] = lambda span: _colored(flat, span, _held(span))
    methods["cross-fade"] = lambda span: _colored(flat, span, _faded(span))
    if given.ffmpeg:
        methods["ffmpeg minterpolate"] = lambda span: _colored(flat, span, _by_ffmpeg(given.ffmpeg, span))
    rows: list[Row] = []
    for clip in find_clips(given.clips):
        footage = load_footage(clip)
        here: list[Row] = []
        for every in given.every:
            keys = footage.times[::every]
            if len(keys) < 2:
                continue
            span = Span(footage, keys)
            made = {name: method(span) for name, method in methods.items()}
            here += [_judged(every, name, span, one) for name, one in made.items()]
            if given.sheets is not None:
                _write_sheet(given.sheets / f"{footage.name}-every-{every}.png", span, made)
        rows += here
        print(f"{footage.name}\n{_table(here)}\n", file=sys.stderr, flush=True)
    return rows


# -------------------------------------------------------------------------------- methods


def _by_engine(engine: Engine, span: Span) -> Made:
    footage, name = span.footage, f"{span.footage.name} {len(span.keys)}"
    pictures = {f"{name} {time}": footage.lines[time] for time in span.keys}
    pictures[f"{name} color"] = footage.colors[span.keys[0]]
    shot = Shot(
        *footage.size,
        (),
        (Keyframe(span.keys[0], f"{name} color"),),
        lambda digest: pictures[digest].copy(),
        tuple(Keyframe(time, f"{name} {time}") for time in span.keys),
    )
    lines: dict[int, Pixels] = {}
    flats: dict[int, Pixels] = {}
    for result in engine.run(Request(shot, span.times), lambda _share, _doing: None, lambda: False):
        flats[result.time] = result.flats
        lines[result.time] = (
            flatten(np.zeros_like(result.flats), result.flats) if result.line is None else result.line
        )
    return Made(lines, flats)


def _held(span: Span) -> dict[int, Pixels]:
    """Of two equally near keys the earlier."""
    around = {time: span.around(time) for time in span.times}
    nearest = {time: one if share <= 0.5 else two for time, (one, two, share) in around.items()}
    return {time: span.footage.lines[key] for time, key in nearest.items()}


def _faded(span: Span) -> dict[int, Pixels]:
    found: dict[int, Pixels] = {}
    for time in span.times:
        one, two, share = span.around(time)
        before, after = (over_color(span.footage.lines[key], WHITE) for key in (one, two))
        mixed = (1.0 - share) * before + share * after
        found[time] = with_alpha(np.rint(mixed).astype(np.uint8))
    return found


def _by_ffmpeg(program: str, span: Span) -> dict[int, Pixels]:
    keys = [over_color(span.footage.lines[key], WHITE) for key in span.keys]
    steps = span.keys[1] - span.keys[0]
    frames = motion_interpolated(program, keys, steps)
    found: dict[int, Pixels] = {}
    for time in span.times:
        one, _two, share = span.around(time)
        place = span.keys.index(one) * steps + round(share * steps)
        found[time] = with_alpha(frames[min(place, len(frames) - 1)])
    return found


def _colored(flat: Engine, span: Span, lines: dict[int, Pixels]) -> Made:
    """The drawings of a peer, coloured after the first of them."""
    names = {time: f"{span.footage.name} {time} {hash(lines[time].tobytes())}" for time in span.times}
    pictures = {names[time]: picture for time, picture in lines.items()}
    pictures["color"] = span.footage.colors[span.keys[0]]
    times: dict[str, list[int]] = {}
    for time, name in names.items():
        times.setdefault(name, []).append(time)
    shot = Shot(
        *span.footage.size,
        tuple(Drawing(tuple(found), name) for name, found in times.items()),
        (Keyframe(span.keys[0], "color"),),
        lambda digest: pictures[digest].copy(),
    )
    targets = tuple(found[0] for found in times.values())
    results = flat.run(Request(shot, targets), lambda _share, _doing: None, lambda: False)
    flats = {result.time: result.flats for result in results}
    return Made(lines, {time: flats[times[name][0]] for time, name in names.items()})


# -------------------------------------------------------------------------------- judging


def _judged(every: int, name: str, span: Span, made: Made) -> Row:
    away = {time: edmd(_seen(span.footage.lines[time]), _seen(made.lines[time])) for time in span.times}
    right, total = np.zeros(2), np.zeros(2)
    for time in span.between:
        regions = span.footage.regions[time]
        seen = flatten(made.flats[time], span.footage.lines[time])[..., :3]
        verdict = judge(
            regions, regions.predicted_colors(seen), span.footage.tolerance, span.footage.background
        )
        areas = np.stack([regions.areas, np.ones_like(regions.areas)], axis=1)
        right += areas[verdict.foreground & verdict.right].sum(axis=0)
        total += areas[verdict.foreground].sum(axis=0)
    area, count = (float(value) for value in right / np.maximum(total, 1))
    return Row(
        every,
        name,
        float(np.mean([away[time] for time in span.between])),
        float(np.mean(list(away.values()))),
        float(np.mean([away[time] for time in span.keys])),
        area,
        count,
    )


def _seen(line: Pixels):
    return to_unit(over_color(line, WHITE))


def _table(rows: Sequence[Row]) -> str:
    head = ("keys every", "method", "EDMD between", "overall", "at keys", "regions by area", "by number")
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for every, name in dict.fromkeys((row.every, row.method) for row in rows):
        group = [row for row in rows if (row.every, row.method) == (every, name)]
        values = np.mean(
            [[row.between, row.overall, row.at_keys, row.area, row.count] for row in group], axis=0
        )
        figures = [f"{value:.2f}" for value in values[:3]] + [f"{value:.3f}" for value in values[3:]]
        lines.append(f"| {' | '.join([str(every), name, *figures])} |")
    return "\n".join(lines)


def _write_sheet(path: Path, span: Span, made: Mapping[str, Made]) -> None:
    times = span.times[:_CELLS]
    parts: list[SheetPart] = []
    footage = span.footage
    for title, lines in (("Truth", footage.lines), *((name, one.lines) for name, one in made.items())):
        parts.append(SheetPart(title, [_cell(lines[time], time, span) for time in times]))
    for name, one in made.items():
        cells = [_cell(flatten(one.flats[time], one.lines[time]), time, span) for time in times]
        parts.append(SheetPart(f"{name}, coloured", cells))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_contact_sheet(path, parts, columns=len(times))


def _cell(picture: Pixels, time: int, span: Span) -> SheetCell:
    return SheetCell(picture, str(time), marked=time in span.keys)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
