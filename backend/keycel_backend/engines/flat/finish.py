"""Turns believed colours into a finished frame with its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keycel_backend.engines.base import FrameResult, RegionReport
from keycel_backend.engines.flat.references import Reference
from keycel_backend.engines.flat.sweep import Answer
from keycel_backend.regions.arrays import Floats, Integers, Labels
from keycel_backend.regions.confidence import UNSURE, confidence, reason
from keycel_backend.regions.filling import fill, on_border
from keycel_backend.regions.palette import Codes, Palette, code_to_rgba, pixels_of
from keycel_backend.regions.propagation import Colors
from keycel_backend.regions.tables import find_runs, runs_by_region, table_of

_NEVER_REDRAWN = 0.9
"""A new take leaves regions alone that are surer than this."""


@dataclass(frozen=True, slots=True)
class Paint:
    """How answers become pixels; the same for all frames of a request."""

    palette: Palette
    paper: int
    """Colour code of the keyframes' opaque paper, or 0."""
    overlap: int
    leave_unsure: bool


def finish(time: int, answer: Answer, paint: Paint, seed: int, seconds: float) -> FrameResult:
    labels = answer.regions.unpack()
    entries = _choose(answer.colors, seed)
    sure = confidence(answer.colors, entries)
    codes = paint.palette.codes()[entries]
    if paint.paper:
        inside = (entries == 0) & ~on_border(labels, answer.regions.count)
        codes[inside] = paint.paper
    if paint.leave_unsure:
        codes[sure < UNSURE] = 0
    return FrameResult(
        time=time,
        flats=fill(labels, codes, paint.overlap),
        palette=legend(paint),
        regions=_reports(labels, codes, _certainty(answer, entries, sure), legend(paint)),
        seconds=seconds,
    )


def own_frame(time: int, reference: Reference, paint: Paint, seconds: float) -> FrameResult:
    """The frame of a painted keyframe: the artist's own colours, of which nothing is unsure."""
    regions = reference.analysed.regions
    codes = paint.palette.codes()[reference.colors.shares.argmax(axis=1)]
    certain = [(1.0, "")] * regions.count
    reports = _reports(regions.unpack(), codes, certain, legend(paint))
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
    unsure = confidence(colors, entries) < _NEVER_REDRAWN
    chance = np.where(colors.shares > 0.02, colors.shares, 0.0) ** 0.7
    draw = np.random.default_rng(seed).random(len(entries)) * chance.sum(axis=1)
    drawn = (np.cumsum(chance, axis=1) <= draw[:, None]).sum(axis=1)
    return np.where(unsure, np.minimum(drawn, colors.shares.shape[1] - 1), entries)


def _certainty(answer: Answer, entries: Integers, sure: Floats) -> list[tuple[float, str]]:
    """Confidence of every region, and why it is unsure."""
    shares = answer.colors.shares
    rows = np.arange(len(entries))
    second = (
        np.partition(shares, -2, axis=1)[:, -2] if shares.shape[1] > 1 else np.zeros(len(rows), np.float32)
    )
    agree = np.ones(len(rows), np.bool_)
    for end in answer.ends[1:]:
        agree &= end.shares.argmax(axis=1) == answer.ends[0].shares.argmax(axis=1)
    rounded = [round(float(value), 4) for value in sure]
    return [
        (
            rounded[row],
            reason(
                rounded[row],
                float(answer.colors.known[row]),
                float(shares[row, entries[row]]),
                float(second[row]),
                bool(agree[row]),
            ),
        )
        for row in rows
    ]


def _reports(
    labels: Labels,
    codes: Codes,
    certainty: Sequence[tuple[float, str]],
    listed: Sequence[tuple[int, int, int, int]],
) -> tuple[RegionReport, ...]:
    runs = find_runs(labels)
    table = table_of(runs, len(certainty))
    shapes = runs_by_region(runs, [row for row, (sure, _) in enumerate(certainty) if sure < UNSURE])
    number = {color: index for index, color in enumerate(listed)}
    reports: list[RegionReport] = []
    for row, (sure, why) in enumerate(certainty):
        color = code_to_rgba(int(codes[row]))
        left, top, right, bottom = (int(value) for value in table.box[row])
        entry = number.get(color)
        box, area = (left, top, right, bottom), int(table.area[row])
        reports.append(RegionReport(box, area, color, entry, sure, why, shapes.get(row, ())))
    return tuple(reports)
