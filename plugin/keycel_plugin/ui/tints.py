"""Colours that mean something, readable on dark and on light themes."""

from __future__ import annotations

from enum import Enum

from keycel_plugin.qt import QtGui

_SATURATION = 170
_LIGHTNESS_ON_DARK = 165
_LIGHTNESS_ON_LIGHT = 90


class Tint(Enum):
    """Hue in degrees of the colour circle; NEUTRAL has none."""

    NEUTRAL = -1
    BAD = 2
    ATTENTION = 36
    GOOD = 128
    OPEN = 208
    OWN = 284


def tint_on(palette: QtGui.QPalette, tint: Tint) -> QtGui.QColor:
    """`tint` as it can be told from the background of lists in this palette."""
    text = palette.color(QtGui.QPalette.ColorRole.Text)
    if tint is Tint.NEUTRAL:
        return blend(text, palette.color(QtGui.QPalette.ColorRole.Base), 0.55)
    lightness = _LIGHTNESS_ON_DARK if is_dark(palette) else _LIGHTNESS_ON_LIGHT
    return QtGui.QColor.fromHsl(tint.value, _SATURATION, lightness)


def is_dark(palette: QtGui.QPalette) -> bool:
    base = palette.color(QtGui.QPalette.ColorRole.Base)
    return base.lightness() < palette.color(QtGui.QPalette.ColorRole.Text).lightness()


def blend(one: QtGui.QColor, other: QtGui.QColor, share: float) -> QtGui.QColor:
    """`share` (0..1) of `one`, the rest of `other`."""
    return QtGui.QColor(
        *(
            round(share * first + (1 - share) * second)
            for first, second in zip(
                (one.red(), one.green(), one.blue()), (other.red(), other.green(), other.blue()), strict=True
            )
        )
    )
