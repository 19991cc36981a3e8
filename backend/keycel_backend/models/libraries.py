"""Imports modules that need torch, with a plain error where it is not installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from keycel_shared.errors import ErrorCode, KeycelError

_NEEDED = ("torch", "diffusers", "transformers", "safetensors")


def import_networks(module: str) -> Any:
    """The module of ours called `module`.

    Raises:
        KeycelError: ENV_MISSING_LIBRARY where torch or another library of the networks is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(str(error)) from error


def require_networks() -> None:
    """The same error at once, before anybody waits for gigabytes that could not be used."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise _missing(f"not installed: {', '.join(missing)}")


def _missing(detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.ENV_MISSING_LIBRARY,
        "Engines that use diffusion need libraries that are not installed here.",
        "Install them into Keycel's environment: pip install 'keycel[diffusion]'.",
        detail,
    )
