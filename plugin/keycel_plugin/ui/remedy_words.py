"""What the button beside an error says."""

from __future__ import annotations

from keycel_plugin.state.remedies import Remedy
from keycel_plugin.words import _


def remedy_words(remedy: Remedy) -> str:
    return {
        Remedy.TRY_AGAIN: _("Try again"),
        Remedy.UNLOCK_LAYER: _("Unlock the layer"),
        Remedy.UNDO_AND_TRY_AGAIN: _("Undo and try again"),
        Remedy.CHOOSE_LINE_LAYER: _("Choose the line layer"),
        Remedy.CHOOSE_COLOR_LAYER: _("Choose the colour layer"),
        Remedy.COLORIZE_FIRST: _("Colorize"),
        Remedy.SET_UP: _("Set up"),
    }[remedy]
