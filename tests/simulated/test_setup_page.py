"""The setup page at every stage, in two languages: what it says, what can be pressed, what fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from support import dock_scene
from support.fake_installer import LARGE, PLAN, SMALL, STEPS
from support.recording_commands import RecordingCommands

from keycel_plugin import words
from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.model import Model
from keycel_plugin.state.setup import FoundBackend, SetupNews, SetupTrouble, Stage
from keycel_plugin.ui.dock import Dock
from keycel_plugin.ui.setup_page import SetupPage
from keycel_plugin.ui.setup_words import (
    cost_words,
    offer_words,
    step_words,
    text_words,
    title_words,
    trouble_words,
)
from keycel_shared.errors import ErrorCode, ErrorValue
from keycel_shared.setup_report import Offer, SetupPlan, Trouble

NARROW = 240
MISSING = ErrorValue(ErrorCode.ENV_NO_BACKEND, "Not installed.", "Install it.", "no record")
STARTED = SetupNews(
    Stage.INSTALLING, steps=STEPS, weights=(1, 2, 1, 0), ended=STEPS[:1], current=STEPS[1], plan=PLAN
)
PICTURE = dock_scene.figure(0, dock_scene.COAT, 600)

STAGES = {
    "looking": (SetupNews(Stage.LOOKING), {"close"}),
    "offer": (SetupNews(Stage.OFFER, MISSING, plan=PLAN), {"install", "point", "look", "close"}),
    "no python": (SetupNews(Stage.OFFER, MISSING), {"point", "look", "close"}),
    "installing": (STARTED, {"cancel"}),
    "stopped": (replace(STARTED, stage=Stage.STOPPED), {"install", "point", "look", "close"}),
    "failed": (
        replace(STARTED, stage=Stage.STOPPED, trouble=SetupTrouble(Trouble.PACKAGES, "No.", "404")),
        {"install", "point", "look", "close"},
    ),
    "connecting": (SetupNews(Stage.CONNECTING), {"close"}),
    "not connected": (SetupNews(Stage.CONNECTING, error=MISSING), {"again", "look", "close"}),
    "models": (SetupNews(Stage.MODELS), {"trial", "close"}),
    "trying": (SetupNews(Stage.TRYING), set[str]()),
    "tried": (SetupNews(Stage.TRIED, picture=PICTURE), {"close"}),
    "not coloured": (SetupNews(Stage.TRIED, error=MISSING), {"again", "close"}),
}
BUTTONS = ("install", "point", "look", "cancel", "again", "trial", "close")


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    words.use([request.param])
    yield request.param
    words.use(["en"])


@pytest.fixture
def setup_dock(
    model: Model, commands: RecordingCommands, application: QtWidgets.QApplication
) -> Iterator[Callable[[SetupNews], Dock]]:
    made: list[Dock] = []

    def show(news: SetupNews) -> Dock:
        model.setup.news = news
        dock = Dock(model, commands, lambda _name: QtGui.QIcon())
        dock.resize(NARROW, 700)
        dock.show()
        application.processEvents()
        commands.calls.clear()
        made.append(dock)
        return dock

    yield show
    for dock in made:
        dock.close()
        dock.deleteLater()


MakeDock = Callable[[SetupNews], Dock]


def pressable(page: SetupPage) -> set[str]:
    return {name for name in BUTTONS if getattr(page, f"{name}_button").isVisible()}


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_has_its_words_and_buttons_and_fits(
    name: str, language: str, setup_dock: MakeDock
) -> None:
    del language
    news, buttons = STAGES[name]
    dock = setup_dock(news)
    page = dock.setup_page
    assert page.isVisible()
    assert not dock.pages.isVisible()
    assert page.title.text()
    assert page.text.text()
    assert pressable(page) == buttons
    assert max(page.content.minimumSizeHint().width(), page.minimumSizeHint().width()) <= NARROW, (
        "nothing is cut off at the side"
    )
    assert page.picture.isVisible() == (news.picture is not None)
    assert page.models.isVisible() == (news.stage is Stage.MODELS)
    assert page.log.isVisible() == (news.stage in (Stage.INSTALLING, Stage.STOPPED))


def test_without_anything_to_set_up_the_usual_pages_are_there(setup_dock: MakeDock) -> None:
    dock = setup_dock(SetupNews())
    assert dock.pages.isVisible()
    assert not dock.setup_page.isVisible()


def test_steps_and_share_are_shown(setup_dock: MakeDock) -> None:
    page = setup_dock(STARTED).setup_page
    lines = page.steps.text().splitlines()
    assert [line[0] for line in lines] == ["✓", "▸", "○", "○"]
    assert lines[1].endswith(step_words("keycel"))
    assert page.progress_bar.value() == page.progress_bar.maximum() // 4


@pytest.mark.parametrize(
    ("plan", "everything"),
    [
        (PLAN, True),
        (SetupPlan((SMALL, replace(LARGE, device="cpu", card="")), 50_000), False),
        (SetupPlan((SMALL, LARGE), SMALL.disk), False),
    ],
    ids=["with a card", "without", "no room"],
)
def test_everything_is_proposed_where_a_card_makes_it_worth_while(
    plan: SetupPlan, everything: bool, setup_dock: MakeDock, commands: RecordingCommands
) -> None:
    page = setup_dock(SetupNews(Stage.OFFER, MISSING, plan=plan)).setup_page
    page.install_button.click()
    page.offer.ways[0].click()
    page.install_button.click()
    assert commands.named("install") == [(everything,), (False,)]
    assert page.offer.ways[1].isEnabled() == (plan.free > LARGE.disk)
    assert ("Too little room" in page.offer.ways[1].toolTip()) == (plan.free < LARGE.disk)


def test_no_room_at_all_means_no_install(setup_dock: MakeDock) -> None:
    page = setup_dock(SetupNews(Stage.OFFER, MISSING, plan=SetupPlan((SMALL,), 10))).setup_page
    assert not page.install_button.isVisible()


def test_a_backend_that_fits_can_be_taken(setup_dock: MakeDock, commands: RecordingCommands) -> None:
    found = (FoundBackend("/a/python", "0.1.0", True), FoundBackend("/b/python", "9.9", False))
    page = setup_dock(SetupNews(Stage.OFFER, MISSING, found, PLAN)).setup_page
    [button] = page.offer.use_buttons
    button.click()
    assert commands.named("use") == [("/a/python",)]


@pytest.mark.parametrize(
    ("stage", "button", "asked"),
    [
        ("offer", "look", "look_again"),
        ("offer", "close", "close"),
        ("installing", "cancel", "cancel_setup"),
        ("not connected", "again", "connect"),
        ("models", "trial", "color_trial"),
        ("not coloured", "again", "color_trial"),
    ],
)
def test_each_button_asks_for_its_own(
    stage: str, button: str, asked: str, setup_dock: MakeDock, commands: RecordingCommands
) -> None:
    page = setup_dock(STAGES[stage][0]).setup_page
    getattr(page, f"{button}_button").click()
    assert [call for call in commands.calls if call[0] != "docker_shown"] == [(asked,)]


def test_a_folder_is_chosen_in_a_window_that_blocks_nothing(
    setup_dock: MakeDock, commands: RecordingCommands
) -> None:
    page = setup_dock(SetupNews(Stage.OFFER, MISSING, plan=PLAN)).setup_page
    page.point_button.click()
    [dialog] = [one for one in page.window().findChildren(QtWidgets.QFileDialog) if one.isVisible()]
    assert not dialog.isModal()
    dialog.fileSelected.emit("/there")
    dialog.close()
    assert commands.named("point_at") == [("/there",)]


def test_the_log_can_be_read_copied_and_opened(
    setup_dock: MakeDock, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = setup_dock(STARTED).setup_page.log
    model.setup.add_log("Collecting numpy\n")
    model.setup.add_log("  Downloading numpy.whl (18 MB)\n")
    assert log.last_line.text() == "Downloading numpy.whl (18 MB)"
    assert not log.text.isVisible()
    log.heading.click()
    assert log.text.isVisible()
    assert log.text.toPlainText() == model.setup.log
    log.copy_button.click()
    clipboard = QtWidgets.QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == model.setup.log
    opened: list[QtCore.QUrl] = []
    monkeypatch.setattr(QtGui.QDesktopServices, "openUrl", opened.append)
    log.open_button.click()
    assert opened[0].toLocalFile().endswith("setup.log")
    model.setup.clear_log()
    assert log.text.toPlainText() == log.last_line.text() == ""


def test_the_facts_are_at_hand_for_a_report(setup_dock: MakeDock) -> None:
    page = setup_dock(STAGES["failed"][0]).setup_page
    assert page.text.toolTip() == "No.\n404"
    assert "ENV_NO_BACKEND: no record" in setup_dock(STAGES["offer"][0]).setup_page.text.toolTip()


# ---------------------------------------------------------------------------- words


@pytest.mark.parametrize("trouble", list(Trouble), ids=lambda trouble: trouble.value)
def test_every_trouble_has_words_without_a_terminal(trouble: Trouble) -> None:
    english = trouble_words(SetupTrouble(trouble))
    words.use(["de"])
    german = trouble_words(SetupTrouble(trouble))
    words.use(["en"])
    for one, other in zip(english, german, strict=True):
        assert one.endswith(".")
        assert one != other
        assert "python3 installer" not in one


@pytest.mark.parametrize("step", ["created", "torch", "keycel", "onnxruntime", "tried", "krita"])
def test_every_step_has_words(step: str) -> None:
    assert step_words(step) != step


def test_costs_are_plain() -> None:
    assert cost_words(SMALL) == "Fetches 200 MB, takes 600 MB on the disk and up to 3 minutes."
    assert cost_words(LARGE) == "Fetches 2.9 GB, takes 9.0 GB on the disk and 9 to 43 minutes."
    assert cost_words(Offer("", "", 10, 20, False)).endswith("about a minute.")


@pytest.mark.parametrize("device", ["", "cpu", "cuda", "rocm", "mps"])
def test_every_device_has_words(device: str) -> None:
    told = offer_words(Offer(device, "Some Card", 1, 1, False), 10)
    assert ("Some Card" in told) == (device in ("cuda", "rocm", "mps"))


def test_a_refused_folder_is_named() -> None:
    assert "/nothing/here" in text_words(SetupNews(Stage.OFFER, plan=PLAN, refused="/nothing/here"))


def test_titles_differ() -> None:
    titles = [title_words(news) for news, _ in STAGES.values()]
    assert len(set(titles)) >= len(titles) - 2, "“that did not work” serves twice, so does the offer"
