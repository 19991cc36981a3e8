"""A shot as its file states it, before the checks that all kinds of file share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keycel_backend.engines.base import OptionValue, Rgba
from keycel_backend.io.source import PictureSource


@dataclass(frozen=True)
class RawShot:
    name: str
    fps: float
    lines: Mapping[int, PictureSource]
    colors: Mapping[int, PictureSource]
    lines_from: str
    """Where the lines were looked for, for error messages."""
    colors_from: str
    end: int = 0
    """First frame number after the stated range; 0 where the file states none."""
    colors_are_still: bool = False
    """The colour layer has no timeline: its picture belongs to the first drawing."""
    sketches: Mapping[int, PictureSource] = field(default_factory=dict[int, PictureSource])
    reference: PictureSource | None = None
    palette: tuple[Rgba, ...] = ()
    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    notes: tuple[str, ...] = ()
