"""The installer's command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from keycel_shared.schema import to_json

from . import builds, bundle, demo, diagnostics, doctor, install, krita_plugin, kritas, suite, uninstall
from .errors import InstallerError
from .report import Report, end_with_owner

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command != "test":
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return _run(options, rest)
    except InstallerError as error:
        print(f"\n{error.sentence}\n{error.remedy}", file=sys.stderr)
        if error.detail:
            print(f"({error.detail})", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    if options.command == "demo":
        return demo.run(PROJECT, options.out)
    if options.command == "test":
        return suite.run(PROJECT, rest)
    if options.command == "install":
        _install(options)
    elif options.command == "uninstall":
        left = uninstall.run(options.keep_models)
        for path in left:
            print(f"Left, because Keycel did not make it or was told to keep it: {path}")
    elif options.command == "doctor":
        return doctor.run(PROJECT, options.fix, options.json)
    elif options.command == "diagnostics":
        print(diagnostics.write(PROJECT, options.out))
    else:
        bundle.make(PROJECT, options.out)
    return 0


def _install(options: argparse.Namespace) -> None:
    if options.plan:
        print(json.dumps(to_json(install.plan(PROJECT))))
        return
    profile = _profile(options.krita_data, options.krita_config)
    wishes = install.Wishes(options.device, options.without_diffusion, profile)
    if options.events is None:
        install.run(PROJECT, wishes)
    else:
        end_with_owner()
        install.prepare(PROJECT, wishes, Report(options.events))


def _profile(data: Path | None, config: Path | None) -> krita_plugin.KritaProfile | None:
    if data is None and config is None:
        return None
    usual = kritas.usual_profile()
    return krita_plugin.KritaProfile(
        data if data is not None else usual.resources,
        config / "kritarc" if config is not None else usual.kritarc,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 installer", description="Set Keycel up and run it.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo_command = commands.add_parser("demo", help="set up, then colour the bundled shot")
    demo_command.add_argument(
        "--out", type=Path, default=PROJECT / "out" / "demo", help="where the results go"
    )
    commands.add_parser("test", help="set up, then run all tests (further arguments go to pytest)")
    install_command = commands.add_parser(
        "install", help="set up the backend and put the plugin into every Krita of yours"
    )
    install_command.add_argument(
        "--device", choices=builds.DEVICES, default="", help="instead of the fastest"
    )
    install_command.add_argument(
        "--without-diffusion", action="store_true", help="only the engine flat: small, no torch"
    )
    install_command.add_argument("--krita-data", type=Path, help="only into this resource folder of Krita")
    install_command.add_argument("--krita-config", type=Path, help="the folder that holds its kritarc")
    install_command.add_argument("--plan", action="store_true", help="only print what it would take, as JSON")
    install_command.add_argument(
        "--events",
        type=Path,
        metavar="FILE",
        help="for the plugin's setup page: only the backend, with news in FILE; ends with standard input",
    )
    uninstall_command = commands.add_parser("uninstall", help="take everything out again")
    uninstall_command.add_argument("--keep-models", action="store_true", help="leave the models' weights")
    doctor_command = commands.add_parser("doctor", help="find what is wrong, and say what to do")
    doctor_command.add_argument("--fix", action="store_true", help="do it, where that is safe")
    doctor_command.add_argument("--json", action="store_true", help="print the findings as JSON")
    diagnostics_command = commands.add_parser(
        "diagnostics", help="one zip to send with a question; no pictures"
    )
    diagnostics_command.add_argument("--out", type=Path, default=Path("keycel-diagnostics.zip"))
    bundle_command = commands.add_parser("bundle", help="make the files of a release")
    bundle_command.add_argument("--out", type=Path, default=PROJECT / "dist")
    return parser
