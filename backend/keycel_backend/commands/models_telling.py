"""What `keycel models` tells: lists, one model, room on the disk, the offline switch."""

from __future__ import annotations

import argparse
import json

from keycel_backend.commands import Commands
from keycel_backend.commands.exit_codes import DONE
from keycel_backend.models.catalogue import MODELS, Model, find_model
from keycel_backend.models.getting import News, used_bytes
from keycel_backend.models.offline import forced_offline, is_offline, set_offline
from keycel_backend.models.originals import Original, originals
from keycel_backend.models.published import Published
from keycel_backend.models.room import free_bytes, told
from keycel_backend.models.status import status
from keycel_shared import paths
from keycel_shared.model_messages import ModelState
from keycel_shared.schema import to_json

_STATES = {
    ModelState.ABSENT: "not installed",
    ModelState.PARTIAL: "not installed, partly downloaded",
    ModelState.READY: "not installed, its files are here",
    ModelState.INSTALLED: "installed",
}


def add_telling(actions: Commands) -> None:
    listing = actions.add_parser("list", help="models, their licences, and whether they are installed")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="everything that is known of one model and its files")
    show.add_argument("name", metavar="MODEL", help=f"one of: {', '.join(MODELS)}")
    show.set_defaults(run=_show)
    disk = actions.add_parser("disk", help="the room that models take")
    disk.set_defaults(run=_disk)
    offline = actions.add_parser("offline", help="allow or forbid all connections to other machines")
    offline.add_argument("switch", nargs="?", choices=("on", "off"), help="nothing: how it is now")
    offline.set_defaults(run=_offline)
    for parser in (listing, show, disk, offline):
        parser.add_argument("--json", action="store_true", help="print it as JSON")


def news_words(news: News) -> str:
    """`downloading 1.20 of 12.68 GB, 31.4 MB/s, about 6 min left`, as far as that is known."""
    words = news.phase
    if news.total:
        words += f" {news.done / 1e9:.2f} of {news.total / 1e9:.2f} GB"
    elif news.done:
        words += f" {news.done / 1e9:.2f} GB"
    if news.rate:
        words += f", {news.rate / 1e6:.1f} MB/s"
        if news.total > news.done:
            words += f", about {(news.total - news.done) / news.rate / 60:.0f} min left"
    return words


def tell_checks(original: Original) -> None:
    """Which files were compared with what we know, with what the server says, or not at all."""
    words = {
        "data file": "checksum as known",
        "server": "checksum as its server says",
        "nobody": "no checksum is known, only its size was noted",
    }
    for path, kept in original.record.files.items():
        print(f"  {path}: {kept.bytes} bytes, {words[kept.vouched]}")


def _list(arguments: argparse.Namespace) -> int:
    if arguments.json:
        return _print_json([to_json(status(model)) for model in MODELS.values()])
    for model in MODELS.values():
        _tell_model(model)
        print(f"  licence: {model.licence}")
        if model.sources:
            print(f"  install: keycel models install {model.name} --accept-licence")
        print(f"  with files that you have: {model.install_command}")
    return DONE


def _show(arguments: argparse.Namespace) -> int:
    model = find_model(arguments.name)
    if arguments.json:
        return _print_json(
            to_json(status(model))
            | {
                "published": [to_json(published) for published in model.published],
                "instead": [to_json(published) for published in model.alternatives],
                "files": {original.published.name: to_json(original.record) for original in originals(model)},
                "consents": [to_json(original.consent) for original in originals(model) if original.consent],
            }
        )
    _tell_model(model)
    print(f"  licence: {model.licence}")
    for published in model.published:
        _tell_published(published, "downloaded")
    for published in model.alternatives:
        _tell_published(published, "for making it by hand")
    for original in originals(model):
        consent = original.consent
        if consent is not None:
            print(f"  licence of {original.published.title} accepted on {consent.accepted}")
        if original.linked:
            print(f"  {original.published.title} is used from {original.root}")
        tell_checks(original)
    return DONE


def _tell_model(model: Model) -> None:
    told_of = status(model)
    where = f" in {model.folder}" if model.installed else ""
    print(f"{model.name}: {model.title}")
    print(f"  {_STATES[told_of.state]}{where}")
    print(f"  {model.purpose}")
    print(f"  download {_gigabytes(told_of.download_bytes)}, installed {_gigabytes(model.installed_bytes)}")


def _tell_published(published: Published, use: str) -> None:
    licence = published.licence
    print(f"  {published.title} ({use}): {published.repository} at {published.revision}")
    print(f"    licence: {licence.name or 'not stated'}; commercial use: {licence.commercial.value}")
    print(f"    {licence.url}")
    for file in published.files:
        size = "size unknown" if file.bytes is None else f"{file.bytes} bytes"
        print(f"    {file.path}: {size}, sha256 {file.sha256 or 'unknown'}")
    for folder in published.folders:
        print(f"    {folder}/: all files in it")


def _disk(arguments: argparse.Namespace) -> int:
    used = {model.name: used_bytes(model) for model in MODELS.values()}
    free = free_bytes()
    if arguments.json:
        models = {name: {"installed": one, "downloaded": other} for name, (one, other) in used.items()}
        return _print_json({"folder": str(paths.models_folder()), "free": free, "models": models})
    for name, (installed, downloaded) in used.items():
        if installed or downloaded:
            print(f"{name}: {_gigabytes(installed)} installed, {_gigabytes(downloaded)} downloaded")
    total = sum(installed + downloaded for installed, downloaded in used.values())
    print(f"{_gigabytes(total)} in {paths.models_folder()}, {_gigabytes(free)} free")
    return DONE


def _offline(arguments: argparse.Namespace) -> int:
    if arguments.switch is not None:
        with told(paths.models_folder()):
            set_offline(arguments.switch == "on")
    forced = forced_offline()
    if arguments.json:
        return _print_json({"offline": is_offline(), "environment": forced or None})
    because = f" (the environment variable {forced} says so)" if forced else ""
    print(f"offline: {'on' if is_offline() else 'off'}{because}")
    return DONE


def _print_json(value: object) -> int:
    print(json.dumps(value, indent=1))
    return DONE


def _gigabytes(count: int | None) -> str:
    if count is None:
        return "of unknown size"
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
