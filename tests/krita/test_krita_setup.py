"""A Krita that has nothing but the plugin: from "not installed" to a coloured test shot, in the docker."""

from __future__ import annotations

import sys
from pathlib import Path

from support.fake_installer import STEPS, FakeInstaller
from support.krita_process import Display, KritaProcess, start
from support.krita_root import KritaRoot

from keycel_installer import bundle, krita_plugin

PROJECT = Path(__file__).resolve().parents[2]


def test_from_nothing_installed_to_a_coloured_test_shot(
    krita: KritaProcess, display: Display, tmp_path: Path
) -> None:
    """The plugin comes by Krita's own importer; only what would be fetched is played."""
    archive = bundle.write_archive(tmp_path / "plugin.zip", bundle.plugin_entries(PROJECT))
    resources = tmp_path / "resources"
    resources.mkdir()
    krita.run("importing", "import_zip", path=str(archive), resources=str(resources))
    carried = resources / "pykrita" / krita_plugin.MODULE / krita_plugin.CARRIED
    assert (carried / "installer" / "keycel_installer" / "install.py").exists(), "the real one came along"
    FakeInstaller(carried, sys.executable)
    artefacts = KritaRoot.chosen().artefacts

    fresh = KritaProcess(tmp_path / "fresh", display, imported=resources)
    try:
        start(fresh)
        offered = fresh.run("setup", "wait_for", stage="offer").result
        assert offered["visible"]
        assert not offered["pages"]
        assert "not installed" in offered["text"]
        display.screenshot(artefacts / "krita-setup-offer.png")
        connected = fresh.run("setup", "press", button="install", stage="models", timeout=90)
        assert connected.result["log"].splitlines() == [f"working on {step}" for step in STEPS]
        assert connected.stalls[0]["ms"] < 1000, "Krita stays alive"
        tried = fresh.run("setup", "press", button="trial", stage="tried", seconds=110, timeout=120).result
        assert tried["details"] == "", tried
        assert tried["picture"] is not None
        painted, *coloured = fresh.run("setup", "colors").result
        assert all(count > painted / 2 > 5 for count in coloured)
        display.screenshot(artefacts / "krita-setup-tried.png")
        usual = fresh.run("setup", "press", button="close", stage="closed").result
        assert usual["pages"]
        assert not usual["visible"]
        assert fresh.quit() == 0
        assert "Traceback" not in fresh.log_tail(10**6)
    finally:
        fresh.kill()
        fresh.stop_backend()
