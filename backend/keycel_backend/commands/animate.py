"""`keycel animate`: an animation from one drawing and a sentence."""

from __future__ import annotations

import argparse
from pathlib import Path

from keycel_backend.commands import Commands
from keycel_backend.commands.client import Client
from keycel_backend.commands.concluding import conclude, write_run_report
from keycel_backend.commands.options import parse_options
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.shot_run import ShotRun, color_writer
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.engines.base import OptionValue
from keycel_backend.engines.registry import find_engine
from keycel_backend.io.pictures import PngFile
from keycel_backend.io.results import prepare_folder
from keycel_backend.io.source import ShotSource
from keycel_shared.messages import JobRequest

_FPS = 24.0


def add_animate(commands: Commands) -> None:
    parser = commands.add_parser("animate", help="animate one drawing from a sentence")
    parser.add_argument("sketch", type=Path, metavar="SKETCH", help="PNG of the drawing")
    parser.add_argument("--prompt", required=True, metavar="TEXT", help="what happens, in a short sentence")
    parser.add_argument("--frames", type=int, default=10, metavar="N", help="how many drawings (default 10)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the drawings")
    parser.add_argument("--engine", default="flipsketch", help="which engine draws (default flipsketch)")
    parser.add_argument("--seed", type=int, default=0, help="number of another take (default 0: the first)")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="engine option")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.set_defaults(run=run_animate)


def run_animate(arguments: argparse.Namespace) -> int:
    """Draw the animation; exit code.

    Raises:
        KeycelError: DOC_* for a picture, a sentence or an option that will not do; REG_NO_ENGINE or
            REG_NO_MODEL; OUT_NOT_WRITABLE or RES_DISK_FULL.
    """
    description = find_engine(arguments.engine, "animate")
    options = parse_options(arguments.option, description)
    options |= {"prompt": arguments.prompt, "frames": arguments.frames}
    shot = _shot(arguments.sketch, arguments.frames)
    prepare_folder(arguments.out)
    line = ProgressLine(quiet=arguments.json)
    with Client("keycel animate") as client:
        upload = ShotUpload()
        request = _request(shot, upload, arguments.engine, arguments.seed, options)
        outcome = ShotRun(color_writer(shot, arguments.out, False), line).run(client, request, upload)
    write_run_report(arguments.out, shot.name, shot.keyframes, shot.notes, {}, outcome)
    return conclude(outcome, arguments.out, as_json=arguments.json)


def _shot(sketch: Path, frames: int) -> ShotSource:
    """One drawing and nothing painted; raises what reading the file's header raises."""
    picture = PngFile(sketch)
    width, height = picture.size
    return ShotSource(sketch.name, width, height, _FPS, frames, {0: picture}, {})


def _request(
    shot: ShotSource, upload: ShotUpload, engine: str, seed: int, options: dict[str, OptionValue]
) -> JobRequest:
    return JobRequest(
        engine=engine,
        task="animate",
        width=shot.width,
        height=shot.height,
        drawings=upload.name(shot.drawings),
        keyframes=(),
        options=options,
        seed=seed,
        redraw=seed != 0,
        name=shot.name,
    )
