"""Writing results, animations and contact sheets."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keycel_backend.engines.base import RegionReport
from keycel_backend.io.animation import ExposedPicture, write_animation
from keycel_backend.io.compose import over_color
from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import (
    FrameReport,
    RunReport,
    prepare_folder,
    write_frame,
    write_png,
    write_report,
)
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError

RED = (200, 30, 40, 255)


def plain(color: tuple[int, int, int, int], width: int = 40, height: int = 20) -> np.ndarray:
    return np.full((height, width, 4), color, np.uint8)


def test_frames_are_lossless_and_named_by_time(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    prepare_folder(tmp_path / "new" / "out")
    path = write_frame(tmp_path / "new" / "out", 7, pixels)
    assert path.name == "0007.png"
    assert np.array_equal(load_png(path), pixels)
    assert [entry.name for entry in path.parent.iterdir()] == ["0007.png"]
    assert write_frame(tmp_path, 12345, pixels).name == "12345.png"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/keycel")):
        with pytest.raises(KeycelError) as caught:
            prepare_folder(folder)
        assert caught.value.value.code is ErrorCode.OUT_NOT_WRITABLE
        assert str(folder) in caught.value.value.title


def test_a_full_disk_keeps_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "0000.png"
    write_png(path, plain(RED))
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(KeycelError) as caught:
        write_png(path, plain((1, 2, 3, 255)))
    assert caught.value.value.code is ErrorCode.RES_DISK_FULL
    assert caught.value.value.retryable
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_device_that_is_full(tmp_path: Path) -> None:
    (tmp_path / f".0000.png.{os.getpid()}").symlink_to("/dev/full")
    with pytest.raises(KeycelError) as caught:
        write_png(tmp_path / "0000.png", plain(RED))
    assert caught.value.value.code is ErrorCode.RES_DISK_FULL


def test_report(tmp_path: Path) -> None:
    region = RegionReport((1, 2, 30, 40), 99, RED, 3, 0.87654321, "small")
    unpainted = RegionReport((0, 0, 5, 5), 9, (0, 0, 0, 0), None, 0.1, runs=((0, 0, 5),))
    frame = FrameReport(5, "flat", 77, 0.5, (RED,), (region, unpainted))
    failed = ((9, ErrorValue(ErrorCode.RUN_FAILED, "It failed.", "Try again.")),)
    report = RunReport("walk", (0, 12), (frame,), failed, ("A note.",))
    body = json.loads(write_report(tmp_path, report).read_text())
    assert body["keyframes"] == [0, 12]
    assert body["frames"] == [
        {
            "time": 5,
            "file": "0005.png",
            "engine": "flat",
            "seed": 77,
            "seconds": 0.5,
            "palette": [list(RED)],
            "regions": [
                {
                    "box": [1, 2, 30, 40],
                    "area": 99,
                    "color": list(RED),
                    "palette_entry": 3,
                    "confidence": 0.8765,
                    "reason": "small",
                },
                {
                    "box": [0, 0, 5, 5],
                    "area": 9,
                    "color": [0, 0, 0, 0],
                    "palette_entry": None,
                    "confidence": 0.1,
                    "reason": "",
                },
            ],
        }
    ]
    assert body["failed"][0]["time"] == 9
    assert body["failed"][0]["error"]["code"] == "RUN_FAILED"


def test_flatten_under_lines_on_transparent_ground() -> None:
    flats, lines = plain(RED), plain((0, 0, 0, 0))
    flats[:, :10] = 0
    lines[5, :] = (10, 20, 30, 255)
    lines[6, :] = (0, 0, 0, 128)
    seen = flatten(flats, lines)
    assert seen[0, 0].tolist() == [255, 255, 255, 255]
    assert seen[0, 20].tolist() == list(RED)
    assert seen[5, 20].tolist() == [10, 20, 30, 255]
    assert seen[6, 20, 0] == round(200 * 127 / 255)


def test_flatten_under_lines_on_opaque_paper() -> None:
    flats, lines = plain(RED), plain((250, 240, 230, 255))
    flats[:, :10] = 0
    lines[5, 5:] = (0, 0, 0, 255)
    seen = flatten(flats, lines)
    assert seen[0, 0].tolist() == [250, 240, 230, 255]
    assert seen[0, 20].tolist() == list(RED)
    assert seen[5, 20].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize(("name", "unit"), [("shot.png", 1), ("shot.gif", 10)])
def test_animation_shows_each_drawing_for_its_exposure(tmp_path: Path, name: str, unit: int) -> None:
    exposures = (1, 2, 3, 1, 1, 1)
    pictures = [
        ExposedPicture(plain((40 * index, 10, 200, 255)), exposure)
        for index, exposure in enumerate(exposures)
    ]
    write_animation(tmp_path / name, pictures, 24)
    started, shown = 0.0, 0
    with Image.open(tmp_path / name) as animation:
        assert animation.info["loop"] == 0
        for index, exposure in enumerate(exposures):
            animation.seek(index)
            animation.load()
            assert abs(started - shown * 1000 / 24) <= unit / 2
            pixel = animation.convert("RGB").getpixel((5, 5))
            assert isinstance(pixel, tuple)
            assert np.abs(np.array(pixel) - (40 * index, 10, 200)).max() <= (0 if unit == 1 else 2)
            started += float(animation.info["duration"])
            shown += exposure


def test_contact_sheet(tmp_path: Path) -> None:
    cells = [SheetCell(plain((10 * index, 0, 0, 255)), str(index), index == 0) for index in range(7)]
    path = tmp_path / "sheet.png"
    write_contact_sheet(path, [SheetPart("Before", cells), SheetPart("After", cells[:3])], columns=3)
    with Image.open(path) as sheet:
        colors = {color for _, color in sheet.getcolors(1 << 20) or []}
    assert {(10 * index, 0, 0) for index in range(7)} <= colors


def test_over_color_leaves_opaque_pictures_alone() -> None:
    assert np.array_equal(over_color(plain(RED), (255, 255, 255)), plain(RED)[..., :3])
