"""Commands of the contract whose engines are not in this version: they say so and exit with 3."""

from __future__ import annotations

from keycel_backend.commands import Commands
from keycel_backend.engines.registry import find_engine


def add_reference(commands: Commands) -> None:
    parser = commands.add_parser("reference", help="colour one drawing from a reference image")
    parser.add_argument("line", metavar="LINE")
    parser.add_argument("--reference", required=True, metavar="IMG")
    parser.add_argument("--out", required=True, metavar="PNG")
    parser.add_argument("--engine", default="colorizediffusion")
    parser.set_defaults(run=lambda arguments: _unavailable(arguments.engine, "reference"))


def add_animate(commands: Commands) -> None:
    parser = commands.add_parser("animate", help="animate one sketch from a sentence")
    parser.add_argument("sketch", metavar="SKETCH")
    parser.add_argument("--prompt", required=True, metavar="TEXT")
    parser.add_argument("--frames", type=int, default=10, metavar="N")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--engine", default="flipsketch")
    parser.set_defaults(run=lambda arguments: _unavailable(arguments.engine, "animate"))


def _unavailable(engine: str, task: str) -> int:
    find_engine(engine, task)
    raise AssertionError("an engine that exists must have its command")  # pragma: no cover
