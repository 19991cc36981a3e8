"""Slots that let no exception into Qt: Krita would answer one with a modal window."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable
from functools import partial

Action = Callable[[], None]


def guarded(action: Action) -> Callable[..., None]:
    """`action` as a slot. What a signal passes along is dropped; an exception goes to Krita's log."""
    return partial(_run_guarded, action)


def guarded_method(method: Callable[..., None]) -> Callable[..., None]:
    """The same for a method of a widget; it gets as many of the signal's values as it takes.

    Connect the bound method itself: Qt ends the connection together with the widget, so that a model
    that lives on never calls a widget that is gone.
    """
    takes = len(inspect.signature(method).parameters) - 1

    @functools.wraps(method)
    def slot(self: object, *values: object) -> None:
        _run_guarded(lambda: method(self, *values[:takes]))

    return slot


def _run_guarded(action: Action, *_: object) -> None:
    try:
        action()
    except Exception:
        traceback.print_exc()
