"""Palettes of GIMP and Krita, whole and broken."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from keycel_plugin.flow.palette_files import MOST_COLORS, read_palette
from keycel_plugin.state.records import Rgba
from keycel_shared.errors import ErrorCode, KeycelError

GIMP = """GIMP Palette
Name: Hero
Columns: 8
# by Anna
255 213 170    Skin light
 12   0 255\tRobe, in shadow
#1 2 3
0 0 0
255 213 170 Skin again
"""

KRITA = """<?xml version="1.0" encoding="UTF-8"?>
<ColorSet name="Hero" comment="" columns="8" rows="2" readonly="false" version="1.0">
 <ColorSetEntry bitdepth="U8" name="Skin" id="1" spot="false">
  <RGB r="0.898039221763611" space="sRGB-elle-V2-srgbtrc.icc" b="0.0980392172932625" g="0.498039215803146"/>
  <Position row="0" column="0"/>
 </ColorSetEntry>
 <Group name="Robe" rows="2">
  <ColorSetEntry bitdepth="U16" name="Shade &amp; fold" id="2" spot="false">
   <RGB r="0.4999923" g="0" b="1" space="sRGB-elle-V2-srgbtrc.icc"/>
   <Position row="1" column="3"/>
  </ColorSetEntry>
  <ColorSetEntry bitdepth="U8" name="Lining" id="3" spot="false">
   <sRGB r="1" g="0.2" b="0.4"/>
   <Position row="1" column="4"/>
  </ColorSetEntry>
 </Group>
</ColorSet>
"""


def kpl(xml: str | bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/x-krita-palette")
        archive.writestr("colorset.xml", xml)
        archive.writestr("profiles.xml", "<Profiles/>")
    return held.getvalue()


def read(folder: Path, data: bytes, name: str = "palette") -> list[tuple[Rgba, str]]:
    path = folder / name
    path.write_bytes(data)
    return [(entry.color, entry.name) for entry in read_palette(path)]


GIMP_COLORS = [
    ((255, 213, 170, 255), "Skin light"),
    ((12, 0, 255, 255), "Robe, in shadow"),
    ((0, 0, 0, 255), ""),
]


@pytest.mark.parametrize(
    "data",
    [
        GIMP.encode(),
        GIMP.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GIMP.encode(),
        GIMP.replace("Name: Hero\nColumns: 8\n", "#\n").encode(),
    ],
    ids=["unix", "windows", "byte order mark", "no header"],
)
def test_gimp_palettes(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == GIMP_COLORS


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_with_accents(tmp_path: Path, encoding: str) -> None:
    data = "GIMP Palette\n1 2 3 Français\n".encode(encoding)
    assert read(tmp_path, data) == [((1, 2, 3, 255), "Français")]


def test_gimp_palette_with_alpha(tmp_path: Path) -> None:
    data = b"GIMP Palette\nChannels: RGBA\n#\n1 2 3 128 Glass\n4 5 6 255\n"
    assert read(tmp_path, data) == [((1, 2, 3, 128), "Glass"), ((4, 5, 6, 255), "")]


def test_krita_palette_with_groups(tmp_path: Path) -> None:
    assert read(tmp_path, kpl(KRITA)) == [
        ((229, 127, 25, 255), "Skin"),
        ((127, 0, 255, 255), "Shade & fold"),
        ((255, 51, 102, 255), "Lining"),
    ]


def test_colours_without_a_name(tmp_path: Path) -> None:
    """As in the palettes that come with Krita: four spaces before a name, or none at all."""
    lines = ["128 128 128    Lineart Grey", "250 105 130    Lineart Red", "255 200 255    Fill Pink", "1 1 1"]
    data = "\n".join(["GIMP Palette", "Name: Animation Color Set", "Columns: 8", "", *lines]).encode()
    assert [name for _, name in read(tmp_path, data)] == ["Lineart Grey", "Lineart Red", "Fill Pink", ""]


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>' + KRITA.split("?>", 1)[1]

BROKEN = {
    "empty file": (b"", "neither"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "neither"),
    "no colours": (b"GIMP Palette\nName: nothing\n", "no colours"),
    "too few values": (b"GIMP Palette\n1 2 3 a\n4 5\n", "Line 3"),
    "a word": (b"GIMP Palette\nred green blue\n", "Line 2"),
    "a value over 255": (b"GIMP Palette\n256 0 0\n", "Line 2"),
    "a negative value": (b"GIMP Palette\n-1 0 0\n", "Line 2"),
    "too many colours": (
        b"GIMP Palette\n" + b"".join(b"%d %d 7\n" % divmod(number, 256) for number in range(MOST_COLORS + 1)),
        str(MOST_COLORS),
    ),
    "too large": (b"GIMP Palette\n" + b"#" * (4 * 1024 * 1024), "too large"),
    "a zip cut short": (kpl(KRITA)[:-30], "damaged"),
    "a zip without colours": (b"PK\x05\x06" + bytes(18), "damaged"),
    "broken XML": (kpl("<ColorSet><Group></ColorSet>"), "damaged"),
    "entities": (kpl(BOMB), "damaged"),
    "entities in UTF-16": (kpl(BOMB.encode("utf-16")), "damaged"),
    "a huge XML": (kpl("<ColorSet>" + " " * (9 * 1024 * 1024) + "</ColorSet>"), "too large"),
    "linear light": (kpl(KRITA.replace("srgbtrc", "g10")), "“Skin”"),
    "wide gamut": (kpl(KRITA.replace("sRGB-elle-V2-srgbtrc", "Rec2020-elle-V4-g10")), "“Skin”"),
    "CMYK": (kpl(KRITA.replace("<sRGB", '<CMYK space="Chemical proof" c="0" m="0" y="0" k="0"')), "“Lining”"),
    "beyond white": (kpl(KRITA.replace('g="0.2"', 'g="1.2"')), "“Lining”"),
    "not a number": (kpl(KRITA.replace('g="0.2"', 'g="nan"')), "“Lining”"),
    "no value": (kpl(KRITA.replace('g="0.2"', "")), "“Lining”"),
}


@pytest.mark.parametrize(("data", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_palettes_are_refused_with_a_reason(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(KeycelError) as caught:
        read(tmp_path, data)
    assert caught.value.value.code is ErrorCode.DOC_BAD_PALETTE
    assert words in caught.value.value.title
    assert caught.value.value.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeycelError) as caught:
        read_palette(tmp_path / "gone.gpl")
    assert caught.value.value.code is ErrorCode.DOC_BAD_PALETTE
