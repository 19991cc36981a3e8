"""Imports modules that need torch, with a plain error where it is not installed."""

from __future__ import annotations

import importlib
from typing import Any

from keycel_shared.errors import ErrorCode, KeycelError


def import_networks(module: str) -> Any:
    """The module of ours called `module`.

    Raises:
        KeycelError: ENV_MISSING_LIBRARY where torch or another library of the networks is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise KeycelError(
            ErrorCode.ENV_MISSING_LIBRARY,
            "Engines that use diffusion need libraries that are not installed here.",
            "Install them into Keycel's environment: pip install 'keycel[diffusion]'.",
            str(error),
        ) from error
