"""Changed copies of a .kra, for tests of what a reader must refuse."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

REAL_KRA = Path(__file__).resolve().parents[1] / "data" / "animated_by_krita_5.1.5.kra"
"""Saved by Krita 5.1.5; see tests/data/make_animated_kra.py."""


def edited_kra(
    target: Path, changes: dict[str, Callable[[bytes], bytes]], drop: tuple[str, ...] = ()
) -> Path:
    """The real document with some entries changed or left out."""
    with zipfile.ZipFile(REAL_KRA) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as result:
        for name in source.namelist():
            if name not in drop:
                result.writestr(name, changes.get(name, lambda data: data)(source.read(name)))
    return target


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    """A change that must find what it replaces."""

    def change(data: bytes) -> bytes:
        assert old.encode() in data, old
        return data.replace(old.encode(), new.encode())

    return change
