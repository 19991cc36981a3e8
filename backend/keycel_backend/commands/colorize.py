"""`keycel colorize` and `keycel regenerate`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from keycel_backend.commands import Commands
from keycel_backend.commands.client import Client
from keycel_backend.commands.concluding import conclude, write_run_report
from keycel_backend.commands.frame_list import drawings_shown, parse_frames
from keycel_backend.commands.options import parse_options
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.report import read_frames
from keycel_backend.commands.shot_run import ShotRun, color_writer, make_request
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.engines.registry import find_engine
from keycel_backend.io.results import prepare_folder
from keycel_backend.io.shot import open_shot


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
        write = color_writer(shot, arguments.out, arguments.flatten)
        outcome = ShotRun(write, line).run(client, request, upload)
    write_run_report(arguments.out, shot.name, shot.keyframes, shot.notes, earlier, outcome)
    return conclude(outcome, arguments.out, as_json=arguments.json)
