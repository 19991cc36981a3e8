"""Using the plugin as an artist does: through its docker and its actions."""

import time

from krita import Krita
from shots import settle, state

from keycel_plugin.qt import QtCore, QtWidgets

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
    }


def pick(line=None, color=None):
    """Choose layers in the two drop-down lists."""
    content = dock()
    for picker, name in ((content.line_picker, line), (content.color_picker, color)):
        if name is not None:
            picker.opening.emit()
            [row] = [row for row in range(picker.count()) if picker.itemText(row).strip() == name]
            picker.setCurrentIndex(row)
            picker.activated.emit(row)
    yield 0.1
    return look()


def press(button, seconds=100):
    """Click and wait until the work is over; answers with the docker's words and the time it took."""
    started = time.perf_counter()
    getattr(dock(), f"{button}_button").click()
    yield 0
    yield from wait_until_idle(seconds)
    took = time.perf_counter() - started
    return {**look(), "seconds": round(took, 3)}


def wait_until_idle(seconds=100):
    content = dock()
    started = time.perf_counter()
    while not content.colorize_button.isEnabled():
        if time.perf_counter() - started > seconds:
            raise TimeoutError(content.message.text())
        yield 0.02
    return look()


def start_and_wait(button, frames):
    """Click, and answer as soon as so many frames have come."""
    content = dock()
    getattr(content, f"{button}_button").click()
    while content.progress_bar.maximum() < 10 or not coming(content.message.text(), frames):
        if content.colorize_button.isEnabled():
            raise AssertionError(f"over already: {content.message.text()}")
        yield 0.01
    return look()


def coming(text, frames):
    """True while frames are being coloured and at least `frames` of them have come."""
    if text.startswith(("Reading", "Sending")) or "(" not in text:
        return False
    return int(text.rpartition("(")[2].split()[0]) >= frames


def trigger(action):
    """Use a menu entry and wait until the work is over."""
    krita.action(action).trigger()
    yield 0.05
    while not dock().colorize_button.isEnabled():
        yield 0.02
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
    content = dock()
    content.colorize_button.click()
    yield 0.3
    other = krita.createDocument(width, height, "Other", "RGBA", "U8", "", 120.0)
    krita.activeWindow().addView(other)
    while not content.colorize_button.isEnabled():
        yield 0.02
    yield from settle()
    return {**look(), "front": krita.activeDocument().name(), "front_layers": len(other.topLevelNodes())}
