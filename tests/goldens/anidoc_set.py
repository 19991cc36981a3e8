"""A set of goldens of AniDoc: what its files hold, and networks of its sizes with its weights.

Layout is that of the sets' README; everything else is read from the set's own JSON file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from goldens.lvcd_set import golden_root
from safetensors.torch import load_file
from torch import Tensor

from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, AniDocNetworks
from keycel_backend.diffusion.anidoc.options import SamplingOptions, decode_chunks
from keycel_backend.diffusion.checkpoints.anidoc import load_official
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)

OFFICIAL_NOISE = "official_noise_seed42.safetensors"
"""Beside the sets."""


def anidoc_sets() -> list[Any]:
    folders = sorted(path.parent for path in golden_root().glob("anidoc/*/config.json"))
    return [pytest.param(AniDocSet(folder), id=folder.name) for folder in folders]


def assert_near(actual: Tensor, expected: Tensor, limit: float) -> None:
    """Largest absolute difference."""
    assert actual.shape == expected.shape
    found = float((actual.double() - expected.double()).abs().max())
    assert found <= limit, f"differs by {found:.2e}, at most {limit:.0e} is right"


@dataclass(frozen=True)
class AniDocSet:
    folder: Path

    def tensors(self, letter: str) -> dict[str, Tensor]:
        """Of the file whose name begins so."""
        paths = list(self.folder.glob(f"{letter}_*.safetensors"))
        assert len(paths) == 1, f"{self.folder} must have one file {letter}_*.safetensors, it has {paths}"
        return load_file(paths[0])

    @cached_property
    def config(self) -> dict[str, Any]:
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))

    @property
    def tolerance(self) -> dict[str, Any]:
        return self.config["tolerance_float32"]

    @property
    def frames_limit(self) -> tuple[int, float]:
        """Levels by which bytes may differ, and on which share of them."""
        words = self.tolerance["frames_u8"]  # "at most 1 level, on at most 0.1 % of values"
        found = re.fullmatch(r"\D*(\d+) levels?\D*([\d.]+) ?%.*", words)
        assert found, words
        return int(found[1]), float(found[2]) / 100.0

    @cached_property
    def networks(self) -> AniDocNetworks:
        weights = self.folder / "weights"
        names = ("unet", "controlnet", "vae", "image_encoder")
        return load_official({name: weights / f"{name}.safetensors" for name in names}, self.configuration)

    @cached_property
    def configuration(self) -> AniDocConfiguration:
        given = self.config
        unet, vae, clip = (given[f"{name}_config"] for name in ("unet", "vae", "image_encoder"))
        return AniDocConfiguration(
            UNetConfiguration(
                block_out_channels=tuple(unet["block_out_channels"]),
                num_attention_heads=_of_each_level(unet, "num_attention_heads"),
                cross_attention_dim=unet["cross_attention_dim"],
                in_channels=unet["in_channels"],
                out_channels=unet["out_channels"],
                layers_per_block=unet["layers_per_block"],
                addition_time_embed_dim=unet["addition_time_embed_dim"],
                residual_eps=AniDocConfiguration().unet.residual_eps,
            ),
            tuple(given["controlnet_config"]["conditioning_embedding_out_channels"]),
            AutoencoderConfiguration(
                block_out_channels=tuple(vae["block_out_channels"]),
                layers_per_block=vae["layers_per_block"],
                latent_channels=vae["latent_channels"],
                scaling_factor=vae["scaling_factor"],
            ),
            ImageEncoderConfiguration(
                hidden_size=clip["hidden_size"],
                intermediate_size=clip["intermediate_size"],
                projection_dim=clip["projection_dim"],
                num_hidden_layers=clip["num_hidden_layers"],
                num_attention_heads=clip["num_attention_heads"],
                image_size=clip["image_size"],
                patch_size=clip["patch_size"],
            ),
        )

    def options(self, call: str, seed: int, frames: int) -> SamplingOptions:
        given = self.config[call]
        return SamplingOptions(
            window=frames,
            num_steps=given["num_inference_steps"],
            guidance=(given["min_guidance_scale"], given["max_guidance_scale"]),
            control_scale=given["controlnet_cond_scale"],
            noise_aug_strength=given["noise_aug_strength"],
            seed=seed,
            chunks=decode_chunks(given["decode_chunk_size"]),
        )


def _of_each_level(unet: dict[str, Any], name: str) -> tuple[int, ...]:
    """diffusers takes one number for all levels, too."""
    given = unet[name]
    return (given,) * len(unet["block_out_channels"]) if isinstance(given, int) else tuple(given)


def pictures_of(decoded: Tensor) -> Tensor:
    """(frames, 3, height, width) in -1..1 to bytes, (frames, height, width, 3)."""
    return ((decoded / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round().byte().permute(0, 2, 3, 1)


def assert_same_bytes(actual: Tensor, expected: Tensor, limit: tuple[int, float]) -> None:
    levels, share = limit
    away = (actual.int() - expected.int()).abs()
    assert int(away.max()) <= levels
    assert float((away > 0).float().mean()) <= share
