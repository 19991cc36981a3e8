"""Small pictures of frames (by time) and takes (by digest), for the frame strip and the take cards."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui, Signal

LONGEST_SIDE = 192
"""Pixels; enough for a take card on a high-resolution screen, 150 KB each at most."""

LARGE_SIDE = 720
"""Pixels; for comparing takes, of one frame at a time: 1.2 MB each."""

Key = int | str
"""Time of a frame, or digest of a take."""


class Thumbnails(QtCore.QObject):
    """`changed` carries the key of a new picture; after `reset` all are gone."""

    changed = Signal(object)
    reset = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures: dict[Key, QtGui.QImage] = {}

    def get(self, key: Key) -> QtGui.QImage | None:
        return self._pictures.get(key)

    def put(self, key: Key, picture: QtGui.QImage) -> None:
        self._pictures[key] = picture
        self.changed.emit(key)

    def drop(self, key: Key) -> None:
        """Not needed any more; nobody shows it."""
        self._pictures.pop(key, None)

    def clear(self) -> None:
        """Another document came to the front."""
        self._pictures.clear()
        self.reset.emit()


def scaled(pixels: bytes, size: tuple[int, int], longest: int = LONGEST_SIDE) -> QtGui.QImage:
    """A small copy of a BGRA picture of `size` (width, height), with its transparency."""
    width, height = size
    large = QtGui.QImage(pixels, width, height, 4 * width, QtGui.QImage.Format.Format_ARGB32)
    side = min(longest, max(width, height))
    return large.scaled(
        side,
        side,
        QtCore.Qt.AspectRatioMode.KeepAspectRatio,
        QtCore.Qt.TransformationMode.FastTransformation,  # smooth takes 30 ms at 1080p, this 1 ms
    ).copy()
