"""The setup page's test shot: three drawings of the demo, cut out around the fox, the first one painted.

    python tests/support/trial_pictures.py

writes them into the plugin; a test compares them with what the demo draws.
"""

from __future__ import annotations

from pathlib import Path

from keycel_backend.demo.fox import draw_fox
from keycel_backend.demo.motion import TIMES
from keycel_backend.io.results import encode_png

FOLDER = Path(__file__).resolve().parents[2] / "plugin" / "keycel_plugin" / "trial"
DRAWINGS = (TIMES[0], TIMES[4], TIMES[9])
BOX = (slice(36, 696), slice(352, 896))
"""Rows and columns that hold the fox in all of them."""


def pictures() -> dict[str, bytes]:
    """File name to content."""
    found: dict[str, bytes] = {}
    for number, time in enumerate(DRAWINGS):
        cel = draw_fox(time)
        found[f"lines-{number}.png"] = encode_png(cel.lines()[BOX].copy())
        if number == 0:
            found["colors-0.png"] = encode_png(cel.flats()[BOX].copy())
    return found


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in pictures().items():
        (FOLDER / name).write_bytes(content)
        print(f"{len(content):>8} {name}")


if __name__ == "__main__":
    main()
