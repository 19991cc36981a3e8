"""`keycel inbetween`: every drawing between sparse key sketches, in colour."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from keycel_backend.commands import Commands
from keycel_backend.commands.client import Client
from keycel_backend.commands.concluding import conclude, write_run_report
from keycel_backend.commands.frame_list import parse_frames
from keycel_backend.commands.options import parse_options
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.report import read_frames
from keycel_backend.commands.shot_run import FrameWriter, ShotRun
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.engines.base import OptionValue
from keycel_backend.engines.registry import find_engine
from keycel_backend.io.bgra import from_bgra
from keycel_backend.io.results import prepare_folder, write_frame
from keycel_backend.io.sketches import SketchSource, open_sketches
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest
from keycel_shared.wire import Buffer

TASK = "inbetween"
ENGINE = "morph"
LINES = "line"
"""Folder of the drawn lines, in the result folder."""


def add_inbetween(commands: Commands) -> None:
    parser = commands.add_parser(TASK, help="draw and colour the frames between sparse key sketches")
    parser.add_argument("shot", type=Path, metavar="SHOT", help="folder with sketch/, or .kra document")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the frames")
    parser.add_argument("--engine", default=ENGINE, help=f"which engine draws (default {ENGINE})")
    parser.add_argument("--frames", help="only these frames, such as 1-3,5; others in DIR stay as they are")
    parser.add_argument("--sketch-layer", metavar="NAME", help=".kra: the layer with the key sketches")
    parser.add_argument("--color-layer", metavar="NAME", help=".kra: the layer with the painted keyframes")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="engine option")
    parser.add_argument(
        "--seed", type=int, default=0, help="another take of the frames (default 0: the best)"
    )
    parser.add_argument("--flatten", action="store_true", help="composite colours and lines over paper")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.set_defaults(run=run_inbetween)


def run_inbetween(arguments: argparse.Namespace) -> int:
    """Draw in-betweens; exit code."""
    description = find_engine(arguments.engine, TASK)
    options = parse_options(arguments.option, description)
    frames = parse_frames(arguments.frames) if arguments.frames else ()
    shot = open_sketches(arguments.shot, arguments.sketch_layer, arguments.color_layer)
    wanted = frames or shot.frames
    prepare_folder(arguments.out)
    prepare_folder(arguments.out / LINES)
    earlier = read_frames(arguments.out) if frames else {}
    line = ProgressLine(quiet=arguments.json)
    for note in shot.notes:
        print(note, file=sys.stderr)
    with Client(f"keycel {TASK}") as client:
        upload = ShotUpload()
        request = inbetween_request(shot, upload, arguments.engine, wanted, arguments.seed, options)
        run = ShotRun(pair_writer(shot, arguments.out, arguments.flatten), line)
        outcome = run.run(client, request, upload)
    write_run_report(arguments.out, shot.name, shot.keyframes, shot.notes, earlier, outcome)
    return conclude(outcome, arguments.out, as_json=arguments.json)


def pair_writer(shot: SketchSource, out: Path, flat: bool) -> FrameWriter:
    """Writes the colour of a frame to `out` and its lines to `out/line`."""

    def write(number: int, pixels: Buffer) -> None:
        height = shot.height
        if len(pixels) != 2 * height * shot.width * 4:
            raise KeycelError(
                ErrorCode.RUN_FAILED,
                "The engine brought no lines.",
                "Use the engine morph.",
                f"frame {number}, {len(pixels)} bytes",
            )
        both = from_bgra(pixels, shot.width, 2 * height)
        color, lines = both[:height], both[height:]
        write_frame(out / LINES, number, lines)
        write_frame(out, number, flatten(color, lines) if flat else color)

    return write


def inbetween_request(
    shot: SketchSource,
    upload: ShotUpload,
    engine: str,
    frames: tuple[int, ...],
    seed: int,
    options: Mapping[str, OptionValue],
) -> JobRequest:
    """The whole of a job as one value. Raises what loading a picture raises."""
    return JobRequest(
        engine=engine,
        task=TASK,
        width=shot.width,
        height=shot.height,
        drawings=(),
        keyframes=upload.name(shot.keyframes),
        sketches=upload.name(shot.sketches),
        reference=upload.name_one(shot.reference) if shot.reference is not None else "",
        targets=frames,
        options={**shot.options, **options},
        palette=shot.palette,
        seed=seed,
        redraw=seed != 0,
        name=shot.name,
    )
