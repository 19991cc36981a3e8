"""Networks of `cel` and `sketchkey` of a size that trains in a test, and sequences for them."""

from __future__ import annotations

import torch

from keycel_backend.diffusion.sketchkey.configuration import SketchKeyConfiguration
from keycel_backend.diffusion.sketchkey.denoiser import Sequence
from keycel_backend.diffusion.sketchkey.latents import LATENT_CHANNELS
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.svd.configuration import UNetConfiguration

TINY = SketchKeyConfiguration(
    UNetConfiguration(
        block_out_channels=(32, 32),
        num_attention_heads=(2, 2),
        cross_attention_dim=16,
        in_channels=2 * LATENT_CHANNELS + 1,
        out_channels=LATENT_CHANNELS,
        layers_per_block=1,
        addition_time_embed_dim=8,
    ),
    hint_channels=(4, 8, 8, 8),
    token_channels=(8, 8, 16),
)


def tiny_networks(seed: int = 5, gate: float = 0.0) -> SketchKeyNetworks:
    """Random ones; `gate`: of the whole token branch. Layers that begin at zero are random, too."""
    torch.manual_seed(seed)
    networks = SketchKeyNetworks(TINY)
    for zeroed in (networks.controlnet.controlnet_cond_embedding.conv_out, networks.unet.conv_out):
        torch.nn.init.normal_(zeroed.weight, std=0.1)
    for parameter in networks.gate_parameters():
        parameter.fill_(gate)
    return networks


def random_sequence(
    frames: int = 4, side: int = 8, drawn: tuple[int, ...] = (0, 1, 2, 3), keys: tuple[int, ...] = ()
) -> Sequence:
    """Frame 0 is painted; `keys`: places in time of the key sketches that the token branch sees."""
    generator = torch.Generator().manual_seed(3)
    sketches = (torch.rand(1, frames, 8 * side, 8 * side, generator=generator) > 0.8).float()
    colors = torch.randn(1, frames, LATENT_CHANNELS, side, side, generator=generator)
    key_sketches = (torch.rand(1, len(keys), 8 * side, 8 * side, generator=generator) > 0.8).float()
    return Sequence(
        frame_index=torch.arange(frames),
        known=torch.arange(frames) == 0,
        colors=colors,
        start=colors[:, :1].expand_as(colors),
        sketches=sketches,
        drawn=torch.tensor([frame in drawn for frame in range(frames)]),
        reference_sketch=sketches[:, 0],
        key_sketches=key_sketches,
        key_starts=colors[:, :1].expand(-1, len(keys), -1, -1, -1),
        key_index=torch.tensor(keys, dtype=torch.long),
    )
