"""The command line `keycel` (contract: DESIGN section 9)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from keycel_backend.commands import Commands, exit_codes
from keycel_shared.errors import KeycelError
from keycel_shared.version import VERSION

AddCommand = Callable[[Commands], None]

COMMANDS = {
    "colorize": "colorize:add_colorize",
    "regenerate": "colorize:add_regenerate",
    "inbetween": "inbetween:add_inbetween",
    "reference": "later:add_reference",
    "animate": "later:add_animate",
    "score": "score:add_score",
    "bench": "bench:add_bench",
    "doctor": "doctor:add_doctor",
    "serve": "serve:add_serve",
    "models": "models:add_models",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors go to standard error as code, sentence, remedy."""
    # The products of matching are tiny: NumPy's own threads would spend more time waiting for each other than
    # multiplying (a third of a match on a busy machine). Supervisor and workers inherit this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser(words).parse_args(words)
    try:
        return int(options.run(options))
    except KeycelError as error:
        print(error, file=sys.stderr)
        if error.value.detail:
            print(f"  ({error.value.detail})", file=sys.stderr)
        return exit_codes.exit_code(error.value.code)
    except KeyboardInterrupt:
        return exit_codes.CANCELLED


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keycel", description="Colours line-art animation.")
    parser.add_argument("--version", action="version", version=f"keycel {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the named command's module is imported: `keycel serve` must not load array libraries.
    named = [name for name in words[:1] if name in COMMANDS] or list(COMMANDS)
    for name in named:
        module, _, function = COMMANDS[name].partition(":")
        add = getattr(import_module(f"keycel_backend.commands.{module}"), function)
        cast("AddCommand", add)(commands)
    return parser
