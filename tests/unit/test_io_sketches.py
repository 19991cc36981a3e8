"""Opening key sketches: layers of a document, frames stated by a shot, what is left out and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.kra_writer import Layer, write_kra

from keycel_backend.io.results import frame_name, write_png
from keycel_backend.io.sketches import open_sketches
from keycel_shared.errors import ErrorCode, KeycelError

SIZE = (40, 30)


def picture(value: int) -> np.ndarray:
    drawn = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    drawn[5:25, 5:35] = (value, 0, 0, 255)
    return drawn


def document(path: Path, *layers: Layer) -> Path:
    write_kra(path, *SIZE, list(layers))
    return path


def test_a_document_needs_no_line_layer(tmp_path: Path) -> None:
    sketch = Layer("Sketch", {(2,): picture(10), (6,): picture(20)})
    shot = open_sketches(document(tmp_path / "a.kra", sketch, Layer("Colour keys", {(2,): picture(30)})))
    assert (list(shot.sketches), list(shot.keyframes)) == ([2, 6], [2])
    assert (shot.width, shot.height, shot.frames) == (*SIZE, ())
    alone = open_sketches(document(tmp_path / "b.kra", Layer("Rough", {(0,): picture(1), (3,): picture(2)})))
    assert list(alone.sketches) == [0, 3]
    assert alone.notes == ("No key sketch is painted and there is no reference.png: only lines are drawn.",)


def test_a_layer_of_another_name_can_be_chosen(tmp_path: Path) -> None:
    path = document(tmp_path / "a.kra", Layer("Dance", {(0,): picture(1), (3,): picture(2)}))
    assert list(open_sketches(path, sketch_layer="Dance").sketches) == [0, 3]
    with pytest.raises(KeycelError) as refused:
        open_sketches(path)
    assert refused.value.value.code is ErrorCode.DOC_NO_SUCH_LAYER


def folder(path: Path) -> Path:
    for part, times in (("sketch", (3, 7)), ("color", (1, 5))):
        (path / part).mkdir(parents=True)
        for time in times:
            write_png(path / part / frame_name(time), picture(time))
    return path


def test_frames_of_a_folder_and_paint_before_the_first_key(tmp_path: Path) -> None:
    shot = folder(tmp_path / "shot")
    (shot / "shot.json").write_text('{"frames": [7, 3, 5, 5]}')
    found = open_sketches(shot)
    assert found.frames == (3, 5, 7)
    assert list(found.keyframes) == [5]
    assert found.notes == ("Painted before the first key sketch, so not used: 1.",)


def test_what_is_empty_is_left_out_and_said(tmp_path: Path) -> None:
    shot = folder(tmp_path / "shot")
    nothing = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    write_png(shot / "sketch" / frame_name(9), nothing)
    write_png(shot / "reference.png", nothing)
    (shot / "color" / frame_name(5)).unlink()
    found = open_sketches(shot)
    assert list(found.sketches) == [3, 7]
    assert (list(found.keyframes), found.reference) == ([], None)
    assert found.notes == (
        "Key sketches with nothing drawn on them, so not used: 9.",
        "Painted before the first key sketch, so not used: 1.",
        "Nothing is painted on reference.png, so it is not used.",
        "No key sketch is painted and there is no reference.png: only lines are drawn.",
    )


@pytest.mark.parametrize("frames", ['"3"', "[1.5]", "[-1]", '["3"]', "[true]"])
def test_frames_that_are_no_list_of_numbers_are_refused(tmp_path: Path, frames: str) -> None:
    shot = folder(tmp_path / "shot")
    (shot / "shot.json").write_text(f'{{"frames": {frames}}}')
    with pytest.raises(KeycelError) as refused:
        open_sketches(shot)
    assert refused.value.value.code is ErrorCode.DOC_BAD_OPTION


def test_no_shot_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for path in (tmp_path / "nothing", tmp_path / "notes.txt"):
        with pytest.raises(KeycelError) as refused:
            open_sketches(path)
        assert refused.value.value.code is ErrorCode.DOC_NO_SHOT
