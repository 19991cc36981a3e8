"""`shot.json`: frame rate, end, palette and engine options stored with a shot folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from keycel_backend.engines.base import OptionValue, Rgba
from keycel_backend.io.limits import MAX_TIME
from keycel_shared.errors import ErrorCode, KeycelError

DEFAULT_FPS = 24.0
_MAX_FPS = 1000.0
_MAX_BYTES = 1 << 20
_MAX_PALETTE = 4096
_KEYS = ("fps", "end", "palette", "options", "frames")
_HEX_COLOR = re.compile(r"#([0-9a-fA-F]{6})([0-9a-fA-F]{2})?")


@dataclass(frozen=True)
class ShotSettings:
    fps: float = DEFAULT_FPS
    end: int = 0
    """First frame number after the shot, which says how long the last drawing is held; 0: not stated."""
    palette: tuple[Rgba, ...] = ()
    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    frames: tuple[int, ...] = ()
    """Frame numbers that in-betweens are wanted at, ascending; empty: not stated."""
    notes: tuple[str, ...] = ()
    """Plain sentences about what was ignored."""


def read_settings(path: Path) -> ShotSettings:
    """Read and check `shot.json`; a missing file gives the defaults.

    Colours are `"#rrggbb"`, `"#rrggbbaa"`, or lists of 3 or 4 numbers from 0 to 255.

    Raises:
        KeycelError: DOC_BAD_OPTION, naming the entry at fault.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _bad(path, "the file is larger than 1 MiB")
        parsed: object = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return ShotSettings()
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _bad(path, f"not valid JSON ({error})") from error
    if not isinstance(parsed, dict):
        raise _bad(path, "the file must hold one JSON object")
    body = cast("dict[str, object]", parsed)
    return ShotSettings(
        fps=_fps(body.get("fps", DEFAULT_FPS), path),
        end=_end(body.get("end", 0), path),
        palette=_palette(body.get("palette", []), path),
        options=_options(body.get("options", {}), path),
        frames=_frames(body.get("frames", []), path),
        notes=_unknown(body, path),
    )


def _frames(value: object, path: Path) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise _bad(path, "frames must be a list of frame numbers")
    entries = cast("list[object]", value)
    numbers = [entry for entry in entries if type(entry) is int and 0 <= entry <= MAX_TIME]
    if len(numbers) != len(entries):
        raise _bad(path, f"frames must be numbers from 0 to {MAX_TIME}")
    return tuple(sorted(set(numbers)))


def _unknown(body: Mapping[str, object], path: Path) -> tuple[str, ...]:
    """Other programs and later versions may store more than we know; a slip of the pen is told, too."""
    names = sorted(set(body) - set(_KEYS))
    if not names:
        return ()
    listed = ", ".join(repr(name[:40]) for name in names[:5])
    return (f"Ignored in {path.name}: {listed}. Known are {', '.join(_KEYS)}.",)


def _fps(value: object, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _MAX_FPS:
        raise _bad(path, f"fps must be a number above 0 and at most {_MAX_FPS:.0f}, not {value!r}")
    return float(value)


def _end(value: object, path: Path) -> int:
    if type(value) is not int or not 0 <= value <= MAX_TIME + 1:
        raise _bad(path, f"end must be a frame number of at most {MAX_TIME + 1}, not {value!r}")
    return value


def _palette(value: object, path: Path) -> tuple[Rgba, ...]:
    if not isinstance(value, list):
        raise _bad(path, "palette must be a list of colours")
    entries = cast("list[object]", value)
    if len(entries) > _MAX_PALETTE:
        raise _bad(path, f"palette has {len(entries)} colours; at most {_MAX_PALETTE} are possible")
    # The same colour may stand for several things; the palette's order is the artist's.
    return tuple(dict.fromkeys(_color(entry, path) for entry in entries))


def _color(entry: object, path: Path) -> Rgba:
    if isinstance(entry, str):
        matched = _HEX_COLOR.fullmatch(entry)
        if matched:
            red, green, blue = bytes.fromhex(matched[1])
            return red, green, blue, int(matched[2] or "ff", 16)
    elif isinstance(entry, list):
        numbers = cast("list[object]", entry)
        channels = [number for number in numbers if type(number) is int and 0 <= number <= 255]
        if len(channels) == len(numbers) and len(channels) in (3, 4):
            red, green, blue, alpha = (*channels, 255)[:4]
            return red, green, blue, alpha
    raise _bad(path, f"{entry!r} is no colour; write #rrggbb or three numbers from 0 to 255")


def _options(value: object, path: Path) -> dict[str, OptionValue]:
    if not isinstance(value, dict):
        raise _bad(path, "options must be an object of names and values")
    options: dict[str, OptionValue] = {}
    for name, setting in cast("dict[str, object]", value).items():
        if not isinstance(setting, (bool, int, float, str)):
            raise _bad(path, f"option {name!r} must be a number, text, true or false")
        options[name] = setting
    return options


def _bad(path: Path, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_BAD_OPTION,
        f"{path} cannot be used: {detail}.",
        "Correct the entry, or remove the file to use the defaults.",
        detail=str(path),
    )
