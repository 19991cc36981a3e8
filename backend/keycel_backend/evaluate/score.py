"""All measures of a prediction against the truth, as `keycel score` reports them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.color import Rgb, distance, pack, to_lab, unpack
from keycel_backend.evaluate.image_quality import psnr, reduced, ssim, to_unit
from keycel_backend.evaluate.line_distance import edmd
from keycel_backend.evaluate.palette import off_palette
from keycel_backend.evaluate.region_tally import RegionTally
from keycel_backend.evaluate.steadiness import TemporalConsistency
from keycel_backend.evaluate.truth import TrueFrame, Truth, open_truth, require_same_sizes, with_lines
from keycel_backend.io.folder import read_pictures
from keycel_backend.io.results import REPORT_NAME
from keycel_shared.errors import ErrorCode, KeycelError

_CLOSE_PIXEL = 3.0
_DIGITS = 4

LoadFrame = Callable[[int], Rgb]


@dataclass(frozen=True)
class Scores:
    """Means over the scored frames, unless said otherwise. Names are those of `keycel score --json`."""

    psnr256: float
    """dB at 256 x 256, as in LVCD section 6.1."""
    ssim256: float
    psnr: float
    """dB at full size."""
    ssim: float
    edmd: float
    """Distance of the line drawings in pixels at 256 x 256; 0 is best."""
    tc: float
    """Unsteadiness over all frames, references included; 1 is as steady as the truth."""
    pix3: float
    """Share of pixels within dE76 3 of the truth."""
    pix3_fg: float
    """The same without the background."""
    offpal: float | None
    """Colours outside the palette per frame; None where no palette is known."""
    offpal_px: float | None
    """Share of pixels outside the palette."""
    reg: float
    """Share of regions with the right colour, over all frames."""
    reg_area: float
    """The same, weighted by area."""
    reg_fg: float
    """Regions other than background."""
    reg_fg_area: float
    reg_seen: float
    """Foreground regions whose true colour occurs in the reference frames."""
    seen_share: float
    """How many of the foreground regions these are."""
    frames: int
    """Frames scored."""
    regions: int
    per_frame_reg_fg: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Values rounded to four digits; measures that do not apply are left out."""
        return {name: _rounded(value) for name, value in asdict(self).items() if value is not None}


def score_folders(
    predicted: Path, truth: Path, line: Path, references: Sequence[int] | str | None = None
) -> Scores:
    """Score a folder of predicted frames.

    Args:
        predicted: Numbered PNG files, one per frame of the truth. Flats with transparent parts are
            seen over paper and under the lines; opaque pictures are taken as they are.
        truth: See `open_truth`.
        line: Folder of the drawings.
        references: Frame numbers that were given to the engine, which are not scored; or "first",
            "firstlast", "none"; or "prev": each frame had its predecessor, and only the first is
            left out. None reads the `report.json` beside the prediction, else means "first".

    Raises:
        KeycelError: DOC_NO_SUCH_FRAME for a frame without prediction, and as `open_truth`.
    """
    known = open_truth(truth, line)
    pictures = read_pictures(predicted)
    by_predecessor = references == "prev"
    given = _reference_times(known, "first" if by_predecessor else references, predicted)
    missing = [time for time in known.times if time not in pictures and time not in given]
    if missing:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            f"{predicted} has no picture for frame {missing[0]} ({len(missing)} missing).",
            "Colour all frames of the truth, or name the frames that were given with --references.",
        )
    compared = [pictures[time] for time in known.times if time in pictures]
    require_same_sizes([known.colors[known.times[0]], *compared])

    def load(time: int) -> Rgb:
        return with_lines(pictures[time].load(), known.lines[time].load())

    return score_frames(known, load, given, by_predecessor)


def score_frames(
    truth: Truth, load: LoadFrame, references: frozenset[int], by_predecessor: bool = False
) -> Scores:
    """Score frames given by `load` (time to RGB picture as seen, lines included).

    Reference frames are taken from the truth and not scored, but do count as neighbours in `tc`.
    `by_predecessor`: `reg_seen` compares with the colours of the frame before, not of the references.
    """
    background = truth.background()
    tally = RegionTally(truth.tolerance, background)
    steadiness = TemporalConsistency()
    palette = np.array(truth.settings.palette, np.uint8)
    seen = _colors_of([truth.regions(truth.frame(time)).colors for time in sorted(references)])
    measured: list[_FrameScores] = []
    for time in truth.times:
        frame = truth.frame(time)
        regions = truth.regions(frame)
        predicted = frame.color if time in references else load(time)
        steadiness.add(reduced(frame.color), reduced(predicted))
        if time not in references:
            measured.append(_score_frame(frame, predicted, background, palette))
            tally.add(regions, regions.predicted_colors(predicted), seen)
        if by_predecessor:
            seen = _colors_of([regions.colors])
    if not measured:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            "No frame is left to score: all were given as references.",
            "Score frames that were coloured by an engine.",
        )
    return _summary(measured, tally, steadiness, has_palette=bool(len(palette)))


