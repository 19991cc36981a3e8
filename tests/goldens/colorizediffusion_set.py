"""A set of goldens of ColorizeDiffusion: what its files hold, and networks of its sizes with its weights.

Layout and tolerances are those of the sets' README; everything else is read from the set's own JSON files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from diffusers.models.attention_processor import Attention
from goldens.lvcd_set import golden_root
from safetensors.torch import load_file, save_file
from torch import Tensor

from keycel_backend.diffusion.checkpoints.colorizediffusion import UNET, VISION, load_official
from keycel_backend.diffusion.checkpoints.unet_names import published_name
from keycel_backend.diffusion.colorizediffusion.configuration import (
    BackgroundConfiguration,
    ColorizeDiffusionConfiguration,
    DenoiserConfiguration,
)
from keycel_backend.diffusion.colorizediffusion.modes import Mode, Reference, Thresholds
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.colorizediffusion.sampling import SamplingOptions, level_scales
from keycel_backend.diffusion.colorizediffusion.schedules import Sampler
from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration, ImageEncoderConfiguration

EXACT = 1e-5
AUTOENCODER = 1e-4
PREDICTION = 2e-5
LATENTS = 1e-3
LATENTS_RELATIVE = 1e-5
WRONG_LEVELS = 1e-3
"""Share of a picture's values that may be off by one level."""

_VISION_IN_SET = "cond_stage_model.visual.model."
_OWN_FILES = ("unet", "control_encoder", "vae", "extras")
_MODES = {"none": Mode.VANILLA, "bg": Mode.BACKGROUND, "fg": Mode.FOREGROUND, "both": Mode.BOTH}
_SAMPLERS = {
    "diffuser_dpm": Sampler.DPM_SOLVER,
    "diffuser_ddim": Sampler.DDIM,
    "diffuser_pndm": Sampler.PNDM,
    "diffuser_lms": Sampler.LMS,
    "Euler": Sampler.EULER,
    "Heun": Sampler.HEUN,
    "DPM++ 2M": Sampler.DPM_PP_2M,
}
_PREDICTIONS = {"eps": "epsilon", "v": "v_prediction"}


def assert_near(actual: Tensor, expected: Tensor, limit: float) -> None:
    assert actual.shape == expected.shape
    found = float((actual.double() - expected.double()).abs().max())
    assert found <= limit, f"off by {found:.2e}, at most {limit:.0e} is right"


