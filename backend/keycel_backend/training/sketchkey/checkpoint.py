"""A training on disk, so that it can go on where it was cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch

from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.training.sketchkey.learning import Plan, State


def save_state(state: State, path: Path) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".part")
    torch.save(
        {
            "networks": state.networks.state_dict(),
            "mean": state.mean.networks.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "loss": state.loss.state,
            "step": state.step,
            "seconds": state.seconds,
            "losses": state.losses,
        },
        unfinished,
    )
    unfinished.replace(path)


def resume_state(path: Path, networks: SketchKeyNetworks, plan: Plan) -> State:
    """The state that `save_state` wrote; `networks` of the same shapes are filled with its weights."""
    stored = cast("dict[str, Any]", torch.load(path, map_location=plan.device, weights_only=True))
    networks.load_state_dict(stored["networks"])
    state = State.begin(networks, plan)
    state.mean.networks.load_state_dict(stored["mean"])
    state.optimizer.load_state_dict(stored["optimizer"])
    state.loss.state = stored["loss"].cpu()
    state.step, state.seconds, state.losses = stored["step"], stored["seconds"], stored["losses"]
    return state
