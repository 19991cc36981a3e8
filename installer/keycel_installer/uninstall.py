"""Take everything out again that Keycel put on this machine, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from keycel_shared import launcher, paths
from keycel_shared.connection import read_connection
from keycel_shared.errors import KeycelError

from . import backend, krita_plugin, kritas, plugin_wheels, record
from .errors import InstallerError

LEAVES_WITHIN = 10.0
"""Seconds for a running backend to finish."""


def run(keep_models: bool = False) -> list[Path]:
    """Remove plugin, environments, results, logs and (unless kept) models; returns what is left.

    Linked models are links: what they point to stays. Left are only files in the data folder that
    Keycel does not know.

    Raises:
        InstallerError: Krita is open, or something cannot be deleted.
    """
    if kritas.running():
        raise InstallerError(
            "Krita is open; it would write its settings back when it ends.",
            "Quit Krita, then run this again.",
        )
    stop_backend()
    try:
        for profile in _profiles():
            for path in krita_plugin.remove(profile):
                print(f"Removed {path}")
        left = _empty_home(keep_models)
        for home in kritas.sandbox_homes():
            with paths.at_home(home):
                _wait_for_backend()
                left += _empty_home(keep_models)
    except OSError as error:
        raise InstallerError(
            "Something could not be deleted.", "Close what uses it, then run this again.", str(error)
        ) from error
    return left


def _empty_home(keep_models: bool) -> list[Path]:
    """Delete what is ours in the data folder, and the folder itself if nothing else is in it."""
    for path in _own_paths(keep_models):
        _delete(path)
        print(f"Removed {path}")
    home = paths.home()
    left = sorted(home.iterdir()) if home.exists() else []
    if home.exists() and not left:
        home.rmdir()
    return left


def stop_backend() -> None:
    """Ask a running backend to leave, and wait until it has. Unfinished jobs stay in its journal."""
    if not launcher.is_locked(paths.lock_file()):
        return
    with suppress(KeycelError, ProcessLookupError):
        info = read_connection()
        if info is not None:
            os.kill(info.process, signal.SIGTERM)
    _wait_for_backend()


def _wait_for_backend() -> None:
    """In a sandbox process ids are others: a backend there leaves by itself, soon after its Krita."""
    deadline = time.monotonic() + LEAVES_WITHIN
    while launcher.is_locked(paths.lock_file()):
        if time.monotonic() > deadline:
            raise InstallerError(
                "Keycel's backend is running and does not leave.",
                "End it (keycel_backend), then run this again.",
            )
        time.sleep(0.05)


def _profiles() -> list[krita_plugin.KritaProfile]:
    noted = record.read()
    return list(dict.fromkeys([*(noted.krita_profiles if noted else []), *kritas.profiles()]))


def _own_paths(keep_models: bool) -> list[Path]:
    home = paths.home()
    vendored = [stamp.parent for stamp in paths.vendor_folder().glob(f"*/{plugin_wheels.STAMP}")]
    journal = paths.journal_file()
    known = [
        *backend.environments(),
        home / "backend",
        *vendored,
        paths.vendor_folder(),
        paths.connection_file().parent,
        journal,
        journal.with_name(journal.name + "-wal"),
        journal.with_name(journal.name + "-shm"),
        paths.store_folder(),
        paths.pending_folder(),
        paths.log_folder(),
        *([] if keep_models else [paths.models_folder()]),
        paths.installation_file(),
    ]
    # Folders that may hold others' things go only when they are empty by then; see `_delete`.
    return [path for path in known if path.exists() or path.is_symlink()]


def _delete(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path in (paths.home() / "backend", paths.vendor_folder()):
        if not any(path.iterdir()):
            path.rmdir()
    elif path.exists():
        shutil.rmtree(path)
