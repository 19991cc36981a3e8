"""Reading documents that the real Krita saved, and refusing damaged ones."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import zipfile
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.kra_edit import REAL_KRA, edited_kra, replaced
from support.kra_writer import Layer, write_kra
from support.shared_folder import shared_folder

from keycel_backend.io.compose import WHITE, over, over_color
from keycel_backend.io.kra.archive import KraArchive
from keycel_backend.io.kra.document import KraDocument, KraKeyframe, read_document
from keycel_backend.io.kra.tiles import TILE, TileError, TileFile
from keycel_backend.io.kra.xml_tree import UnsafeXmlError, parse_xml
from keycel_backend.io.pictures import decode_png
from keycel_backend.io.shot import open_shot
from keycel_shared.errors import ErrorCode, KeycelError

SAVED_BY_KRITA = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["layers"]
    for path in sorted(REAL_KRA.parent.glob("animated_by_krita_*.json"))
}
"""What Krita itself answers for the pixels of the documents that it saved."""
STORED_PIXEL = {"RGBA": 4, "RGBA16": 8, "GRAYA": 2}


def load_all(path: Path, **layers: str) -> None:
    shot = open_shot(path, **layers)
    for picture in (*shot.drawings.values(), *shot.keyframes.values()):
        assert picture.load().shape == (shot.height, shot.width, 4)


def error_of(path: Path, **layers: str) -> KeycelError:
    with pytest.raises(KeycelError) as caught:
        load_all(path, **layers)
    return caught.value


def stored_canvas(document: KraDocument, keyframe: KraKeyframe, pixel_size: int) -> bytes:
    tiles = TileFile.parse(document.archive.read(document.folder + keyframe.filename))
    order = tuple(range(pixel_size))
    return tiles.decode(document.width, document.height, keyframe.offset, bytes(pixel_size), order).tobytes()


@pytest.mark.parametrize(
    ("saved", "name"), [(saved, name) for saved, layers in SAVED_BY_KRITA.items() for name in layers]
)
def test_every_layer_reads_as_krita_reads_it(saved: str, name: str) -> None:
    """Keyframe times, moved and cloned keyframes, still layers, groups, 16 bits and grey."""
    document = read_document(KraArchive(REAL_KRA.with_name(f"{saved}.kra")))
    layer = next(layer for layer in document.layers if layer.name == name)
    keyframes = document.keyframes(layer) or (KraKeyframe(0, layer.filename, layer.offset),)
    size = STORED_PIXEL[layer.color_space]
    found = {
        str(keyframe.time): hashlib.sha256(stored_canvas(document, keyframe, size)).hexdigest()
        for keyframe in keyframes
    }
    assert found == SAVED_BY_KRITA[saved][name]


@pytest.mark.parametrize("saved", SAVED_BY_KRITA)
def test_shot_of_a_real_document(saved: str) -> None:
    shot = open_shot(REAL_KRA.with_name(f"{saved}.kra"))
    assert (shot.width, shot.height, shot.fps, shot.end) == (128, 96, 24.0, 14)
    assert list(shot.drawings) == [2, 5, 6, 9, 13]
    assert list(shot.keyframes) == [2, 13]
    assert shot.gaps == (0,)  # the blank keyframe that Krita adds where the first one is not at 0
    assert [shot.drawing_at(at) for at in (0, 1, 2, 4, 8, 99)] == [None, None, 2, 2, 6, 13]
    assert [shot.exposure(at) for at in shot.drawings] == [3, 1, 3, 4, 1]


def test_loaded_pictures_are_rgba() -> None:
    shot = open_shot(REAL_KRA)
    line = shot.drawings[2].load()
    assert line.shape == (96, 128, 4)
    assert line[line[..., 3] == 255].tolist().count([30, 20, 24, 255]) > 50
    paint = shot.keyframes[13].load()
    assert np.unique(paint[paint[..., 3] > 0], axis=0).tolist() == [[130, 160, 220, 255]]
    assert np.array_equal(line, shot.drawings[9].load())  # clone keyframes


@pytest.mark.parametrize("layer", ["grey", "deep", "group/in group", "IN GROUP"])
def test_layers_by_name_and_other_formats(layer: str) -> None:
    shot = open_shot(REAL_KRA, color_layer=layer)
    paint = shot.keyframes[2].load()
    colors = np.unique(paint[paint[..., 3] == 255], axis=0)
    assert len(colors) == 1
    if layer == "grey":
        assert colors[0, 0] == colors[0, 1] == colors[0, 2]
        assert "converted from GRAYA" in shot.notes[0]
    if layer == "deep":
        assert colors.tolist() == [[100, 160, 220, 255]]


def test_still_color_layer_belongs_to_the_first_drawing() -> None:
    shot = open_shot(REAL_KRA, color_layer="still")
    assert list(shot.keyframes) == [2]
    rows, columns = np.nonzero(shot.keyframes[2].load()[..., 3])
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (20, 74, 33, 87)  # moved by -20, 12


def test_document_of_krita_5_2() -> None:
    """The composite of its layers is the merged picture that Krita saved beside them."""
    path = shared_folder() / "krita-spike" / "shot-saved-by-5.2.9.kra"
    shot = open_shot(path, color_layer="AI colour")
    assert list(shot.drawings) == list(range(24))
    assert list(open_shot(path).keyframes) == [0, 23]  # "colour keys", not the result layer
    with zipfile.ZipFile(path) as archive:
        merged = decode_png(archive.read("mergedimage.png"), path)
    ground = over_color(open_shot(path, color_layer="Background").keyframes[0].load(), WHITE)
    shown = over(over(ground, shot.drawings[11].load()), shot.keyframes[11].load())
    difference = np.abs(shown.astype(int) - over_color(merged, WHITE).astype(int))
    assert difference.max() <= 1


def test_a_full_hd_frame_takes_less_than_100_ms_of_a_processor() -> None:
    """Seven times what it takes; a loop over pixels would take seconds."""
    rng = np.random.default_rng(0)
    parts: list[bytes] = []
    for top in range(0, 1088, TILE):
        for left in range(0, 1920, TILE):
            planar = np.repeat(rng.integers(0, 256, 4 * TILE * TILE // 32, dtype=np.uint8), 32).tobytes()
            packed = bytes(imagecodecs.lzf_encode(planar))
            parts.append(b"%d,%d,LZF,%d\n\1" % (left, top, len(packed) + 1) + packed)
    header = b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 4\nDATA %d\n" % len(parts)
    data = header + b"".join(parts)
    seconds: list[float] = []
    for _ in range(5):
        started = time.process_time()
        TileFile.parse(data).decode(1920, 1080, (0, 0), bytes(4), (2, 1, 0, 3))
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.1


@pytest.mark.parametrize("offset", [(0, 0), (5, -9), (-70, 64), (200, 0)])
def test_tiles_are_placed_and_clipped(offset: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    plane = rng.integers(1, 256, (192, 256, 4), dtype=np.uint8)  # from (-64, -64) on
    parts: list[bytes] = []
    for top in range(-64, 128, TILE):
        for left in range(-64, 192, TILE):
            tile = plane[top + 64 : top + 128, left + 64 : left + 128]
            parts.append(b"%d,%d,LZF,%d\n\0" % (left, top, tile.size + 1) + tile.tobytes())
    header = b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 4\nDATA %d\n" % len(parts)
    decoded = TileFile.parse(header + b"".join(parts)).decode(90, 50, offset, b"\7\7\7\7", (0, 1, 2, 3))
    expected = np.full((50, 90, 4), 7, np.uint8)
    for y in range(50):
        for x in range(90):
            row, column = y - offset[1] + 64, x - offset[0] + 64
            if 0 <= row < 192 and 0 <= column < 256:
                expected[y, x] = plane[row, column]
    assert np.array_equal(decoded, expected)


def test_no_such_layer_lists_the_layers() -> None:
    error = error_of(REAL_KRA, line_layer="Lines").value
    assert error.code is ErrorCode.DOC_NO_SUCH_LAYER
    assert "“ink”" in error.remedy
    assert "“group/in group”" in error.remedy


def test_a_group_is_refused_with_a_remedy() -> None:
    error = error_of(REAL_KRA, color_layer="group").value
    assert error.code is ErrorCode.DOC_NO_SUCH_LAYER
    assert "group" in error.title
    assert "Flatten" in error.remedy


def test_one_layer_for_both_purposes_is_refused() -> None:
    assert error_of(REAL_KRA, color_layer="ink").value.code is ErrorCode.DOC_BAD_OPTION


def test_two_equally_likely_layers_are_not_guessed(tmp_path: Path) -> None:
    picture = np.full((64, 64, 4), 255, np.uint8)
    path = tmp_path / "two.kra"
    layers = [Layer(name, {(0,): picture}) for name in ("line", "ink", "color")]
    write_kra(path, 64, 64, layers)
    error = error_of(path).value
    assert error.code is ErrorCode.DOC_NO_SUCH_LAYER
    assert "“line”, “ink”" in error.title
    assert list(open_shot(path, line_layer="ink").drawings) == [0]


def test_document_without_recognisable_layers(tmp_path: Path) -> None:
    path = tmp_path / "plain.kra"
    write_kra(path, 64, 64, [Layer("Layer 1", still=np.full((64, 64, 4), 255, np.uint8))])
    error = error_of(path).value
    assert error.code is ErrorCode.DOC_NO_SUCH_LAYER
    assert "--line-layer" in error.remedy


def test_blank_line_layer_and_unpainted_color_layer(tmp_path: Path) -> None:
    blank, full = np.zeros((64, 64, 4), np.uint8), np.full((64, 64, 4), 255, np.uint8)
    path = tmp_path / "blank.kra"
    write_kra(path, 64, 64, [Layer("line", {(0, 3): blank}), Layer("color", {(0,): full})])
    assert error_of(path).value.code is ErrorCode.DOC_NO_LINES
    write_kra(path, 64, 64, [Layer("line", {(0,): full}), Layer("color", {(0,): blank})])
    assert error_of(path).value.code is ErrorCode.DOC_NO_KEYFRAME


@pytest.mark.parametrize("kind", ["CMYK", "RGBAF16", "LABA"])
def test_other_colour_spaces_are_refused_with_a_remedy(tmp_path: Path, kind: str) -> None:
    change = replaced('colorspacename="GRAYA"', f'colorspacename="{kind}"')
    path = edited_kra(tmp_path / "other.kra", {"maindoc.xml": change})
    error = error_of(path, color_layer="grey").value
    assert error.code is ErrorCode.DOC_UNSUPPORTED_COLOR
    assert kind in error.title
    assert "Convert" in error.remedy


def test_masks_and_opacity_are_pointed_out(tmp_path: Path) -> None:
    change = replaced('name="ink"', 'name="ink" ')
    dimmed = replaced('opacity="255"', 'opacity="128"')
    path = edited_kra(tmp_path / "dim.kra", {"maindoc.xml": lambda data: dimmed(change(data))})
    assert any("opacity" in note for note in open_shot(path).notes)


DAMAGE = {
    "missing pixels": (None, ("shot/layers/layer4.f2",)),
    "missing keyframes": (None, ("shot/layers/layer4.keyframes.xml",)),
    "missing document": (None, ("maindoc.xml",)),
    "no image": (("maindoc.xml", b"<DOC/>"), ()),
    "not xml": (("maindoc.xml", b"<DOC"), ()),
    "no tiles": (("shot/layers/layer4.f2", b"VERSION 2\n"), ()),
    "wrong pixel size": (
        ("shot/layers/layer4.f2", b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 8\nDATA 0\n"),
        (),
    ),
    "default pixel": (("shot/layers/layer4.f2.defaultpixel", b"\0"), ()),
    "keyframe time": (
        (
            "shot/layers/layer4.keyframes.xml",
            b'<keyframes><channel name="content"><keyframe time="x" frame="layer4"/></channel></keyframes>',
        ),
        (),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_documents(tmp_path: Path, damage: str) -> None:
    change, dropped = DAMAGE[damage]
    changes = {change[0]: lambda _: change[1]} if change else {}
    path = edited_kra(tmp_path / "damaged.kra", changes, dropped)
    error = error_of(path).value
    assert error.code is ErrorCode.DOC_UNREADABLE_KRA
    assert str(path) in error.title


def test_a_canvas_beyond_the_limit(tmp_path: Path) -> None:
    change = replaced('width="128"', 'width="20000"')
    path = edited_kra(tmp_path / "large.kra", {"maindoc.xml": change})
    assert error_of(path).value.code is ErrorCode.DOC_TOO_LARGE


def test_an_entry_that_inflates_beyond_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "bomb.kra"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("maindoc.xml", bytes((1 << 26) + 1))
    assert path.stat().st_size < 100_000
    assert error_of(path).value.code is ErrorCode.DOC_TOO_LARGE


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * 500 + b"</a>" * 500,
        b"",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b"\xff\xfe\x00",
    ],
)
def test_unsafe_xml_is_refused(text: bytes) -> None:
    with pytest.raises(UnsafeXmlError):
        parse_xml(text)


def test_a_tile_that_claims_more_than_it_holds() -> None:
    header = b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 4\nDATA 1\n"
    with pytest.raises(TileError):
        TileFile.parse(header + b"0,0,LZF,999999999\n\1abc")
    with pytest.raises(TileError):
        TileFile.parse(header + b"3,0,LZF,1\n\1")
    for body in (b"0,0,LZF,4\n\1abc", b"0,0,LZF,4\n\0abc", b"0,0,LZF,4\n\2abc"):
        with pytest.raises(TileError):
            TileFile.parse(header + body).decode(64, 64, (0, 0), bytes(4), (0, 1, 2, 3))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_never_gives_anything_but_our_error(tmp_path: Path, data: st.DataObject) -> None:
    original = REAL_KRA.read_bytes()
    cut = data.draw(st.integers(0, len(original)), label="length")
    damaged = bytearray(original[:cut] if data.draw(st.booleans(), label="cut off") else original)
    for _ in range(data.draw(st.integers(1, 8), label="flips")):
        if damaged:
            place = data.draw(st.integers(0, len(damaged) - 1))
            damaged[place] = data.draw(st.integers(0, 255))
    _open_damaged(tmp_path / "fuzzed.kra", bytes(damaged))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_inside_entries_never_gives_anything_but_our_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    """Past the archive's own checksums, where only our parsers stand."""
    names = ["maindoc.xml", "shot/layers/layer4.keyframes.xml", "shot/layers/layer4.f2"]
    name = data.draw(st.sampled_from(names))

    def damage(content: bytes) -> bytes:
        changed = bytearray(content[: data.draw(st.integers(1, len(content)))])
        for _ in range(data.draw(st.integers(0, 6))):
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
        return bytes(changed)

    path = edited_kra(tmp_path / "fuzzed.kra", {name: damage})
    _open_damaged(path, path.read_bytes())


def _open_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with contextlib.suppress(KeycelError):
        load_all(path)
