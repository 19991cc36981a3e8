"""Builds the plugin's parts and puts them into Krita."""

from __future__ import annotations

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.host.krita_document import KritaHost
from keycel_plugin.host.registration import register
from keycel_plugin.ui.dock import Dock

parts: list[Controller] = []
"""Keeps the controller alive for as long as Krita runs."""


def start() -> None:
    """Called once, while Krita loads the plugin."""
    controller = Controller(KritaHost(), Backend())
    parts.append(controller)
    register(
        title="Keycel",
        make_content=lambda: Dock(controller),
        document_changed=controller.refresh,
        closing=controller.shut_down,
        actions={
            "keycel_colorize": ("Keycel: Colorize", controller.colorize),
            "keycel_regenerate": ("Keycel: Regenerate Current Frame", controller.regenerate),
            "keycel_cancel": ("Keycel: Cancel", controller.cancel),
        },
    )
