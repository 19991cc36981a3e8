"""The SVD core beside diffusers' own passes, and several calls on one network at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from support.tiny_lvcd import TINY, random_lines, random_networks

from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout
from keycel_backend.diffusion.svd.autoencoder import DecodeChunks, decode_chunk, decode_video
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.mixing import FrameMixing
from keycel_backend.diffusion.svd.unet import Conditioning, build_unet, unet_forward

FRAMES = 19


def _inputs(batch: int, tokens: int, frames: int = FRAMES) -> tuple[torch.Tensor, Conditioning]:
    generator = torch.Generator().manual_seed(2)
    sample = torch.randn(batch, frames, 8, 8, 8, generator=generator)
    embedding = torch.randn(batch, tokens, TINY.unet.cross_attention_dim, generator=generator)
    time_ids = torch.tensor([[6.0, 160.0, 0.0], [7.0, 127.0, 0.02]])[:batch]
    return sample, Conditioning(embedding, time_ids)


@pytest.mark.parametrize("tokens", [1, 3])
def test_plain_mixing_is_what_diffusers_computes(networks: LvcdNetworks, tokens: int) -> None:
    sample, told = _inputs(2, tokens, frames=5)
    timestep = torch.tensor(0.3)
    ours = unet_forward(networks.unet, sample, timestep, told, FrameMixing())
    theirs = networks.unet(sample, timestep, told.image_embedding, told.time_ids).sample
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_epsilon_is_of_every_norm_in_residual_blocks() -> None:
    unet = build_unet(replace(TINY.unet, residual_eps=0.125))
    norms = {name: one for name, one in unet.named_modules() if isinstance(one, torch.nn.GroupNorm)}
    changed = {name for name, norm in norms.items() if norm.eps == 0.125}
    assert changed == {name for name in norms if "res_block" in name}
    assert len(changed) < len(norms)


def test_threads_share_a_network_with_different_plans(networks: LvcdNetworks) -> None:
    sample, told = _inputs(1, 1)
    lines = random_lines(FRAMES, 64, 64)[:, None].expand(-1, 3, -1, -1) / 255.0
    hint = embed_hint(networks.controlnet, lines)
    layouts = (SlotLayout(), SlotLayout(video=12, overlap=6))
    mixings = [SlotMixing(one, mode, sample.device) for one in layouts for mode in AttentionMode]

    def call(mixing: FrameMixing) -> torch.Tensor:
        with torch.no_grad():
            label = torch.tensor(0.1)
            residuals = controlnet_forward(networks.controlnet, sample, label, told, mixing, hint)
            return unet_forward(networks.unet, sample, label, told, mixing, residuals)

    alone = [call(mixing) for mixing in mixings]
    with ThreadPoolExecutor(len(mixings)) as pool:
        together = list(pool.map(call, mixings))
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(alone[0], alone[1])
    assert not torch.equal(alone[0], alone[-1])


def test_channels_last_gives_the_same(networks: LvcdNetworks) -> None:
    sample, told = _inputs(1, 1)
    mixing = SlotMixing(SlotLayout(), AttentionMode.NEXT_SEGMENT, sample.device)
    plain = unet_forward(networks.unet, sample, torch.tensor(0.1), told, mixing)
    other = random_networks(TINY, seed=5).to(sample.device, channels_last=True)
    assert other.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    laid_out = sample.flatten(0, 1).contiguous(memory_format=torch.channels_last)[None]
    torch.testing.assert_close(
        unet_forward(other.unet, laid_out, torch.tensor(0.1), told, mixing), plain, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("frames", [1, 4, 10, 11, 16, 17, 40])
@pytest.mark.parametrize("chunks", [DecodeChunks(), DecodeChunks(size=5), DecodeChunks(size=6, overlap=1)])
def test_every_frame_is_decoded_once(frames: int, chunks: DecodeChunks) -> None:
    cuts = list(chunks.of(frames))
    assert [frame for cut, delivered in cuts for frame in cut[delivered:]] == list(range(frames))
    assert all(len(cut) <= chunks.size for cut, _ in cuts)


def test_decoded_pictures_are_clamped(networks: LvcdNetworks) -> None:
    latents = 30.0 * torch.randn(6, 4, 2, 2, generator=torch.Generator().manual_seed(1))
    decoded = torch.cat(list(decode_video(networks.vae, latents, DecodeChunks(size=5))))
    assert decoded.shape == (6, 3, 16, 16)
    assert decode_chunk(networks.vae, latents).abs().max() > 1.0
    assert decoded.abs().max() <= 1.0
