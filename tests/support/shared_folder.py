"""Where the real animation clips and Krita files are, outside the repository."""

from __future__ import annotations

import os
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def shared_folder() -> Path:
    """KEYCEL_SHARED, else `shared` beside the repository. Tests fail where it is absent."""
    folder = Path(os.environ.get("KEYCEL_SHARED", _REPOSITORY.parent / "shared"))
    assert (folder / "clips").is_dir(), f"{folder} holds no clips; set KEYCEL_SHARED"
    return folder
