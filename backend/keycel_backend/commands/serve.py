"""`keycel serve`: run the supervisor in the foreground."""

from __future__ import annotations

import argparse

from keycel_backend.commands import Commands


def add_serve(commands: Commands) -> None:
    parser = commands.add_parser("serve", help="run the supervisor (others start it themselves)")
    parser.add_argument("--owned", action="store_true", help="read the launcher's key from standard input")
    parser.add_argument("--grace", type=float, metavar="SECONDS", help="stay this long without clients")
    parser.add_argument("--store-gib", type=float, metavar="N", help="room for the frame store (default 8)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from keycel_backend.supervisor import serve

    gib = arguments.store_gib
    store_bytes = None if gib is None else int(gib * 2**30)
    return serve.main(owned=arguments.owned, grace=arguments.grace, store_bytes=store_bytes)
