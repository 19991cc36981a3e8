"""The artist's language, and slots that let no exception into Qt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keycel_installer import krita_plugin
from keycel_plugin import words
from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.words import _, plural


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    words.use(["en"])


def test_english_is_the_source() -> None:
    words.use(["en"])
    assert not words.translating()
    assert _("Colorize") == "Colorize"
    assert plural("One drawing", "{count} drawings", 1) == "One drawing"
    assert plural("One drawing", "{count} drawings", 3) == "3 drawings"


def test_german_is_complete_enough_to_speak() -> None:
    words.use(["de_AT", "en"])
    assert words.translating()
    assert _("Colorize") == "Kolorieren"
    assert plural("One drawing", "{count} drawings", 1) == "Eine Zeichnung"
    assert plural("One drawing", "{count} drawings", 3) == "3 Zeichnungen"
    assert _("not in any catalogue") == "not in any catalogue"


def test_the_language_of_krita_goes_before_that_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de:en")
    assert words.languages() == ["de", "en"]
    monkeypatch.setenv("LANGUAGE", "")
    assert words.languages() == [name.replace("-", "_") for name in QtCore.QLocale().uiLanguages()]


def test_it_is_known_what_was_said() -> None:
    words.use(["de"])
    said = _("The layer “{name}” is locked.").format(name="Linien (1)")
    assert words.was_spoken(said)
    assert not words.was_spoken("The layer “Linien (1)” is locked.")
    assert not words.was_spoken(said + " Und mehr.")


def test_an_installed_plugin_speaks_german(tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[2]
    profile = krita_plugin.KritaProfile(tmp_path / "krita", tmp_path / "kritarc")
    krita_plugin.install(project, profile)
    inside = Path("locale", "de", "LC_MESSAGES", "keycel.mo")
    installed = profile.resources / "pykrita" / "keycel_plugin" / inside
    assert installed.read_bytes() == (project / "plugin" / "keycel_plugin" / inside).read_bytes()


class Sender(QtCore.QObject):
    sent = Signal(int, str)


class Receiver(QtCore.QObject):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[object] = []

    @guarded_method
    def nothing(self) -> None:
        self.got.append("called")

    @guarded_method
    def number(self, value: int) -> None:
        self.got.append(value)

    @guarded_method
    def broken(self) -> None:
        raise ValueError("mistake")


def test_slots_get_what_they_take_and_keep_mistakes_to_themselves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sender, receiver = Sender(), Receiver()
    sender.sent.connect(receiver.broken)
    sender.sent.connect(receiver.nothing)
    sender.sent.connect(receiver.number)
    sender.sent.connect(guarded(lambda: receiver.got.append("guarded")))
    sender.sent.emit(5, "five")
    assert receiver.got == ["called", 5, "guarded"]
    assert "ValueError: mistake" in capsys.readouterr().err
