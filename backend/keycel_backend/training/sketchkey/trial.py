"""Paints fixed procedural shots from sparse key sketches and compares with simpler ways.

    python -m keycel_backend.training.sketchkey.trial --shots 50 --networks DIR/networks.safetensors \\
        --without-sketch-attention DIR2/networks.safetensors --sheet sheet.png

The first drawing is painted. It and `--keys` others have their sketch, evenly spread up to the last; two
unless told, which is every fourth. EDMD is measured at 256 x 256 on what the networks paint, before any
regions decide. These shots are never trained on.
"""

from __future__ import annotations

import argparse
import copy
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
from keycel_backend.training.sketchkey.clips import Change, Clips, Pattern, clips_of
from keycel_backend.training.sketchkey.examples import CelExample, load
from keycel_backend.training.sketchkey.making import ExampleMaker, example_path
from keycel_backend.training.sketchkey.validation import paint_clips, to_pictures, without_tokens

_OURS = "sketchkey"
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


@dataclass(frozen=True, slots=True)
class Measured:
    """One frame of one shot, painted in one way."""

    edmd: float
    psnr: float
    is_key: bool


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


def key_pattern(frames: int, keys: int) -> Pattern:
    """`keys` sketches after the painted frame, which has its own; evenly spread, the last frame has one."""
    drawn = {round(number * (frames - 1) / keys) for number in range(keys + 1)}
    order = tuple(range(frames))
    known = tuple(frame == 0 for frame in order)
    return Pattern(order, known, tuple(frame in drawn for frame in order), tuple(sorted(drawn)), False)


def trial(
    ways: Mapping[str, Way],
    examples: Sequence[CelExample],
    side: int,
    multiple: int,
    keys: int,
    sheet: Path | None,
) -> dict[str, list[Measured]]:
    """All frames but the painted ones, of each way in the same order; the first few shots go on `sheet`."""
    found: dict[str, list[Measured]] = {name: [] for name in ways}
    parts: list[SheetPart] = []
    for number, example in enumerate(examples):
        size = PictureSize.of(example.size.height, example.size.width, side, multiple)
        pattern = key_pattern(min(FRAMES, len(example.lines)), keys)
        clips = clips_of([example], pattern, [Change()], size)
        truth = to_pictures(clips.target[0])
        rows = {"truth": truth}
        for name, way in ways.items():
            rows[name] = way(clips)
            for frame in range(1, len(truth)):
                small, other = reduced(truth[frame]), reduced(rows[name][frame])
                found[name].append(Measured(edmd(small, other), psnr(small, other), pattern.drawn[frame]))
        if sheet is not None and number < 4:
            parts.append(_part(f"Shot {TRIAL_SEED + number}", rows, pattern.drawn))
    if sheet is not None:
        write_contact_sheet(sheet, parts, columns=FRAMES)
    return found


def summary(rows: Sequence[Measured]) -> Figures:
    keys = [row for row in rows if row.is_key]
    return Figures(
        float(np.mean([row.edmd for row in keys])),
        float(np.mean([row.edmd for row in rows])),
        float(np.mean([row.psnr for row in keys])),
        float(np.mean([row.psnr for row in rows])),
    )


def difference(rows: Sequence[Measured], others: Sequence[Measured]) -> tuple[float, float]:
    """(mean, standard error) of how much more EDMD `rows` have at keys than `others`, key by key."""
    pairs = zip(rows, others, strict=True)
    more = np.array([row.edmd - other.edmd for row, other in pairs if row.is_key])
    return float(more.mean()), float(more.std(ddof=1) / len(more) ** 0.5)


def _part(title: str, rows: Mapping[str, Sequence[Bytes]], drawn: Sequence[bool]) -> SheetPart:
    blank = np.full_like(rows["truth"][0], 90)
    cells = [
        SheetCell(with_alpha(picture), name if frame == 0 else "", marked=drawn[frame])
        for name, row in rows.items()
        for frame, picture in enumerate([*row, *[blank] * (FRAMES - len(row))][:FRAMES])
    ]
    return SheetPart(title, cells)


def main() -> None:
    given = _arguments()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    networks = load_networks(given.networks, torch.device("cpu"))
    multiple = networks.configuration.size_multiple
    seeds = range(TRIAL_SEED, TRIAL_SEED + given.shots)
    with ExampleMaker(given.examples, seeds, given.side, multiple, 1) as maker:
        maker.wait(seeds)
    ways: dict[str, Way] = {
        "painted frame held": hold,
        "linear blending": blend,
        "carried along": carried,
        _OURS: by_networks(networks, True),
        "the same, frames do not ask the tokens": by_networks(_closed(networks), True),
    }
    if given.without_sketch_attention is not None:
        other = load_networks(given.without_sketch_attention, torch.device("cpu"))
        ways["trained without Sketch Cross Attention"] = by_networks(other, False)
    examples = [load(example_path(given.examples, seed)) for seed in seeds]
    print(f"gates: {[round(gate, 3) for gate in networks.gates()]}")
    for keys in given.keys:
        sheet = given.sheet if keys == given.keys[0] else None
        found = trial(ways, examples, given.side, multiple, keys, sheet)
        print(f"\n| {keys} keys | EDMD at keys | EDMD | PSNR at keys | PSNR | sketchkey less at keys |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name, rows in found.items():
            one, (less, error) = summary(rows), difference(rows, found[_OURS])
            figures = f"{one.edmd_keys:.2f} | {one.edmd:.2f} | {one.psnr_keys:.2f} | {one.psnr:.2f}"
            print(f"| {name} | {figures} | {less:.2f} +- {error:.2f} |", flush=True)


def _closed(networks: SketchKeyNetworks) -> SketchKeyNetworks:
    """The same without the second half of Sketch Cross Attention."""
    closed = copy.deepcopy(networks)
    for attention in closed.cross_attentions():
        attention.gate.zero_()
    return closed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="keycel_backend.training.sketchkey.trial")
    parser.add_argument("--shots", type=int, default=50)
    parser.add_argument("--networks", type=Path, required=True, help="weights of the whole model")
    parser.add_argument("--without-sketch-attention", type=Path, help="weights of one trained without it")
    parser.add_argument("--keys", type=int, nargs="+", default=[2], help="key sketches after the first one")
    parser.add_argument("--examples", type=Path, default=Path("out/trial"), help="folder of stored shots")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--sheet", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
