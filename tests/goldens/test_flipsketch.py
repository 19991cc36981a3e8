"""FlipSketch's parts beside the official ones: networks, attention, inversion, decoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from diffusers.models.attention_processor import Attention
from goldens.flipsketch_set import (
    ATTENTION,
    AUTOENCODER,
    INVERSION,
    NETWORK,
    FlipsketchSet,
    assert_close,
    existing,
    sets_or_failure,
)
from support.byte_vocabulary import BYTE_VOCABULARY, write_byte_vocabulary
from torch import Tensor

from keycel_backend.diffusion.flipsketch.autoencoder import decode_frames, encode_sketch
from keycel_backend.diffusion.flipsketch.composition import (
    ComposableAttention,
    Composition,
    Recording,
    Role,
    composed_queries,
    composed_weights,
)
from keycel_backend.diffusion.flipsketch.denoiser import predict_noise
from keycel_backend.diffusion.flipsketch.inversion import invert
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.flipsketch.schedule import Schedule
from keycel_backend.diffusion.flipsketch.text import Tokenizer, embed_text


@pytest.fixture(scope="module", params=sets_or_failure())
def golden(request: pytest.FixtureRequest) -> FlipsketchSet:
    return existing(request.param)


def _part(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")
    }


def test_unet(golden: FlipsketchSet) -> None:
    tensors = golden.tensors("unet_forward")
    timestep = int(tensors["timestep"].flatten()[0])
    noise = predict_noise(golden.networks.unet, tensors["sample"], timestep, tensors["encoder_hidden_states"])
    assert_close(noise, tensors["out"], NETWORK)


def _unfolded(states: Tensor, case: dict[str, Any]) -> Tensor:
    """Heads out of the batch."""
    return states.unflatten(0, (-1, case["heads"]))


def test_composition_of_given_queries_and_keys(golden: FlipsketchSet) -> None:
    tensors = golden.tensors("attention_qkv")
    for case in golden.cases("attention_qkv"):
        given = {name: _unfolded(one, case) for name, one in _part(tensors, case["name"]).items()}
        queries, keys = given["q"], given["k"]
        if case["kind"] == "spatial":
            queries = composed_queries(queries, given["q_ref"], case["num_frames"], case["ref_frames"])
            weights = (queries @ keys.mT * case["scale"]).softmax(dim=-1)
        else:
            weights = composed_weights(queries, keys, given["k_ref"][..., 0, :], case["lambda_"])
        assert_close(weights, given["probs"], ATTENTION)
        assert_close(weights @ given["v"], given["out"], ATTENTION)


def test_whole_attention_layers(golden: FlipsketchSet) -> None:
    tensors = golden.tensors("attention_module")
    for case in golden.cases("attention_module"):
        given = _part(tensors, case["name"])
        layer = Attention(given["x"].shape[-1], heads=case["heads"], dim_head=case["head_dim"])
        layer.load_state_dict(_part(given, "weight"))
        layer.set_processor(ComposableAttention("layer", Role(case["kind"])))
        recording = Recording()
        assert_close(layer(given["x_ref"], composition=recording), given["out_ref_pass"], ATTENTION)
        composition = Composition(recording, case["num_frames"], case["ref_frames"], case["lambda_"])
        assert_close(layer(given["x"], composition=composition), given["out"], ATTENTION)
        assert_close(layer(given["x"]), given["out_plain"], ATTENTION)


def test_inversion(golden: FlipsketchSet) -> None:
    tensors = golden.tensors("ddim_inversion")
    networks = golden.networks
    assert_close(
        encode_sketch(networks.vae, tensors["pixels"], tensors["vae_noise"]), tensors["latents0"], AUTOENCODER
    )
    schedule = Schedule.of(golden.configuration.scheduler, golden.config["config"]["inv_steps"])
    assert list(schedule.timesteps) in (tensors["timesteps"].tolist(), tensors["timesteps"].tolist()[::-1])
    told: list[int] = []
    stages = invert(
        networks.unet,
        tensors["latents0"],
        schedule,
        tensors["empty_prompt_embeds"],
        None,
        golden.config["config"]["guidance"],
        told.append,
    )
    assert told == list(range(len(schedule.timesteps)))
    assert_close(stages, tensors["trajectory"], INVERSION)
    assert_close(stages[-1].mean(dim=2, keepdim=True), tensors["inverted_mean"], INVERSION)


def test_inversion_leads_away_from_a_text(golden: FlipsketchSet) -> None:
    tensors = golden.tensors("ddim_inversion")
    expected = tensors["prompted_trajectory"]
    schedule = Schedule.of(golden.configuration.scheduler, golden.config["config"]["inv_steps"])
    first = slice(len(schedule.timesteps) - len(expected) + 1, None)
    cleanest = Schedule(schedule.timesteps[first], schedule.alphas[first], schedule.previous_alphas[first])
    stages = invert(
        golden.networks.unet,
        tensors["prompted_latents0"],
        cleanest,
        tensors["prompted_cond_embeds"],
        tensors["prompted_uncond_embeds"],
        _scale_of(golden, cleanest, tensors),
        lambda _: None,
    )
    assert_close(stages, expected, INVERSION)


def _scale_of(golden: FlipsketchSet, schedule: Schedule, tensors: dict[str, Tensor]) -> float:
    """How strongly the set was inverted away from its text: it has a scale of its own for the runs, and the
    official code one of its own for the inversion. The first step tells which it was."""
    last = len(schedule.timesteps) - 1
    unet, clean, timestep = golden.networks.unet, tensors["prompted_latents0"], schedule.timesteps[last]
    text = predict_noise(unet, clean, timestep, tensors["prompted_cond_embeds"])
    empty = predict_noise(unet, clean, timestep, tensors["prompted_uncond_embeds"])
    still = schedule.inverse_step(clean, empty, last)
    moved = schedule.inverse_step(clean, empty + (empty - text), last) - still
    along = (tensors["prompted_trajectory"][1] - still) * moved
    found = float(along.sum() / moved.square().sum())
    scales = (golden.config["config"]["guidance"], SamplingOptions().guidance)
    return min(scales, key=lambda scale: abs(scale - found))


def test_decoding(golden: FlipsketchSet) -> None:
    tensors = golden.tensors("vae_decode")
    given = zip(tensors["latents"], tensors["video"], tensors["frames01"], strict=True)
    for latents, video, frames in given:
        decoded = decode_frames(golden.networks.vae, latents.transpose(0, 1))
        assert_close(decoded, video.transpose(0, 1), AUTOENCODER)
        assert_close((decoded / 2.0 + 0.5).clamp(0.0, 1.0), frames, AUTOENCODER)


def test_texts(golden: FlipsketchSet, tmp_path: Path) -> None:
    """A set has no tokenizer of its own; where its entries are the bytes, CLIP's rule is enough."""
    configuration = golden.configuration.text_encoder
    if configuration.vocab_size != len(BYTE_VOCABULARY):
        return  # of entries that nothing in the set names
    write_byte_vocabulary(tmp_path)
    tokenizer = Tokenizer(tmp_path, configuration.max_position_embeddings, configuration.vocab_size)
    for run in golden.runs:
        tensors = golden.tensors(run["file"])
        texts = {"prompt": run["prompt"], "negative_prompt": run["negative_prompt"], "null": ""}
        for name, text in texts.items():
            embedded = embed_text(golden.networks.text_encoder, tokenizer(text))
            expected = tensors[f"{name}_embeds"]
            assert_close(embedded.expand_as(expected), expected, NETWORK)


def test_settings_are_those_of_the_set(golden: FlipsketchSet) -> None:
    """Nothing of the set's configuration has been left out that the networks would do otherwise."""
    unet = json.loads(json.dumps(golden.config["config"]["unet"]))
    for name, value in unet.items():
        if name != "sample_size":
            built = golden.networks.unet.config[name]
            assert (list(built) if isinstance(built, tuple) else built) == value, name
