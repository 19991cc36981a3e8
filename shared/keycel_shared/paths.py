"""Where Keycel keeps its files: one folder per user, private to that user."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def home() -> Path:
    """Keycel's data folder; `KEYCEL_HOME` overrides the platform's usual place."""
    override = os.environ.get("KEYCEL_HOME")
    if override:
        return Path(override)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))) / "keycel"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "keycel"
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))) / "keycel"


@contextmanager
def at_home(folder: Path) -> Generator[None, None, None]:
    """Meanwhile `folder` is Keycel's data folder, for this process and those that it starts."""
    before = os.environ.get("KEYCEL_HOME")
    os.environ["KEYCEL_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["KEYCEL_HOME"]
        else:
            os.environ["KEYCEL_HOME"] = before


def connection_file() -> Path:
    """Written by the running supervisor, read by whoever wants to reattach."""
    return home() / "run" / "connection.json"


def lock_file() -> Path:
    """Locked by the one supervisor of this user."""
    return home() / "run" / "supervisor.lock"


def journal_file() -> Path:
    return home() / "journal.sqlite3"


def store_folder() -> Path:
    """Content-addressed frames."""
    return home() / "store"


def pending_folder() -> Path:
    """The plugin's notes of accepted jobs, one file per job."""
    return home() / "pending"


def models_folder() -> Path:
    """Weights of models that the user installed, one folder per model."""
    return home() / "models"


def log_folder() -> Path:
    return home() / "logs"


def setup_log_file() -> Path:
    """What the installer and pip say while the plugin's setup page installs the backend."""
    return log_folder() / "setup.log"


def installation_file() -> Path:
    """Written by the installer: which Python runs the backend."""
    return home() / "installation.json"


def vendor_folder() -> Path:
    """pyzmq builds for the Python inside Krita, one folder per ABI such as `cp311`."""
    return home() / "vendor"


def make_private_folder(folder: Path) -> Path:
    """Create `folder` (and parents) and make it readable by this user alone."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(PRIVATE_FOLDER)
    return folder


def write_private_file(path: Path, data: bytes) -> None:
    """Write whole or not at all; nobody else can read the file at any moment."""
    make_private_folder(path.parent)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    temporary.replace(path)
