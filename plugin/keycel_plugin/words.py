"""The plugin's words in the artist's language: gettext, with catalogues in `locale/`.

Every sentence that an artist reads goes through `_` or `plural`. English is the source; a word
without a translation stays English.
"""

from __future__ import annotations

import gettext
import os
import re
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
_spoken: set[str] = set()
"""Every sentence that `_` has given out, before names and numbers were put in."""


def use(wanted: list[str]) -> None:
    """Take another language from now on; what is on screen already stays as it is."""
    global _catalogue  # noqa: PLW0603 - one language per Krita, as its own
    _catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, wanted, fallback=True)
    _spoken.clear()


def translating() -> bool:
    """False if English is spoken, because it is wanted or for want of a catalogue."""
    return isinstance(_catalogue, gettext.GNUTranslations)


def _(text: str) -> str:
    """`text` in the artist's language. Put names and numbers in afterwards, with `str.format`."""
    translated = _catalogue.gettext(text)
    _spoken.add(translated)
    return translated


def plural(one: str, many: str, count: int) -> str:
    """The right one of two sentences for `count`, translated; `{count}` in it is filled in."""
    translated = _catalogue.ngettext(one, many, count)
    _spoken.add(translated)
    return translated.format(count=count)


def was_spoken(text: str) -> bool:
    """True if `text` came from here: a sentence of `_` or `plural` with anything put into its gaps."""
    return any(_pattern(sentence).fullmatch(text) for sentence in _spoken)


def _pattern(sentence: str) -> re.Pattern[str]:
    fixed = re.split(r"\{[^}]*\}", sentence)
    return re.compile(".*".join(map(re.escape, fixed)), re.DOTALL)
