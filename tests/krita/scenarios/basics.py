"""Starting, quitting, and a look at what Krita is."""

import sys

from krita import Krita

from keycel_plugin.qt import QtCore

krita = Krita.instance()


def ready():
    """Answers once the main window is there and has been drawn."""
    while krita.activeWindow() is None or not krita.activeWindow().qwindow().isVisible():
        yield 0.05
    yield 0.5
    return {
        "Krita": krita.version(),
        "Python": "{}.{}.{}".format(*sys.version_info[:3]),
        "Qt": QtCore.qVersion(),
        "binding": f"{QtCore.__name__.split('.')[0]} {QtCore.PYQT_VERSION_STR}",
    }


def quit_soon():
    for document in krita.documents():
        document.setModified(False)
    QtCore.QTimer.singleShot(100, krita.action("file_quit").trigger)


def evaluate(source):
    """For exploring by hand: `source` is executed, the name `result` is answered."""
    names = {"krita": krita, "result": None}
    exec(source, names)
    return repr(names["result"])
