"""The plugin's words in the artist's language: gettext, with catalogues in `locale/`.

Every sentence that an artist reads goes through `_` or `plural`. English is the source; a word
without a translation stays English.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path

from keycel_plugin.qt import QtCore

DOMAIN = "keycel"
LOCALE_FOLDER = Path(__file__).with_name("locale")


def languages() -> list[str]:
    """What the artist has chosen in Krita (it sets LANGUAGE), else the languages of the system."""
    chosen = [name for name in os.environ.get("LANGUAGE", "").split(":") if name]
    system = [name.replace("-", "_") for name in QtCore.QLocale().uiLanguages()]
    return chosen or system


_catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, languages(), fallback=True)


def use(wanted: list[str]) -> None:
    """Take another language from now on; what is on screen already stays as it is."""
    global _catalogue  # noqa: PLW0603 - one language per Krita, as its own
    _catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, wanted, fallback=True)


def _(text: str) -> str:
    """`text` in the artist's language. Put names and numbers in afterwards, with `str.format`."""
    return _catalogue.gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """The right one of two sentences for `count`, translated; `{count}` in it is filled in."""
    return _catalogue.ngettext(one, many, count).format(count=count)
