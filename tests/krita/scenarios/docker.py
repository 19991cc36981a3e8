"""Using the plugin as an artist does: through its docker and its actions."""

import time

from krita import Krita
from shots import settle, state

from keycel_plugin.qt import QtCore, QtGui, QtWidgets

krita = Krita.instance()


def docker():
    [found] = [docker for docker in krita.dockers() if docker.objectName() == "keycel_docker"]
    return found


def dock():
    """The docker's content, the plugin's own widget."""
    return docker().widget()


def arrange():
    """A window in which docker, layers and timeline can be seen."""
    window = krita.activeWindow().qwindow()
    window.showMaximized()
    hidden = ("PresetDocker", "ColorSelectorNg", "sharedtooldocker")
    for other in window.findChildren(QtWidgets.QDockWidget):
        if other.objectName() in hidden:
            other.setVisible(False)
        if other.objectName() in ("TimelineDocker", "History", "KisLayerBox"):
            other.setVisible(True)
    docker().setVisible(True)
    docker().raise_()
    [timeline] = window.findChildren(QtWidgets.QDockWidget, "TimelineDocker")
    yield 0.3
    window.resizeDocks([timeline], [210], QtCore.Qt.Orientation.Vertical)
    yield 0.3
    return [window.width(), window.height()]


def model():
    """The plugin's observable state."""
    from keycel_plugin import plugin

    return plugin.parts[0].model


def look(path=None):
    """What the docker shows."""
    content = dock()
    if path:
        krita.activeWindow().qwindow().grab().save(path)
    return {
        "message": content.message.text(),
        "details": content.message.toolTip(),
        "line": content.line_picker.currentText().strip(),
        "color": content.color_picker.currentText().strip(),
        "listed": [content.line_picker.itemText(row) for row in range(content.line_picker.count())],
        "can_colorize": content.colorize_button.isEnabled(),
        "can_cancel": content.cancel_button.isEnabled(),
        "question": content.yes_button.isVisible(),
        "estimate": content.estimate_label.text(),
        "backend": content.backend_label.text(),
    }


def review(calm=1.7):
    """What is to be reviewed, once the docker has looked at every frame and nothing changes any more."""
    view = model().review
    before, since = None, time.perf_counter()
    while time.perf_counter() - since < calm or model().progress.news.busy:
        now = (tuple(view.cells), tuple(view.takes), tuple(view.unsure), tuple(view.palette))
        if now != before:
            before, since = now, time.perf_counter()
        yield 0.1
    return {
        "states": {cell.time: cell.state.value for cell in view.cells},
        "ends": {cell.time: cell.end for cell in view.cells},
        "locked": [cell.time for cell in view.cells if cell.locked],
        "takes_of": {cell.time: cell.takes for cell in view.cells},
        "current": view.current,
        "takes": [[card.digest, card.origin.value, card.chosen] for card in view.takes],
        "unsure": [
            [region.time, region.number, list(region.box), region.reason, list(region.also)]
            for region in view.unsure
        ],
        "palette": [
            [list(swatch.original), list(swatch.color), swatch.name, swatch.frames, swatch.pixels]
            for swatch in view.palette
        ],
        "thumbnails": [cell.time for cell in view.cells if model().thumbnails.get(cell.time) is not None],
    }


def command(name, *arguments, **named):
    """Give the plugin a command as a widget or shortcut does, and wait until the work is over."""
    from keycel_plugin import plugin

    getattr(plugin.parts[0], name)(*arguments, **named)
    yield 0.1
    yield from wait_until_idle()
    yield from settle()
    return look()


def do(name, arguments=()):
    """`command` with positional arguments out of JSON; lists become tuples."""
    return command(name, *(tuple(value) if isinstance(value, list) else value for value in arguments))


def arrange_for_pictures():
    """Most of the right column for the docker, as an animator would who colours."""
    window = krita.activeWindow().qwindow()
    dockers = {found.objectName(): found for found in window.findChildren(QtWidgets.QDockWidget)}
    dockers["History"].setVisible(False)
    yield 0.3
    window.resizeDocks([dockers["keycel_docker"]], [330], QtCore.Qt.Orientation.Horizontal)
    right = [dockers["KisLayerBox"], dockers["keycel_docker"]]
    window.resizeDocks(right, [170, 560], QtCore.Qt.Orientation.Vertical)
    window.resizeDocks([dockers["TimelineDocker"]], [170], QtCore.Qt.Orientation.Vertical)
    yield 0.5


def turn_page(page):
    """Show a page of the docker."""
    dock().pages.setCurrentIndex(page)
    yield 0.3


def compare():
    """Open the window that shows all takes of the current frame."""
    dock().compare_button.click()
    yield 0.3
    dock().compare_window.resize(1250, 520)
    dock().compare_window.move(60, 200)
    yield 1.5
    return dock().compare_window.isVisible()


def close_compare():
    dock().compare_window.close()
    yield 0.2


def click_cell(time):
    """Click a cell of the frame strip as with the mouse."""
    content = dock()
    content.pages.setCurrentIndex(1)
    yield 0.2
    strip = content.strip
    dock().pages.setCurrentIndex(1)
    yield 0.2
    [row] = [row for row, cell in enumerate(model().review.cells) if cell.time == time]
    index = strip.model().index(row, 0)
    strip.scrollTo(index)
    place = strip.visualRect(index).center()
    press_mouse(strip.viewport(), place)
    yield from settle()
    return look()


