"""Palettes as GIMP (.gpl) and Krita (.kpl) keep them.

A .gpl is a text of lines “red green blue name”. A .kpl is a zip with `colorset.xml`: `ColorSetEntry`
elements, grouped or not, each holding one swatch element (`RGB` with the name of its profile, `sRGB`, or
a space that is not ours). Our frames are 8-bit sRGB, so colours of any other space are refused: converting
them would make colours that the artist never chose.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from keycel_plugin.state.records import Rgba
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError

MOST_COLORS = 1024
_LARGEST_FILE = 4 * 1024 * 1024
_LARGEST_XML = 8 * 1024 * 1024
_COLORSET = "colorset.xml"
_ENTRY = "ColorSetEntry"
_POSITION = "Position"
_SRGB_PROFILES = frozenset(
    {"sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V4-srgbtrc.icc", "sRGB built-in", "sRGB IEC61966-2.1", ""}
)
"""Names under which Krita knows sRGB with its own tone curve."""


@dataclass(frozen=True)
class PaletteColor:
    color: Rgba
    """8-bit sRGB, opaque unless the file says otherwise."""
    name: str


def read_palette(path: Path) -> tuple[PaletteColor, ...]:
    """The different colours of a .gpl or .kpl file, in its order; known by content, not by ending.

    Raises:
        KeycelError: DOC_BAD_PALETTE if it is none, is damaged or too large, has no colours, or has colours
            that are not sRGB.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise _bad(_("The palette file cannot be read."), str(error)) from None
    if len(data) > _LARGEST_FILE:
        raise _bad(_("The palette file is too large to be a palette."), path.name)
    if data.startswith(b"PK"):
        found = _different(_kpl_colors(path))
    elif data.removeprefix(b"\xef\xbb\xbf").startswith(b"GIMP Palette"):
        found = _different(_gpl_colors(_decoded(data)))
    else:
        raise _bad(_("This file is neither a GIMP palette nor a Krita palette."), path.name)
    if not found:
        raise _bad(_("The palette has no colours."), path.name)
    if len(found) > MOST_COLORS:
        raise _bad(_("The palette has more than {count} colours.").format(count=MOST_COLORS), path.name)
    return found


def _different(colors: Iterable[PaletteColor]) -> tuple[PaletteColor, ...]:
    first: dict[Rgba, PaletteColor] = {}
    for entry in colors:
        first.setdefault(entry.color, entry)
    return tuple(first.values())


def _bad(title: str, detail: str) -> KeycelError:
    remedy = _("Choose another palette file, or save this one again from Krita as an sRGB palette.")
    return KeycelError(ErrorCode.DOC_BAD_PALETTE, title, remedy, detail)


# ---------------------------------------------------------------------------- GIMP


def _decoded(data: bytes) -> str:
    """UTF-8, as GIMP and Krita write; older files are in the Latin alphabet of their time."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _gpl_colors(text: str) -> Iterator[PaletteColor]:
    channels = 3
    for number, raw in enumerate(text.splitlines()[1:], 2):
        line = raw.strip()
        if not line or line.startswith(("#", "Name:", "Columns:")):
            continue
        if line.startswith("Channels:"):
            channels = 4 if "RGBA" in line else 3  # written by Aseprite
            continue
        words = line.split(None, channels)
        values = [int(word) for word in words[:channels] if word.isdecimal()]
        if len(values) < channels or max(values) > 255:
            raise _bad(
                _("Line {number} of the palette is not a colour.").format(number=number), raw.strip()[:80]
            )
        red, green, blue, alpha = (*values, 255)[:4]
        yield PaletteColor((red, green, blue, alpha), words[channels] if len(words) > channels else "")


# ---------------------------------------------------------------------------- Krita


def _kpl_colors(path: Path) -> list[PaletteColor]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_COLORSET) as file:
            xml = file.read(_LARGEST_XML + 1)
    except (OSError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise _bad(_("The Krita palette is damaged."), str(error)) from None
    if len(xml) > _LARGEST_XML:
        raise _bad(_("The palette file is too large to be a palette."), _COLORSET)
    reader = _ColorsetReader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise _bad(_("The Krita palette is damaged."), str(error)) from None
    return reader.colors


def _refuse_doctype(name: str, *_rest: object) -> None:
    """Entities could make a small file very large; no palette needs them."""
    raise _bad(_("The Krita palette is damaged."), f"DOCTYPE {name}")


class _ColorsetReader:
    """Takes the swatches out of the elements as they pass."""

    def __init__(self) -> None:
        self.colors: list[PaletteColor] = []
        self._name: str | None = None
        """Of the entry that is open."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == _ENTRY:
            self._name = attributes.get("name", "")
        elif self._name is not None and tag != _POSITION:
            self.colors.append(PaletteColor(_swatch(tag, attributes, self._name), self._name))

    def end(self, tag: str) -> None:
        if tag == _ENTRY:
            self._name = None


def _swatch(tag: str, attributes: Mapping[str, str], name: str) -> Rgba:
    """Raises DOC_BAD_PALETTE if it is not sRGB."""
    space = attributes.get("space", "")
    if tag not in ("RGB", "sRGB") or space not in _SRGB_PROFILES:
        raise _bad(
            _("The colour “{name}” of the palette is not an sRGB colour.").format(name=name), f"{tag} {space}"
        )
    red, green, blue = (_eight_bit(attributes.get(channel, ""), name) for channel in "rgb")
    return (red, green, blue, 255)


def _eight_bit(text: str, name: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        title = _("The colour “{name}” of the palette has a value that is not between 0 and 1.")
        raise _bad(title.format(name=name), text)
    return round(value * 255)
