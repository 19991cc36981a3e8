"""The page of models: what it shows and asks for, by mouse, keyboard and in two languages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from support import dock_scene
from support.artists_desk import Desk, RunUntil
from support.dock_scene import DOWNLOADING, MODELS
from support.memory_host import MemoryHost
from support.recording_commands import RecordingCommands

from keycel_plugin import words
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.model import Model
from keycel_plugin.ui.dock import Dock
from keycel_plugin.ui.models_page import ModelsPage
from keycel_shared.errors import ErrorCode, ErrorValue
from keycel_shared.model_messages import (
    ModelInstall,
    ModelLink,
    ModelList,
    ModelListing,
    ModelOffline,
    ModelPause,
    ModelRemove,
    ModelState,
    ModelVerify,
)

LVCD, COLORIZEDIFFUSION, COTRACKER, TAESD = range(4)
LISTING = ModelListing(MODELS, (DOWNLOADING,), False, False, 48_000_000_000)
NO_ACCESS = ErrorValue(ErrorCode.REG_NO_ACCESS, "Only for those allowed.", "Ask for access.", "HTTP 401")


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    words.use([request.param])
    yield request.param
    words.use(["en"])


@pytest.fixture
def page(dock: Dock, commands: RecordingCommands, application: QtWidgets.QApplication) -> ModelsPage:
    """In sight, with nothing asked for but the news."""
    dock.pages.setCurrentIndex(4)
    application.processEvents()
    assert commands.named("models.show") == [(True,)]
    commands.calls.clear()
    return dock.models_page


def choose(page: ModelsPage, row: int) -> None:
    table = page.list.model()
    assert table is not None
    page.list.setCurrentIndex(table.index(row, 0))


def cells(page: ModelsPage) -> list[str]:
    table = page.list.model()
    assert table is not None
    return [table.data(table.index(row, 1)) for row in range(table.rowCount())]


def enabled(page: ModelsPage) -> set[str]:
    names = ("install", "pause", "verify", "remove", "link")
    return {name for name in names if getattr(page, f"{name}_button").isEnabled()}


def test_every_model_is_listed_with_how_it_is_doing(page: ModelsPage, model: Model) -> None:
    assert cells(page) == ["not installed", "31 %", "not installed", "installed"]
    for work, told in (
        (replace(DOWNLOADING, total=0), "at work"),
        (replace(DOWNLOADING, running=False, paused=True), "paused"),
        (replace(DOWNLOADING, running=False, error=NO_ACCESS), "stopped"),
        (replace(DOWNLOADING, running=False), "partly here"),
    ):
        model.models.show(replace(LISTING, works=(work,)))
        assert cells(page)[COLORIZEDIFFUSION] == told
    assert page.room_label.text() == "Models take 2.6 GB; 48.0 GB are free"


def test_nothing_can_be_installed_before_the_licence_is_accepted(
    page: ModelsPage, commands: RecordingCommands
) -> None:
    choose(page, LVCD)
    assert page.consent_box.isVisible()
    assert enabled(page) == set()
    assert "Stability AI Community License" in page.licence_label.text()
    assert "licence not stated" in page.licence_label.text()
    assert "https://stability.ai/license" in page.licence_label.text()
    page.consent_box.click()
    assert enabled(page) == {"install", "link"}
    page.install_button.click()
    assert commands.named("models.install") == [("lvcd", True)]
    choose(page, TAESD)
    choose(page, LVCD)
    assert not page.consent_box.isChecked(), "it was for what was shown then"


def test_what_is_being_done_can_be_paused_and_gone_on_with(
    page: ModelsPage, model: Model, commands: RecordingCommands
) -> None:
    choose(page, COLORIZEDIFFUSION)
    assert enabled(page) == {"pause"}
    assert page.progress_bar.isVisible()
    assert page.news_label.text() == "downloading · 2.6 GB of 8.3 GB · 31.4 MB/s · about 3 min left"
    page.pause_button.click()
    assert commands.named("models.pause") == [("colorizediffusion",)]
    paused = replace(DOWNLOADING, running=False, paused=True, phase="")
    model.models.show(replace(LISTING, works=(paused,)))
    assert not page.progress_bar.isVisible()
    assert page.news_label.text() == "Paused. What has come is kept."
    assert page.install_button.words() == "Resume"
    assert not page.consent_box.isVisible(), "it was accepted before"
    page.install_button.click()
    assert commands.named("models.install") == [("colorizediffusion", False)]


def test_removing_is_asked_twice(page: ModelsPage, commands: RecordingCommands) -> None:
    choose(page, TAESD)
    assert enabled(page) == {"verify", "remove"}
    page.verify_button.click()
    page.remove_button.click()
    assert commands.named("models.remove") == []
    assert page.remove_button.words() == "Really remove"
    choose(page, LVCD)
    choose(page, TAESD)
    assert page.remove_button.words() == "Remove", "another look is another decision"
    page.remove_button.click()
    page.remove_button.click()
    assert commands.named("models.remove") == [("taesd",)]
    assert commands.named("models.verify") == [("taesd",)]


def test_what_is_made_by_hand_says_so(page: ModelsPage) -> None:
    choose(page, COTRACKER)
    assert enabled(page) == set()
    assert page.size_label.text().startswith("Has to be made by hand")
    assert not page.consent_box.isVisible()


def test_a_folder_is_linked_without_blocking(page: ModelsPage, commands: RecordingCommands) -> None:
    choose(page, LVCD)
    page.consent_box.click()
    page.link_button.click()
    (dialog,) = page.window().findChildren(QtWidgets.QFileDialog)
    assert dialog.isVisible()
    assert not dialog.isModal()
    dialog.fileSelected.emit("/home/ann/ComfyUI/models")
    dialog.close()
    assert commands.named("models.link") == [("lvcd", "/home/ann/ComfyUI/models", True)]


def test_offline_is_a_switch_unless_the_environment_has_decided(
    page: ModelsPage, model: Model, commands: RecordingCommands
) -> None:
    page.offline_box.click()
    assert commands.named("models.set_offline") == [(True,)]
    model.models.show(replace(LISTING, offline=True))
    assert page.offline_box.isChecked()
    model.models.show(replace(LISTING, offline=True, offline_forced=True))
    assert not page.offline_box.isEnabled()
    assert commands.named("models.set_offline") == [(True,)], "news are no wishes"


def test_errors_are_told_with_what_to_do(page: ModelsPage, model: Model, language: str) -> None:
    choose(page, COLORIZEDIFFUSION)
    model.models.show(replace(LISTING, works=(replace(DOWNLOADING, running=False, error=NO_ACCESS),)))
    told = {"en": "Ask for access.", "de": "hf auth login"}[language]
    assert told in page.news_label.text()
    assert "HTTP 401" in page.news_label.toolTip()
    model.models.show_error(ErrorValue(ErrorCode.REG_BUSY, "Busy.", "Wait."))
    assert {"en": "Busy.\nWait.", "de": "wird schon gearbeitet"}[language] in page.news_label.text()


def test_what_is_selected_stays_while_news_come(page: ModelsPage, model: Model) -> None:
    choose(page, TAESD)
    page.list.setFocus()
    for done in range(5):
        model.models.show(replace(LISTING, works=(replace(DOWNLOADING, done=done),)))
        assert page.list.chosen == "taesd"


def test_news_take_less_than_a_frame(page: ModelsPage, model: Model) -> None:
    choose(page, COLORIZEDIFFUSION)
    began = time.process_time()
    for done in range(20):
        model.models.show(replace(LISTING, works=(replace(DOWNLOADING, done=done * 10**8),)))
    assert (time.process_time() - began) / 20 < 0.016


@pytest.mark.parametrize("width", [230, 260, 340])
def test_nothing_is_cut_off_and_tab_reaches_everything(
    page: ModelsPage, dock: Dock, application: QtWidgets.QApplication, width: int
) -> None:
    dock.resize(width, 900)
    dock.activateWindow()
    choose(page, LVCD)
    page.consent_box.setChecked(True)
    application.processEvents()
    wanted = {page.list, page.consent_box, page.install_button, page.link_button, page.offline_box}
    for part in (*wanted, page.pause_button, page.verify_button, page.remove_button, page.licence_label):
        left = part.mapTo(dock, QtCore.QPoint(0, 0)).x()
        assert left >= 0
        assert left + part.width() <= width
    reached: set[QtWidgets.QWidget | None] = set()
    for _step in range(60):
        dock.focusNextChild()
        reached.add(application.focusWidget())
    assert wanted <= reached


def test_without_a_backend_it_says_so(application: QtWidgets.QApplication) -> None:
    model, commands = Model(), RecordingCommands()
    page = ModelsPage(model.models, commands.models)
    assert page.purpose_label.text() == "Known when the backend runs"
    assert enabled(page) == set()
    assert not page.offline_box.isEnabled()
    page.deleteLater()
    application.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    dock_scene.fill(model)


# -------------------------------------------------------------------------------- with a backend


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    return Desk(run_until)


@pytest.fixture
def controller(desk: Desk) -> Iterator[Controller]:
    desk.backend.listing = LISTING
    controller = Controller(MemoryHost(desk.document), cast("Backend", desk.backend))
    yield controller
    controller.shut_down()


def test_the_backend_is_asked_while_somebody_looks(
    desk: Desk, controller: Controller, run_until: RunUntil
) -> None:
    models = controller.model.models
    controller.models.show(True)
    run_until(lambda: models.listing == LISTING)
    asked = len(desk.backend.asked)
    run_until(lambda: len(desk.backend.asked) > asked + 1)
    controller.models.show(True)  # a second window
    controller.models.show(False)
    run_until(lambda: len(desk.backend.asked) > asked + 3)
    controller.models.show(False)


def test_wishes_become_requests(desk: Desk, controller: Controller, run_until: RunUntil) -> None:
    keeper = controller.models
    keeper.install("lvcd", True)
    keeper.pause("lvcd")
    keeper.verify("taesd")
    keeper.remove("taesd")
    keeper.link("lvcd", "/x", False)
    keeper.set_offline(True)
    wishes = [
        ModelInstall("lvcd", True),
        ModelPause("lvcd"),
        ModelVerify("taesd"),
        ModelRemove("taesd"),
        ModelLink("lvcd", "/x", False),
        ModelOffline(True),
    ]
    run_until(lambda: len(desk.backend.asked) == 2 * len(wishes))
    assert [body for body in desk.backend.asked if not isinstance(body, ModelList)] == wishes
    assert controller.model.models.listing == LISTING


def test_a_refused_wish_is_told_until_the_next(
    desk: Desk, controller: Controller, run_until: RunUntil
) -> None:
    models = controller.model.models
    desk.backend.refuse_model = NO_ACCESS
    controller.models.install("lvcd", True)
    run_until(lambda: models.error == NO_ACCESS)
    desk.backend.refuse_model = None
    controller.models.install("lvcd", True)
    run_until(lambda: models.error is None)


def test_a_backend_that_is_missing_is_not_tried_again_and_again(
    desk: Desk, controller: Controller, run_until: RunUntil
) -> None:
    models = controller.model.models
    missing = ErrorValue(ErrorCode.ENV_NO_BACKEND, "Not installed.", "Install it.")
    desk.backend.refuse = missing
    controller.models.show(True)
    run_until(lambda: models.error == missing)
    assert not any(timer.isActive() for timer in controller.models.findChildren(QtCore.QTimer))
    desk.backend.refuse = None
    desk.backend.status.show(Link.READY)
    run_until(lambda: models.listing == LISTING)
    assert models.error is None
    assert models.model("lvcd") is not None
    assert models.model("lvcd") == replace(MODELS[0], state=ModelState.ABSENT)
