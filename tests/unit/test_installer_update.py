"""A newer plugin over an older one: what the artist has set stays, what the older one had is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keycel_installer import krita_plugin
from keycel_shared.version import VERSION

PROJECT = Path(__file__).resolve().parents[2]

KRITARC = """AutoSaveInterval=0

[python]
enable_other=true
enable_keycel_plugin=true

[MainWindow]
State=AAAA/wAAAAD9
ToolBarsMovable=Enabled

[dockwidget keycel_docker]
collapsed=false
locked=true
"""
SHORTCUTS = """[Shortcuts]
keycel_accept=Ctrl+Alt+A
keycel_colorize=Alt+7
paint_action=B
"""
"""`kritashortcutsrc`: what the artist has changed; `keycel.action` has only the defaults."""


@pytest.fixture
def old(tmp_path: Path) -> krita_plugin.KritaProfile:
    """An older plugin with the shared package beside it, and a Krita that has been used with it."""
    profile = krita_plugin.KritaProfile(tmp_path / "data" / "krita", tmp_path / "config" / "kritarc")
    for name in krita_plugin.PACKAGES:
        folder = profile.scripts / name
        folder.mkdir(parents=True)
        (folder / "of_old.py").write_text("")
        (folder / krita_plugin.OWN).write_text(json.dumps({"version": "0.0.9"}))
    profile.desktop.write_text("old")
    profile.action.parent.mkdir()
    profile.action.write_text("old")
    profile.kritarc.parent.mkdir()
    profile.kritarc.write_text(KRITARC)
    (profile.kritarc.parent / "kritashortcutsrc").write_text(SHORTCUTS)
    (profile.resources / "input").mkdir()
    (profile.resources / "input" / "mine.profile").write_text("tablet")
    return profile


def test_settings_shortcuts_and_layout_survive(old: krita_plugin.KritaProfile) -> None:
    assert krita_plugin.installed_version(old) == "0.0.9"
    krita_plugin.install(PROJECT, old)
    assert krita_plugin.installed_version(old) == VERSION
    before, after = KRITARC.splitlines(), old.kritarc.read_text().splitlines()
    assert sorted(after) == sorted(before), "the same lines, whatever their order within a group"
    assert groups(after) == groups(before)
    assert (old.kritarc.parent / "kritashortcutsrc").read_text() == SHORTCUTS
    assert (old.resources / "input" / "mine.profile").read_text() == "tablet"


def groups(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("[")]


def test_nothing_of_the_older_plugin_is_left(old: krita_plugin.KritaProfile) -> None:
    krita_plugin.install(PROJECT, old)
    assert list(old.resources.rglob("of_old.py")) == []
    assert not (old.scripts / "keycel_shared").exists(), "the package beside the plugin would be found first"
    assert old.action.read_text() == (PROJECT / "plugin" / "keycel.action").read_text()
    assert [path for path in old.resources.rglob("*") if path.name.endswith(".keycel-old")] == []


def test_the_actions_keep_their_names() -> None:
    """Krita keeps an artist's shortcut by the action's name: a renamed one would lose it."""
    actions = (PROJECT / "plugin" / "keycel.action").read_text()
    for name in ("colorize", "spread", "regenerate", "accept", "lock", "next_unsure", "previous_unsure"):
        assert f'name="keycel_{name}"' in actions
