"""The engine's networks, from the folder of the installed model onto a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from keycel_backend.diffusion.checkpoints.lvcd import load_lvcd
from keycel_backend.diffusion.compiling import CompiledPass
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks, Passes
from keycel_backend.diffusion.preview import RoughDecoder
from keycel_backend.engines.painting import installed_tiny_decoder
from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.regions.matching import Matcher

_PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    networks: LvcdNetworks
    device: torch.device
    tiny: RoughDecoder | None
    """For previews; None where none is installed."""
    matcher: Matcher
    """Of regions in neighbouring drawings; on the processor."""


def load_networks(folder: Path, device: str, precision: str, compiled: bool) -> LoadedNetworks:
    """Networks in main memory, to be placed on `device` part by part when they are used.

    Args:
        device: as torch names it.
        precision: "float32", "float16" or "bfloat16", of all but the VAE.
        compiled: with torch.compile, where there is a compiler.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    target = torch.device(device)
    networks = load_lvcd(folder, _PRECISIONS[precision])
    if target.type in ("cuda", "xpu"):
        networks.to(torch.device("cpu"), _PRECISIONS[precision], channels_last=True)
    if compiled:
        networks = replace(networks, passes=compiled_passes())
    return LoadedNetworks(networks, target, installed_tiny_decoder(target), LearnedMatcher())


def compiled_passes() -> Passes:
    """Those of every step, compiled when they are first called."""
    plain = Passes()
    return Passes(CompiledPass(plain.unet), CompiledPass(plain.controlnet))
