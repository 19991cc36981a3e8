"""ColorizeDiffusion of a size that runs in a test, with random weights; and files as published with them."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from keycel_backend.diffusion.checkpoints.colorizediffusion import official_sources
from keycel_backend.diffusion.colorizediffusion.configuration import (
    BackgroundConfiguration,
    ColorizeDiffusionConfiguration,
    DenoiserConfiguration,
)
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks, build_networks
from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration, ImageEncoderConfiguration

from .official_files import State, published_state
from .tiny_lvcd import randomise

TINY = ColorizeDiffusionConfiguration(
    DenoiserConfiguration(
        block_out_channels=(32, 32, 64, 64), num_attention_heads=(2, 2, 4, 4), cross_attention_dim=32
    ),
    BackgroundConfiguration(num_tokens=16, num_layers=1, head_dim=16, threshold_dim=16),
    AutoencoderConfiguration(block_out_channels=(32, 32, 32, 64), layers_per_block=1),
    ImageEncoderConfiguration(
        hidden_size=32,
        intermediate_size=64,
        projection_dim=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=56,
    ),
)


def random_coloring_networks(seed: int) -> ColorizeDiffusionNetworks:
    """Of `TINY`; every weight random."""
    networks = build_networks(TINY)
    randomise(networks.components(), seed)
    return networks


def published_states(networks: ColorizeDiffusionNetworks) -> tuple[State, State]:
    """What `switch-eps.safetensors` and OpenCLIP's file would hold."""
    own: State = {"betas": torch.linspace(0.1, 0.2, 10)}  # one of the buffers that nobody needs
    clip: State = {"transformer.resblocks.0.ln_1.weight": torch.zeros(3), "logit_scale": torch.zeros(())}
    for name, sources in official_sources(networks).items():
        state = published_state(networks.components()[name].state_dict(), sources)
        (clip if name == "reference_encoder" else own).update(state)
    return own, clip


def write_published(folder: Path, networks: ColorizeDiffusionNetworks) -> tuple[Path, Path]:
    """Both files; the autoencoder in halves, as published."""
    own, clip = published_states(networks)
    paths = folder / "switch-eps.safetensors", folder / "open_clip_pytorch_model.bin"
    save_file({key: _published_dtype(key, value) for key, value in own.items()}, paths[0])
    torch.save(clip, paths[1])
    return paths


def _published_dtype(key: str, value: Tensor) -> Tensor:
    return value.half() if key.startswith("first_stage_model.") else value


def transformers_state(networks: ColorizeDiffusionNetworks) -> State:
    """The image encoder as transformers publishes it, with a little of the text tower."""
    state = {
        key: value.contiguous().clone() for key, value in networks.reference_encoder.state_dict().items()
    }
    return state | {"text_model.final_layer_norm.bias": torch.zeros(3), "logit_scale": torch.zeros(())}
