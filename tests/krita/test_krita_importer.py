"""The release's plugin zip, imported by Krita's own importer, and colouring a shot in a Krita of its own."""

from __future__ import annotations

from pathlib import Path

from support.krita_process import Display, KritaProcess, start

from keycel_installer import bundle, krita_plugin

PROJECT = Path(__file__).resolve().parents[2]


def test_the_zip_serves_a_krita_that_knows_nothing_else(
    krita: KritaProcess, display: Display, small_shot: Path, tmp_path: Path
) -> None:
    archive = bundle.write_archive(tmp_path / "plugin.zip", bundle.plugin_entries(PROJECT))
    resources = tmp_path / "resources"
    (resources / "pykrita" / krita_plugin.MODULE).mkdir(parents=True)
    left_over = resources / "pykrita" / krita_plugin.MODULE / "of_an_older_version.py"
    left_over.write_text("")
    settings = resources / "input" / "mine.profile"
    settings.parent.mkdir()
    settings.write_text("tablet")
    found = krita.run("importing", "import_zip", path=str(archive), resources=str(resources)).result
    assert found == [krita_plugin.MODULE]
    assert not left_over.exists()
    assert settings.read_text() == "tablet", "what else is in Krita's folder stays"

    other = KritaProcess(tmp_path / "other", display, imported=resources)
    other.register_backend()
    try:
        start(other)
        plugin, shared = other.run("importing", "where_from").result
        assert Path(shared).parents[2] == Path(plugin).with_name(krita_plugin.CARRIED)
        other.run("shots", "open_shot", path=str(small_shot))
        answer = other.run("docker", "press", button="colorize", timeout=110).result
        assert answer["details"] == "", answer
        ways = other.run("importing", "ways_to_the_backend").result
        assert ways["bridge"] == (not ways["pyzmq"]), "the importer brings no pyzmq; some Kritas have one"
        assert other.run("shots", "layers_of", title="small").result.count("Keycel colour") == 1
        assert other.quit() == 0
        assert "Traceback" not in other.log_tail(10**6)
    finally:
        other.kill()
        other.stop_backend()
