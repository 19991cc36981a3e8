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


def _unavailable(engine: str, task: str) -> int:
    find_engine(engine, task)
    raise AssertionError("an engine that exists must have its command")  # pragma: no cover
