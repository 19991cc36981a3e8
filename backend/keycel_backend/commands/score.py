"""`keycel score`: measure coloured frames against the truth."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from keycel_backend.commands import Commands
from keycel_backend.commands.exit_codes import DONE
from keycel_backend.commands.frame_list import parse_frames
from keycel_backend.evaluate.score import Scores, score_folders

NAMED_REFERENCES = ("first", "firstlast", "prev", "none")

_LINES = (
    ("regions, by number", "reg_fg", "of those with paint have the right colour"),
    ("regions, by area", "reg_fg_area", ""),
    ("pixels", "pix3", "within Delta E 3"),
    ("PSNR 256", "psnr256", "dB"),
    ("SSIM 256", "ssim256", ""),
    ("EDMD", "edmd", "px, 0 is best"),
    ("TC", "tc", "1 is as steady as the truth"),
    ("off-palette colours", "offpal", "per frame"),
)


def add_score(commands: Commands) -> None:
    parser = commands.add_parser("score", help="measure coloured frames against the truth")
    parser.add_argument("predicted", type=Path, metavar="PREDICTED", help="folder of coloured frames")
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="folder of true frames")
    parser.add_argument("--line", type=Path, required=True, metavar="LINE", help="folder of the drawings")
    parser.add_argument(
        "--references",
        metavar="FRAMES",
        help="frames that were given: first, firstlast, prev, none, or numbers (default: as reported)",
    )
    parser.add_argument("--json", action="store_true", help="print all measures as JSON")
    parser.set_defaults(run=run_score)


def run_score(arguments: argparse.Namespace) -> int:
    """Print the measures; exit code."""
    scores = score_folders(
        arguments.predicted, arguments.truth, arguments.line, _references(arguments.references)
    )
    print(json.dumps(scores.to_json(), indent=1) if arguments.json else as_text(scores))
    return DONE


def as_text(scores: Scores) -> str:
    """The main measures, one a line."""
    lines = [f"{scores.frames} frames, {scores.regions} regions"]
    for title, name, meaning in _LINES:
        value = getattr(scores, name)
        if value is not None:
            lines.append(f"{title:22} {value:8.3f}  {meaning}".rstrip())
    return "\n".join(lines)


def _references(text: str | None) -> Sequence[int] | str | None:
    return text if text is None or text in NAMED_REFERENCES else parse_frames(text)
