"""The docker in narrow and low windows, on dark and light themes, in two languages, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support import dock_scene
from support.recording_commands import RecordingCommands

from keycel_plugin import words
from keycel_plugin.host.ports import LayerInfo
from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice
from keycel_plugin.ui.dock import Dock
from keycel_plugin.ui.icons import IconButton
from keycel_plugin.ui.tints import Tint, tint_on

Role = QtGui.QPalette.ColorRole
MakeDock = Callable[[], Dock]

PARTS = {
    0: (
        "line_picker",
        "color_picker",
        "result_picker",
        "engine_picker",
        "scope_picker",
        "palette_button",
        "colorize_button",
        "spread_button",
        "inbetween_button",
    ),
    1: (
        "previous_unsure_button",
        "next_unsure_button",
        "accept_button",
        "lock_button",
        "regenerate_button",
        "unsure_button",
        "strip",
        "take_cards",
        "compare_button",
        "unsure_list",
    ),
    2: ("palette_view", "rename_button", "replace_button", "restore_button"),
}


@pytest.fixture(params=["en", "de"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    words.use([request.param])
    yield request.param
    words.use(["en"])


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def make_dock(model: Model, application: QtWidgets.QApplication) -> Iterator[MakeDock]:
    made: list[Dock] = []

    def make() -> Dock:
        dock = Dock(model, RecordingCommands(), lambda _name: QtGui.QIcon())
        dock_scene.fill(model)
        dock.resize(300, 800)
        dock.show()
        dock.activateWindow()
        application.processEvents()
        made.append(dock)
        return dock

    yield make
    for dock in made:
        dock.close()
        dock.deleteLater()


def palette(dark: bool) -> QtGui.QPalette:
    """As Krita's own themes are: Krita dark and Krita bright."""
    base, window, text = (35, 49, 239) if dark else (240, 224, 31)
    colors = QtGui.QPalette()
    for role, shade in (
        (Role.Base, base),
        (Role.Window, window),
        (Role.Button, window),
        (Role.Text, text),
        (Role.WindowText, text),
        (Role.ButtonText, text),
    ):
        colors.setColor(role, QtGui.QColor(shade, shade, shade))
    return colors


def luminance(color: QtGui.QColor) -> float:
    """Relative luminance, WCAG 2.1."""
    shares = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]
    ]
    return 0.2126 * shares[0] + 0.7152 * shares[1] + 0.0722 * shares[2]


