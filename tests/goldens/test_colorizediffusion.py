"""ColorizeDiffusion's networks and whole runs beside the official ones."""

from __future__ import annotations

from typing import Any, cast

import torch
from goldens.colorizediffusion_set import (
    AUTOENCODER,
    EXACT,
    LATENTS,
    LATENTS_RELATIVE,
    PREDICTION,
    WRONG_LEVELS,
    ColorizeDiffusionSet,
    assert_near,
)
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.modes import reference_context, sketch_split
from keycel_backend.diffusion.colorizediffusion.preparation import latent_mask, to_bytes
from keycel_backend.diffusion.colorizediffusion.reference_tokens import (
    embed_reference,
    embed_with_class,
    reference_pixels,
)
from keycel_backend.diffusion.colorizediffusion.sampling import (
    BLANK,
    Branches,
    decode_latents,
    sample_latents,
)
from keycel_backend.diffusion.colorizediffusion.split_attention import Split, cross_attention
from keycel_backend.diffusion.colorizediffusion.split_linear import Adapter
from keycel_backend.diffusion.colorizediffusion.unet import unet_forward


def test_reference_tokens(coloring_golden: ColorizeDiffusionSet) -> None:
    expected, encoder = coloring_golden.components, coloring_golden.networks.reference_encoder
    reference = coloring_golden.inputs["reference"]
    size = expected["clip.preprocessed_ref"].shape[2]
    assert_near(reference_pixels(reference, size), expected["clip.preprocessed_ref"], EXACT)
    tokens = embed_with_class(encoder, reference)
    assert_near(tokens, expected["clip.full"], EXACT)
    assert_near(tokens[:, :1], expected["clip.cls"], EXACT)
    assert_near(embed_reference(encoder, reference), expected["clip.local"], EXACT)


def test_sketch_encoder_threshold_embedder_and_background_transformer(
    coloring_golden: ColorizeDiffusionSet,
) -> None:
    expected, networks = coloring_golden.components, coloring_golden.networks
    sketch = coloring_golden.inputs["sketch"]
    hints = networks.sketch_encoder(torch.cat([sketch, torch.full_like(sketch, BLANK)]))
    assert len(hints) == sum(name.startswith("control.") for name in expected)
    for number, hint in enumerate(hints):
        assert_near(hint, expected[f"control.{number}"], EXACT)
    assert_near(networks.threshold_embedder(expected["thresh.in"]), expected["thresh.out"], EXACT)
    assert_near(networks.background_transformer(expected["cluster.in"]), expected["cluster.out"], EXACT)


def test_autoencoder(coloring_golden: ColorizeDiffusionSet) -> None:
    expected, networks = coloring_golden.components, coloring_golden.networks
    encoded = cast("Any", networks.vae).encode(expected["vae.pixels"]).latent_dist
    assert_near(encoded.mean, expected["vae.mean"], AUTOENCODER)
    assert_near(encoded.std, expected["vae.std"], AUTOENCODER)
    latent = expected["vae.latent"]
    scaling = networks.configuration.autoencoder.scaling_factor
    decoded = [decode_latents(networks, given) for given in (latent, latent * scaling)]
    errors = [float((one - expected["vae.decoded"]).abs().max()) for one in decoded]
    assert min(errors) <= AUTOENCODER


def test_masks_at_every_level(coloring_golden: ColorizeDiffusionSet) -> None:
    expected, inputs = coloring_golden.components, coloring_golden.inputs
    pixels = coloring_golden.configuration.autoencoder.pixels_per_latent
    assert_near(latent_mask(inputs["smask_full"], pixels), inputs["smask"], EXACT)
    mask = expected["mask.input"]
    names = [name for name in expected if name.startswith("mask.scale_")]
    assert names
    for name in names:
        height, width = (int(side * float(name.removeprefix("mask.scale_"))) for side in mask.shape[2:])
        ours = Split(mask, 0.5).mask_for(height, width)
        assert_near(ours, expected[name].flatten(2).transpose(1, 2), EXACT)


