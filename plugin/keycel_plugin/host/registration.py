"""Puts the docker and the actions into Krita."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import Action, guarded

from . import api

DOCKER_ID = "keycel_docker"
ACTION_MENU = "tools/scripts"


def register(
    title: str,
    make_content: Callable[[], QtWidgets.QWidget],
    document_changed: Action,
    closing: Action,
    actions: dict[str, tuple[str, Action]],
) -> None:
    """Register once, while Krita loads the plugin.

    `make_content` is called when the window is built; `document_changed` whenever another document
    comes to the front; `actions` maps the ids of `keycel.action` to a text and what they do.
    """
    krita = api.application()
    module = api.krita_module()
    changed = guarded(document_changed)

    class Docker(module.DockWidget):
        def __init__(self) -> None:
            super().__init__()
            self.setWindowTitle(title)
            self.setWidget(make_content())

        def canvasChanged(self, _canvas: object) -> None:  # noqa: N802 - Krita's name, must exist
            QtCore.QTimer.singleShot(0, changed)

    class Extension(module.Extension):
        def setup(self) -> None:
            notifier = krita.notifier()
            notifier.setActive(True)
            notifier.applicationClosing.connect(guarded(closing))

        def createActions(self, window: Any) -> None:  # noqa: N802 - Krita's name
            for identity, (text, action) in actions.items():
                window.createAction(identity, text, ACTION_MENU).triggered.connect(guarded(action))

    position = module.DockWidgetFactoryBase.DockPosition.DockRight
    krita.addExtension(Extension(krita))
    krita.addDockWidgetFactory(module.DockWidgetFactory(DOCKER_ID, position, Docker))
