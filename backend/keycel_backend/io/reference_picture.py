"""Reference images: any usual kind of picture, brought to the form in which they travel with a request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from keycel_backend.io.limits import check_size
from keycel_backend.io.pictures import SIGNATURE, load_png, unreadable
from keycel_backend.regions.foreground import marked

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

_KINDS = ("JPEG", "WEBP", "BMP", "TIFF", "GIF")
_MARKED = 128


def load_image(path: Path) -> Pixels:
    """RGBA uint8, (height, width, 4), of a PNG, JPEG, WebP, BMP, TIFF or GIF; turned as its camera was held.

    PNG values stay exact.

    Raises:
        KeycelError: DOC_UNREADABLE_PICTURE or DOC_TOO_LARGE.
    """
    try:
        with path.open("rb") as file:
            is_png = file.read(len(SIGNATURE)) == SIGNATURE
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    if is_png:
        return load_png(path)
    try:
        with Image.open(path, formats=_KINDS) as image:
            check_size(image.width, image.height, str(path))
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright.convert("RGBA")).copy()
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, MemoryError) as error:
        raise unreadable(path, str(error)) from error


def as_reference(picture: Pixels, mask: Pixels | None, width: int, height: int) -> Pixels:
    """A reference as requests carry it: (height, width, 4) of the canvas, its alpha the foreground.

    Stretched to the canvas pixel by pixel, so that flat colours stay exact: the networks see it as a
    square whatever its sides are. Where there is no paint and none is hidden under a mask, all is 0.

    Args:
        mask: the foreground, painted or white, of any size; None: what is opaque. A picture whose
            background is masked keeps its colours.
    """
    carried = picture.copy()
    if mask is None:
        carried[picture[..., 3] < _MARKED] = 0
    else:
        nothing = picture[..., 3] < _MARKED
        # black under a mask is a colour; nothing at all is not
        black = ~carried[..., :3].any(axis=2)
        carried[black, :3] = 1
        foreground = _stretched(mask, picture.shape[1], picture.shape[0])
        carried[..., 3] = np.where(marked(foreground), 255, 0)
        carried[nothing] = 0
    return _stretched(carried, width, height)


def _stretched(picture: Pixels, width: int, height: int) -> Pixels:
    if picture.shape[:2] == (height, width):
        return picture
    return cast("Pixels", cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST_EXACT))
