"""The test shot: three drawings of the demo, coloured by the real backend from one painted frame."""

from __future__ import annotations

from pathlib import Path

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.small_pictures import laid_over
from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.state.progress import Progress
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, PictureAt
from keycel_shared.pixels import byte_count, digest_of

FOLDER = Path(__file__).parents[2] / "trial"
DRAWINGS = 3
ENGINE = "flat"
"""Needs no model and no graphics card."""


async def color_trial(backend: Backend, progress: Progress) -> QtGui.QImage:
    """All drawings with their colours, side by side.

    Raises:
        KeycelError: the backend cannot be reached, or did not colour all of them.
    """
    lines = [_read(f"lines-{number}.png") for number in range(DRAWINGS)]
    painted = _read("colors-0.png")
    size = painted.width(), painted.height()
    pixels = {digest_of(data): data for data in map(_bytes_of, (*lines, painted))}
    drawings = tuple(PictureAt(time, digest_of(_bytes_of(line))) for time, line in enumerate(lines))
    keyframes = (PictureAt(0, digest_of(_bytes_of(painted))),)
    targets = tuple(range(1, DRAWINGS))
    request = JobRequest(ENGINE, "colorize", *size, drawings, keyframes, targets=targets, name=_("Test shot"))
    colors = {0: painted}
    job = Job(backend, progress, None)
    try:
        async for delivery in job.frames(request, pixels.__getitem__):
            colors[delivery.event.time] = _image_of(bytes(delivery.pixels), size)
        if len(colors) < DRAWINGS:
            raise _not_coloured(job)
        job.acknowledge()
    finally:
        job.close()
    return _side_by_side([laid_over(colors[time], line) for time, line in enumerate(lines)], size)


def _read(name: str) -> QtGui.QImage:
    return QtGui.QImage(str(FOLDER / name)).convertToFormat(QtGui.QImage.Format.Format_ARGB32)


def _bytes_of(image: QtGui.QImage) -> bytes:
    bits = image.constBits()
    assert bits is not None
    return bits.asstring(byte_count(image.width(), image.height()))


def _image_of(pixels: bytes, size: tuple[int, int]) -> QtGui.QImage:
    """A copy: an image does not keep the bytes that it was made of."""
    return QtGui.QImage(pixels, *size, 4 * size[0], QtGui.QImage.Format.Format_ARGB32).copy()


def _side_by_side(pictures: list[QtGui.QImage | None], size: tuple[int, int]) -> QtGui.QImage:
    """On white paper."""
    width, height = size
    whole = QtGui.QImage(width * len(pictures), height, QtGui.QImage.Format.Format_RGB32)
    whole.fill(QtCore.Qt.GlobalColor.white)
    painter = QtGui.QPainter(whole)
    for number, picture in enumerate(pictures):
        if picture is not None:
            painter.drawImage(number * width, 0, picture)
    painter.end()
    return whole


def _not_coloured(job: Job) -> KeycelError:
    if job.failures:
        return KeycelError.from_value(job.failures[0].error)
    return KeycelError(
        ErrorCode.RUN_FAILED,
        _("The test shot was not coloured."),
        _("Press “Try again”."),
        retryable=True,
    )
