"""Where the real animation clips and Krita files are, outside the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]


def leave_out(missing: str) -> NoReturn:
    """Ends a test whose material outside the repository is not there: a failure in CI, else left out."""
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def shared_folder() -> Path:
    """KEYCEL_SHARED, else `shared` beside the repository.

    Where it is absent the test fails in CI. A clone by itself leaves the test out and says so.
    """
    folder = Path(os.environ.get("KEYCEL_SHARED", _REPOSITORY.parent / "shared"))
    if not (folder / "clips").is_dir():
        leave_out(f"{folder} holds no clips; set KEYCEL_SHARED to run this test")
    return folder
