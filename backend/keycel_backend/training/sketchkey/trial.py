"""Paints fixed procedural shots from sparse key sketches and compares with simpler ways.

    python -m keycel_backend.training.sketchkey.trial --shots 50 --networks DIR/networks.safetensors \\
        --without-sketch-attention DIR2/networks.safetensors --sheet sheet.png

The first drawing is painted, every fourth has its sketch. EDMD is measured at 256 x 256 on what the networks
paint, before any regions decide. These shots are never trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.diffusion.sketchkey.weights import load_networks
from keycel_backend.evaluate.image_quality import psnr, reduced
from keycel_backend.evaluate.line_distance import edmd
from keycel_backend.io.compose import with_alpha
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet
from keycel_backend.regions.arrays import Bytes
from keycel_backend.training.matcher.trial import TRIAL_SEED
from keycel_backend.training.sketchkey.clips import Change, Clips, Stage, clips_of
from keycel_backend.training.sketchkey.examples import CelExample, load
from keycel_backend.training.sketchkey.making import ExampleMaker, example_path
from keycel_backend.training.sketchkey.validation import (
    paint_clips,
    to_pictures,
    trial_pattern,
    without_tokens,
)

FRAMES = 9
"""Of a sequence, the painted one included."""

Way = Callable[[Clips], list[Bytes]]
"""Makes (height, width, 3) pictures of all frames of a batch of one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over frames other than the painted one, at 256 x 256."""

    edmd_keys: float
    edmd: float
    psnr_keys: float
    psnr: float


def hold(clips: Clips) -> list[Bytes]:
    """Peer: the painted frame, unchanged."""
    frames = clips.target.shape[1]
    return to_pictures(clips.target[0, :1]) * frames


def blend(clips: Clips) -> list[Bytes]:
    """Peer: the painted frame with each key's lines drawn over it, cross-faded from key to key."""
    painted = hold(clips)[0].astype(np.float32)
    height, width = painted.shape[:2]
    keys: dict[int, Bytes] = {}
    for key, there in enumerate(clips.sequence.drawn.tolist()):
        if there:
            ink = cv2.resize(
                clips.sequence.sketches[0, key].numpy(), (width, height), interpolation=cv2.INTER_AREA
            )
            shown = painted if key == 0 else painted * (1.0 - ink[..., None])
            keys[key] = shown.astype(np.uint8)
    return [_between(frame, keys) for frame in range(clips.target.shape[1])]


def _between(frame: int, keys: Mapping[int, Bytes]) -> Bytes:
    before = max(key for key in keys if key <= frame)
    after = min((key for key in keys if key >= frame), default=before)
    share = (frame - before) / max(1, after - before)
    mixed = keys[before] * (1.0 - share) + keys[after] * share
    return mixed.round().astype(np.uint8)


def carried(clips: Clips) -> list[Bytes]:
    """Peer: the painted frame moved along with the sketches, which is where the networks start from."""
    return to_pictures(clips.sequence.start[0])


def by_networks(networks: SketchKeyNetworks, tokens: bool) -> Way:
    """`tokens`: whether the token branch is told of the key sketches."""

    def way(clips: Clips) -> list[Bytes]:
        return paint_clips(networks, clips if tokens else without_tokens(clips), "cpu")

    return way


def trial(
    ways: Mapping[str, Way], examples: Sequence[CelExample], side: int, multiple: int, sheet: Path | None
) -> dict[str, Figures]:
    """Figures of each way; the first few shots go on `sheet`."""
    found: dict[str, list[tuple[float, float, bool]]] = {name: [] for name in ways}
    parts: list[SheetPart] = []
    for number, example in enumerate(examples):
        size = PictureSize.of(example.size.height, example.size.width, side, multiple)
        pattern = trial_pattern(Stage.SPARSE, min(FRAMES, len(example.lines)))
        clips = clips_of([example], pattern, [Change()], size)
        truth = to_pictures(clips.target[0])
        drawn = clips.sequence.drawn.tolist()
        rows = {"truth": truth}
        for name, way in ways.items():
            rows[name] = way(clips)
            for frame in range(1, len(truth)):
                small, other = reduced(truth[frame]), reduced(rows[name][frame])
                found[name].append((edmd(small, other), psnr(small, other), drawn[frame]))
        if sheet is not None and number < 4:
            parts.append(_part(f"Shot {TRIAL_SEED + number}", rows, drawn))
    if sheet is not None:
        write_contact_sheet(sheet, parts, columns=FRAMES)
    return {name: _figures(rows) for name, rows in found.items()}


def _figures(rows: Sequence[tuple[float, float, bool]]) -> Figures:
    keys = [row for row in rows if row[2]]
    columns = (np.mean([row[column] for row in some]) for column in (0, 1) for some in (keys, rows))
    edmd_keys, edmd_all, psnr_keys, psnr_all = (float(value) for value in columns)
    return Figures(edmd_keys, edmd_all, psnr_keys, psnr_all)


def _part(title: str, rows: Mapping[str, Sequence[Bytes]], drawn: Sequence[bool]) -> SheetPart:
    blank = np.full_like(rows["truth"][0], 90)
    cells = [
        SheetCell(with_alpha(picture), name if frame == 0 else "", marked=drawn[frame])
        for name, row in rows.items()
        for frame, picture in enumerate([*row, *[blank] * (FRAMES - len(row))][:FRAMES])
    ]
    return SheetPart(title, cells)


def main() -> None:
    parser = argparse.ArgumentParser(prog="keycel_backend.training.sketchkey.trial")
    parser.add_argument("--shots", type=int, default=50)
    parser.add_argument("--networks", type=Path, required=True, help="weights of the whole model")
    parser.add_argument("--without-sketch-attention", type=Path, help="weights of one trained without it")
    parser.add_argument("--examples", type=Path, default=Path("out/trial"), help="folder of stored shots")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    networks = load_networks(given.networks, torch.device("cpu"))
    multiple = networks.configuration.size_multiple
    seeds = range(TRIAL_SEED, TRIAL_SEED + given.shots)
    with ExampleMaker(given.examples, seeds, given.side, multiple, 1) as maker:
        maker.wait(seeds)
    ways: dict[str, Way] = {
        "hold": hold,
        "linear blending": blend,
        "hold, carried along": carried,
        "sketchkey": by_networks(networks, True),
    }
    if given.without_sketch_attention is not None:
        other = load_networks(given.without_sketch_attention, torch.device("cpu"))
        ways["without Sketch Cross Attention"] = by_networks(other, False)
    examples = [load(example_path(given.examples, seed)) for seed in seeds]
    found = trial(ways, examples, given.side, multiple, given.sheet)
    print(f"gates: {[round(gate, 3) for gate in networks.gates()]}")
    print("| | EDMD at keys | EDMD | PSNR at keys | PSNR |\n| --- | --- | --- | --- | --- |")
    for name, one in found.items():
        print(f"| {name} | {one.edmd_keys:.2f} | {one.edmd:.2f} | {one.psnr_keys:.2f} | {one.psnr:.2f} |")


if __name__ == "__main__":
    main()
