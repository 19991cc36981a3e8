"""LVCD's plans for any layout and length, and its layers beside a plain reading of the formulas."""

from __future__ import annotations

import math
from copy import deepcopy
from itertools import pairwise
from typing import Any, cast

import pytest
import torch

from keycel_backend.diffusion.lvcd.mixing import LAST_AMPLIFIED_LAYER, SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.sampling import joined
from keycel_backend.diffusion.lvcd.segments import carried_slots, plan_segments
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout, attention_plan

LAYOUTS = [SlotLayout(), SlotLayout(8, 4), SlotLayout(6, 2), SlotLayout(14, 0)]
CPU = torch.device("cpu")
PRECISIONS = [torch.float32, torch.float64]
"""Single precision goes the official way, every other saves work."""


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("frames", [1, 2, 7, 14, 15, 16, 25, 26, 60])
def test_segments_cover_a_shot_of_any_length(layout: SlotLayout, frames: int) -> None:
    segments = plan_segments(frames, layout)
    for one in segments:
        assert len(one.frames) == layout.video
        assert len(one.sketches) == layout.total
        assert one.sketches[0] == 0
        assert max(one.sketches) <= frames - 1
    for one, following in pairwise(segments):
        assert following.frames[: layout.overlap] == one.frames[layout.video - layout.overlap :]
        assert following.sketches[layout.overlap_references] == following.sketches[layout.overlap_video]
        assert not one.filled_up
    x0 = [torch.tensor([-1] * layout.references + list(one.frames))[:, None, None, None] for one in segments]
    assert joined(segments, x0, layout).flatten().tolist() == list(range(1, frames))


def test_a_segment_that_is_filled_up_replaces_nothing() -> None:
    layout = SlotLayout()
    segments = plan_segments(27, layout)
    x0 = [torch.full((layout.total, 1, 1, 1), float(one.number)) for one in segments]
    assert joined(segments, x0, layout).flatten().tolist() == [0.0] * 10 + [1.0] * 14 + [2.0] * 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_overlap_slots_start_from_the_same_noise(layout: SlotLayout) -> None:
    carried = carried_slots(layout)
    assert len(carried) == layout.total
    assert carried[layout.overlap_references] == carried[layout.overlap_video]
    assert set(carried) <= set(range(layout.total))


def _plain_reference_attention(
    attention: Any, states: torch.Tensor, layout: SlotLayout, mode: AttentionMode, layer: int
) -> torch.Tensor:
    """Slot by slot, as the formula says."""
    plan = attention_plan(layout, mode)
    rows = []
    for slot in range(layout.total):
        seen = torch.cat([states[plan.own[slot]], states[plan.reference[slot]]])
        bias = states.new_zeros(len(seen))
        if layer <= LAST_AMPLIFIED_LAYER:
            bias[len(seen) // 2 :] = math.log(plan.amplification[slot])
        heads = []
        for weights in zip(
            *(one.weight.chunk(attention.heads) for one in _projections(attention)), strict=True
        ):
            query, key, value = (
                source @ weight.T for source, weight in zip((states[slot], seen, seen), weights, strict=True)
            )
            logits = query @ key.T / query.shape[1] ** 0.5 + bias
            heads.append(logits.softmax(dim=1) @ value)
        rows.append(attention.to_out[0](torch.cat(heads, dim=1)))
    return torch.stack(rows)


def _projections(attention: Any) -> tuple[Any, Any, Any]:
    return attention.to_q, attention.to_k, attention.to_v


@pytest.mark.parametrize("mode", AttentionMode)
@pytest.mark.parametrize("layer", [0, LAST_AMPLIFIED_LAYER, LAST_AMPLIFIED_LAYER + 1])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_reference_attention(
    networks: LvcdNetworks, layout: SlotLayout, mode: AttentionMode, layer: int, precision: torch.dtype
) -> None:
    attention = deepcopy(_first_transformer(networks).transformer_blocks[0].attn1).to(precision)
    states = torch.randn(layout.total, 6, 32, generator=torch.Generator().manual_seed(4)).to(precision)
    ours = SlotMixing(layout, mode, CPU).spatial_attention(attention, states, layer)
    plain = _plain_reference_attention(attention, states, layout, mode, layer)
    torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_references_are_alone_in_time(
    networks: LvcdNetworks, layout: SlotLayout, precision: torch.dtype
) -> None:
    mixing = SlotMixing(layout, AttentionMode.NEXT_SEGMENT, CPU)
    attention = deepcopy(_first_transformer(networks).temporal_transformer_blocks[0].attn1).to(precision)
    convolution = cast("Any", networks.unet.down_blocks[0]).resnets[0].temporal_res_block.conv1
    generator = torch.Generator().manual_seed(4)
    tokens = torch.randn(3, layout.total, 32, generator=generator)
    video = torch.randn(1, 32, layout.total, 2, 2, generator=generator)

    def both(tokens: torch.Tensor, video: torch.Tensor) -> list[torch.Tensor]:
        convolved = mixing.temporal_convolution(convolution, video)
        return [mixing.temporal_attention(attention, tokens.to(precision)), convolved.movedim(2, 1)]

    before = both(tokens, video)
    for slot in (0, layout.references - 1, layout.references, layout.total - 1):
        other_tokens, other_video = tokens.clone(), video.clone()
        other_tokens[:, slot] += 1.0
        other_video[:, :, slot] += 1.0
        for one, other in zip(before, both(other_tokens, other_video), strict=True):
            changed = {at for at in range(layout.total) if not torch.equal(one[:, at], other[:, at])}
            assert slot in changed
            is_reference = slot < layout.references
            assert changed == {slot} if is_reference else min(changed) >= layout.references


def _first_transformer(networks: LvcdNetworks) -> Any:
    return cast("Any", networks.unet.down_blocks[0]).attentions[0]
