"""A point tracker that the user has as TorchScript, such as CoTracker exported by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from keycel_backend.diffusion.checkpoints.files import bad_model
from keycel_backend.engines.anidoc.points import Followed
from keycel_backend.engines.flat.drawings import Checkpoint
from keycel_backend.regions.arrays import Bytes, Floats

FILE = "cotracker.pt"
"""In the folder of the installed model."""


class ScriptedTracker:
    """A `PointTracker`. The module is called as CoTracker's predictor is:

    forward(video (1, frames, 3, height, width) float 0..255, queries (1, points, 3) frame, x, y)
    -> positions (1, frames, points, 2), visibility (1, frames, points) bool.
    """

    def __init__(self, module: Any, device: torch.device) -> None:
        self._module = module
        self._device = device

    @torch.no_grad()
    def follow(self, sketches: Bytes, points: Floats, checkpoint: Checkpoint) -> Followed:
        """All at once. Raises `KeycelError` REG_BAD_MODEL where the module does not do what it should."""
        checkpoint()
        frames, count = len(sketches), len(points)
        video = torch.as_tensor(sketches).float()[None, :, None].expand(-1, -1, 3, -1, -1)
        queries = torch.cat([torch.zeros(count, 1), torch.as_tensor(points).float()], dim=1)[None]
        try:
            positions, visible = self._module(video.to(self._device), queries.to(self._device))
            shapes = tuple(positions.shape), tuple(visible.shape)
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            raise _bad(str(error)) from error
        if shapes != ((1, frames, count, 2), (1, frames, count)) or not torch.isfinite(positions).all():
            raise _bad(f"it gave {shapes} for {frames} frames and {count} points")
        found, seen = positions[0].float().cpu().numpy(), visible[0].bool().cpu().numpy()
        found[0], seen[0] = points, True  # where they were asked for
        return Followed(found.astype(np.float32), seen)


def load_scripted_tracker(folder: Path, device: torch.device) -> ScriptedTracker:
    """Raises `KeycelError` REG_BAD_MODEL where the file is no TorchScript module."""
    try:
        module: Any = torch.jit.load(str(folder / FILE), map_location=device)
    except (RuntimeError, ValueError) as error:
        raise _bad(str(error)) from error
    return ScriptedTracker(module.eval(), device)


def _bad(reason: str) -> Exception:
    return bad_model(
        Path(FILE),
        "The tracker's file is not a TorchScript module as it is needed.",
        "docs/engines.md says what the module has to look like; make it again, then install it.",
        reason.strip().split("\n")[-1],
    )
