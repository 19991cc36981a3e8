"""Opening a shot, from a folder or a `.kra` document, with every check that needs no engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keycel_backend.io.folder import read_pictures, read_reference
from keycel_backend.io.kra.reader import read_kra_shot
from keycel_backend.io.raw import RawShot
from keycel_backend.io.settings import read_settings
from keycel_backend.io.source import PictureSource, ShotSource, shown_at
from keycel_shared.errors import ErrorCode, KeycelError

__all__ = ["PictureSource", "ShotSource", "open_shot"]
