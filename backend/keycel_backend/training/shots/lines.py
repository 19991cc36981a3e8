"""Turns maps of surfaces into a line drawing in a style.

Lines lie where the surface or the facet changes and where the depth of one surface jumps. They are
drawn from the distance to those places, so any width is possible and edges are anti-aliased.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.training.shots.grain import Grain, moved
from keycel_backend.training.shots.raster import STROKE, Maps
from keycel_backend.training.shots.style import Border, LineStyle
from keycel_backend.training.shots.surfaces import Surfaces

Mask = NDArray[np.bool_]
Strength = NDArray[np.float32]
_JUMP = 0.03
"""Canvas heights of depth between neighbouring pixels of one surface from which on there is a line."""


def draw_lines(
    maps: Maps, surfaces: Surfaces, style: LineStyle, grain: Grain, sharpness: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """RGBA drawing, `sharpness` times smaller than the maps."""
    main, trace = find_lines(maps, surfaces, style.border)
    pixel = maps.surface.shape[0] / 480.0
    strength = _stroked(main, style, grain, pixel, rng)
    solid = surfaces.solids()[maps.surface]
    if solid.any():
        strength = np.maximum(strength, solid.astype(np.float32))
    traced = _stroked(trace, style, grain, pixel, rng) if trace.any() else np.zeros_like(strength)
    size = (maps.surface.shape[1] // sharpness, maps.surface.shape[0] // sharpness)
    if sharpness > 1:
        strength, traced = (_reduced(layer, size) for layer in (strength, traced))
    if style.grain > 0:
        paper = 1.0 - style.grain * grain.fine(strength.shape, rng)
        strength, traced = strength * paper, traced * paper
    if style.fading > 0:
        faded = 1.0 - np.float32(style.fading) * np.maximum(grain.slow(strength.shape, rng), 0.0)
        strength, traced = strength * faded, traced * faded
    if style.softness > 0:
        sigma = style.softness * size[1] / 480.0 + 0.2
        strength, traced = (cv2.GaussianBlur(layer, (0, 0), sigma) for layer in (strength, traced))
    if not style.smooth:
        strength, traced = ((layer >= 0.5).astype(np.float32) for layer in (strength, traced))
    strength, traced = strength * np.float32(style.strength), traced * np.float32(style.strength)
    color = _ink_colors(maps, surfaces, style, sharpness)
    return _composed(strength, traced * (1.0 - strength), color, style, grain, rng)


def find_lines(maps: Maps, surfaces: Surfaces, border: Border) -> tuple[Mask, Mask]:
    """Places of main lines and of coloured separation lines."""
    surface, facet = maps.surface, maps.facet
    base = surfaces.bases()[surface]
    key = base + facet * np.int32(1 << 13)
    stroke = facet == STROKE
    key[stroke] = -1
    main = stroke.copy()
    inner = np.zeros_like(main)
    shaded = bool((base != surface).any())
    jump = np.float32(_JUMP * surface.shape[0])
    for here, there in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        one, two = key[here], key[there]
        # the background is infinitely far, but its key differs; depth counts only within one key
        jumps = np.abs(maps.depth[here] - maps.depth[there]) > jump
        main[here] |= ((one != two) & (one >= 0) & (two >= 0)) | (jumps & (one == two) & (one > 0))
        if shaded:
            inner[here] |= (surface[here] != surface[there]) & (base[here] == base[there])
    if border is Border.INKED:
        main |= inner
    if border is not Border.TRACED:
        inner[:] = False
    return main, inner & ~main


def _stroked(
    places: Mask, style: LineStyle, grain: Grain, pixel: float, rng: np.random.Generator
) -> Strength:
    """Strength 0..1 of lines through `places`; `pixel`: map pixels per style pixel."""
    if not places.any():
        return np.zeros(places.shape, np.float32)
    half = max(0.5 * style.width * pixel, 0.6)
    strength = _pen(places, half, style, grain, rng)
    if style.doubled > 0:
        origin = grain.stray(places.shape, 2.2 * pixel, rng)
        second = _pen(
            moved(places.view(np.uint8), origin).astype(np.bool_), 0.7 * half, style, grain, rng
        ) * np.float32(style.doubled)
        strength = np.maximum(strength, second)
    if style.gaps > 0:
        _interrupt(strength, places, style, pixel, rng)
    return strength


def _pen(places: Mask, half: float, style: LineStyle, grain: Grain, rng: np.random.Generator) -> Strength:
    distance = cast(Strength, cv2.distanceTransform((~places).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3))
    reach: Strength | np.float32 = np.float32(half)
    if style.pressure > 0.05:
        reach = reach * (1.0 + np.float32(style.pressure) * grain.slow(places.shape, rng))
    return cast(Strength, np.clip(reach + np.float32(0.5) - distance, 0.0, 1.0))


def _interrupt(
    strength: Strength, places: Mask, style: LineStyle, pixel: float, rng: np.random.Generator
) -> None:
    """Lift the pen here and there: short gaps across the whole width of a line."""
    rows, columns = np.nonzero(places)
    count = int(rng.poisson(style.gaps * len(rows) / (1000.0 * max(pixel, 1.0))))
    for at in rng.integers(0, len(rows), count):
        radius = max(1, round((0.5 * style.gap_width * rng.uniform(0.4, 1.3) + 0.4 * style.width) * pixel))
        cv2.circle(strength, (int(columns[at]), int(rows[at])), radius, 0.0, -1)


def _reduced(layer: Strength, size: tuple[int, int]) -> Strength:
    return cast(Strength, cv2.resize(layer, size, interpolation=cv2.INTER_AREA))


def _ink_colors(maps: Maps, surfaces: Surfaces, style: LineStyle, sharpness: int) -> NDArray[np.float32]:
    """(3,) or (height, width, 3) colour of the main line, 0..255."""
    if not style.self_colored:
        return np.array(style.ink, np.float32)
    owner = cv2.dilate(maps.surface.astype(np.float32), np.ones((9, 9), np.uint8)).astype(np.int32)
    table = surfaces.flats()[:, :3].astype(np.float32) * np.float32(0.4)
    return table[np.ascontiguousarray(owner[::sharpness, ::sharpness])]


def _composed(
    strength: Strength,
    traced: Strength,
    color: NDArray[np.float32],
    style: LineStyle,
    grain: Grain,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    total = strength + traced
    drawing = np.empty((*total.shape, 4), np.uint8)
    trace = np.array(style.trace, np.float32)
    if style.paper is None:
        drawing[..., :3] = color if color.ndim == 1 else np.round(color)
        if traced.any():
            share = (traced / np.maximum(total, 1e-6))[..., None]
            drawing[..., :3] = np.round(color * (1.0 - share) + trace * share)
        drawing[..., 3] = np.round(np.minimum(total, 1.0) * 255.0)
        return drawing
    paper = np.array(style.paper, np.float32)
    shown = paper * (1.0 - strength - traced)[..., None] + color * strength[..., None]
    if traced.any():
        shown += trace * traced[..., None]
    if style.grain > 0.5:
        shown -= (2.5 * grain.fine(total.shape, rng))[..., None]
    drawing[..., :3] = np.round(np.clip(shown, 0.0, 255.0))
    drawing[..., 3] = 255
    return drawing
