"""LVCD's networks beside the official ones: single layers, ControlNet, UNet, VAE, CLIP."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
import torch
from goldens.lvcd_set import (
    EXACT,
    NETWORK,
    PICTURE,
    VIDEO_FRAMES,
    GoldenSet,
    assert_close,
    conditions,
    ids_of,
    mixing,
)
from torch import Tensor

from keycel_backend.diffusion.lvcd.conditions import sketch_hint
from keycel_backend.diffusion.lvcd.denoiser import denoise, predict
from keycel_backend.diffusion.svd import blocks
from keycel_backend.diffusion.svd.autoencoder import (
    decode_chunk,
    decode_video,
    posterior_mode,
    posterior_sample,
)
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.image_embedding import clip_pixels, embed_image
from keycel_backend.diffusion.svd.layers import Call, residual_block, transformer
from keycel_backend.diffusion.svd.schedule import Preconditioning
from keycel_backend.diffusion.svd.unet import Conditioning

FIRST_BLOCK = "model.diffusion_model.input_blocks.1"
UP_BLOCK = "model.diffusion_model.output_blocks.4"
TRACED_SLOTS = [6, 18]
STRIDE = 5
"""Of the CLIP pixels that are kept."""


def test_masked_convolution_and_temporal_attention(golden: GoldenSet) -> None:
    tensors = golden.tensors("modules")
    convolution = cast("Any", golden.module(f"{FIRST_BLOCK}.0.time_stack.in_layers.2"))
    attention = cast("Any", golden.module(f"{FIRST_BLOCK}.1.time_stack.0.attn1"))
    sizes = sorted({int(name.split("_T")[1].split("_")[0]) for name in tensors if "conv3d" in name})
    assert sizes
    for slots in sizes:
        plan = mixing("train") if slots == VIDEO_FRAMES + 1 else mixing("normal")
        given = tensors[f"conv3d_masked_T{slots}_in"]
        expected = tensors[f"conv3d_masked_T{slots}_out"]
        assert_close(plan.temporal_convolution(convolution, given), expected, NETWORK)
        given, expected = (tensors[f"temporal_attn_T{slots}_{end}"] for end in ("in", "out"))
        assert_close(plan.temporal_attention(attention, given), expected, NETWORK)


def test_reference_attention(golden: GoldenSet) -> None:
    tensors = golden.tensors("modules")
    layers = golden.indices["ref_attention_layers"]
    outputs = [name for name in tensors if re.match(r"ref_attn\d*_.*_out", name)]
    assert outputs
    for name in outputs:
        found = re.fullmatch(r"ref_attn(\d*)_(?:(train)_)?T(\d+)_out(?:_(\w+))?", name)
        assert found is not None
        layer = int(found[1] or 0)
        attention = cast("Any", golden.module(layers[f"unet-refcond-{layer}"]))
        given = tensors[name.split("_out")[0] + "_in"]
        ours = mixing(found[2] or found[4]).spatial_attention(attention, given, layer)
        assert_close(ours, tensors[name], NETWORK)


def test_whole_blocks(golden: GoldenSet) -> None:
    tensors = golden.tensors("modules")
    resnet = cast("Any", golden.module(f"{FIRST_BLOCK}.0"))
    attention = cast("Any", golden.module(f"{FIRST_BLOCK}.1"))
    up_resnet = cast("Any", golden.module(f"{UP_BLOCK}.0"))

    def call(embedding: Tensor) -> Call:
        return Call(len(embedding), embedding, tensors["transformer_ctx"], mixing("prevref"))

    ours = residual_block(resnet, tensors["resblock_in"], call(tensors["resblock_emb"]))
    assert_close(ours, tensors["resblock_out"], NETWORK)
    ours = transformer(attention, tensors["resblock_out"], call(tensors["resblock_emb"]), 0)
    assert_close(ours, tensors["transformer_out_prevref"], NETWORK)
    nothing = call(torch.zeros_like(tensors["resblock_emb"]))
    ours = residual_block(resnet, tensors["eps_probe_in"], nothing)
    assert_close(ours, tensors["eps_probe_resblock_out"], NETWORK)
    ours = transformer(attention, tensors["eps_probe_in"], nothing, 0)
    assert_close(ours, tensors["eps_probe_transformer_out_prevref"], NETWORK)
    ours = residual_block(up_resnet, tensors["eps_probe_up_in"], nothing)
    assert_close(ours, tensors["eps_probe_up_resblock_out"], NETWORK)


def test_controlnet(golden: GoldenSet) -> None:
    tensors = golden.tensors("controlnet")
    told = Conditioning(tensors["crossattn"], ids_of(tensors["vector"], golden.networks.unet.add_time_proj))
    for mode, frames in golden.config["controlnet_frames"].items():
        plan = mixing(mode)
        slots = VIDEO_FRAMES + 1 if mode.startswith("train") else len(tensors["net_in_8ch"])
        hint = embed_hint(golden.networks.controlnet, sketch_hint(tensors["control_hint_u8"][:slots]))
        inputs = tensors["net_in_8ch"][None, :slots]
        residuals = controlnet_forward(
            golden.networks.controlnet, inputs, tensors["c_noise"], told, plan, hint
        )
        every = [*residuals.down, residuals.middle]
        expected = sorted(name for name in tensors if name.startswith(f"residual_{mode}_"))
        assert len(expected) == len(every)
        for ours, name in zip(every, expected, strict=True):
            assert_close(ours[frames], tensors[name], NETWORK)


def test_unet_with_control(golden: GoldenSet) -> None:
    tensors = golden.tensors("unet_step")
    ids = ids_of(tensors["vector"], golden.networks.unet.add_time_proj)
    modes = [name.removeprefix("denoised_") for name in tensors if name.startswith("denoised_")]
    assert modes
    for mode in modes:
        slots = len(tensors[f"denoised_{mode}"])
        hint = embed_hint(golden.networks.controlnet, sketch_hint(tensors["control_hint_u8"][:slots]))
        told = conditions(tensors, ids, tensors["concat"][:slots], hint)
        sample, sigma = tensors["x"][:slots], tensors["sigma"]
        ours = denoise(golden.networks, sample, sigma, told, mixing(mode))
        assert_close(ours, tensors[f"denoised_{mode}"], NETWORK)
        scales = Preconditioning.at(sigma)
        ours = predict(golden.networks, sample * scales.into, scales.label, told, mixing(mode))
        assert_close(ours, tensors[f"unet_out_{mode}"], NETWORK)


def test_unet_without_control(golden: GoldenSet) -> None:
    tensors = golden.tensors("unet_step")
    told = conditions(
        tensors, ids_of(tensors["vector"], golden.networks.unet.add_time_proj), tensors["concat"], None
    )
    scales = Preconditioning.at(tensors["sigma"])
    assert_close(scales.label[None], tensors["c_noise"], EXACT)
    assert_close(
        torch.cat([tensors["x"] * scales.into, tensors["concat"]], dim=1), tensors["net_in_8ch"], EXACT
    )
    ours = predict(golden.networks, tensors["x"] * scales.into, scales.label, told, mixing("prevref"))
    assert_close(ours, tensors["unet_out_prevref_nocontrol"], NETWORK)


def test_every_block(golden: GoldenSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a set has a trace: the output of each block of both networks."""
    if not (golden.folder / "trace_prevref.safetensors").exists():
        return
    expected = golden.tensors("trace_prevref")
    tensors = golden.tensors("unet_step")
    networks = {"unet": golden.networks.unet, "cnet": golden.networks.controlnet}
    outputs: dict[int, Tensor] = {}

    def recording(function: Any) -> Any:
        def call(module: torch.nn.Module, *arguments: Any) -> Tensor:
            outputs[id(module)] = function(module, *arguments)
            return outputs[id(module)]

        return call

    monkeypatch.setattr(blocks, "residual_block", recording(blocks.residual_block))
    monkeypatch.setattr(blocks, "transformer", recording(blocks.transformer))
    handles = [
        module.register_forward_hook(lambda module, _, output: outputs.__setitem__(id(module), output))
        for network in networks.values()
        for module in network.modules()
    ]
    hint = embed_hint(golden.networks.controlnet, sketch_hint(tensors["control_hint_u8"]))
    told = conditions(
        tensors, ids_of(tensors["vector"], golden.networks.unet.add_time_proj), tensors["concat"], hint
    )
    denoise(golden.networks, tensors["x"], tensors["sigma"], told, mixing("prevref"))
    for handle in handles:
        handle.remove()
    prefixes = {"unet": "model.diffusion_model.", "cnet": "control_model."}
    for name, theirs in expected.items():
        short, block = name.split(".", 1)
        is_hint = block == "input_hint_block"
        ours = hint if is_hint else outputs[id(_last_of(golden, prefixes[short] + block))]
        assert_close(ours[TRACED_SLOTS], theirs, NETWORK)


