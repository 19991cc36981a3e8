"""The installer's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import demo, environment, krita_plugin, suite
from .errors import InstallerError

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command != "test":
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        if options.command == "demo":
            return demo.run(PROJECT, options.out)
        if options.command == "test":
            return suite.run(PROJECT, rest)
        return _install(options.krita_data, options.krita_config)
    except InstallerError as error:
        print(f"\n{error.sentence}\n{error.remedy}", file=sys.stderr)
        if error.detail:
            print(f"({error.detail})", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return 130


def _install(krita_data: Path | None, krita_config: Path | None) -> int:
    python = environment.ensure(PROJECT, extras=())
    environment.register_backend(python)
    environment.vendor_pyzmq(python)
    profile = krita_plugin.KritaProfile.usual()
    if krita_data is not None:
        profile = krita_plugin.KritaProfile(krita_data, profile.kritarc)
    if krita_config is not None:
        profile = krita_plugin.KritaProfile(profile.resources, krita_config / "kritarc")
    krita_plugin.install(PROJECT, profile)
    print(
        f"\nThe plugin is in {profile.resources / 'pykrita'} and enabled in {profile.kritarc}.\n"
        "Restart Krita, then open Settings > Dockers > Keycel."
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 installer", description="Set Keycel up and run it.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo_command = commands.add_parser("demo", help="set up, then colour the bundled shot")
    demo_command.add_argument(
        "--out", type=Path, default=PROJECT / "out" / "demo", help="where the results go"
    )
    commands.add_parser("test", help="set up, then run all tests (further arguments go to pytest)")
    install = commands.add_parser("install", help="set up the backend and put the plugin into Krita")
    install.add_argument("--krita-data", type=Path, help="Krita's resource folder, if not the usual one")
    install.add_argument("--krita-config", type=Path, help="the folder that holds kritarc")
    return parser
