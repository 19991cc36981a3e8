"""Flat colours of a model sheet: few, plain, and some of them used more than once."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, fields, replace

import numpy as np

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one character, by what they paint."""

    skin: Rgb
    hair: Rgb
    iris: Rgb
    eye_white: Rgb
    mouth: Rgb
    tongue: Rgb
    top: Rgb
    sleeve: Rgb
    bottom: Rgb
    leg: Rgb
    shoe: Rgb
    sole: Rgb
    accent: Rgb
    trim: Rgb


_CLOTHES = ("top", "sleeve", "bottom", "leg", "shoe", "sole", "accent", "trim")


def random_palette(rng: np.random.Generator) -> Palette:
    """A model sheet's colours; clothes share colours as often as real ones do."""
    base_hue = rng.random()
    skin = _hsv(rng.uniform(0.03, 0.09), rng.uniform(0.1, 0.55), rng.uniform(0.55, 1.0))
    drawn = {name: _cloth(rng, base_hue) for name in _CLOTHES}
    palette = Palette(
        skin=skin if rng.random() < 0.85 else random_color(rng),
        hair=random_color(rng),
        iris=random_color(rng),
        eye_white=(255, 255, 255) if rng.random() < 0.8 else skin,
        mouth=_hsv(rng.uniform(0.95, 1.0), rng.uniform(0.4, 0.9), rng.uniform(0.35, 0.8)),
        tongue=_hsv(rng.uniform(0.95, 1.0), rng.uniform(0.3, 0.6), rng.uniform(0.7, 1.0)),
        **drawn,
    )
    return _with_repeats(palette, rng)


def _with_repeats(palette: Palette, rng: np.random.Generator) -> Palette:
    names = [entry.name for entry in fields(Palette)]
    if rng.random() < 0.6:
        palette = replace(palette, sleeve=palette.top)
    if rng.random() < 0.45:
        palette = replace(palette, leg=palette.skin if rng.random() < 0.5 else palette.bottom)
    for _ in range(int(rng.integers(0, 4))):
        to, source = str(rng.choice(_CLOTHES)), str(rng.choice(names))
        palette = replace(palette, **{to: getattr(palette, source)})
    return palette


def random_color(rng: np.random.Generator) -> Rgb:
    if rng.random() < 0.12:
        return (255, 255, 255) if rng.random() < 0.6 else _hsv(rng.random(), 0.05, rng.uniform(0.85, 1.0))
    if rng.random() < 0.15:
        return _hsv(rng.random(), rng.uniform(0.0, 0.5), rng.uniform(0.05, 0.3))
    return _hsv(rng.random(), rng.uniform(0.08, 0.95), rng.uniform(0.3, 1.0))


def random_colors(rng: np.random.Generator, count: int) -> list[Rgb]:
    """`count` colours of related hue."""
    base_hue = rng.random()
    return [_cloth(rng, base_hue) for _ in range(count)]


def shaded(color: Rgb, amount: float) -> Rgb:
    """Darker (amount below 0) or lighter colour, at least one step away from `color`."""
    goal = 255.0 if amount > 0 else 0.0
    mixed = [round(channel + (goal - channel) * abs(amount)) for channel in color]
    if tuple(mixed) == color:
        mixed = [max(0, channel - 12) for channel in color]
    return mixed[0], mixed[1], mixed[2]


def _cloth(rng: np.random.Generator, base_hue: float) -> Rgb:
    if rng.random() < 0.35:
        return random_color(rng)
    hue = base_hue + rng.choice([0.0, 0.0, 0.08, 0.5]) + rng.normal(0.0, 0.03)
    return _hsv(hue, rng.uniform(0.1, 0.9), rng.uniform(0.25, 1.0))


def _hsv(hue: float, saturation: float, value: float) -> Rgb:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
