"""Shortcuts: the action file, the plugin and the manual say the same."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"


def shortcuts() -> dict[str, str]:
    root = ElementTree.parse(PLUGIN / "keycel.action").getroot()
    return {action.get("name", ""): action.findtext("shortcut", "") for action in root.iter("Action")}


def test_every_action_of_the_plugin_has_a_shortcut_of_its_own() -> None:
    registered = re.findall(r'"(keycel_\w+)":', (PLUGIN / "keycel_plugin" / "plugin.py").read_text("utf-8"))
    assert sorted(shortcuts()) == sorted(registered)
    assert all(shortcuts().values())
    assert len(set(shortcuts().values())) == len(registered)


def test_the_manual_names_every_shortcut() -> None:
    manual = (PLUGIN / "keycel_plugin" / "Manual.html").read_text("utf-8")
    assert sorted(re.findall(r"<tr><td>(Alt\+\d)</td>", manual)) == sorted(shortcuts().values())