@dataclass(frozen=True)
class ColorizeDiffusionSet:
    folder: Path

    def tensors(self, name: str) -> dict[str, Tensor]:
        return load_file(self.folder / f"{name}.safetensors")

    def described(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    @cached_property
    def config(self) -> dict[str, Any]:
        return self.described("config")

    @cached_property
    def inputs(self) -> dict[str, Tensor]:
        return self.tensors("inputs")

    @cached_property
    def components(self) -> dict[str, Tensor]:
        return self.tensors("components")

    @cached_property
    def runs(self) -> list[dict[str, Any]]:
        """Those that the official code finished."""
        return [run for run in self.config["runs"] if "file" in run]

    @cached_property
    def networks(self) -> ColorizeDiffusionNetworks:
        """Through the loader of the published files, of which the set's are parts."""
        with TemporaryDirectory() as folder:
            own, clip = (Path(folder) / f"{name}.safetensors" for name in ("own", "clip"))
            state: dict[str, Tensor] = {}
            for name in _OWN_FILES:
                state |= self.tensors(name)
            save_file(state, own)
            tower = {
                key.replace(_VISION_IN_SET, VISION): value for key, value in self.tensors("clip").items()
            }
            save_file(tower, clip)
            return load_official(own, clip, self.configuration)

    @cached_property
    def configuration(self) -> ColorizeDiffusionConfiguration:
        official = self.config["official_model_config"]["params"]
        unet, vae, lora, transformer, threshold = (
            official[f"{name}_config"].get("params", official[f"{name}_config"])
            for name in ("unet", "first_stage", "lora", "transformer", "thresh_embedder")
        )
        vision, width = self.config["config"]["clip"]["vision"], self.config["config"]["clip"]["embed_dim"]
        channels = tuple(unet["model_channels"] * factor for factor in unet["channel_mult"])
        decoder = vae["ddconfig"]
        return ColorizeDiffusionConfiguration(
            DenoiserConfiguration(
                block_out_channels=channels,
                num_attention_heads=tuple(one // unet["num_head_channels"] for one in channels),
                cross_attention_dim=unet["context_dim"],
                in_channels=unet["in_channels"],
                out_channels=unet["out_channels"],
                layers_per_block=unet["num_res_blocks"],
                foreground_rank=lora["fr"],
                background_rank=lora["br"],
            ),
            BackgroundConfiguration(
                num_tokens=transformer["token_length"],
                num_layers=transformer["layers"],
                threshold_dim=threshold["embed_dim"],
            ),
            AutoencoderConfiguration(
                block_out_channels=tuple(decoder["ch"] * factor for factor in decoder["ch_mult"]),
                layers_per_block=decoder["num_res_blocks"],
                latent_channels=decoder["z_channels"],
                scaling_factor=official["scale_factor"],
            ),
            ImageEncoderConfiguration(
                hidden_size=vision["width"],
                intermediate_size=int(vision["width"] * vision["mlp_ratio"]),
                projection_dim=width,
                num_hidden_layers=vision["layers"],
                num_attention_heads=vision["width"] // vision["head_width"],
                image_size=vision["image_size"],
                patch_size=vision["patch_size"],
            ),
        )

    def networks_of(self, run: dict[str, Any]) -> ColorizeDiffusionNetworks:
        """Told what to predict as the run was."""
        configuration = replace(self.configuration, prediction_type=_PREDICTIONS[run["parameterization"]])
        return replace(self.networks, configuration=configuration)

    @property
    def thresholds(self) -> Thresholds:
        given = self.config["config"]
        return Thresholds(given["ref_thr"], given["sk_thr"])

    def mode(self, run: dict[str, Any]) -> Mode:
        return _MODES[run["mode"]]

    def reference(self, run: dict[str, Any]) -> Reference | None:
        if run["no_reference"]:
            return None
        background = self.inputs["background"] if run["external_background"] else None
        return Reference(self.inputs["reference"], self.inputs["rmask"], background)

    def options(self, run: dict[str, Any]) -> SamplingOptions:
        sampler = _SAMPLERS[run["sampler"]]
        reference_guidance, sketch_guidance = run["gs"]
        return SamplingOptions(
            sampler=sampler,
            # "Automatic" is what each sampler of k-diffusion prefers
            karras=run["scheduler"] == "Karras"
            or (run["scheduler"] == "Automatic" and sampler is Sampler.DPM_PP_2M),
            num_steps=run["steps"],
            reference_guidance=reference_guidance,
            sketch_guidance=sketch_guidance,
            sketch_scale=run["ctl_scale"],
            reference_scales=_scales(run["strength"]),
        )

    def attention(self, official: str) -> Attention:
        """Ours for an official attention of the UNet."""
        query = f"{official}.to_q.weight".removeprefix(UNET)
        layers = self.configuration.denoiser.layers_per_block
        for name, _ in self.networks.unet.named_parameters():
            if published_name(name, layers) == query:
                module = self.networks.unet.get_submodule(name.removesuffix(".to_q.weight"))
                assert isinstance(module, Attention)
                return module
        raise LookupError(official)


def _scales(strength: dict[str, Any]) -> tuple[float, ...]:
    given = strength["scales"]
    if strength["level_control"]:
        return level_scales(given["encoder"], given["middle"], given["low"])
    return (*given, 1.0)


def sets_or_none() -> list[Any]:
    """Parameters for the fixture: the sets, or None where there are none."""
    folders = sorted(path.parent for path in golden_root().glob("colorizediffusion/*/config.json"))
    return [pytest.param(ColorizeDiffusionSet(folder), id=folder.name) for folder in folders] or [None]
