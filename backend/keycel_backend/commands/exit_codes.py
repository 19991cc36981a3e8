"""Exit codes of the contract (DESIGN section 9)."""

from __future__ import annotations

from keycel_shared.errors import ErrorCode

DONE = 0
BAD_INPUT = 2
NOT_AVAILABLE = 3
FAILED_FRAMES = 4
CANCELLED = 130

_BY_FAMILY = {
    "ENV": NOT_AVAILABLE,
    "LINK": NOT_AVAILABLE,
    "REG": NOT_AVAILABLE,
    "DOC": BAD_INPUT,
    "OUT": BAD_INPUT,
    "RES": FAILED_FRAMES,
    "RUN": FAILED_FRAMES,
    "BUG": FAILED_FRAMES,
}


def exit_code(code: ErrorCode) -> int:
    """The exit code of a run that this error ended."""
    if code is ErrorCode.RUN_CANCELLED:
        return CANCELLED
    return _BY_FAMILY[code.value.split("_")[0]]
