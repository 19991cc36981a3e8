"""The reference image of a shot: of any size on disk, of the shot's size on its way to the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keycel_backend.commands.shot_run import make_request
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.io.bgra import from_bgra
from keycel_backend.io.results import write_png
from keycel_backend.io.shot import open_shot
from keycel_backend.io.source import ShotSource
from keycel_backend.regions.arrays import Pixels
from keycel_backend.worker.run import _shot
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest


def _picture(width: int, height: int) -> Pixels:
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 3] = 255
    picture[: height // 2, :, 0] = 200
    picture[:, : width // 2, 1] = 90
    return picture


def _write(folder: Path, reference: Pixels | None) -> Path:
    (folder / "line").mkdir(parents=True)
    line = np.zeros((40, 60, 4), np.uint8)
    line[20, 10:50] = (0, 0, 0, 255)
    write_png(folder / "line" / "0003.png", line)
    if reference is not None:
        write_png(folder / "reference.png", reference)
    return folder


def _request(shot: ShotSource, upload: ShotUpload) -> JobRequest:
    return make_request(shot, upload, "anidoc", (), seed=0, redraw=False, options={})


@pytest.mark.parametrize(("width", "height"), [(60, 40), (30, 40), (240, 20), (7, 5)])
def test_the_whole_reference_reaches_the_engine_in_the_shots_size(
    tmp_path: Path, width: int, height: int
) -> None:
    reference = _picture(width, height)
    shot = open_shot(_write(tmp_path / "shot", reference))
    assert dict(shot.keyframes) == {}, "with a reference none is needed"
    upload = ShotUpload()
    request = _request(shot, upload)
    sent = from_bgra(upload.read(request.reference), shot.width, shot.height)
    assert sent.shape == (40, 60, 4)
    assert {tuple(color) for color in np.unique(sent[sent[..., 3] > 0], axis=0).tolist()} == {
        tuple(color) for color in np.unique(reference.reshape(-1, 4), axis=0).tolist()
    }, "its colours, exactly"
    rows, columns = (sent[..., 3].any(axis=axis).nonzero()[0] for axis in (1, 0))
    assert len(columns) == 60 or len(rows) == 40
    assert len(columns) / len(rows) == pytest.approx(width / height, rel=0.15)
    assert columns[0] + columns[-1] == pytest.approx(59, abs=1)
    assert rows[0] + rows[-1] == pytest.approx(39, abs=1)
    if (width, height) == (60, 40):
        assert np.array_equal(sent, reference)
    assert _shot(request, lambda _: sent).reference == request.reference


def test_without_reference_a_keyframe_is_needed(tmp_path: Path) -> None:
    with pytest.raises(KeycelError) as caught:
        open_shot(_write(tmp_path / "shot", None))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME
