"""The engine's networks, from the folder of the installed model onto a device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from keycel_backend.diffusion.checkpoints.colorizediffusion import load_colorizediffusion
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.preview import RoughDecoder
from keycel_backend.engines.painting import installed_tiny_decoder

_PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    networks: ColorizeDiffusionNetworks
    device: torch.device
    tiny: RoughDecoder | None = None
    """For previews; None where none is installed."""


def load_networks(folder: Path, device: str, precision: str) -> LoadedNetworks:
    """Networks in main memory, to be placed on `device` part by part when they are used.

    Args:
        device: as torch names it.
        precision: "float32", "float16" or "bfloat16", of the denoiser and the sketch encoder.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    target = torch.device(device)
    networks = load_colorizediffusion(folder, _PRECISIONS[precision])
    return LoadedNetworks(networks, target, installed_tiny_decoder(target))
