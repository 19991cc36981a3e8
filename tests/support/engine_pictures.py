"""Makes the pictures of docs/engines.md that need no published weights: what is done around the networks.

PYTHONPATH=backend:shared:tests python tests/support/engine_pictures.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from keycel_backend.demo.fox import draw_fox
from keycel_backend.demo.motion import TIMES
from keycel_backend.engines.flipsketch.ink import Pen, clean_ink, sketch
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.io.compose import WHITE, over_color
from keycel_backend.io.results import write_png
from keycel_backend.regions.arrays import Bytes, Mask, Pixels
from keycel_backend.regions.foreground import drawn_foreground, pictured_foreground
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.reference_palette import reference_palette
from keycel_backend.regions.segmentation import automatic_gap, segment

SHOWN = (480, 270)
"""Pixels of a panel."""
GROUND = (250, 214, 165)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    drawing, painted = draw_fox(TIMES[10]).lines(), draw_fox(TIMES[0]).flats()
    write_png(folder / "colorizediffusion-masks.png", _opaque(masks(drawing, painted)))
    write_png(folder / "flipsketch-ink.png", _opaque(ink(drawing)))


def masks(drawing: Pixels, painted: Pixels) -> Bytes:
    """The drawing and its figure; the image to colour after, its figure, and the colours taken from it."""
    image = np.dstack([over_color(painted, GROUND), np.full(painted.shape[:2], 255, np.uint8)])
    figure = pictured_foreground(image)
    assert figure is not None
    art = read_line_art(drawing)
    gap = automatic_gap(drawing.shape[1], drawing.shape[0], art.line_width)
    found = drawn_foreground(segment(art.ink, gap))
    lines = over_color(drawing, WHITE)
    upper = np.hstack([_panel(lines), _panel(_dimmed(lines, found))])
    lower = np.hstack([_panel(image[..., :3]), _panel(_dimmed(image[..., :3], figure))])
    return np.vstack([upper, lower, _swatches(image, upper.shape[1])])


def ink(drawing: Pixels) -> Bytes:
    """The drawing, what the network is shown of it, and that picture drawn again at canvas size."""
    art = read_line_art(drawing)
    height, width = art.strength.shape
    size = model_size(width, height, 256)
    pen = Pen.of(drawing, art, size[0])
    small = sketch(art, pen, *size)
    again = clean_ink(small, pen, width, height)
    seen = cv2.resize(small, SHOWN, interpolation=cv2.INTER_NEAREST)
    return np.hstack(
        [
            _panel(over_color(drawing, WHITE)),
            np.repeat(seen[..., None], 3, axis=2).astype(np.uint8),
            _panel(over_color(again, WHITE)),
        ]
    )


def _dimmed(picture: Bytes, figure: Mask) -> Bytes:
    """The background in blue."""
    blue = (0.35 * picture + 0.65 * np.array([60, 110, 220])).astype(np.uint8)
    return np.where(figure[..., None], picture, blue)


def _swatches(image: Pixels, width: int) -> Bytes:
    colors = [color[:3] for color in reference_palette(image, 24).colors[1:]]
    edges = np.linspace(0, width, len(colors) + 1).astype(int)
    row = np.zeros((36, width, 3), np.uint8)
    for color, left, right in zip(colors, edges[:-1], edges[1:], strict=True):
        row[:, left:right] = color
    return row


def _panel(picture: Bytes) -> Bytes:
    return cv2.resize(picture, SHOWN, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _opaque(picture: Bytes) -> Pixels:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


if __name__ == "__main__":
    main()
