"""The two branches, Sketch Cross Attention with its gates, and the networks at any width."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.tiny_sketchkey import TINY, random_sequence, tiny_networks
from torch import Tensor

from keycel_backend.diffusion.sketchkey.attention import (
    FARTHEST_KEY,
    Geometry,
    KeySketches,
    SketchCrossAttention,
)
from keycel_backend.diffusion.sketchkey.configuration import PRESETS, SketchKeyConfiguration
from keycel_backend.diffusion.sketchkey.denoiser import Sequence, denoise, prepare
from keycel_backend.diffusion.sketchkey.latents import decode, encode
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.places import distance_bias, embed_places
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.diffusion.sketchkey.tokens import KeyReading, KeySketchEncoder
from keycel_backend.diffusion.sketchkey.weights import load_networks, save_networks
from keycel_shared.errors import ErrorCode, KeycelError


def _estimate(networks: SketchKeyNetworks, sequence: Sequence) -> Tensor:
    sample = torch.randn(sequence.colors.shape, generator=torch.Generator().manual_seed(1))
    return denoise(networks, sample, torch.tensor([2.0]), prepare(networks, sequence))


def test_closed_gates_change_nothing_to_the_bit() -> None:
    networks = tiny_networks()
    assert networks.gates() == [0.0] * 5, "that of what keys say, and one for each transformer"
    without, with_keys = random_sequence(keys=()), random_sequence(keys=(0, 3, 7))
    assert torch.equal(_estimate(networks, without), _estimate(networks, with_keys))


def test_open_gates_let_key_sketches_through() -> None:
    networks = tiny_networks(gate=0.7)
    without, with_keys = random_sequence(keys=()), random_sequence(keys=(0, 3, 7))
    assert not torch.allclose(_estimate(networks, without), _estimate(networks, with_keys))
    moved = replace(with_keys, key_index=torch.tensor([0, 5, 7]))
    assert not torch.allclose(_estimate(networks, moved), _estimate(networks, with_keys)), "time counts"


def test_a_closed_gate_learns_to_open() -> None:
    with torch.enable_grad():
        networks = tiny_networks().requires_grad_(True)
        _estimate(networks, random_sequence(keys=(0, 3))).square().mean().backward()
        for gate in networks.gate_parameters():
            assert gate.grad is not None
            assert float(gate.grad.abs()) > 0.0


def test_a_sketch_counts_only_where_it_is_valid() -> None:
    networks = tiny_networks()
    sequence = random_sequence(drawn=(0, 2))
    told = _estimate(networks, sequence)
    unseen, seen = sequence.sketches.clone(), sequence.sketches.clone()
    unseen[:, 1] = 1.0 - unseen[:, 1]
    seen[:, 2] = 1.0 - seen[:, 2]
    assert torch.equal(_estimate(networks, replace(sequence, sketches=unseen)), told)
    assert not torch.allclose(_estimate(networks, replace(sequence, sketches=seen)), told)
    blank = torch.zeros_like(sequence.sketches)
    empty = replace(sequence, sketches=blank, drawn=torch.zeros(4, dtype=torch.bool))
    drawn_blank = replace(sequence, sketches=blank, drawn=torch.ones(4, dtype=torch.bool))
    assert not torch.allclose(_estimate(networks, empty), _estimate(networks, drawn_blank)), (
        "the mask is seen"
    )


def test_colors_count_only_where_they_are_known() -> None:
    networks = tiny_networks()
    sequence = random_sequence()
    told = _estimate(networks, sequence)
    unknown, painted = sequence.colors.clone(), sequence.colors.clone()
    unknown[:, 2] += 1.0
    painted[:, 0] += 1.0
    assert torch.equal(_estimate(networks, replace(sequence, colors=unknown)), told)
    assert not torch.allclose(_estimate(networks, replace(sequence, colors=painted)), told)
    dropped = replace(sequence, known=torch.zeros(4, dtype=torch.bool))
    also = replace(dropped, colors=painted)
    assert torch.equal(_estimate(networks, dropped), _estimate(networks, also)), "no reference, no colours"


def test_a_batch_is_as_good_as_its_parts() -> None:
    networks = tiny_networks(gate=0.5)
    one, other = random_sequence(keys=(0, 3)), random_sequence(keys=(0, 3))
    other = replace(other, colors=-other.colors, sketches=1.0 - other.sketches)
    both = replace(
        one,
        colors=torch.cat([one.colors, other.colors]),
        start=torch.cat([one.start, other.start]),
        sketches=torch.cat([one.sketches, other.sketches]),
        key_sketches=torch.cat([one.key_sketches, other.key_sketches]),
        key_starts=torch.cat([one.key_starts, other.key_starts]),
    )
    sample = torch.randn(2, *one.colors.shape[1:], generator=torch.Generator().manual_seed(1))
    sigma = torch.tensor([2.0, 0.5])
    together = denoise(networks, sample, sigma, prepare(networks, both))
    for number, single in enumerate((one, other)):
        alone = denoise(
            networks, sample[number : number + 1], sigma[number : number + 1], prepare(networks, single)
        )
        assert torch.allclose(together[number], alone[0], atol=1e-4)


def test_far_from_every_key_the_learned_weight_rules() -> None:
    torch.manual_seed(0)
    attention = SketchCrossAttention(32, 2, 16).requires_grad_(False)
    attention.gate.fill_(1.0)
    attention.nearness[1:] = 0.0
    hidden = torch.randn(3, 16, 32)
    frames = torch.tensor([0, 1, -FARTHEST_KEY - 9])
    sketches = KeySketches.among(torch.randn(1, 1, 4, 16), torch.tensor([0]), frames)
    given = attention(hidden, sketches, Geometry(4, 4, frames, biased=True))
    assert not torch.allclose(given[0], hidden[0])
    assert torch.equal(given[1:], hidden[1:])


def test_a_frame_looks_at_the_keys_around_it() -> None:
    keys, frames = torch.tensor([0, 4, 8]), torch.tensor([0, 1, 4, 6, 40])
    found = KeySketches.among(torch.zeros(1, 3, 4, 16), keys, frames)
    assert found.chosen.tolist() == [[0, 1], [0, 1], [1, 0], [1, 2], [2, 1]]
    assert found.away.tolist() == [[0, 4], [1, 3], [0, 4], [2, 2], [FARTHEST_KEY, FARTHEST_KEY]]
    alone = KeySketches.among(torch.zeros(1, 1, 4, 16), torch.tensor([3]), frames)
    assert alone.chosen.tolist() == [[0]] * 5


def test_only_the_keys_around_a_frame_count() -> None:
    torch.manual_seed(0)
    attention = SketchCrossAttention(32, 2, 16).requires_grad_(False)
    attention.gate.fill_(1.0)
    tokens, hidden, frames = torch.randn(1, 3, 4, 16), torch.randn(2, 16, 32), torch.tensor([0, 7])
    geometry = Geometry(4, 4, frames, biased=True)

    def given(changed: Tensor) -> Tensor:
        return attention(hidden, KeySketches.among(changed, torch.tensor([0, 4, 8]), frames), geometry)

    other = tokens.clone()
    other[:, 2] += 1.0
    assert torch.equal(given(tokens)[0], given(other)[0]), "8 is not one of the two keys nearest to 0"
    assert not torch.allclose(given(tokens)[1], given(other)[1])


def test_a_key_starts_from_what_its_tokens_say() -> None:
    networks = tiny_networks(gate=0.5)
    sequence = random_sequence(keys=(2, 7))
    conditions = prepare(networks, sequence)
    assert conditions.key_colors is not None
    assert torch.equal(conditions.origin[:, 2], conditions.key_colors[:, 0])
    assert not torch.allclose(conditions.key_colors, sequence.key_starts)
    assert torch.equal(conditions.origin[:, 1], sequence.start[:, 1]), "no key"
    assert torch.equal(conditions.origin[:, 0], sequence.colors[:, 0]), "painted"
    closed = prepare(tiny_networks(), sequence)
    assert torch.equal(closed.origin[:, 2], sequence.start[:, 2])


def test_tokens_of_two_by_two_latents_have_colors_of_every_latent() -> None:
    torch.manual_seed(0)
    encoder, starts = KeySketchEncoder((8, 8, 16, 16), 24), torch.randn(1, 2, 24, 8, 12)
    assert encoder.step == 2
    sketches = torch.rand(1, 2, 64, 96)
    tokens = encoder(sketches, starts, sketches[:, 0], starts[:, 0], torch.tensor([0, 3]))
    assert tokens.shape == (1, 2, 24, 16)
    assert torch.equal(KeyReading(16, 24, encoder.step)(tokens, starts), starts), "closed"


def test_heads_differ_in_how_far_they_see() -> None:
    bias = distance_bias(3, (4, 6), (2, 3), 1.0)
    assert bias.shape == (3, 24, 6)
    assert (bias <= 0.0).all()
    assert (bias[0] >= bias[2]).all()
    assert bias[2, 0].argmax() == 0, "the token at the same place is the nearest"
    assert bias[2, 23].argmax() == 5


def test_places_tell_times_and_corners_apart() -> None:
    places = embed_places(torch.tensor([0, 1, 5]), 3, 4).flatten(0, 1)
    assert len(torch.unique(places.round(decimals=4), dim=0)) == 36


def test_latents_keep_flat_colors_and_lines() -> None:
    picture = torch.full((1, 3, 16, 24), 0.9)
    picture[:, :, :, 8:] = torch.tensor([0.8, -0.4, 0.1])[None, :, None, None]
    assert torch.allclose(decode(encode(picture)), picture, atol=1e-5)
    picture[:, :, 5, :] = -1.0
    lined = decode(encode(picture))
    grey = torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]
    assert torch.allclose((lined * grey).sum(1), (picture * grey).sum(1), atol=1e-5), "brightness is whole"


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (600, 800), (800, 600), (300, 300), (60, 1900)])
def test_pictures_have_the_canvas_shape_and_fit_the_networks(height: int, width: int) -> None:
    size = PictureSize.of(height, width, 96, 16)
    assert size.height % 16 == size.width % 16 == 0
    assert size.latent == (size.height // 4, size.width // 4)
    assert size.hint == (size.height * 2, size.width * 2)
    if max(height, width) < 4 * min(height, width):
        assert 0.7 < size.height * size.width / 96**2 < 1.4
        assert abs(size.width / size.height / (width / height) - 1.0) < 0.2


def test_every_preset_builds_and_the_full_one_has_the_published_unet() -> None:
    sizes: dict[str, int] = {}
    with torch.device("meta"):
        for name, configuration in PRESETS.items():
            networks = SketchKeyNetworks(configuration)
            sizes[name] = sum(value.numel() for value in networks.parameters())
            full = networks
    assert sizes["small"] < 7e6
    assert 16e6 < sizes["medium"] < 60e6
    unet = sum(value.numel() for value in full.unet.parameters())
    more_input = 320 * 9  # one channel more than the published 8 says which frames are known
    assert unet == 1_524_623_082 + more_input


def test_a_description_of_shapes_survives_being_written() -> None:
    for configuration in (*PRESETS.values(), TINY):
        written = json.loads(json.dumps(configuration.to_json()))
        assert SketchKeyConfiguration.from_json(written) == configuration


def test_weights_come_back_from_disk(tmp_path: Path) -> None:
    networks, path = tiny_networks(gate=0.5), tmp_path / "networks.safetensors"
    save_networks(networks, path)
    loaded = load_networks(path, torch.device("cpu"))
    sequence = random_sequence(keys=(0, 3))
    again = load_networks(path, torch.device("cpu"))
    assert torch.equal(_estimate(loaded, sequence), _estimate(again, sequence))
    assert torch.allclose(_estimate(loaded, sequence), _estimate(networks, sequence), atol=0.02)


def test_missing_and_damaged_weights_are_told(tmp_path: Path) -> None:
    path = tmp_path / "networks.safetensors"
    with pytest.raises(KeycelError) as caught:
        load_networks(path, torch.device("cpu"))
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
    save_networks(tiny_networks(), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(KeycelError) as caught:
        load_networks(path, torch.device("cpu"))
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
