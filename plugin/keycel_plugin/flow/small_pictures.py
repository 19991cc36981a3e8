"""Thumbnails: made in slices, lines drawn over colours."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.state.thumbnails import LONGEST_SIDE, scaled
from keycel_plugin.tasks import pause
from keycel_shared.pixels import BYTES_PER_PIXEL

_SLICE_PIXELS = 256 * 1024
"""Smooth scaling of so many takes about 4 ms."""


def small_colors(pixels: bytes, size: tuple[int, int], longest: int = LONGEST_SIDE) -> QtGui.QImage:
    """Flats look right without smoothing, and so keep their exact colours."""
    return scaled(pixels, size, longest)


async def small_lines(pixels: bytes, size: tuple[int, int], longest: int = LONGEST_SIDE) -> QtGui.QImage:
    """Smoothly scaled, or thin lines would fall between the pixels; in bands, since it takes long."""
    width, height = size
    target = _target_size(size, longest)
    small = QtGui.QImage(*target, QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    small.fill(0)
    bands = max(1, min(target[1], width * height // _SLICE_PIXELS))
    for band in range(bands):
        top, bottom = band * target[1] // bands, (band + 1) * target[1] // bands
        first, last = top * height // target[1], bottom * height // target[1]
        rows = pixels[first * width * BYTES_PER_PIXEL : last * width * BYTES_PER_PIXEL]
        large = QtGui.QImage(
            rows, width, last - first, width * BYTES_PER_PIXEL, QtGui.QImage.Format.Format_ARGB32
        )
        part = large.scaled(
            target[0],
            bottom - top,
            QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
            QtCore.Qt.TransformationMode.SmoothTransformation,
        )
        _draw(small, part, top)
        await pause()
    return small


def laid_over(colors: QtGui.QImage | None, lines: QtGui.QImage | None) -> QtGui.QImage | None:
    """Lines over colours, either of which may be missing; both of one size."""
    if colors is None or lines is None:
        return colors or lines
    whole = colors.convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    _draw(whole, lines.scaled(whole.size()), 0)
    return whole


def _draw(canvas: QtGui.QImage, picture: QtGui.QImage, top: int) -> None:
    painter = QtGui.QPainter(canvas)
    painter.drawImage(0, top, picture)
    painter.end()


def _target_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """As `scaled` makes it."""
    side = min(longest, max(size))
    fitting = QtCore.QSize(*size).scaled(side, side, QtCore.Qt.AspectRatioMode.KeepAspectRatio)
    return max(1, fitting.width()), max(1, fitting.height())
