"""The only module that names PyQt.

Krita 5 carries PyQt5, Krita 6 PyQt6. PyQt5 is tried first: on Krita 5 a PyQt6 of the system would
import as well and load a second Qt. Everywhere else enums are written in full
(`Qt.DropAction.CopyAction`), which both accept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    try:
        from PyQt5 import QtCore, QtGui, QtWidgets
    except ImportError:
        from PyQt6 import QtCore, QtGui, QtWidgets

Signal = QtCore.pyqtSignal

__all__ = ["QtCore", "QtGui", "QtWidgets", "Signal"]
