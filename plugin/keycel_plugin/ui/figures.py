"""Durations and sizes as people say them."""

from __future__ import annotations

from keycel_plugin.qt import QtCore
from keycel_plugin.words import _

_GB = 1e9
_MB = 1e6


def duration(seconds: float) -> str:
    """Rounded as coarsely as it is certain: seconds, minutes, hours."""
    if seconds < 1:
        return _("less than a second")
    if seconds < 90:
        return _("about {count} s").format(count=round(seconds))
    if seconds < 90 * 60:
        return _("about {count} min").format(count=round(seconds / 60))
    return _("about {count} h").format(count=round(seconds / 3600))


def size(count: int) -> str:
    """Bytes in GB, or MB for less than 100 MB."""
    if count < 100 * _MB:
        return _("{count} MB").format(count=max(1, round(count / _MB)))
    return _("{size} GB").format(size=QtCore.QLocale().toString(count / _GB, "f", 1))