def _last_of(golden: GoldenSet, block: str) -> torch.nn.Module:
    """The part of an official block that comes last: its parts are numbered in order."""
    for part in (".2", ".1.conv", ".1", ".0.op", ".0"):
        try:
            return golden.module(block + part)
        except LookupError:
            continue
    raise LookupError(block)


def test_reference_is_encoded(golden: GoldenSet) -> None:
    tensors = golden.tensors("conditioning")
    networks = golden.networks
    image = tensors["ref_image_u8"].permute(2, 0, 1)[None] / 255.0 * 2.0 - 1.0
    assert_close(image, tensors["image"], EXACT)
    assert_close(embed_image(networks.image_encoder, image), tensors["crossattn"], PICTURE)
    assert_close(posterior_mode(networks.vae, image), tensors["cond_concat_mode"], PICTURE)
    moments = networks.vae_first_stage_encoder.encoder(image)
    assert_close(moments, tensors["first_stage_moments"], PICTURE)
    scaling = golden.configuration.autoencoder.scaling_factor
    sampled = posterior_sample(moments, tensors["posterior_noise"]) * scaling
    assert_close(sampled, tensors["first_stage_z_scaled"], PICTURE)


def test_pictures_are_prepared_for_clip(golden: GoldenSet) -> None:
    tensors = golden.tensors("conditioning")
    size = golden.configuration.image_encoder.image_size
    pixels = clip_pixels(tensors["image"], size)[..., ::STRIDE, ::STRIDE]
    assert_close(pixels, tensors["clip_pixel_values_stride5"], PICTURE)
    large = tensors["clip_down_in_small_u8"].repeat_interleave(4, dim=0).repeat_interleave(4, dim=1)
    image = large.permute(2, 0, 1)[None] / 255.0 * 2.0 - 1.0
    pixels = clip_pixels(image, size)[..., ::STRIDE, ::STRIDE]
    assert_close(pixels, tensors["clip_down_pixel_values_stride5"], PICTURE)
    assert_close(embed_image(golden.networks.image_encoder, image), tensors["clip_down_embed"], PICTURE)


def test_video_is_decoded_in_chunks(golden: GoldenSet) -> None:
    tensors = golden.tensors("vae_decode")
    latents = tensors["latents_scaled"]
    chunks = golden.decode_chunks(golden.runs[0])
    decoded = torch.cat(list(decode_video(golden.networks.vae, latents, chunks)))
    assert_close(decoded, tensors["frames_decode_video"], PICTURE)
    frames, _ = list(chunks.of(len(latents)))[1]
    chunk = decode_chunk(golden.networks.vae, latents[list(frames)])
    assert_close(chunk, tensors["chunk1_raw_unclamped"], PICTURE)
