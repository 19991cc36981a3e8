"""Commands of the contract whose engines are not in this version: they say so and exit with 3."""

from __future__ import annotations

from keycel_backend.commands import Commands
from keycel_backend.engines.registry import find_engine


def add_inbetween(commands: Commands) -> None:
    parser = commands.add_parser("inbetween", help="draw the frames between sparse key sketches")
    parser.add_argument("shot", metavar="SHOT")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--engine", default="sketchkey")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=lambda arguments: _unavailable(arguments.engine, "inbetween"))


def add_reference(commands: Commands) -> None:
    parser = commands.add_parser("reference", help="colour one drawing from a reference image")
    parser.add_argument("line", metavar="LINE")
    parser.add_argument("--reference", required=True, metavar="IMG")
    parser.add_argument("--out", required=True, metavar="PNG")
    parser.add_argument("--engine", default="colorizediffusion")
    parser.set_defaults(run=lambda arguments: _unavailable(arguments.engine, "reference"))


def _unavailable(engine: str, task: str) -> int:
    find_engine(engine, task)
    raise AssertionError("an engine that exists must have its command")  # pragma: no cover
