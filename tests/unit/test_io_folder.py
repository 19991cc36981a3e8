"""Reading shot folders."""

from __future__ import annotations

import contextlib
import json
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from keycel_backend.io.pictures import SIGNATURE, decode_png, load_png
from keycel_backend.io.settings import read_settings
from keycel_backend.io.shot import open_shot
from keycel_shared.errors import ErrorCode, KeycelError

WIDTH, HEIGHT = 24, 16


def picture(alpha: int = 255, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    rng = np.random.default_rng(width)
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = alpha
    return pixels


def put(path: Path, pixels: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.png_encode(picture() if pixels is None else pixels))
    return path


@pytest.fixture
def shot_folder(tmp_path: Path) -> Path:
    for time in (0, 3, 4):
        put(tmp_path / "line" / f"{time:04d}.png")
    put(tmp_path / "color" / "0000.png")
    return tmp_path


def error_of(folder: Path) -> KeycelError:
    with pytest.raises(KeycelError) as caught:
        open_shot(folder)
    assert caught.value.value.remedy
    return caught.value


def test_a_shot_folder(shot_folder: Path) -> None:
    put(shot_folder / "color" / "3.png")
    put(shot_folder / "sketch" / "0004.png")
    put(shot_folder / "reference.png", picture(width=99))
    settings_text = {
        "fps": 12,
        "end": 9,
        "palette": ["#ff8000", [1, 2, 3], [1, 2, 3, 4]],
        "options": {"gap": 6},
    }
    (shot_folder / "shot.json").write_text(json.dumps(settings_text))
    shot = open_shot(str(shot_folder))
    assert (shot.width, shot.height, shot.fps, shot.end) == (WIDTH, HEIGHT, 12.0, 9)
    assert list(shot.drawings) == [0, 3, 4]
    assert list(shot.keyframes) == [0, 3]
    assert list(shot.sketches) == [4]
    assert shot.reference is not None
    assert shot.reference.size == (99, HEIGHT)
    assert shot.palette == ((255, 128, 0, 255), (1, 2, 3, 255), (1, 2, 3, 4))
    assert shot.options == {"gap": 6}
    assert [shot.exposure(time) for time in shot.drawings] == [3, 1, 5]
    assert np.array_equal(shot.drawings[3].load(), picture())
    assert "0003.png" in shot.drawings[3].describe()


def test_numbers_of_any_length_and_with_a_prefix(tmp_path: Path) -> None:
    for name in ("walk_7.png", "00012.png", "a3.PNG"):
        put(tmp_path / "line" / name)
    put(tmp_path / "color" / "000000012.png")
    (tmp_path / "line" / "notes.txt").write_text("not a drawing")
    (tmp_path / "line" / "._walk_9.png").write_bytes(b"left by a file manager")
    shot = open_shot(tmp_path)
    assert list(shot.drawings) == [3, 7, 12]
    assert list(shot.keyframes) == [12]


def test_a_keyframe_on_a_hold_belongs_to_the_held_drawing(shot_folder: Path) -> None:
    put(shot_folder / "color" / "0002.png")
    shot = open_shot(shot_folder)
    assert list(shot.keyframes) == [0, 2]
    assert shot.drawing_at(2) == 0


def test_blank_pictures_end_exposures_and_are_no_keyframes(shot_folder: Path) -> None:
    put(shot_folder / "line" / "0002.png", picture(alpha=0))
    put(shot_folder / "color" / "0002.png")
    put(shot_folder / "color" / "0003.png", picture(alpha=0))
    shot = open_shot(shot_folder)
    assert list(shot.drawings) == [0, 3, 4]
    assert shot.gaps == (2,)
    assert shot.exposure(0) == 2
    assert shot.drawing_at(2) is None
    assert list(shot.keyframes) == [0]
    assert "2" in shot.notes[0]


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[0, 128, 255]], np.uint8), [[0, 0, 0, 255], [128, 128, 128, 255], [255, 255, 255, 255]]),
        (np.array([[0, 257, 65535]], np.uint16), [[0, 0, 0, 255], [1, 1, 1, 255], [255, 255, 255, 255]]),
        (np.array([[[10, 20], [30, 40]]], np.uint8), [[10, 10, 10, 20], [30, 30, 30, 40]]),
        (np.array([[[128, 383, 65407]]], np.uint16), [[0, 1, 255, 255]]),  # rounded, not cut off
        (np.array([[[257, 514, 771, 65535]]], np.uint16), [[1, 2, 3, 255]]),
    ],
)
def test_other_kinds_of_png_become_8_bit_rgba(
    tmp_path: Path, pixels: np.ndarray, expected: list[list[int]]
) -> None:
    assert load_png(put(tmp_path / "0.png", pixels))[0].tolist() == expected


