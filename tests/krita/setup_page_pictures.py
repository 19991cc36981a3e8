"""Takes the pictures of the setup page in docs/install.md, in a real Krita.

    python3 tests/krita/setup_page_pictures.py FOLDER

Nothing is fetched: an installer that only plays what it would do stands in for the real one. The Python is
the one of the project's environment. Look at every picture before it is checked in.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / name) for name in ("tests", "installer", "shared", "backend", "plugin")]
sys.path.insert(0, str(Path(__file__).parent))

from support.fake_installer import LARGE, SMALL, FakeInstaller  # noqa: E402
from support.krita_process import Display, KritaProcess  # noqa: E402
from user_guide_pictures import shrink  # noqa: E402

from keycel_installer import krita_plugin  # noqa: E402
from keycel_shared.setup_report import SetupPlan  # noqa: E402

CARD = replace(LARGE, card="NVIDIA GeForce RTX 3060")
PLAN = SetupPlan((SMALL, CARD), 120_000, "/home/artist/.local/share/keycel")
WIDTH = 360
PATIENCE = 600
"""Seconds; nobody waits for pictures, and the machine may be busy."""


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        display = Display(Path(scratch))
        display.start()
        resources = Path(scratch) / "resources"
        profile = krita_plugin.KritaProfile(resources, Path(scratch) / "kritarc")
        krita_plugin.install(REPOSITORY, profile)
        installer_in(resources).play(plan=PLAN, waits_at="keycel")
        krita = KritaProcess(Path(scratch) / "krita", display, imported=resources)
        try:
            krita.start(PATIENCE)
            walk_through(krita, folder)
            krita.quit()
        finally:
            krita.kill()
            krita.stop_backend()
            display.stop()


def installer_in(resources: Path) -> FakeInstaller:
    """In the place of the one that the plugin carries."""
    carried = resources / "pykrita" / krita_plugin.MODULE / krita_plugin.CARRIED
    return FakeInstaller(carried, sys.executable)


def walk_through(krita: KritaProcess, folder: Path) -> None:
    def do(module: str, function: str, **arguments: object) -> None:
        krita.run(module, function, timeout=PATIENCE, **arguments)

    def picture(name: str) -> None:
        path = folder / f"setup-{name}.png"
        do("setup", "look", path=str(path))
        shrink(path, WIDTH)

    do("shots", "add_document", width=64, height=64)
    do("docker", "arrange")
    do("docker", "arrange_for_pictures")
    do("setup", "wait_for", stage="offer", seconds=PATIENCE)
    picture("offer")
    do("setup", "press", button="install", stage="installing", seconds=PATIENCE)
    do("setup", "wait_for_step", step="keycel", seconds=PATIENCE)
    do("setup", "show_log")
    picture("installing")
    do("setup", "press", button="cancel", stage="stopped", seconds=PATIENCE)
    installer_in(krita.folder / "data" / "krita").play(plan=PLAN)
    do("setup", "press", button="install", stage="models", seconds=PATIENCE)
    do("setup", "press", button="trial", stage="tried", seconds=PATIENCE)
    picture("tried")
    do("shots", "close_all")


if __name__ == "__main__":
    main()
