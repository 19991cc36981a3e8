"""A set of goldens of LVCD: what its files hold, and networks of its sizes with its weights.

Layout and tolerances are those of the sets' README; everything else is read from the set's own JSON files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel
from safetensors.torch import load_file
from torch import Tensor

from keycel_backend.diffusion.checkpoints.lvcd import load_official
from keycel_backend.diffusion.checkpoints.unet_names import published_name
from keycel_backend.diffusion.lvcd.denoiser import SegmentConditions
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration, LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout
from keycel_backend.diffusion.svd.autoencoder import DecodeChunks
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.svd.unet import Conditioning, build_unet

_PROJECT = Path(__file__).resolve().parents[2]

PART = _PROJECT / "tests" / "data" / "goldens" / "lvcd" / "part"
"""What of the set called dev needs no weights, for a clone by itself: 0.3 MB."""

EXACT = 1e-6
NETWORK = 1e-5
PICTURE = 2e-5
GUIDED = 1e-4
LARGEST_ABSOLUTE = 1e-4
"""Of any value after sampling."""

VIDEO_FRAMES = 14
"""Of a segment, in all official layers."""


def golden_root() -> Path:
    return Path(os.environ.get("KEYCEL_GOLDENS", _PROJECT.parent / "shared" / "goldens"))


def set_folders() -> list[Path]:
    """Folders of the sets; may be empty, which is for a test to complain about."""
    return sorted(path.parent for path in golden_root().glob("lvcd/*/config.json"))


def difference(actual: Tensor, expected: Tensor) -> float:
    """Relative L2."""
    assert actual.shape == expected.shape
    actual, expected = actual.double(), expected.double()
    return float((actual - expected).norm() / expected.norm())


def assert_close(actual: Tensor, expected: Tensor, limit: float) -> None:
    found = difference(actual, expected)
    assert found <= limit, f"relative L2 {found:.2e}, at most {limit:.0e} is right"


@dataclass(frozen=True)
class GoldenSet:
    folder: Path

    def tensors(self, name: str) -> dict[str, Tensor]:
        return load_file(self.folder / f"{name}.safetensors")

    @cached_property
    def config(self) -> dict[str, Any]:
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))

    @cached_property
    def indices(self) -> dict[str, Any]:
        return json.loads((self.folder / "indices.json").read_text(encoding="utf-8"))

    @cached_property
    def networks(self) -> LvcdNetworks:
        svd, lvcd = (self.folder / f"weights_{name}_tiny.safetensors" for name in ("svd", "lvcd"))
        return load_official(svd, lvcd, self.configuration)

    @cached_property
    def unweighted_unet(self) -> UNetSpatioTemporalConditionModel:
        """Of the set's sizes, with random weights: for what has none, such as embeddings of numbers."""
        return build_unet(self.configuration.unet)

    @cached_property
    def configuration(self) -> LvcdConfiguration:
        unet, vae, clip = (self.config[name] for name in ("diffusers_unet", "vae", "clip_visual"))
        return LvcdConfiguration(
            UNetConfiguration(
                block_out_channels=tuple(unet["block_out_channels"]),
                num_attention_heads=tuple(unet["num_attention_heads"]),
                cross_attention_dim=unet["cross_attention_dim"],
                in_channels=unet["in_channels"],
                out_channels=unet["out_channels"],
                layers_per_block=unet["layers_per_block"],
                addition_time_embed_dim=unet["addition_time_embed_dim"],
            ),
            AutoencoderConfiguration(
                block_out_channels=tuple(vae["ch"] * factor for factor in vae["ch_mult"]),
                layers_per_block=vae["num_res_blocks"],
                latent_channels=vae["z_channels"],
                scaling_factor=vae["scale_factor"],
            ),
            ImageEncoderConfiguration(
                hidden_size=clip["width"],
                intermediate_size=int(clip["width"] * clip["mlp_ratio"]),
                projection_dim=clip["embed_dim"],
                num_hidden_layers=clip["layers"],
                num_attention_heads=clip["width"] // clip["head_width"],
                image_size=clip["image_size"],
                patch_size=clip["patch_size"],
            ),
        )

    @property
    def runs(self) -> list[str]:
        return list(self.config["runs"])

    def options(self, run: str) -> SamplingOptions:
        told = self.config["runs"][run]
        given = told["args"]
        return SamplingOptions(
            layout=SlotLayout(given["num_frames"] - given["overlap"] - 1, given["overlap"]),
            num_steps=given["num_steps"],
            guidance=tuple(given["scale"]),
            prev_attention_steps=given["prev_attn_steps"],
            blend_steps=max(told["blend_steps"]),
            seed=given["seed"],
            fps_id=given["fps_id"],
            motion_bucket_id=given["motion_bucket_id"],
            cond_aug=given["cond_aug"],
        )

    def decode_chunks(self, run: str) -> DecodeChunks:
        given = self.config["runs"][run]["args"]
        return DecodeChunks(given["decoding_t"], given["decoding_olap"], given["decoding_first"])

    def module(self, official: str) -> torch.nn.Module:
        """Ours for an official module name of UNet or ControlNet that holds parameters."""
        prefix, network = self._network_of(official)
        wanted = official.removeprefix(prefix)
        layers = self.configuration.unet.layers_per_block
        for name, _ in network.named_parameters():
            published = published_name(name, layers)
            if published.startswith(f"{wanted}."):
                return _owner(network, name, wanted, layers)
        raise LookupError(official)

    def _network_of(self, official: str) -> tuple[str, torch.nn.Module]:
        if official.startswith("control_model."):
            return "control_model.", self.networks.controlnet
        return "model.diffusion_model.", self.networks.unet


