"""Slots that let no exception into Qt: Krita would answer one with a modal window."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial

Action = Callable[[], None]


def guarded(action: Action) -> Callable[..., None]:
    """`action` as a slot. What a signal passes along is dropped; an exception goes to Krita's log."""
    return partial(_run_guarded, action)


def _run_guarded(action: Action, *_: object) -> None:
    try:
        action()
    except Exception:
        traceback.print_exc()
