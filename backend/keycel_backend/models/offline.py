"""The switch that keeps Keycel from connecting to anything outside this machine."""

from __future__ import annotations

import os
from pathlib import Path

from keycel_shared import paths
from keycel_shared.errors import ErrorCode, KeycelError

_VARIABLES = ("KEYCEL_OFFLINE", "HF_HUB_OFFLINE")
_OFF = {"", "0", "false", "no", "off"}


def forced_offline() -> str:
    """The environment variable that says offline, whatever the setting is; empty: none does."""
    return next((name for name in _VARIABLES if os.environ.get(name, "").lower() not in _OFF), "")


def is_offline() -> bool:
    return bool(forced_offline()) or _switch().exists()


def set_offline(offline: bool) -> None:
    """Keep the setting. Raises OSError where it cannot be written."""
    if offline:
        paths.write_private_file(_switch(), b"No downloads: `keycel models offline off` allows them.\n")
    else:
        _switch().unlink(missing_ok=True)


def require_online() -> None:
    """Raises `KeycelError` REG_OFFLINE; called before anything connects."""
    if not is_offline():
        return
    variable = forced_offline()
    raise KeycelError(
        ErrorCode.REG_OFFLINE,
        "Keycel is switched to offline, so nothing is downloaded.",
        f"Remove the environment variable {variable}, or link a folder that has the files."
        if variable
        else "Switch offline off (`keycel models offline off`), or link a folder that has the files.",
    )


def _switch() -> Path:
    return paths.models_folder() / "offline"