def press_mouse(widget, place):
    button = QtCore.Qt.MouseButton.LeftButton
    none = QtCore.Qt.KeyboardModifier.NoModifier
    for kind in (QtCore.QEvent.Type.MouseButtonPress, QtCore.QEvent.Type.MouseButtonRelease):
        at = QtCore.QPointF(place)
        event = QtGui.QMouseEvent(kind, at, QtCore.QPointF(widget.mapToGlobal(place)), button, button, none)
        QtWidgets.QApplication.sendEvent(widget, event)


def choose_scope(scope):
    from keycel_plugin.state.records import Scope

    return command("choose_scope", Scope(scope))


def answer_when_asked(name, yes, arguments=()):
    """Give a command, wait for the question, answer it with the docker's button."""
    from keycel_plugin import plugin

    getattr(plugin.parts[0], name)(*arguments)
    started = time.perf_counter()
    while model().question.asked is None:
        if time.perf_counter() - started > 20:
            raise TimeoutError(f"no question; {look()}")
        yield 0.02
    asked = model().question.asked.text
    (dock().yes_button if yes else dock().no_button).click()
    yield 0.1
    yield from wait_until_idle()
    yield from settle()
    return {**look(), "asked": asked}


def pick(line=None, color=None, reference=None):
    """Choose layers in the drop-down lists."""
    content = dock()
    for name, layer in (("line_picker", line), ("color_picker", color), ("reference_picker", reference)):
        if layer is not None:
            picker = getattr(content, name)
            picker.opening.emit()
            [row] = [row for row in range(picker.count()) if picker.itemText(row).strip() == layer]
            picker.setCurrentIndex(row)
            picker.activated.emit(row)
            yield 0.1
    return look()


def wait_for_engines(seconds=60):
    """Wait until the backend has said what it can do."""
    started = time.perf_counter()
    while model().image.engine is None or model().animation.engine is None:
        if time.perf_counter() - started > seconds:
            raise TimeoutError(dock().backend_label.text())
        yield 0.05


def wait_for_estimate(seconds=20):
    """What page Animate says that an animation would cost, once it is known for the present choice."""
    label = dock().animate_page.estimate_label
    wanted = model().animation.option("frames")
    started = time.perf_counter()
    while model().animation.estimate is None or model().animation.estimate.frames != wanted:
        if time.perf_counter() - started > seconds:
            raise TimeoutError(label.text())
        yield 0.05
    return label.text()


def press(button, seconds=100):
    """Click and wait until the work is over; answers with the docker's words and the time it took."""
    started = time.perf_counter()
    getattr(dock(), f"{button}_button").click()
    yield 0
    yield from wait_until_idle(seconds)
    took = time.perf_counter() - started
    return {**look(), "seconds": round(took, 3)}


def busy():
    return model().progress.news.busy


def wait_until_idle(seconds=100):
    started = time.perf_counter()
    while busy():
        if model().question.asked is not None:
            raise AssertionError(f"the docker asks: {model().question.asked.text}")
        if time.perf_counter() - started > seconds:
            raise TimeoutError(dock().message.text())
        yield 0.02
    return look()


def wait_for_message(text, seconds=110):
    """Wait until the docker says `text` and nothing is going on, without pressing anything."""
    started = time.perf_counter()
    while busy() or text not in dock().message.text():
        if time.perf_counter() - started > seconds:
            raise TimeoutError(dock().message.text())
        yield 0.05
    yield from settle()
    return look()


def start_and_wait(button, frames):
    """Click, and answer as soon as so many frames have come."""
    getattr(dock(), f"{button}_button").click()
    while not coming(frames):
        if not busy():
            raise AssertionError(f"over already: {dock().message.text()}")
        yield 0.01
    return look()


def coming(frames):
    """True while frames are being coloured and at least `frames` of them have come."""
    news = model().progress.news
    words = ("Reading", "Sending", "Starting")
    return news.can_cancel and not news.text.startswith(words) and news.done >= frames > 0


def trigger(action):
    """Use a menu entry and wait until the work is over."""
    krita.action(action).trigger()
    yield 0.05
    yield from wait_until_idle()
    return look()


def colorize_and_cancel(after):
    """Cancel as soon as `after` frames have come; answers with the state then."""
    yield from start_and_wait("colorize", after)
    dock().cancel_button.click()
    yield 0
    after_click = look()
    yield from settle(2)
    return {"docker": after_click, "later": look(), "state": state()}


def colorize_behind(width, height):
    """Press Colorize, then bring another document to the front while the work goes on."""
    dock().colorize_button.click()
    yield 0.3
    other = krita.createDocument(width, height, "Other", "RGBA", "U8", "", 120.0)
    krita.activeWindow().addView(other)
    yield from wait_until_idle()
    yield from settle()
    return {**look(), "front": krita.activeDocument().name(), "front_layers": len(other.topLevelNodes())}


def regenerate_behind(width, height):
    """Press Regenerate, bring another document to the front, read what the docker says, come back."""
    shot = krita.activeDocument()
    dock().regenerate_button.click()
    yield 0.02
    other = krita.createDocument(width, height, "Other", "RGBA", "U8", "", 120.0)
    view = krita.activeWindow().addView(other)
    started = time.perf_counter()
    while busy() and not dock().message.text().startswith("Waiting"):
        if model().question.asked is not None:
            dock().yes_button.click()
        if time.perf_counter() - started > 60:
            raise TimeoutError(dock().message.text())
        yield 0.02
    said = dock().message.text()
    yield from settle()
    other.setModified(False)
    other.close()
    del view
    yield from wait_until_idle(20)
    yield from settle()
    return {**look(), "said": said, "front": krita.activeDocument() == shot}
