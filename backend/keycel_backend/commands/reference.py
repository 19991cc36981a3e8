"""`keycel reference`: one drawing coloured after one image, as the first painted keyframe of a shot."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keycel_backend.commands import Commands
from keycel_backend.commands.client import Client
from keycel_backend.commands.concluding import conclude
from keycel_backend.commands.options import parse_options
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.shot_run import ShotRun
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.engines.registry import find_engine
from keycel_backend.io.bgra import from_bgra
from keycel_backend.io.pictures import PngFile
from keycel_backend.io.reference_picture import as_reference, load_image
from keycel_backend.io.results import write_png
from keycel_backend.io.source import PictureSource
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, PictureAt
from keycel_shared.wire import Buffer

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

_FRAME = 0


def add_reference(commands: Commands) -> None:
    parser = commands.add_parser("reference", help="colour one drawing after a reference image")
    parser.add_argument("line", type=Path, metavar="LINE", help="the drawing, a PNG")
    parser.add_argument("--reference", type=Path, required=True, metavar="IMG", help="the image, PNG or JPEG")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG", help="where the flats go")
    parser.add_argument("--engine", default="colorizediffusion")
    parser.add_argument("--mask", type=Path, metavar="PNG", help="the drawing's figure, painted or white")
    parser.add_argument(
        "--reference-mask", type=Path, metavar="PNG", help="the image's figure, painted or white"
    )
    parser.add_argument("--seed", type=int, default=0, help="another number gives another take (default 0)")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="engine option")
    parser.add_argument("--flatten", action="store_true", help="composite flats and lines over paper")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.set_defaults(run=run_reference)


def run_reference(arguments: argparse.Namespace) -> int:
    """Colour the drawing; exit code."""
    description = find_engine(arguments.engine, "reference")
    options = parse_options(arguments.option, description)
    if arguments.out.suffix.lower() != ".png":
        raise KeycelError(
            ErrorCode.OUT_NOT_WRITABLE,
            f"{arguments.out} is no name of a PNG file.",
            "Give a name that ends in .png.",
        )
    drawing = PngFile(arguments.line)
    width, height = drawing.size
    reference = load_image(arguments.reference)
    mask = None if arguments.reference_mask is None else load_image(arguments.reference_mask)
    line = ProgressLine(quiet=arguments.json)
    with Client("keycel reference") as client:
        upload = ShotUpload()
        request = JobRequest(
            engine=arguments.engine,
            task="reference",
            width=width,
            height=height,
            drawings=upload.name({_FRAME: drawing}),
            keyframes=(),
            sketches=() if arguments.mask is None else _mask(upload, arguments.mask, width, height),
            reference=upload.name_one(_Given(as_reference(reference, mask, width, height))),
            targets=(_FRAME,),
            options=options,
            seed=arguments.seed,
            redraw=arguments.seed != 0,
            name=arguments.line.stem,
        )

        def write(_: int, pixels: Buffer) -> None:
            picture = from_bgra(pixels, width, height)
            write_png(arguments.out, flatten(picture, drawing.load()) if arguments.flatten else picture)

        outcome = ShotRun(write, line).run(client, request, upload)
    return conclude(outcome, arguments.out, as_json=arguments.json)


def _mask(upload: ShotUpload, path: Path, width: int, height: int) -> tuple[PictureAt, ...]:
    source = PngFile(path)
    if source.size != (width, height):
        raise KeycelError(
            ErrorCode.DOC_SIZE_MISMATCH,
            f"The mask is {source.size[0]} x {source.size[1]} pixels and the drawing {width} x {height}.",
            "Bring the mask to the size of the drawing.",
            str(path),
        )
    return upload.name({_FRAME: source})


@dataclass(frozen=True)
class _Given(PictureSource):
    """A picture that is in memory already."""

    pixels: Pixels

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]

    def load(self) -> Pixels:
        return self.pixels

    def is_blank(self) -> bool:
        return not self.pixels[..., 3].any()

    def describe(self) -> str:
        return "the reference image"
