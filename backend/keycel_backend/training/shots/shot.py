"""One procedural shot: drawings, their flats and the identity of every pixel, from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keycel_backend.training.shots.grain import Grain, moved
from keycel_backend.training.shots.lines import draw_lines
from keycel_backend.training.shots.motion import exposures
from keycel_backend.training.shots.raster import render
from keycel_backend.training.shots.scene import Scene, random_scene
from keycel_backend.training.shots.shading import Shading, random_shading
from keycel_backend.training.shots.style import Border, LineStyle, random_style
from keycel_backend.training.shots.surfaces import Surfaces

Rgb = tuple[int, int, int]
_FPS = 24.0
_SHARP_UP_TO = 640
"""Canvas height up to which surfaces are drawn at twice the size."""


@dataclass(frozen=True, slots=True)
class ShotSettings:
    """Ranges a shot is drawn from."""

    heights: tuple[int, int] = (256, 1080)
    """Canvas height in pixels, both ends included; small canvases are more frequent."""
    drawings: tuple[int, int] = (6, 20)
    aspects: tuple[float, ...] = (16 / 9, 16 / 9, 4 / 3, 1.0, 3 / 4)
    unlined_shades: bool = False
    """Every shot has cel shadows, and no border of a shadow or highlight is drawn."""


@dataclass(frozen=True, slots=True)
class ProceduralDrawing:
    times: tuple[int, ...]
    """Frames that show this drawing."""
    line: NDArray[np.uint8]
    """(height, width, 4) RGBA, straight alpha; on transparent or on opaque paper."""
    flats: NDArray[np.uint8]
    """(height, width, 4) RGBA, alpha 0 or 255: the surfaces' colours, also under the lines."""
    identity: NDArray[np.int32]
    """(height, width) surface number, the same through the shot; 0: background."""


@dataclass(frozen=True, slots=True)
class ProceduralShot:
    seed: int
    width: int
    height: int
    drawings: tuple[ProceduralDrawing, ...]
    colors: tuple[Rgb, ...]
    """Colour of surface number n at n - 1; surfaces share colours as on a model sheet."""
    bases: tuple[int, ...]
    """For surface number n at n - 1: the surface it is a shadow or highlight of, itself otherwise."""
    style: LineStyle


def generate_shot(seed: int, settings: ShotSettings | None = None) -> ProceduralShot:
    """The shot of `seed`: the same on every call and machine with the same library versions."""
    settings = settings or ShotSettings()
    rng = np.random.default_rng(seed)
    low, high = settings.heights
    height = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))
    width = round(height * settings.aspects[int(rng.integers(len(settings.aspects)))])
    holds = exposures(rng, int(rng.integers(settings.drawings[0], settings.drawings[1] + 1)))
    seconds = sum(holds) / _FPS
    surfaces = Surfaces()
    scene = random_scene(rng, surfaces, seconds, width / height)
    style = random_style(rng)
    if settings.unlined_shades:
        style = replace(style, border=Border.UNDRAWN)
    shaded = rng.random() < 0.3 or settings.unlined_shades
    shading = random_shading(surfaces, rng) if shaded else None
    sharpness = 2 if height <= _SHARP_UP_TO else 1
    grain = Grain(height * sharpness, width * sharpness, rng)
    drawings: list[ProceduralDrawing] = []
    first = 0
    for hold in holds:
        pen = np.random.default_rng([seed, first])
        times = tuple(range(first, first + hold))
        drawings.append(
            _draw(scene, surfaces, shading, style, grain, (width, height, sharpness), times, seconds, pen)
        )
        first += hold
    colors = tuple(entry.color for entry in surfaces.entries)
    bases = tuple(entry.base for entry in surfaces.entries)
    return ProceduralShot(seed, width, height, tuple(drawings), colors, bases, style)


def _draw(
    scene: Scene,
    surfaces: Surfaces,
    shading: Shading | None,
    style: LineStyle,
    grain: Grain,
    canvas: tuple[int, int, int],
    times: tuple[int, ...],
    seconds: float,
    rng: np.random.Generator,
) -> ProceduralDrawing:
    width, height, sharpness = canvas
    time = times[0] / _FPS
    view = scene.view(time, width * sharpness, height * sharpness)
    maps = render(scene.parts(time), view)
    if shading is not None:
        shading.apply(maps, time / seconds)
    if style.wobble > 0.1:
        reach = style.wobble * maps.surface.shape[0] / 480.0
        origin = grain.stray(maps.surface.shape, reach, rng)
        maps.surface = moved(maps.surface.astype(np.float32), origin).astype(np.int32)
        maps.facet = moved(maps.facet.astype(np.float32), origin).astype(np.int32)
        maps.depth = moved(maps.depth, origin)
    line = draw_lines(maps, surfaces, style, grain, sharpness, rng)
    identity = np.ascontiguousarray(maps.surface[::sharpness, ::sharpness])
    return ProceduralDrawing(times, line, surfaces.flats()[identity], identity)
