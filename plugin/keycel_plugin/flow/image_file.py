"""An image from a file, as a reference that travels with a request."""

from __future__ import annotations

from pathlib import Path

from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import byte_count


def read_image(path: Path, size: tuple[int, int]) -> bytes:
    """BGRA pixels of an image, stretched to `size` (width, height), pixel by pixel: flat colours stay exact.

    Where it is transparent all is 0.

    Raises:
        KeycelError: DOC_UNREADABLE_PICTURE.
    """
    reader = QtGui.QImageReader(str(path))
    reader.setAutoTransform(True)  # as the camera was held
    reader.setDecideFormatFromContent(True)
    image = reader.read()
    if image.isNull():
        raise KeycelError(
            ErrorCode.DOC_UNREADABLE_PICTURE,
            _("“{name}” cannot be read as a picture.").format(name=path.name),
            _("Choose a PNG, JPEG or WebP picture."),
            f"{path}: {reader.errorString()}",
        )
    # premultiplied once, so that nothing is left of colours that cannot be seen
    seen = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    stretched = seen.convertToFormat(QtGui.QImage.Format.Format_ARGB32).scaled(
        *size,
        QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
        QtCore.Qt.TransformationMode.FastTransformation,
    )
    bits = stretched.constBits()
    assert bits is not None
    return bits.asstring(byte_count(*size))
