"""Builds the plugin's parts and puts them into Krita."""

from __future__ import annotations

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.host.krita_document import KritaHost
from keycel_plugin.host.registration import register
from keycel_plugin.ui.dock import Dock
from keycel_plugin.words import _

parts: list[Controller] = []
"""Keeps the controller alive for as long as Krita runs."""


def start() -> None:
    """Called once, while Krita loads the plugin."""
    host = KritaHost()
    controller = Controller(host, Backend())
    parts.append(controller)
    register(
        title="Keycel",
        make_content=lambda: Dock(controller.model, controller, host.icon),
        document_changed=controller.refresh,
        closing=controller.shut_down,
        actions={
            "keycel_colorize": (_("Keycel: Colorize"), controller.colorize),
            "keycel_inbetween": (_("Keycel: Draw In-betweens"), controller.inbetween),
            "keycel_spread": (_("Keycel: Spread Corrections"), controller.spread),
            "keycel_regenerate": (_("Keycel: Regenerate Selected Frames"), controller.regenerate),
            "keycel_accept": (_("Keycel: Accept Frames"), controller.accept),
            "keycel_lock": (_("Keycel: Lock Frames"), controller.lock),
            "keycel_next_unsure": (_("Keycel: Next Unsure Frame"), controller.next_unsure),
            "keycel_previous_unsure": (_("Keycel: Previous Unsure Frame"), controller.previous_unsure),
            "keycel_cancel": (_("Keycel: Cancel"), controller.cancel),
        },
    )