@dataclass(frozen=True)
class _FrameScores:
    psnr256: float
    ssim256: float
    psnr: float
    ssim: float
    edmd: float
    pix3: float
    pix3_fg: float
    offpal: float
    offpal_px: float


def _score_frame(
    frame: TrueFrame, predicted: Rgb, background: int | None, palette: NDArray[np.uint8]
) -> _FrameScores:
    small_truth, small_predicted = reduced(frame.color), reduced(predicted)
    unit_truth, unit_predicted = to_unit(frame.color), to_unit(predicted)
    close = distance(to_lab(frame.color), to_lab(predicted)) < _CLOSE_PIXEL
    foreground = _foreground(frame, background)
    colors, pixels = off_palette(predicted, frame.near_ink, palette) if len(palette) else (0, 0.0)
    return _FrameScores(
        psnr256=psnr(small_truth, small_predicted),
        ssim256=ssim(small_truth, small_predicted),
        psnr=psnr(unit_truth, unit_predicted),
        ssim=ssim(unit_truth, unit_predicted),
        edmd=edmd(small_truth, small_predicted),
        pix3=float(np.mean(close)),
        pix3_fg=float(np.mean(close[foreground])) if foreground.any() else 1.0,
        offpal=colors,
        offpal_px=pixels,
    )


def _foreground(frame: TrueFrame, background: int | None) -> NDArray[np.bool_]:
    if background is None:
        return np.ones(frame.color.shape[:2], bool)
    return pack(frame.color if frame.paint is None else frame.paint) != background


def _summary(
    measured: Sequence[_FrameScores], tally: RegionTally, steadiness: TemporalConsistency, has_palette: bool
) -> Scores:
    def mean(name: str) -> float:
        return float(np.mean([getattr(frame, name) for frame in measured]))

    return Scores(
        psnr256=mean("psnr256"),
        ssim256=mean("ssim256"),
        psnr=mean("psnr"),
        ssim=mean("ssim"),
        edmd=mean("edmd"),
        tc=steadiness.value,
        pix3=mean("pix3"),
        pix3_fg=mean("pix3_fg"),
        offpal=mean("offpal") if has_palette else None,
        offpal_px=mean("offpal_px") if has_palette else None,
        reg=tally.all_count.value,
        reg_area=tally.all_area.value,
        reg_fg=tally.foreground_count.value,
        reg_fg_area=tally.foreground_area.value,
        reg_seen=tally.seen_count.value,
        seen_share=tally.seen_share,
        frames=len(measured),
        regions=tally.all_count.total,
        per_frame_reg_fg=tuple(tally.per_frame),
    )


def _colors_of(colors: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Distinct colours, shape (n, 3)."""
    if not colors:
        return np.zeros((0, 3), np.uint8)
    return unpack(np.unique(pack(np.concatenate(colors))))


def _reference_times(truth: Truth, references: Sequence[int] | str | None, predicted: Path) -> frozenset[int]:
    if references is None:
        references = _reported_keyframes(predicted) or "first"
    if not isinstance(references, str):
        return frozenset(references) & frozenset(truth.times)
    named = {
        "first": truth.times[:1],
        "firstlast": (truth.times[0], truth.times[-1]),
        "none": (),
    }
    if references not in named:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"“{references}” names no reference frames.",
            "Use first, firstlast, prev, none, or frame numbers.",
        )
    return frozenset(named[references])


def _reported_keyframes(predicted: Path) -> list[int]:
    """Keyframes that an engine's own report names; empty where there is none to go by."""
    try:
        report: object = json.loads((predicted / REPORT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    keyframes = cast("dict[str, object]", report).get("keyframes") if isinstance(report, dict) else None
    if not isinstance(keyframes, list):
        return []
    return [time for time in cast("list[object]", keyframes) if isinstance(time, int)]


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, tuple):
        return [_rounded(entry) for entry in cast("tuple[object, ...]", value)]
    return value