def test_palette_and_one_bit_png(tmp_path: Path) -> None:
    source = Image.fromarray(picture()[..., :3])
    limited = source.quantize(8)
    limited.save(tmp_path / "palette.png", transparency=0)
    loaded = load_png(tmp_path / "palette.png")
    opaque = np.asarray(limited) != 0
    assert np.array_equal(loaded[..., 3] > 0, opaque)
    assert np.array_equal(loaded[opaque][:, :3], np.asarray(limited.convert("RGB"))[opaque])
    source.convert("1").save(tmp_path / "bits.png")
    assert np.array_equal(load_png(tmp_path / "bits.png")[..., 0], np.asarray(source.convert("1")) * 255)


def test_no_such_folder_and_no_shot(tmp_path: Path) -> None:
    assert error_of(tmp_path / "absent").value.code is ErrorCode.DOC_NO_SHOT
    (tmp_path / "movie.mp4").write_bytes(b"x")
    assert error_of(tmp_path / "movie.mp4").value.code is ErrorCode.DOC_NO_SHOT


def test_no_lines(tmp_path: Path, shot_folder: Path) -> None:
    for path in (shot_folder / "line").iterdir():
        path.unlink()
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_NO_LINES
    assert str(shot_folder / "line") in error.title
    put(tmp_path / "line" / "0.png", picture(alpha=0))
    assert error_of(shot_folder).value.code is ErrorCode.DOC_NO_LINES


def test_no_painted_keyframe(shot_folder: Path) -> None:
    put(shot_folder / "color" / "0000.png", picture(alpha=0))
    assert error_of(shot_folder).value.code is ErrorCode.DOC_NO_KEYFRAME
    (shot_folder / "color" / "0000.png").unlink()
    assert error_of(shot_folder).value.code is ErrorCode.DOC_NO_KEYFRAME


def test_keyframes_only_before_the_first_drawing(shot_folder: Path) -> None:
    (shot_folder / "line" / "0000.png").unlink()
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_NO_KEYFRAME
    assert "first drawing is at 3" in error.detail


def test_sizes_that_differ(shot_folder: Path) -> None:
    odd = put(shot_folder / "color" / "0003.png", picture(width=25))
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_SIZE_MISMATCH
    assert str(odd) in error.title
    assert "25 x 16" in error.title
    assert "24 x 16" in error.title


@pytest.mark.parametrize("name", ["final.png", "12345678901.png"])
def test_a_picture_without_a_usable_number(shot_folder: Path, name: str) -> None:
    put(shot_folder / "line" / name)
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_FRAME_NAME
    assert name in error.title


def test_two_pictures_of_one_number(shot_folder: Path) -> None:
    put(shot_folder / "line" / "3.png")
    assert error_of(shot_folder).value.code is ErrorCode.DOC_FRAME_NAME


@pytest.mark.parametrize("name", ["0005.jpg", "0005.webp"])
def test_lossy_pictures_are_refused(shot_folder: Path, name: str) -> None:
    Image.fromarray(picture()[..., :3]).save(shot_folder / "line" / name)
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_UNREADABLE_PICTURE
    assert name in error.title
    assert "PNG" in error.remedy


