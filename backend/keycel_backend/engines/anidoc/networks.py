"""The engine's networks and what finds points, from the folders of installed models onto a device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from keycel_backend.diffusion.anidoc.networks import AniDocNetworks
from keycel_backend.diffusion.checkpoints.anidoc import load_anidoc
from keycel_backend.diffusion.preview import RoughDecoder
from keycel_backend.engines.anidoc.points import PointMatcher, PointTracker
from keycel_backend.engines.anidoc.region_points import RegionPoints
from keycel_backend.engines.painting import installed_tiny_decoder
from keycel_backend.models.catalogue import COTRACKER, LIGHTGLUE, require_installed
from keycel_backend.regions.learned import LearnedMatcher

_PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass
class PointModels:
    """Loaded when they are first asked for."""

    device: torch.device

    @cached_property
    def regions(self) -> RegionPoints:
        return RegionPoints(LearnedMatcher())

    @cached_property
    def lightglue(self) -> PointMatcher:
        folder = require_installed(LIGHTGLUE.name)
        from keycel_backend.engines.anidoc.lightglue import load_lightglue

        return load_lightglue(folder, self.device)

    @cached_property
    def cotracker(self) -> PointTracker:
        folder = require_installed(COTRACKER.name)
        from keycel_backend.engines.anidoc.scripted_tracker import load_scripted_tracker

        return load_scripted_tracker(folder, self.device)

    def matcher(self, name: str) -> PointMatcher:
        """Raises `KeycelError` REG_NO_MODEL or REG_BAD_MODEL where it has to be installed first."""
        return self.lightglue if name == "lightglue" else self.regions

    def tracker(self, name: str) -> PointTracker:
        """Raises `KeycelError` REG_NO_MODEL or REG_BAD_MODEL where it has to be installed first."""
        return self.cotracker if name == "cotracker" else self.regions


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    networks: AniDocNetworks
    device: torch.device
    points: PointModels
    tiny: RoughDecoder | None
    """For previews; None where none is installed."""


def load_networks(folder: Path, device: str, precision: str) -> LoadedNetworks:
    """Networks in main memory, to be placed on `device` part by part when they are used.

    Args:
        device: as torch names it.
        precision: "float32", "float16" or "bfloat16", of all but the VAE.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    target = torch.device(device)
    networks = load_anidoc(folder, _PRECISIONS[precision])
    if target.type in ("cuda", "xpu"):
        networks.to(torch.device("cpu"), _PRECISIONS[precision], channels_last=True)
    return LoadedNetworks(networks, target, PointModels(target), installed_tiny_decoder(target))
