"""`keycel models`: list, install from files, verify and remove the weights of models."""

from __future__ import annotations

import argparse
from pathlib import Path

from keycel_backend.commands import Commands
from keycel_backend.commands.exit_codes import DONE
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.models.catalogue import MODELS, Model, find_model
from keycel_backend.models.checking import remove, verify
from keycel_backend.models.libraries import import_networks
from keycel_shared.errors import ErrorCode, KeycelError


def add_models(commands: Commands) -> None:
    parser = commands.add_parser("models", help="install and check model weights")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="models, their licences, and whether they are installed").set_defaults(
        run=_list
    )
    install = _add(actions, "install", "convert the publishers' files into the models folder")
    install.add_argument(
        "--from",
        dest="files",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="the files or folders",
    )
    install.add_argument("--accept-licence", action="store_true", help="you have read and accept its licence")
    install.add_argument(
        "--precision",
        choices=("float16", "float32"),
        default="float16",
        help="of the stored weights: float16 (default) takes half the room",
    )
    install.set_defaults(run=_install)
    _add(actions, "verify", "read an installed model and compare checksums").set_defaults(run=_verify)
    _add(actions, "remove", "delete an installed model").set_defaults(run=_remove)


def _add(actions: Commands, action: str, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(action, help=text)
    parser.add_argument("name", metavar="MODEL", help=f"one of: {', '.join(MODELS)}")
    return parser


def _list(_: argparse.Namespace) -> int:
    for model in MODELS.values():
        print(f"{model.name}: {model.title}")
        print(f"  {f'installed in {model.folder}' if model.installed else 'not installed'}")
        for file in model.files:
            size = f", {file.bytes / 1e9:.2f} GB" if file.bytes else ""
            print(f"  needs {file.name}{size} ({file.publisher})")
        print(f"  licence: {model.licence}")
        print(f"  install: {model.install_command}")
    return DONE


def _install(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    print(f"Licence of {model.name}: {model.licence}")
    if not arguments.accept_licence:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"The licence of {model.name} has not been accepted.",
            "Read it, then run the same command with --accept-licence.",
        )
    line = ProgressLine(quiet=False)
    module, _, function = model.installer.partition(":")
    install = getattr(import_networks(module), function)
    folder: Path = install(arguments.files, arguments.precision, line.show)
    line.end()
    print(f"{model.name} is installed in {folder}")
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    model: Model = find_model(arguments.name)
    print(f"{model.name} is as it was installed: {verify(model) / 1e9:.2f} GB read")
    return DONE


def _remove(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    remove(model)
    print(f"{model.name} is removed")
    return DONE
