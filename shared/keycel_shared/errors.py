"""Errors a user can cause are values: a stable code, a plain sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class ErrorCode(str, Enum):
    """Stable names, grouped by family (the part before the underscore).

    ENV environment, LINK connection, DOC the artist's document or shot, REG registry of engines
    and models, RES resources, RUN running work, OUT output, BUG our own mistakes.
    Every code has an entry in `docs/errors.md` and a test that provokes it.
    """

    ENV_NO_BACKEND = "ENV_NO_BACKEND"
    ENV_BACKEND_START = "ENV_BACKEND_START"
    ENV_MISSING_LIBRARY = "ENV_MISSING_LIBRARY"

    LINK_VERSION = "LINK_VERSION"
    LINK_MALFORMED = "LINK_MALFORMED"
    LINK_TOO_LARGE = "LINK_TOO_LARGE"
    LINK_LOST = "LINK_LOST"
    LINK_NO_SESSION = "LINK_NO_SESSION"

    DOC_NO_SHOT = "DOC_NO_SHOT"
    DOC_NO_LINES = "DOC_NO_LINES"
    DOC_NO_KEYFRAME = "DOC_NO_KEYFRAME"
    DOC_SIZE_MISMATCH = "DOC_SIZE_MISMATCH"
    DOC_UNREADABLE_PICTURE = "DOC_UNREADABLE_PICTURE"
    DOC_UNREADABLE_KRA = "DOC_UNREADABLE_KRA"
    DOC_UNSUPPORTED_COLOR = "DOC_UNSUPPORTED_COLOR"
    DOC_TOO_LARGE = "DOC_TOO_LARGE"
    DOC_NO_SUCH_LAYER = "DOC_NO_SUCH_LAYER"
    DOC_NO_SUCH_FRAME = "DOC_NO_SUCH_FRAME"
    DOC_FRAME_NAME = "DOC_FRAME_NAME"
    DOC_NOT_OURS = "DOC_NOT_OURS"
    DOC_LAYER_LOCKED = "DOC_LAYER_LOCKED"
    DOC_FRAME_LOCKED = "DOC_FRAME_LOCKED"
    DOC_TAKE_LOST = "DOC_TAKE_LOST"
    DOC_CHANGED = "DOC_CHANGED"
    DOC_NOT_ACTIVE = "DOC_NOT_ACTIVE"
    DOC_BAD_OPTION = "DOC_BAD_OPTION"
    DOC_BAD_PALETTE = "DOC_BAD_PALETTE"

    REG_NO_ENGINE = "REG_NO_ENGINE"
    REG_NO_MODEL = "REG_NO_MODEL"
    REG_BAD_MODEL = "REG_BAD_MODEL"
    REG_OFFLINE = "REG_OFFLINE"
    REG_NO_DOWNLOAD = "REG_NO_DOWNLOAD"
    REG_NO_ACCESS = "REG_NO_ACCESS"
    REG_NOT_PUBLISHED = "REG_NOT_PUBLISHED"
    REG_BUSY = "REG_BUSY"

    RES_STORE_FULL = "RES_STORE_FULL"
    RES_DISK_FULL = "RES_DISK_FULL"
    RES_OUT_OF_MEMORY = "RES_OUT_OF_MEMORY"
    RES_MISSING_BLOB = "RES_MISSING_BLOB"

    RUN_WORKER_DIED = "RUN_WORKER_DIED"
    RUN_CANCELLED = "RUN_CANCELLED"
    RUN_NO_SUCH_JOB = "RUN_NO_SUCH_JOB"
    RUN_FAILED = "RUN_FAILED"

    OUT_NOT_WRITABLE = "OUT_NOT_WRITABLE"
    OUT_READ_BACK = "OUT_READ_BACK"

    BUG_UNEXPECTED = "BUG_UNEXPECTED"


@dataclass(frozen=True)
class ErrorValue:
    """An error as it travels over the wire and is shown to the user."""

    code: ErrorCode
    title: str
    """One plain sentence: what happened."""
    remedy: str
    """One plain sentence: what the user can do now."""
    detail: str = ""
    """Facts for a report: names, sizes, the library's own message. May be empty."""
    retryable: bool = False

    def to_json(self) -> dict[str, object]:
        return {
            "code": self.code.value,
            "detail": self.detail,
            "remedy": self.remedy,
            "retryable": self.retryable,
            "title": self.title,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> ErrorValue:
        """Accepts codes of newer versions (they read as BUG_UNEXPECTED, the sentence is kept)."""
        try:
            code = ErrorCode(str(body.get("code")))
        except ValueError:
            code = ErrorCode.BUG_UNEXPECTED
        return cls(
            code=code,
            title=str(body.get("title", "")),
            remedy=str(body.get("remedy", "")),
            detail=str(body.get("detail", "")),
            retryable=body.get("retryable") is True,
        )

    def __str__(self) -> str:
        return f"{self.code.value}: {self.title} {self.remedy}"


class KeycelError(Exception):
    """Carries an `ErrorValue` up to the place that can show or send it."""

    def __init__(
        self,
        code: ErrorCode,
        title: str,
        remedy: str,
        detail: str = "",
        retryable: bool = False,
    ) -> None:
        self.value = ErrorValue(code, title, remedy, detail, retryable)
        super().__init__(str(self.value))

    @classmethod
    def from_value(cls, value: ErrorValue) -> KeycelError:
        return cls(value.code, value.title, value.remedy, value.detail, value.retryable)