def test_a_jpeg_called_png(shot_folder: Path) -> None:
    Image.fromarray(picture()[..., :3]).save(shot_folder / "line" / "0005.png", format="JPEG")
    assert "JPEG" in error_of(shot_folder).value.title


def test_a_jpeg_reference(shot_folder: Path) -> None:
    Image.fromarray(picture()[..., :3]).save(shot_folder / "reference.jpg")
    assert error_of(shot_folder).value.code is ErrorCode.DOC_UNREADABLE_PICTURE


@pytest.mark.parametrize("length", [0, 5, 20, 60, -1, -14])
def test_a_picture_that_is_cut_off(shot_folder: Path, length: int) -> None:
    path = shot_folder / "line" / "0003.png"
    path.write_bytes(path.read_bytes()[:length])
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_UNREADABLE_PICTURE
    assert str(path) in error.title


def test_damage_that_decoders_do_not_notice(shot_folder: Path) -> None:
    path = shot_folder / "line" / "0003.png"
    data = bytearray(path.read_bytes())
    data[-16 + 3] ^= 0x40  # the checksum of the last picture data
    path.write_bytes(data)
    assert error_of(shot_folder).value.code is ErrorCode.DOC_UNREADABLE_PICTURE


@pytest.mark.parametrize("size", [(16385, 8), (16384, 16384)])
def test_a_picture_beyond_the_limits(shot_folder: Path, size: tuple[int, int]) -> None:
    """A decompression bomb: the header promises far more than the file holds."""
    header = b"IHDR" + struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0)
    path = shot_folder / "line" / "0003.png"
    path.write_bytes(SIGNATURE + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)))
    error = error_of(shot_folder).value
    assert error.code is ErrorCode.DOC_TOO_LARGE
    assert str(path) in error.title


def test_layer_names_make_no_sense_for_a_folder(shot_folder: Path) -> None:
    with pytest.raises(KeycelError) as caught:
        open_shot(shot_folder, line_layer="ink")
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"fps": 0}',
        '{"fps": true}',
        '{"fps": NaN}',
        '{"end": -1}',
        '{"end": 1.5}',
        '{"palette": "red"}',
        '{"palette": ["red"]}',
        '{"palette": [[1, 2]]}',
        '{"palette": [[1, 2, 300]]}',
        '{"palette": [[1, 2, true]]}',
        '{"options": []}',
        '{"options": {"gap": []}}',
        "[" * 100_000,
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, text: str) -> None:
    (tmp_path / "shot.json").write_text(text)
    with pytest.raises(KeycelError) as caught:
        read_settings(tmp_path / "shot.json")
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_png_never_gives_anything_but_our_error(data: st.DataObject) -> None:
    original = bytes(imagecodecs.png_encode(picture()))
    damaged = bytearray(original[: data.draw(st.integers(0, len(original)))])
    for _ in range(data.draw(st.integers(0, 6))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans(), label="mend checksums"):
        damaged = bytearray(_with_right_checksums(bytes(damaged)))
    with contextlib.suppress(KeycelError):
        assert decode_png(bytes(damaged), Path("fuzzed.png")).shape[2] == 4


def _with_right_checksums(data: bytes) -> bytes:
    """So that the damage gets past our own check and on to the decoder."""
    mended, position = bytearray(data), len(SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(data[position + 4 : end]))
        position = end + 4
    return bytes(mended)


def test_entries_of_other_programs_are_ignored_and_told(tmp_path: Path) -> None:
    (tmp_path / "shot.json").write_text('{"fps": 12, "scene": 7, "palete": []}')
    settings = read_settings(tmp_path / "shot.json")
    assert settings.fps == 12
    assert settings.notes == (
        "Ignored in shot.json: 'palete', 'scene'. Known are fps, end, palette, options, frames.",
    )
