"""Takes the screenshots of docs/user-guide.md in a real Krita, walking through a whole shot.

    python3 tests/krita/user_guide_pictures.py FOLDER

The Python is the one of the project's environment; KEYCEL_KRITA_ROOT chooses another Krita, as for the tests.
Look at every picture before it is checked in.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / name) for name in ("tests", "installer", "shared", "backend", "plugin")]

from support.demo_document import write_demo_document  # noqa: E402
from support.krita_process import Display, KritaProcess, start  # noqa: E402
from support.krita_states import command, open_shot, put_artist  # noqa: E402

HAIR = (470, 200, 60, 40)
"""A box on the fox of the demo, as x, y, width, height."""


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        display = Display(Path(scratch))
        display.start()
        krita = KritaProcess(Path(scratch), display)
        krita.register_backend()
        try:
            start(krita)
            walk_through(krita, write_demo_document(Path(scratch)), folder, display)
            krita.quit()
        finally:
            krita.kill()
            krita.stop_backend()
            display.stop()


def walk_through(krita: KritaProcess, shot: Path, folder: Path, display: Display) -> None:
    def picture(name: str, page: int) -> None:
        krita.run("docker", "turn_page", page=page)
        krita.run("docker", "review", timeout=120)
        display.screenshot(folder / f"{name}.png")
        shrink(folder / f"{name}.png")

    open_shot(krita, shot)
    krita.run("docker", "arrange_for_pictures")
    put_artist(krita, 8, "Colour keys", (0, 0, 0, 0))
    picture("shot", 0)
    command(krita, "colorize")
    krita.run("host", "hide", layer="Colour keys")
    picture("review", 1)
    command(krita, "accept")
    command(krita, "show_unsure", True)
    command(krita, "next_unsure")
    picture("unsure", 1)
    command(krita, "show_unsure", False)
    krita.run("shots", "place_artist", time=20, active="Keycel colour", selected=[], box=list(HAIR))
    krita.run("host", "paint_over", layer="Keycel colour")
    krita.run("docker", "review", timeout=120)
    krita.run("docker", "answer_when_asked", name="regenerate", yes=True, timeout=120)
    picture("takes", 1)
    krita.run("docker", "compare")
    display.screenshot(folder / "compare.png")
    shrink(folder / "compare.png")
    krita.run("docker", "close_compare")
    picture("palette", 2)
    picture("animate", 3)
    picture("models", 4)


def shrink(path: Path, width: int = 1200) -> None:
    """Small, of few colours, without metadata: the pictures are checked in."""
    smaller = ["-resize", f"{width}x", "-strip", "-dither", "None", "-colors", "96", "-depth", "8"]
    subprocess.run(["convert", str(path), *smaller, f"png8:{path}"], check=True)


if __name__ == "__main__":
    main()
