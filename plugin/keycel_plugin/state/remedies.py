"""Errors that one button can mend."""

from __future__ import annotations

from enum import Enum

from keycel_shared.errors import ErrorCode, ErrorValue


class Remedy(str, Enum):
    """What the button beside an error does."""

    TRY_AGAIN = "try again"
    """Do what failed once more."""
    UNLOCK_LAYER = "unlock layer"
    """Ours only."""
    UNDO_AND_TRY_AGAIN = "undo and try again"
    CHOOSE_LINE_LAYER = "choose line layer"
    CHOOSE_COLOR_LAYER = "choose colour layer"
    COLORIZE_FIRST = "colorize"
    SET_UP = "set up"
    """Find or install a backend that fits."""


_BY_CODE = {
    ErrorCode.ENV_NO_BACKEND: Remedy.SET_UP,
    ErrorCode.ENV_BACKEND_START: Remedy.SET_UP,
    ErrorCode.ENV_MISSING_LIBRARY: Remedy.SET_UP,
    ErrorCode.LINK_VERSION: Remedy.SET_UP,
    ErrorCode.DOC_LAYER_LOCKED: Remedy.UNLOCK_LAYER,
    ErrorCode.OUT_READ_BACK: Remedy.UNDO_AND_TRY_AGAIN,
    ErrorCode.DOC_NO_LINES: Remedy.CHOOSE_LINE_LAYER,
    ErrorCode.DOC_NO_SUCH_LAYER: Remedy.CHOOSE_LINE_LAYER,
    ErrorCode.DOC_BAD_OPTION: Remedy.CHOOSE_COLOR_LAYER,
    ErrorCode.DOC_NO_KEYFRAME: Remedy.CHOOSE_COLOR_LAYER,
    ErrorCode.DOC_NOT_OURS: Remedy.COLORIZE_FIRST,
    ErrorCode.DOC_SIZE_MISMATCH: Remedy.TRY_AGAIN,
    ErrorCode.OUT_NOT_WRITABLE: Remedy.TRY_AGAIN,
    ErrorCode.RES_DISK_FULL: Remedy.TRY_AGAIN,
    ErrorCode.BUG_UNEXPECTED: Remedy.TRY_AGAIN,
}


def remedy_for(error: ErrorValue) -> Remedy | None:
    """What a button can do about this error; None if only the artist's hands can."""
    return _BY_CODE.get(error.code, Remedy.TRY_AGAIN if error.retryable else None)
