"""The lower edge of the docker: backend, progress, messages, errors with remedies, questions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.recording_commands import RecordingCommands

from keycel_plugin import words
from keycel_plugin.error_words import error_words, general_words
from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.model import Model
from keycel_plugin.state.question import Asked
from keycel_plugin.state.remedies import Remedy
from keycel_plugin.tasks import Task
from keycel_plugin.ui.dock import Dock
from keycel_plugin.ui.remedy_words import remedy_words
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, ErrorValue


@pytest.fixture
def german() -> Iterator[None]:
    words.use(["de"])
    yield
    words.use(["en"])


LOCKED = ErrorValue(
    ErrorCode.DOC_LAYER_LOCKED,
    "The layer “Keycel colours” is locked.",
    "Unlock it (and the groups it is in), then press the button again.",
    "layer 7",
)


# -------------------------------------------------------------------------------- progress


def test_the_docker_begins_with_a_hint(dock: Dock) -> None:
    assert dock.message.text() == "Choose the two layers, then press Colorize."
    assert dock.progress_bar.isHidden()
    assert not dock.cancel_button.isEnabled()


def test_progress_counts_and_can_be_cancelled(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    model.progress.show("Colouring frames", 5, 24)
    assert dock.message.text() == "Colouring frames (5 of 24)"
    assert dock.progress_bar.isVisible()
    assert (dock.progress_bar.value(), dock.progress_bar.maximum()) == (5, 24)
    dock.cancel_button.click()
    assert commands.named("cancel") == [()]


def test_a_preview_is_beside_the_message_and_moves_nothing(dock: Dock, model: Model) -> None:
    preview = dock.findChild(QtWidgets.QLabel, "preview")
    assert preview is not None
    assert preview.isHidden()
    height = dock.sizeHint().height()
    model.progress.show("Sampling", 1, 24)
    picture = QtGui.QImage(256, 144, QtGui.QImage.Format.Format_RGB32)
    picture.fill(QtGui.QColor(200, 40, 30))
    model.progress.show_preview(picture)
    assert preview.isVisible()
    shown = preview.pixmap().toImage()
    assert shown.pixelColor(shown.width() // 2, shown.height() // 2) == QtGui.QColor(200, 40, 30)
    assert shown.width() < 120
    assert dock.sizeHint().height() == height
    model.progress.show("Sampling", 2, 24)
    assert preview.isVisible()
    model.progress.deliver("Putting the frames into the document", 1, 2)
    assert preview.isHidden()
    assert model.progress.preview is None


def test_delivery_cannot_be_cancelled(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    model.progress.deliver("Putting the frames into the document", 1, 2)
    dock.cancel_button.click()
    assert commands.named("cancel") == []
    model.progress.finish("24 drawings coloured")
    assert dock.message.text() == "24 drawings coloured"
    assert dock.progress_bar.isHidden()


# -------------------------------------------------------------------------------- errors


def test_an_error_comes_with_its_remedy_as_a_button(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    model.progress.fail(LOCKED)
    assert dock.message.text() == f"{LOCKED.title}\n{LOCKED.remedy}"
    assert dock.message.toolTip() == "DOC_LAYER_LOCKED: layer 7"
    assert dock.remedy_button.isVisible()
    assert dock.remedy_button.words() == "Unlock the layer"
    dock.remedy_button.click()
    assert commands.named("remedy") == [(Remedy.UNLOCK_LAYER,)]
    model.progress.show("Reading the timeline")
    assert dock.remedy_button.isHidden()
    assert dock.message.toolTip() == ""


def test_no_button_where_only_hands_can_help(dock: Dock, model: Model) -> None:
    model.progress.fail(ErrorValue(ErrorCode.DOC_TOO_LARGE, "Too large.", "Crop it."))
    assert dock.remedy_button.isHidden()


def test_messages_are_plain_text_that_can_be_selected(dock: Dock, model: Model) -> None:
    model.progress.finish("<b>Layer 1</b>")
    assert dock.message.text() == "<b>Layer 1</b>"
    assert dock.message.textFormat() == QtCore.Qt.TextFormat.PlainText
    flags = dock.message.textInteractionFlags()
    assert flags & QtCore.Qt.TextInteractionFlag.TextSelectableByMouse
    assert flags & QtCore.Qt.TextInteractionFlag.TextSelectableByKeyboard


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.value)
def test_every_error_has_words_in_both_languages(code: ErrorCode, german: None) -> None:
    del german
    in_german = general_words(code)
    words.use(["en"])
    in_english = general_words(code)
    assert all(sentence.endswith(".") for sentence in (*in_german, *in_english))
    assert in_german[0] != in_english[0]
    assert in_german[1] != in_english[1]


def test_every_remedy_has_words() -> None:
    assert len({remedy_words(remedy) for remedy in Remedy}) == len(Remedy)


def test_english_artists_read_the_original(model: Model, dock: Dock) -> None:
    model.progress.fail(ErrorValue(ErrorCode.REG_NO_ENGINE, "The engine x is unknown.", "Use flat.", "x"))
    assert dock.message.text() == "The engine x is unknown.\nUse flat."
    assert dock.message.toolTip() == "REG_NO_ENGINE: x"


def test_errors_of_the_backend_are_told_in_the_artists_language(
    model: Model, dock: Dock, german: None
) -> None:
    del german
    model.progress.fail(ErrorValue(ErrorCode.REG_NO_ENGINE, "The engine x is unknown.", "Use flat.", "x"))
    assert dock.message.text() == "\n".join(general_words(ErrorCode.REG_NO_ENGINE))
    assert dock.message.toolTip() == "REG_NO_ENGINE: x\nThe engine x is unknown. Use flat."


def test_errors_that_are_translated_already_stay(german: None) -> None:
    del german
    title = _("Frame {frame}: {state}").format(frame=3, state="gesperrt")
    remedy = _("Press the button again; finished frames are kept and cost nothing.")
    assert error_words(ErrorValue(ErrorCode.RUN_FAILED, title, remedy)) == (title, remedy)


# -------------------------------------------------------------------------------- questions


def test_a_question_is_answered_in_the_docker(
    dock: Dock, model: Model, application: QtWidgets.QApplication
) -> None:
    answers: list[bool] = []

    async def work() -> None:
        answers.append(await model.question.ask("Replace what you painted?", "Replace it", "Leave it"))

    model.progress.show("Reading the timeline")
    task = Task(work(), lambda _error: None)
    application.processEvents()
    assert dock.message.text() == "Replace what you painted?"
    assert (dock.yes_button.words(), dock.no_button.words()) == ("Replace it", "Leave it")
    assert dock.yes_button.isVisible()
    assert dock.no_button.isVisible()
    task.cancel()
    assert dock.message.text() == "Reading the timeline"
    assert dock.yes_button.isHidden()
    assert dock.no_button.isHidden()
    assert answers == []


@pytest.mark.parametrize("yes", [True, False])
def test_both_answers_are_passed_on(dock: Dock, model: Model, commands: RecordingCommands, yes: bool) -> None:
    model.question.asked = Asked("Sure?", "Yes", "No")
    model.question.changed.emit()
    (dock.yes_button if yes else dock.no_button).click()
    assert commands.named("answer") == [(yes,)]


# -------------------------------------------------------------------------------- backend


def test_the_backends_state_in_words(dock: Dock, model: Model) -> None:
    said: set[str] = set()
    for link in Link:
        model.backend.show(link, "version 1")
        said.add(dock.backend_label.text())
        assert dock.backend_label.toolTip() == "version 1"
    assert len(said) == len(Link)


# -------------------------------------------------------------------------------- size


def test_nothing_that_is_told_changes_the_size(
    dock: Dock, model: Model, application: QtWidgets.QApplication
) -> None:
    def sizes() -> tuple[QtCore.QSize, QtCore.QSize, QtCore.QRect]:
        application.processEvents()
        return dock.minimumSizeHint(), dock.size(), dock.pages.geometry()

    quiet = sizes()
    model.progress.show("Colouring frames", 5, 24)
    assert sizes() == quiet
    model.progress.fail(ErrorValue(ErrorCode.DOC_LAYER_LOCKED, "Long words. " * 40, "More of them. " * 40))
    assert sizes() == quiet
    model.question.asked = Asked("A long question? " * 40, "A very long answer " * 5, "Another one " * 5)
    model.question.changed.emit()
    assert sizes() == quiet
    model.backend.show(Link.LOST, "x" * 300)
    assert sizes() == quiet