def _owner(network: torch.nn.Module, name: str, wanted: str, layers: int) -> torch.nn.Module:
    """The outermost module around parameter `name` all of whose parameters lie in `wanted`."""
    path = name.split(".")
    for length in range(1, len(path)):
        module = network.get_submodule(".".join(path[:length]))
        if isinstance(module, torch.nn.ModuleList):
            continue  # never called
        inside = (".".join([*path[:length], inner]) for inner, _ in module.named_parameters())
        if all(published_name(one, layers).startswith(f"{wanted}.") for one in inside):
            return module
    raise LookupError(wanted)


def mixing(mode: str, layout: SlotLayout | None = None) -> SlotMixing:
    """Of one of the modes that the sets name."""
    if mode.startswith("train"):
        return SlotMixing(SlotLayout(VIDEO_FRAMES, 0), AttentionMode.FIRST_SEGMENT, torch.device("cpu"))
    return SlotMixing(layout or SlotLayout(), AttentionMode(mode), torch.device("cpu"))


def conditions(
    tensors: dict[str, Tensor], time_ids: Tensor, concat: Tensor, hint: Tensor | None
) -> SegmentConditions:
    return SegmentConditions(Conditioning(tensors["crossattn"], time_ids), concat, hint)


def ids_of(vector: Tensor, embed: Callable[[Tensor], Tensor]) -> Tensor:
    """(1, 3) time ids whose embedding (cosines, then sines, of falling frequencies) is `vector`."""
    cosines, sines = vector.reshape(3, 2, -1).unbind(dim=1)
    phases = torch.atan2(sines, cosines).double()
    slowest = 10000.0 ** (1.0 / phases.shape[1] - 1.0)
    rough = phases[:, -1] / slowest  # the slowest has not come round yet
    turns = torch.round((rough - phases[:, 0]) / (2.0 * torch.pi))
    ids = (phases[:, 0] + 2.0 * torch.pi * turns).round(decimals=4).float()
    assert_close(embed(ids).flatten(), vector.flatten(), EXACT)
    return ids[None]


def sets_or_failure() -> list[Any]:
    """Parameters for the fixture: the sets, or one that fails."""
    folders = set_folders()
    return [pytest.param(GoldenSet(folder), id=folder.name) for folder in folders] or [None]


def sets_or_part() -> list[Any]:
    """Parameters for tests of what needs no weights: the sets, or the part that the project has."""
    return [pytest.param(GoldenSet(folder), id=folder.name) for folder in set_folders() or [PART]]
