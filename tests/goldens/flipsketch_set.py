"""A set of goldens of FlipSketch: what its files hold, and networks of its sizes with its weights.

Layout and tolerances are those of the sets' README; everything else is read from the set's own JSON files.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from goldens.lvcd_set import difference, golden_root
from safetensors.torch import load_file
from support.shared_folder import leave_out
from torch import Tensor

from keycel_backend.diffusion.checkpoints.files import open_tensors
from keycel_backend.diffusion.checkpoints.flipsketch import fill, folder_origins
from keycel_backend.diffusion.flipsketch.configuration import (
    AutoencoderConfiguration,
    FlipsketchConfiguration,
    ScheduleConfiguration,
    TextEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks
from keycel_backend.diffusion.flipsketch.options import SamplingOptions

DIVERGENT = "text2vid_torch2"
"""The official file that differs from the paper: its results are there for information only."""


@dataclass(frozen=True)
class Limit:
    absolute: float
    relative: float


NETWORK = Limit(5e-5, 1e-5)
ATTENTION = Limit(1e-5, 1e-5)
AUTOENCODER = Limit(1e-4, 1e-5)
INVERSION = Limit(1e-3, 2e-4)
SHORT_RUN = Limit(5e-3, 5e-5)
LONG_RUN = Limit(2e-2, 5e-5)
LOSS = 1e-5
ALIGNED, ALIGNED_FEW, FEW = 1e-3, 2e-2, 1e-3
"""Of aligned latents: of nearly all, of a few, and how many these may be."""
LONG = 10
"""Steps from which on a run counts as a long one."""


def assert_close(actual: Tensor, expected: Tensor, limit: Limit) -> None:
    assert actual.shape == expected.shape
    absolute = float((actual - expected).abs().max())
    assert absolute <= limit.absolute, f"off by {absolute:.2e}, at most {limit.absolute:.0e} is right"
    relative = difference(actual, expected)
    assert relative <= limit.relative, f"relative L2 {relative:.2e}, at most {limit.relative:.0e} is right"


@dataclass(frozen=True)
class FlipsketchSet:
    folder: Path

    def tensors(self, name: str) -> dict[str, Tensor]:
        return load_file(self.folder / f"{name.removesuffix('.safetensors')}.safetensors")

    def cases(self, name: str) -> list[dict[str, Any]]:
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    @cached_property
    def config(self) -> dict[str, Any]:
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))

    @property
    def runs(self) -> list[dict[str, Any]]:
        """All that are to be matched."""
        return [run for run in self.config["runs"] if run["official_file"] != DIVERGENT]

    @cached_property
    def configuration(self) -> FlipsketchConfiguration:
        unet, vae = self.config["config"]["unet"], self.config["config"]["vae"]
        text, scheduler = self.config["text_config"], self.config["resolved_ddim_config"]
        return FlipsketchConfiguration(
            UNetConfiguration(
                block_out_channels=tuple(unet["block_out_channels"]),
                **_named(unet, "layers_per_block", "cross_attention_dim", "attention_head_dim"),
                **_named(unet, "norm_num_groups", "in_channels", "out_channels"),
            ),
            AutoencoderConfiguration(
                block_out_channels=tuple(vae["block_out_channels"]),
                **_named(vae, "layers_per_block", "latent_channels", "norm_num_groups", "scaling_factor"),
            ),
            TextEncoderConfiguration(
                **_named(text, "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
                **_named(text, "num_attention_heads", "max_position_embeddings", "hidden_act"),
            ),
            ScheduleConfiguration(
                **_named(scheduler, "num_train_timesteps", "beta_start", "beta_end", "steps_offset"),
                **_named(scheduler, "set_alpha_to_one"),
            ),
        )

    @cached_property
    def networks(self) -> FlipsketchNetworks:
        """Through the loader of official names."""
        networks = build_networks(self.configuration)
        files = {name: open_tensors(self.folder / f"{name}.safetensors") for name in networks.components()}
        fill(networks, folder_origins(networks, files))
        return networks

    def options(self, run: dict[str, Any]) -> SamplingOptions:
        return SamplingOptions(
            num_steps=run["steps"],
            guidance=run["guidance_scale"],
            fidelity=run["lambda_"],
            aligned_steps=run["TAU_1"] if run["alignment"] else 0,
            composed_steps=run["TAU_2"] + 1,
        )


def _named(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}


def set_folders() -> list[Path]:
    return sorted(path.parent for path in golden_root().glob("flipsketch/*/config.json"))


def sets_or_failure() -> list[Any]:
    """Parameters for a fixture: the sets, or one that fails."""
    return [pytest.param(FlipsketchSet(folder), id=folder.name) for folder in set_folders()] or [None]


def existing(found: FlipsketchSet | None) -> FlipsketchSet:
    """Without any set this fails, but for a clone by itself, which says what it left out."""
    if found is None:
        missing = f"{golden_root()} holds no goldens of FlipSketch; set KEYCEL_GOLDENS to run this test"
        if "KEYCEL_GOLDENS" in os.environ:
            pytest.fail(missing)
        leave_out(missing)
    return found
