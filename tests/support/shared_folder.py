"""Where the real animation clips and Krita files are, outside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]


def shared_folder() -> Path:
    """KEYCEL_SHARED, else `shared` beside the repository.

    Where it is absent the test fails in CI. A clone by itself leaves the test out and says so.
    """
    folder = Path(os.environ.get("KEYCEL_SHARED", _REPOSITORY.parent / "shared"))
    if not (folder / "clips").is_dir():
        missing = f"{folder} holds no clips; set KEYCEL_SHARED to run this test"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return folder
