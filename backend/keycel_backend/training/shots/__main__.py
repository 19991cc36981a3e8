"""`python -m keycel_backend.training.shots --sheet OUT --seed N`: look at shots, measure or write them."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from keycel_backend.io.compose import with_alpha
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet
from keycel_backend.training.shots.clip import write_clip
from keycel_backend.training.shots.shot import ProceduralShot, ShotSettings, generate_shot
from keycel_backend.training.shots.statistics import describe, summary

_CELLS = 6


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m keycel_backend.training.shots", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="first shot")
    parser.add_argument("--count", type=int, default=6, help="shots, one after the other from the seed")
    parser.add_argument(
        "--height",
        type=int,
        nargs="+",
        metavar="PIXELS",
        help="canvas height, or the least and the greatest (default: 256 1080)",
    )
    parser.add_argument("--drawings", type=int, nargs=2, metavar=("LEAST", "MOST"), help="of a shot")
    parser.add_argument(
        "--sheet", type=Path, help="write a contact sheet (PNG) of lines, flats and identities"
    )
    parser.add_argument("--statistics", action="store_true", help="print what shots are like, in numbers")
    parser.add_argument("--clips", type=Path, help="write every shot as a clip into this folder")
    options = parser.parse_args(arguments)
    usual = ShotSettings()
    settings = ShotSettings(
        heights=(min(options.height), max(options.height)) if options.height else usual.heights,
        drawings=(min(options.drawings), max(options.drawings)) if options.drawings else usual.drawings,
    )
    parts: list[SheetPart] = []
    figures: list[dict[str, float]] = []
    seconds, drawings = 0.0, 0
    for seed in range(options.seed, options.seed + options.count):
        began = time.process_time()
        shot = generate_shot(seed, settings)
        seconds += time.process_time() - began
        drawings += len(shot.drawings)
        if options.sheet is not None:
            parts.append(_part(shot))
        if options.clips is not None:
            write_clip(shot, options.clips / f"procedural-{seed}")
        if options.statistics:
            figures.append(describe([drawing.line for drawing in shot.drawings]))
    if options.sheet is not None:
        write_contact_sheet(options.sheet, parts)
    if options.statistics:
        print(summary(figures))
    print(f"{drawings} drawings of {options.count} shots, {drawings / seconds:.1f} a second on one core")
    return 0


def _part(shot: ProceduralShot) -> SheetPart:
    step = max(1, len(shot.drawings) // _CELLS)
    chosen = shot.drawings[::step][:_CELLS]
    hues = np.random.default_rng(0).integers(40, 256, (len(shot.colors) + 1, 3)).astype(np.uint8)
    hues[0] = 255
    cells: list[SheetCell] = []
    for drawing in chosen:
        name = f"{drawing.times[0]}-{drawing.times[-1]}"
        cells.append(SheetCell(drawing.line, name))
    for drawing in chosen:
        cells.append(SheetCell(drawing.flats, "flats"))
    for drawing in chosen:
        cells.append(SheetCell(with_alpha(hues[drawing.identity]), "identity"))
    return SheetPart(f"Shot {shot.seed}, {shot.width} x {shot.height}, {len(shot.colors)} surfaces", cells)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