def test_split_attention(coloring_golden: ColorizeDiffusionSet) -> None:
    tensors = coloring_golden.tensors("split_attention")
    cases = coloring_golden.described("split_attention")
    assert cases
    for case in cases:
        given = {name: tensors.get(f"{case['name']}.{name}") for name in ("x", "context", "mask", "out")}
        split = None
        if case["masked"]:
            assert given["mask"] is not None
            split = Split(
                given["mask"],
                case["mask_threshold"],
                Adapter.FOREGROUND if case["use_fg_lora"] else Adapter.NONE,
                Adapter.BACKGROUND if case["use_bg_lora"] else Adapter.NONE,
                case["merge_scale"],
                case["fg_scale"],
                case["bg_scale"],
            )
        attention = coloring_golden.attention(case["module"])
        assert given["x"] is not None
        assert given["context"] is not None
        assert given["out"] is not None
        ours = cross_attention(
            attention, given["x"], given["context"], (case["h"], case["w"]), case["reference_scale"], split
        )
        assert_near(ours, given["out"], EXACT)


def _branches(golden: ColorizeDiffusionSet, run: dict[str, Any], pictures: int) -> Branches:
    networks, thresholds = golden.networks_of(run), golden.thresholds
    context = reference_context(networks, golden.reference(run), golden.mode(run), thresholds)
    split = sketch_split(golden.mode(run), golden.inputs["smask"], thresholds, run["merge_scale"])
    sketches = golden.inputs["sketch"].expand(pictures, -1, -1, -1)
    return Branches.of(networks, sketches, context, split, golden.options(run))


def test_first_call_of_every_run(coloring_golden: ColorizeDiffusionSet) -> None:
    assert coloring_golden.runs
    for run in coloring_golden.runs:
        expected = coloring_golden.tensors(run["file"].removesuffix(".safetensors"))
        branches = _branches(coloring_golden, run, len(expected["initial_noise"]))
        told = branches.told
        assert_near(told.context, expected["unet.context"], EXACT)
        assert ("unet.mask" in expected) == (told.split is not None)
        if told.split is not None:
            assert_near(told.split.mask, expected["unet.mask"], EXACT)
        for number, hint in enumerate(told.hints):
            if f"unet.control.{number}" in expected:
                assert_near(hint, expected[f"unet.control.{number}"], EXACT)
        ours = unet_forward(coloring_golden.networks.unet, expected["unet.x"], expected["unet.t"], told)
        assert_near(ours, expected["unet.out"], PREDICTION)


def test_whole_runs(coloring_golden: ColorizeDiffusionSet) -> None:
    for run in coloring_golden.runs:
        expected = coloring_golden.tensors(run["file"].removesuffix(".safetensors"))
        networks, thresholds = coloring_golden.networks_of(run), coloring_golden.thresholds
        mode, noise = coloring_golden.mode(run), expected["initial_noise"]
        steps: list[Tensor] = []
        latents = sample_latents(
            networks,
            noise,
            coloring_golden.inputs["sketch"].expand(len(noise), -1, -1, -1),
            reference_context(networks, coloring_golden.reference(run), mode, thresholds),
            sketch_split(mode, coloring_golden.inputs["smask"], thresholds, run["merge_scale"]),
            coloring_golden.options(run),
            lambda _, latents, steps=steps: steps.append(latents),
        )
        assert len(steps) == run["unet_calls"]
        for number, step in enumerate(steps[:-1], start=1):
            if f"call{number:02d}.x" in expected:
                assert_near(step, expected[f"call{number:02d}.x"], LATENTS)
        assert_near(latents, expected["latents"], LATENTS)
        wanted = expected["latents"].double()
        assert float((latents - wanted).norm() / wanted.norm()) <= LATENTS_RELATIVE, run["tag"]
        _assert_same_picture(decode_latents(networks, expected["latents"]), expected)
        _assert_same_picture(decode_latents(networks, latents), expected)


def _assert_same_picture(decoded: Tensor, expected: dict[str, Tensor]) -> None:
    if "image" in expected:
        assert_near(decoded, expected["image"], LATENTS)
    ours = torch.from_numpy(to_bytes(decoded)).permute(0, 3, 1, 2).int()
    levels = (ours - expected["image_uint8"].int()).abs()
    assert int(levels.max()) <= 1
    assert float((levels > 0).float().mean()) <= WRONG_LEVELS
