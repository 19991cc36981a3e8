"""The catalogues of translations are complete, and what Krita is given is what the translators wrote."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from support import catalogue

LANGUAGES = {path.parts[-3]: path for path in catalogue.po_files()}
UPDATE = "run `python tests/support/catalogue.py`"


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Path:
    return LANGUAGES[request.param]


def gaps(sentence: str) -> list[str]:
    """What is filled in with `str.format`."""
    return sorted(re.findall(r"\{[^}]*\}", sentence))


def test_there_is_a_second_language() -> None:
    assert "de" in LANGUAGES


def test_the_template_has_every_sentence_and_no_other() -> None:
    wanted = set(catalogue.messages(catalogue.extracted()))
    assert len(wanted) > 200
    assert set(catalogue.messages(catalogue.read(catalogue.TEMPLATE))) == wanted, UPDATE


def test_every_language_has_every_sentence_translated(language: Path) -> None:
    translated = catalogue.read(language)
    assert set(catalogue.messages(translated)) == set(catalogue.messages(catalogue.extracted())), UPDATE
    assert catalogue.untranslated(translated) == []
    assert [message.id for message in translated if message.fuzzy and message.id] == []
    assert not translated.fuzzy


def test_translations_have_the_same_gaps(language: Path) -> None:
    """A name or number that is filled in must appear; a singular may do without its number."""
    for key, message in catalogue.messages(catalogue.read(language)).items():
        if isinstance(key, tuple):
            one, many = key
            first, *others = message.string
            assert gaps(first) in (gaps(one), gaps(many)), key
            assert all(gaps(other) == gaps(many) for other in others), key
        else:
            assert gaps(str(message.string)) == gaps(key), key


def test_translations_keep_the_form_of_the_sentence(language: Path) -> None:
    """A full stop, a colon or an ellipsis means something in the docker."""
    for key, message in catalogue.messages(catalogue.read(language)).items():
        if isinstance(key, tuple):
            continue
        translation = str(message.string)
        for ending in (".", "…", "?", ":"):
            assert key.endswith(ending) == translation.endswith(ending), key
        assert "&" not in key + translation, "Alt with a letter opens Krita's menus"
        assert (key == key.strip()) == (translation == translation.strip()), key


def test_the_compiled_catalogue_is_up_to_date(language: Path) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue.read(language))
    assert language.with_suffix(".mo").read_bytes() == compiled.getvalue(), UPDATE


def test_every_sentence_can_be_formatted(language: Path) -> None:
    """Gaps are well-formed: nothing is left open, no number format is misspelt."""
    for message in catalogue.messages(catalogue.read(language)).values():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in forms:
            names = re.findall(r"\{(\w+)", form)
            number = {"count": 3, "percent": 30}
            assert form.format(**{name: number.get(name, "x") for name in names})
