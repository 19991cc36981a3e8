"""`keycel colorize` and `keycel regenerate`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from keycel_backend.commands import Commands, exit_codes
from keycel_backend.commands.client import Client
from keycel_backend.commands.frame_list import drawings_shown, parse_frames
from keycel_backend.commands.options import parse_options
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.report import read_frames
from keycel_backend.commands.shot_run import RunOutcome, ShotRun, make_request, summary
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.engines.registry import find_engine
from keycel_backend.io.results import FrameReport, RunReport, prepare_folder, write_report
from keycel_backend.io.shot import open_shot
from keycel_backend.io.source import ShotSource
from keycel_shared.states import JobState


def add_colorize(commands: Commands) -> None:
    parser = commands.add_parser("colorize", help="colour every drawing of a shot from its keyframes")
    _add_shot_arguments(parser)
    parser.add_argument("--frames", help="only these frames, such as 3-12,17")
    parser.add_argument("--seed", type=int, default=0, help="only for engines that draw lots (default 0)")
    parser.set_defaults(run=run_colorize)


def add_regenerate(commands: Commands) -> None:
    parser = commands.add_parser("regenerate", help="make a new take of some frames, leave all others alone")
    _add_shot_arguments(parser)
    parser.add_argument("--frames", required=True, help="the frames, such as 7 or 3-5,9")
    parser.add_argument("--seed", type=int, help="number of the take (default: one more than the last)")
    parser.set_defaults(run=run_regenerate)


def _add_shot_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shot", type=Path, metavar="SHOT", help="shot folder or .kra document")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the frames")
    parser.add_argument("--engine", default="flat", help="which engine colours (default flat)")
    parser.add_argument("--line-layer", metavar="NAME", help=".kra: the layer with the line art")
    parser.add_argument("--color-layer", metavar="NAME", help=".kra: the layer with the painted keyframes")
    parser.add_argument("--sketch-layer", metavar="NAME", help=".kra: the layer with key sketches")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="engine option")
    parser.add_argument("--flatten", action="store_true", help="composite flats and lines over paper")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")


def run_colorize(arguments: argparse.Namespace) -> int:
    """Colour a shot; exit code."""
    frames = parse_frames(arguments.frames) if arguments.frames else None
    return _run(arguments, frames, seed=arguments.seed, redraw=False)


def run_regenerate(arguments: argparse.Namespace) -> int:
    """A new take of the asked frames; exit code."""
    return _run(arguments, parse_frames(arguments.frames), seed=arguments.seed, redraw=True)


def _run(
    arguments: argparse.Namespace, frames: tuple[int, ...] | None, seed: int | None, redraw: bool
) -> int:
    description = find_engine(arguments.engine, "colorize")
    options = parse_options(arguments.option, description)
    shot = open_shot(arguments.shot, arguments.line_layer, arguments.color_layer, arguments.sketch_layer)
    targets = drawings_shown(shot, frames)
    prepare_folder(arguments.out)
    earlier = read_frames(arguments.out) if redraw else {}
    if seed is None:
        seed = 1 + max((earlier[time].seed for time in targets if time in earlier), default=0)
    line = ProgressLine(quiet=arguments.json)
    for note in shot.notes:
        print(note, file=sys.stderr)
    with Client("keycel " + ("regenerate" if redraw else "colorize")) as client:
        upload = ShotUpload()
        request = make_request(shot, upload, arguments.engine, targets, seed, redraw, options)
        outcome = ShotRun(shot, arguments.out, arguments.flatten, line).run(client, request, upload)
    write_run_report(arguments.out, shot, earlier, outcome)
    return conclude(outcome, arguments.out, as_json=arguments.json)


def write_run_report(
    out: Path, shot: ShotSource, earlier: dict[int, FrameReport], outcome: RunOutcome
) -> None:
    """`report.json`; `earlier`: frames of other runs in the same folder that stay."""
    frames = {**earlier, **outcome.frames}
    report = RunReport(
        shot=shot.name,
        keyframes=tuple(shot.keyframes),
        frames=tuple(frames[time] for time in sorted(frames)),
        failed=tuple(sorted(outcome.failed.items())),
        notes=shot.notes,
    )
    write_report(out, report)


def conclude(outcome: RunOutcome, out: Path, as_json: bool) -> int:
    """Says what came of a job; its exit code."""
    if as_json:
        print(json.dumps(summary(outcome, out), indent=1))
    else:
        reused = f", {outcome.reused} of them from earlier work" if outcome.reused else ""
        print(f"{len(outcome.frames)} frames in {out} ({outcome.seconds:.1f} s{reused})")
    if outcome.error is not None:
        print(outcome.error, file=sys.stderr)
        return exit_codes.exit_code(outcome.error.code)
    if outcome.status is not None and outcome.status.state is JobState.CANCELLED:
        print("Cancelled; the finished frames are kept.", file=sys.stderr)
        return exit_codes.CANCELLED
    if outcome.status is not None and outcome.status.error is not None:
        print(outcome.status.error, file=sys.stderr)
        return exit_codes.exit_code(outcome.status.error.code)
    if outcome.failed and not outcome.frames:
        # an engine that cannot even be loaded fails every frame for one reason
        reasons = {error.code: error for error in outcome.failed.values()}
        if {exit_codes.exit_code(code) for code in reasons} == {exit_codes.NOT_AVAILABLE}:
            print(*reasons.values(), sep="\n", file=sys.stderr)
            return exit_codes.NOT_AVAILABLE
    return exit_codes.FAILED_FRAMES if outcome.failed else exit_codes.DONE
