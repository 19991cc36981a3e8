"""Turns believed colours into a finished frame with its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from keycel_backend.engines.base import FrameResult, RegionReport
from keycel_backend.engines.flat.references import Reference
from keycel_backend.engines.flat.sweep import Answer
from keycel_backend.regions.arrays import Floats, Integers, Labels
from keycel_backend.regions.confidence import BORDER, UNSURE, confidence, reason, unsure
from keycel_backend.regions.filling import fill, on_border
from keycel_backend.regions.palette import Codes, Palette, code_to_rgba, pixels_of
from keycel_backend.regions.propagation import Colors
from keycel_backend.regions.shading import divide
from keycel_backend.regions.tables import find_runs, runs_by_region, table_of

_NEVER_REDRAWN = 0.9
"""A new take leaves regions alone that are surer than this."""

LEAST_SURE = 0.2
"""A border without a line that is less likely right is not drawn: the region keeps one colour."""


@dataclass(frozen=True, slots=True)
class Paint:
    """How answers become pixels; the same for all frames of a request."""

    palette: Palette
    paper: int
    """Colour code of the keyframes' opaque paper, or 0."""
    overlap: int
    leave_unsure: bool


def finish(time: int, answer: Answer, paint: Paint, seed: int, seconds: float) -> FrameResult:
    entries = _choose(answer.colors, seed)
    sure = confidence(answer.colors, entries)
    tracks = answer.tracks or [""] * len(entries)
    regions = _Painted(answer.regions.unpack(), entries, sure, _reasons(answer, entries), tracks)
    regions = _shaded(regions, answer)
    codes = _codes(regions.labels, regions.entries, paint)
    if paint.leave_unsure:
        codes[regions.sure < UNSURE] = 0
    return FrameResult(
        time=time,
        flats=fill(regions.labels, codes, paint.overlap),
        palette=legend(paint),
        regions=_reports(regions, codes, legend(paint)),
        seconds=seconds,
    )


@dataclass(frozen=True, slots=True)
class _Painted:
    """Regions that have one colour each."""

    labels: Labels
    entries: Integers
    """(regions,) palette entries."""
    sure: Floats
    """(regions,) confidence."""
    reasons: list[str]
    """What speaks most against a region's colour."""
    tracks: list[str]


def _shaded(regions: _Painted, answer: Answer) -> _Painted:
    """The same with regions divided in which colours meet without a line, as far as that is likely."""
    likely = {
        row: shade
        for row, shade in answer.shades.items()
        if regions.entries[row] in shade.entries and shade.trust * regions.sure[row] >= LEAST_SURE
    }
    if not likely:
        return regions
    count = answer.regions.count
    labels, owners, pieces = divide(regions.labels, count, likely)
    whole = np.concatenate([np.arange(count), owners])
    trust = np.ones(count, np.float32)
    trust[list(likely)] = [shade.trust for shade in likely.values()]
    sure = (regions.sure * trust)[whole]
    entries = np.where(pieces >= 0, pieces, regions.entries[whole])
    surer = regions.sure >= UNSURE
    reasons = [BORDER if row in likely and surer[row] else regions.reasons[row] for row in whole.tolist()]
    return _Painted(labels, entries, sure, reasons, [regions.tracks[row] for row in whole.tolist()])


def _codes(labels: Labels, entries: Integers, paint: Paint) -> Codes:
    """Colours of regions; what is enclosed and unpainted on opaque paper has the paper's."""
    codes = paint.palette.codes()[entries]
    if paint.paper:
        inside = (entries == 0) & ~on_border(labels, len(entries))
        codes[inside] = paint.paper
    return codes


def own_frame(time: int, reference: Reference, paint: Paint, seconds: float) -> FrameResult:
    """The frame of a painted keyframe: the artist's own colours, of which nothing is unsure."""
    regions = reference.analysed.regions
    labels, owners, pieces = divide(regions.unpack(), regions.count, reference.shades)
    main = reference.colors.shares.argmax(axis=1)
    entries = np.where(pieces >= 0, pieces, np.concatenate([main, main[owners]]))
    nothing = [""] * len(entries)
    painted = _Painted(labels, entries, np.ones(len(entries), np.float32), nothing, nothing)
    reports = _reports(painted, paint.palette.codes()[entries], legend(paint))
    return FrameResult(time, pixels_of(reference.flats), legend(paint), reports, seconds)


def legend(paint: Paint) -> tuple[tuple[int, int, int, int], ...]:
    """Opaque colours a frame may contain, as reported."""
    colors = [color for color in paint.palette.colors if color[3]]
    paper = code_to_rgba(paint.paper)
    return (*colors, paper) if paint.paper and paper not in colors else tuple(colors)


def _choose(colors: Colors, seed: int) -> Integers:
    """The likeliest entry of every region; with a seed, unsure regions draw from what is likely."""
    entries = colors.shares.argmax(axis=1)
    if seed == 0:
        return entries
    open_to_change = confidence(colors, entries) < _NEVER_REDRAWN
    chance = np.where(colors.shares > 0.02, colors.shares, 0.0) ** 0.7
    draw = np.random.default_rng(seed).random(len(entries)) * chance.sum(axis=1)
    drawn = (np.cumsum(chance, axis=1) <= draw[:, None]).sum(axis=1)
    return np.where(open_to_change, np.minimum(drawn, colors.shares.shape[1] - 1), entries)


def _reasons(answer: Answer, entries: Integers) -> list[str]:
    shares = answer.colors.shares
    rows = np.arange(len(entries))
    second = (
        np.partition(shares, -2, axis=1)[:, -2] if shares.shape[1] > 1 else np.zeros(len(rows), np.float32)
    )
    agree = np.ones(len(rows), np.bool_)
    for end in answer.ends[1:]:
        agree &= end.shares.argmax(axis=1) == answer.ends[0].shares.argmax(axis=1)
    return [
        reason(
            float(answer.colors.known[row]),
            float(shares[row, entries[row]]),
            float(second[row]),
            bool(agree[row]),
        )
        for row in rows
    ]


def _reports(
    regions: _Painted, codes: Codes, listed: Sequence[tuple[int, int, int, int]]
) -> tuple[RegionReport, ...]:
    runs = find_runs(regions.labels)
    table = table_of(runs, len(codes))
    look = np.flatnonzero(unsure(regions.sure, table.area, regions.labels.size)).tolist()
    shapes = runs_by_region(runs, look)
    number = {color: index for index, color in enumerate(listed)}
    reports: list[RegionReport] = []
    for row in range(len(codes)):
        color = code_to_rgba(int(codes[row]))
        left, top, right, bottom = (int(value) for value in table.box[row])
        entry = number.get(color)
        box, area = (left, top, right, bottom), int(table.area[row])
        sure = round(float(regions.sure[row]), 4)
        report = RegionReport(box, area, color, entry, sure)
        if row in shapes:
            report = replace(report, reason=regions.reasons[row], runs=shapes[row], track=regions.tracks[row])
        reports.append(report)
    return tuple(reports)
