"""A model on disk: all weights in one safetensors file, with the shapes of its networks beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from keycel_backend.diffusion.sketchkey.configuration import SketchKeyConfiguration
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_shared.errors import ErrorCode, KeycelError

_CONFIGURATION = "configuration"


def save_networks(networks: SketchKeyNetworks, path: Path) -> None:
    """In half precision, which moves a weight less than a training step does. Whole or not at all."""
    weights = {name: value.half().contiguous().cpu() for name, value in networks.state_dict().items()}
    unfinished = path.with_suffix(".part")
    shapes = json.dumps(networks.configuration.to_json())
    save_file(weights, unfinished, metadata={_CONFIGURATION: shapes})
    unfinished.chmod(0o644)  # safetensors keeps its files to their owner
    unfinished.replace(path)


def load_networks(path: Path, device: torch.device) -> SketchKeyNetworks:
    """In single precision.

    Raises:
        KeycelError: REG_NO_MODEL where there is no file; REG_BAD_MODEL where it is damaged or of other
            networks.
    """
    if not path.is_file():
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The weights {path.parent.name}/{path.name} are missing.",
            "Install Keycel again: they come with it.",
            str(path),
        )
    try:
        file: Any = safe_open(path, framework="pt")
        configuration = SketchKeyConfiguration.from_json(json.loads(file.metadata()[_CONFIGURATION]))
        keys = list(file.keys())  # the file itself cannot be iterated
        weights: dict[str, Tensor] = {name: file.get_tensor(name).float() for name in keys}
        with torch.device("meta"):
            networks = SketchKeyNetworks(configuration)
        networks.load_state_dict(weights, assign=True)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise KeycelError(
            ErrorCode.REG_BAD_MODEL,
            f"The weights {path.parent.name}/{path.name} are damaged or not of this version.",
            "Install Keycel again.",
            str(error).split("\n", 1)[0],
        ) from error
    return networks.requires_grad_(False).eval().to(device)
