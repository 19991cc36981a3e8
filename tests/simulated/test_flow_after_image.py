"""Colouring a drawing after an image: a proposal on our layer, other takes, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from support.artists_desk import Desk, RunUntil
from support.dock_scene import FLAT, IMAGES
from support.memory_backend import inverted
from support.memory_host import SIZE, MemoryHost, MemoryLayer, blank_picture, empty_picture, flat_picture

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.flow.image_file import read_image
from keycel_plugin.qt import QtGui
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    return Desk(run_until)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    picture = QtGui.QImage(4, 2, QtGui.QImage.Format.Format_ARGB32)
    picture.fill(QtGui.QColor(200, 30, 40))
    picture.setPixelColor(0, 0, QtGui.QColor(9, 9, 9, 0))
    path = tmp_path / "model sheet.png"
    assert picture.save(str(path))
    return path


def test_one_drawing_becomes_a_proposal_and_nothing_else_changes(desk: Desk, image: Path) -> None:
    desk.document.layer("keys").keyframes.clear()  # no keyframe is needed
    desk.color_after_image(image, 3)
    assert desk.error is None
    lines = desk.document.layer("lines").keyframes
    assert desk.pixels[3] == inverted(lines[3], 0)
    assert all(desk.pixels[time] == empty_picture() for time in desk.pixels if time != 3)
    assert desk.states()[3] is FrameState.PROPOSED
    assert desk.undo_steps == 1
    [request] = desk.backend.requests
    assert (request.engine, request.task, request.targets) == ("images", "reference", (3,))
    assert (request.keyframes, request.seed) == ((), 0)
    assert request.reference == digest_of(read_image(image, SIZE))
    assert request.reference in desk.backend.uploads
    assert desk.message.startswith("1 drawing coloured.")


def test_the_playheads_drawing_is_meant_and_once_more_is_another_take(desk: Desk, image: Path) -> None:
    desk.document.move_playhead(5)
    desk.color_after_image(image)
    desk.color_after_image(image)
    assert [request.targets for request in desk.backend.requests] == [(4,), (4,)]
    assert [request.seed for request in desk.backend.requests] == [0, 1]
    assert len(desk.frame(4).takes) == 2


def test_an_accepted_proposal_is_a_reference_for_the_others(desk: Desk, image: Path) -> None:
    desk.document.layer("keys").keyframes.clear()
    desk.color_after_image(image, 3)
    desk.accept(3)
    desk.spread()
    assert desk.error is None
    request = desk.backend.requests[-1]
    assert [keyframe.time for keyframe in request.keyframes] == [3]
    assert request.task == "colorize"


def test_the_image_may_be_on_the_reference_layer(desk: Desk) -> None:
    painted = flat_picture(77)
    desk.document.stack.append(MemoryLayer("sheet", "Model sheet", still=painted))
    desk.color_after_image(None, 3)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_SUCH_LAYER
    desk.choice = replace(desk.choice, reference_layer="sheet")
    desk.color_after_image(None, 3)
    assert desk.error is None
    [request] = desk.backend.requests
    assert (request.task, request.targets) == ("reference", (3,))
    assert desk.backend.blobs[request.reference] == painted
    desk.document.layer("sheet").still = b""
    desk.color_after_image(None, 3)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_KEYFRAME


def test_what_is_painted_on_the_mask_layer_goes_along(desk: Desk, image: Path) -> None:
    mask = MemoryLayer("mask", "Mask", {0: blank_picture(), 2: flat_picture(200)})
    desk.document.stack.append(mask)
    desk.choice = replace(desk.choice, mask_layer="mask")
    desk.color_after_image(image, 3)
    desk.color_after_image(image, 0)
    held, none = desk.backend.requests
    assert [sketch.time for sketch in held.sketches] == [3], "held from 2"
    assert desk.backend.blobs[held.sketches[0].digest] == flat_picture(200)
    assert none.sketches == (), "where it is blank the engine decides"
    desk.choice = replace(desk.choice, mask_layer="gone")
    desk.color_after_image(image, 3)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_SUCH_LAYER


def test_the_docker_knows_the_engine_and_passes_its_options(desk: Desk, image: Path) -> None:
    desk.backend.engines = (FLAT, IMAGES)
    controller = Controller(MemoryHost(desk.document), cast("Backend", desk.backend))
    controller.docker_shown(True)
    desk.run_until(lambda: controller.model.image.engine == IMAGES)
    assert [engine.name for engine in controller.model.choice.engines] == ["flat"]
    controller.set_image_option("steps", 8)
    controller.set_image_option("mode", "split")
    controller.set_image_option("mode", "all")
    controller.color_after_image(str(image))
    desk.run_until(lambda: not controller.busy)
    assert controller.model.progress.news.error is None
    [request] = desk.backend.requests
    assert (request.engine, request.options) == ("images", {"steps": 8})
    assert desk.record.choice.image_options == {"steps": 8}, "kept in the document"
    assert desk.record.choice.options == {}
    controller.shut_down()


def test_what_is_refused(desk: Desk, image: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    desk.color_after_image(tmp_path / "text.png", 3)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_UNREADABLE_PICTURE
    assert desk.document.our_layers() == []
    desk.color_after_image(image, 3)
    desk.lock(3)
    desk.color_after_image(image, 3)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_FRAME_LOCKED
    assert len(desk.backend.requests) == 1


def test_images_are_stretched_with_exact_colors(image: Path) -> None:
    pixels = read_image(image, (8, 4))
    rows = [pixels[start : start + 32] for start in range(0, len(pixels), 32)]
    assert rows[0] == rows[1] == bytes(8) + bytes((40, 30, 200, 255)) * 6
    assert rows[2] == rows[3] == bytes((40, 30, 200, 255)) * 8
    with pytest.raises(KeycelError):
        read_image(image.with_name("missing.png"), (8, 4))
