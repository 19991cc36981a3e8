"""`keycel models`: get, install, link, check and remove the weights of models."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keycel_backend.commands import Commands, models_telling
from keycel_backend.commands.exit_codes import DONE
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.models import getting
from keycel_backend.models.catalogue import MODELS, Model, find_model
from keycel_backend.models.getting import Tell
from keycel_backend.models.libraries import import_networks
from keycel_backend.models.originals import originals


def add_models(commands: Commands) -> None:
    parser = commands.add_parser("models", help="install and check model weights")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    models_telling.add_telling(actions)
    download = _add(
        actions, "download", "fetch the publishers' files; Ctrl-C pauses, the same command goes on"
    )
    _add_licence(download)
    download.set_defaults(run=_download)
    install = _add(actions, "install", "download what is missing, and convert it into the models folder")
    install.add_argument(
        "--from",
        dest="files",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="files or folders that you have; nothing is downloaded then",
    )
    _add_licence(install)
    install.add_argument(
        "--precision",
        choices=("float16", "float32"),
        default="float16",
        help="of the stored weights: float16 (default) takes half the room",
    )
    install.set_defaults(run=_install)
    link = _add(actions, "link", "use files that another program has downloaded, where they are")
    link.add_argument("folder", type=Path, metavar="FOLDER", help="ComfyUI's models, a hub cache, ...")
    _add_licence(link)
    link.set_defaults(run=_link)
    _add(actions, "verify", "read a model's files and compare checksums").set_defaults(run=_verify)
    _add(actions, "remove", "delete a model and its downloads; linked files stay").set_defaults(run=_remove)


def _add(actions: Commands, action: str, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(action, help=text)
    parser.add_argument("name", metavar="MODEL", help=f"one of: {', '.join(MODELS)}")
    return parser


def _add_licence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accept-licence", action="store_true", help="you have read and accept its licence")


def _download(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    _show_licences(model)
    getting.require_consent(model, arguments.accept_licence)
    with getting.alone(model), _pausable() as line:
        getting.download(model, _teller(line))
    for original in originals(model):
        models_telling.tell_checks(original)
    print(f"The files of {model.name} are here. Install them: keycel models install {model.name}")
    return DONE


def _install(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    if arguments.files:
        return _install_from(model, arguments)
    _show_licences(model)
    getting.require_consent(model, arguments.accept_licence)
    with getting.alone(model), _pausable() as line:
        getting.install(model, arguments.precision, _teller(line))
    print(f"{model.name} is installed in {model.folder}")
    return DONE


def _install_from(model: Model, arguments: argparse.Namespace) -> int:
    """The installer itself records the consent, beside what it makes of the user's own files."""
    print(f"Licence of {model.name}: {model.licence}")
    if not arguments.accept_licence:
        raise getting.not_accepted(model)
    module, _, function = model.installer.partition(":")
    install = getattr(import_networks(module), function)
    line = ProgressLine(quiet=False)
    with getting.alone(model):
        folder: Path = install(arguments.files, arguments.precision, line.show)
    line.end()
    print(f"{model.name} is installed in {folder}")
    return DONE


def _link(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    _show_licences(model)
    getting.require_consent(model, arguments.accept_licence)
    line = ProgressLine(quiet=False)
    with getting.alone(model):
        linked = getting.link(model, arguments.folder, _teller(line))
    line.end()
    for original in linked:
        print(f"{original.published.title} is used from {original.root}")
        models_telling.tell_checks(original)
    for original in originals(model):
        if not original.complete:
            print(f"Not there: {original.published.title}; it will be downloaded.")
    print(f"Install it: keycel models install {model.name}")
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    line = ProgressLine(quiet=False)
    with getting.alone(model):
        total = getting.verify(model, _teller(line))
    line.end()
    print(f"{model.name} is as it was installed: {total / 1e9:.2f} GB read")
    return DONE


def _remove(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    with getting.alone(model):
        getting.remove(model)
    print(f"{model.name} is removed")
    return DONE


def _show_licences(model: Model) -> None:
    """Shown whenever something is about to come onto the machine."""
    print(f"Licence of {model.name}: {model.licence}")
    for published in model.published:
        print(f"  {published.title}: {published.licence.name or 'not stated'}, {published.licence.url}")


@contextmanager
def _pausable() -> Iterator[ProgressLine]:
    line = ProgressLine(quiet=False)
    try:
        yield line
    except KeyboardInterrupt:
        line.end()
        print("Paused. What has come is kept; the same command goes on.")
        raise
    line.end()


def _teller(line: ProgressLine) -> Tell:
    return lambda news: line.show(models_telling.news_words(news))