def contrast(one: QtGui.QColor, other: QtGui.QColor) -> float:
    """1 to 21, WCAG 2.1."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# -------------------------------------------------------------------------------- room


@pytest.mark.parametrize("width", [230, 260, 340])
def test_nothing_is_cut_off_at_the_side(
    make_dock: MakeDock, application: QtWidgets.QApplication, language: str, width: int
) -> None:
    del language
    dock = make_dock()
    dock.resize(width, 800)
    dock.options_form.heading.setChecked(True)
    for page, names in PARTS.items():
        dock.pages.setCurrentIndex(page)
        application.processEvents()
        assert dock.width() == width
        for name in names:
            part: QtWidgets.QWidget = getattr(dock, name)
            left = part.mapTo(dock, QtCore.QPoint(0, 0)).x()
            assert left >= 0, name
            assert left + part.width() <= width, name
            assert part.width() >= 20, name


def test_the_docker_can_be_low(
    make_dock: MakeDock, application: QtWidgets.QApplication, language: str
) -> None:
    """Pages scroll; what starts, stops and tells stays in sight."""
    del language
    dock = make_dock()
    dock.resize(260, 0)
    application.processEvents()
    assert dock.height() <= 250
    for part in (
        dock.colorize_button,
        dock.spread_button,
        dock.estimate_label,
        dock.backend_label,
        dock.cancel_button,
        dock.message,
    ):
        below = part.mapTo(dock, QtCore.QPoint(0, part.height())).y()
        assert 0 < below <= dock.height()


def test_long_names_do_not_widen_the_docker(make_dock: MakeDock, model: Model) -> None:
    dock = make_dock()
    before = dock.minimumSizeHint().width()
    long = [LayerInfo("long", "A very long name of a layer " * 9, 0, ours=True)]
    model.choice.show(long, Choice(line_layer="long", palette_name="palette " * 30))
    assert dock.minimumSizeHint().width() == before


# -------------------------------------------------------------------------------- keyboard


def test_tab_reaches_everything(
    make_dock: MakeDock, application: QtWidgets.QApplication, model: Model
) -> None:
    dock = make_dock()
    model.choice.show(dock_scene.LAYERS, Choice(palette_name="film.gpl"))
    for page, names in PARTS.items():
        dock.pages.setCurrentIndex(page)
        if page == 2:
            colors = dock.palette_view.model()
            assert colors is not None
            dock.palette_view.setCurrentIndex(colors.index(2, 0))
        application.processEvents()
        reached: set[QtWidgets.QWidget] = set()
        for _step in range(60):
            dock.focusNextChild()
            focus = application.focusWidget()
            if focus is not None:
                reached.add(focus)
        missed = [name for name in names if getattr(dock, name) not in reached]
        assert missed == []
        assert any(dock.pages.isAncestorOf(widget) and widget is dock.pages.tabBar() for widget in reached)


def test_buttons_and_lists_have_names_for_screen_readers(make_dock: MakeDock, language: str) -> None:
    del language
    dock = make_dock()
    nameless = [
        name
        for names in PARTS.values()
        for name in names
        if not (getattr(dock, name).accessibleName() or name.endswith("picker"))
    ]
    assert nameless == []


# -------------------------------------------------------------------------------- themes


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
@pytest.mark.parametrize("tint", list(Tint), ids=lambda tint: tint.name)
def test_tints_can_be_told_from_the_background(dark: bool, tint: Tint) -> None:
    """3 to 1 is what WCAG 2.1 asks of graphics."""
    colors = palette(dark)
    assert contrast(tint_on(colors, tint), colors.color(Role.Base)) >= 3


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_the_strip_is_painted_in_the_themes_colours(
    make_dock: MakeDock, application: QtWidgets.QApplication, dark: bool
) -> None:
    dock = make_dock()
    dock.setPalette(palette(dark))
    dock.pages.setCurrentIndex(1)
    application.processEvents()
    picture = dock.strip.grab().toImage()
    shades = {
        picture.pixelColor(x, y).lightness()
        for x in range(0, picture.width(), 3)
        for y in range(0, picture.height(), 3)
    }
    base = palette(dark).color(Role.Base).lightness()
    assert base in shades
    assert max(shades) == 255, "thumbnails lie on white paper"
    assert min(shades) < 60, "lines are dark"


def test_icons_come_from_the_theme_and_change_with_it(application: QtWidgets.QApplication) -> None:
    asked: list[str] = []
    square = QtGui.QPixmap(16, 16)
    square.fill(QtGui.QColor(200, 0, 0))

    def icons(name: str) -> QtGui.QIcon:
        asked.append(name)
        return QtGui.QIcon(square) if name == "second" else QtGui.QIcon()

    button = IconButton(icons, ("first", "second"), "✓", "Accept", "Accept the frames")
    assert asked == ["first", "second"]
    assert button.toolButtonStyle() == QtCore.Qt.ToolButtonStyle.ToolButtonIconOnly
    assert (button.accessibleName(), button.toolTip()) == ("Accept", "Accept the frames")
    asked.clear()
    button.setPalette(palette(dark=True))
    application.processEvents()
    assert asked == ["first", "second"]
    plain = IconButton(lambda _name: QtGui.QIcon(), ("first",), "✓", "Accept", "Accept the frames")
    assert plain.toolButtonStyle() == QtCore.Qt.ToolButtonStyle.ToolButtonTextOnly
    assert plain.text() == "✓"


# -------------------------------------------------------------------------------- several windows


def test_a_closed_window_leaves_the_model_alone(
    make_dock: MakeDock, model: Model, application: QtWidgets.QApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    """Krita makes one docker per window; the model lives on when a window is closed."""
    dock = Dock(model, RecordingCommands(), lambda _name: QtGui.QIcon())
    dock.deleteLater()
    application.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    capsys.readouterr()
    dock_scene.fill(model)
    model.progress.show("Colouring", 1, 2)
    make_dock()
    assert "Traceback" not in capsys.readouterr().err
