"""How a training is doing on shots that it never learns from: losses by kind of place, painted sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.sketchkey.denoiser import prepare
from keycel_backend.diffusion.sketchkey.latents import decode
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.sampling import frame_noise, paint
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.evaluate.image_quality import psnr, reduced
from keycel_backend.evaluate.line_distance import edmd
from keycel_backend.io.compose import with_alpha
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet
from keycel_backend.regions.arrays import Bytes
from keycel_backend.training.sketchkey.clips import Change, Clips, Pattern, Stage, clips_of
from keycel_backend.training.sketchkey.examples import CelExample
from keycel_backend.training.sketchkey.learning import Plan, estimate
from keycel_backend.training.sketchkey.loss import KINDS, AdaptiveWeightedLoss, Reading, Weighting

_LEVELS = (20.0, 80.0)
"""Noise at which losses are compared."""
STEPS = 2
"""Of sampling."""
_KEY_EVERY = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    losses: tuple[float, ...]
    """Mean error for each of `KINDS`; nan where there is none."""
    edmd_keys: float
    """EDMD of frames with a sketch, at 256 x 256."""
    edmd: float
    """Of all frames but the painted one."""
    psnr: float
    """dB, at 256 x 256."""

    def sentence(self) -> str:
        losses = ", ".join(f"{kind} {loss:.4f}" for kind, loss in zip(KINDS, self.losses, strict=True))
        return f"losses: {losses}; EDMD keys {self.edmd_keys:.2f}, all {self.edmd:.2f}; PSNR {self.psnr:.2f}"


def trial_pattern(stage: Stage, frames: int) -> Pattern:
    """The first drawings of a shot; unless all are told to the dense branch alone, every fourth is a key."""
    order = tuple(range(frames))
    keys = () if stage is Stage.DENSE else order[::_KEY_EVERY]
    drawn = tuple(stage is Stage.DENSE or drawing in keys for drawing in order)
    return Pattern(order, (True,) + (False,) * (frames - 1), drawn, keys, backward=False)


def judge(
    networks: SketchKeyNetworks, examples: Sequence[CelExample], plan: Plan, painted: int, sheet: Path | None
) -> Verdict:
    """Losses on all `examples`; the first `painted` of them are sampled, and drawn on `sheet`."""
    losses: list[Tensor] = []
    figures: list[tuple[float, float, float]] = []
    parts: list[SheetPart] = []
    for number, example in enumerate(examples):
        clips = _clips(networks, example, plan)
        losses.append(_losses(networks, clips, plan, number))
        if number < painted:
            truth, found = to_pictures(clips.target[0]), paint_clips(networks, clips, plan.device)
            figures.append(_compared(truth, found, clips))
            parts.append(_part(f"Shot {number}", clips, truth, found))
    if sheet is not None and parts:
        write_contact_sheet(sheet, parts, columns=len(parts[0].cells) // 3)
    edmd_keys, edmd_all, quality = np.nanmean(np.array(figures), axis=0) if figures else [np.nan] * 3
    return Verdict(
        tuple(float(loss) for loss in torch.stack(losses).nanmean(dim=0)),
        float(edmd_keys),
        float(edmd_all),
        float(quality),
    )


def _clips(networks: SketchKeyNetworks, example: CelExample, plan: Plan) -> Clips:
    pattern = trial_pattern(plan.stage, min(2 * plan.frames - 1, len(example.lines)))
    size = PictureSize.of(
        example.size.height, example.size.width, plan.side, networks.configuration.size_multiple
    )
    clips = clips_of([example], pattern, [Change()], size)
    return clips if plan.sketch_attention else without_tokens(clips)


def without_tokens(clips: Clips) -> Clips:
    """The same with nothing for the token branch."""
    sequence = clips.sequence
    none = torch.zeros(0, dtype=torch.long)
    return replace(
        clips,
        sequence=replace(
            sequence,
            key_sketches=sequence.key_sketches[:, :0],
            key_starts=sequence.key_starts[:, :0],
            key_index=none,
        ),
    )


@torch.no_grad()
def _losses(networks: SketchKeyNetworks, clips: Clips, plan: Plan, number: int) -> Tensor:
    """(4,) mean over noise levels"""
    loss = AdaptiveWeightedLoss(Weighting(Reading.FIXED))
    noise = frame_noise(number, tuple(clips.target.shape))
    conditions = prepare(networks, clips.sequence.to(plan.device))
    found = [
        loss(*estimate(networks, clips, torch.tensor([level]), noise, conditions)).parts for level in _LEVELS
    ]
    return torch.stack(found).mean(dim=0).cpu()


def paint_clips(networks: SketchKeyNetworks, clips: Clips, device: str) -> list[Bytes]:
    """(height, width, 3) RGB of each frame of a batch of 1; frame n starts from noise of seed n."""
    sequence = clips.sequence.to(device)
    shape = tuple(clips.target.shape[2:])
    noise = torch.stack([frame_noise(frame, shape) for frame in range(clips.target.shape[1])])
    return to_pictures(paint(networks, sequence, noise, STEPS, lambda *_: None).latents)


def to_pictures(latents: Tensor) -> list[Bytes]:
    """(frames, channels, height, width) to RGB pictures."""
    values = ((decode(latents) + 1.0) * 127.5).round().clamp(0.0, 255.0).byte()
    return list(values.permute(0, 2, 3, 1).cpu().numpy())


def _compared(truth: Sequence[Bytes], found: Sequence[Bytes], clips: Clips) -> tuple[float, float, float]:
    drawn = clips.sequence.drawn.tolist()
    pairs = [(reduced(one), reduced(other)) for one, other in zip(truth[1:], found[1:], strict=True)]
    distances = [edmd(*pair) for pair in pairs]
    keys = [distance for distance, key in zip(distances, drawn[1:], strict=True) if key]
    return (
        float(np.mean(keys)) if keys else float("nan"),
        float(np.mean(distances)),
        float(np.mean([psnr(*pair) for pair in pairs])),
    )


def _part(title: str, clips: Clips, truth: Sequence[Bytes], found: Sequence[Bytes]) -> SheetPart:
    drawn = clips.sequence.drawn.tolist()
    sketches = [
        ((1.0 - ink) * 255.0).byte().numpy()[..., None].repeat(3, axis=2)
        if there
        else np.full((*ink.shape, 3), 90, np.uint8)
        for ink, there in zip(clips.sequence.sketches[0], drawn, strict=True)
    ]
    cells = [
        SheetCell(with_alpha(picture), name, marked=there)
        for name, row in (("sketch", sketches), ("painted", found), ("truth", truth))
        for picture, there in zip(row, drawn, strict=True)
    ]
    return SheetPart(title, cells)
