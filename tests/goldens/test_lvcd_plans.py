"""Everything about LVCD that is plain numbers: plans, indices, schedule, time ids."""

from __future__ import annotations

import torch
from goldens.lvcd_set import EXACT, GoldenSet, assert_close

from keycel_backend.diffusion.checkpoints.unet_names import published_name
from keycel_backend.diffusion.lvcd.mixing import LAST_AMPLIFIED_LAYER
from keycel_backend.diffusion.lvcd.segments import carried_slots, plan_segments
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout, attention_plan
from keycel_backend.diffusion.svd.schedule import RHO, SIGMA_MAX, SIGMA_MIN, Preconditioning, sigmas


def test_segments(facts: GoldenSet) -> None:
    layout = SlotLayout()
    for frames, official in facts.indices["segment_plan"].items():
        segments = plan_segments(int(frames), layout)
        for segment, theirs in zip(segments, official["segments"], strict=False):
            assert list(segment.sketches) == theirs["frame_ind"]
        # the official code leaves out what does not fill a segment; ours adds at most one for that
        left_out = int(frames) - official["n_output"]
        assert len(segments) == official["n_segments"] + (left_out > 0)
        assert segments[official["n_segments"] - 1].frames[-1] == official["n_output"] - 1
        assert segments[-1].frames[-1] >= int(frames) - 1


def test_slots_attend_to_the_official_ones(facts: GoldenSet) -> None:
    plain, amplified = facts.indices["amplify"]
    for mode, (own, reference) in facts.indices["attention_key_frames"].items():
        plan = attention_plan(SlotLayout(), AttentionMode(mode))
        assert list(plan.own) == own
        assert list(plan.reference) == reference
        first = AttentionMode(mode) is AttentionMode.FIRST_SEGMENT
        assert list(plan.amplification) == (plain if first else amplified)


def test_layers_are_counted_as_officially(golden: GoldenSet) -> None:
    layers = golden.configuration.unet.layers_per_block
    networks = {
        "unet": (golden.networks.unet, "model.diffusion_model."),
        "cnet": (golden.networks.controlnet, "control_model."),
    }
    official = golden.indices["ref_attention_layers"]
    for short, (network, prefix) in networks.items():
        halves = ("down_blocks", "mid_block", "up_blocks")
        suffix = ".transformer_blocks.0.attn1.to_q.weight"
        names = [name for name, _ in network.named_parameters() if name.endswith(suffix)]
        in_order = sorted(names, key=lambda name: halves.index(name.split(".")[0]))
        ours = [prefix + published_name(name, layers).removesuffix(".to_q.weight") for name in in_order]
        assert ours == [official[f"{short}-refcond-{index}"] for index in range(len(ours))]
    # the amplified layers are all but those of the finest level on the way up
    finest = max(int(name.split(".")[3]) for key, name in official.items() if "output" in name) - layers
    last = next(key for key, name in official.items() if f"output_blocks.{finest}." in name)
    assert int(last.rsplit("-", 1)[1]) == LAST_AMPLIFIED_LAYER + 1


def test_noise_and_places_move_along(facts: GoldenSet) -> None:
    assert list(carried_slots(SlotLayout())) == facts.indices["x_T_next_segment"]
    assert list(SlotLayout().frame_index()) == facts.indices["temporal_position"]


def test_decode_chunks(facts: GoldenSet) -> None:
    for run in facts.runs:
        chunks = facts.decode_chunks(run)
        for frames, official in facts.indices["decode_chunks"].items():
            assert [list(one) for one, _ in chunks.of(int(frames))] == official


def test_schedule(facts: GoldenSet) -> None:
    tensors = facts.tensors("schedule")
    for name, expected in tensors.items():
        if name.startswith("sigmas_"):
            assert_close(sigmas(len(expected) - 1), expected, EXACT)
    for name, expected in tensors.items():
        if name.startswith("c_"):
            kind, steps = name[2:].rsplit("_", 1)
            scales = Preconditioning.at(sigmas(int(steps))[:-1])
            ours = {"skip": scales.skip, "out": scales.out, "in": scales.into, "noise": scales.label}
            assert_close(ours[kind], expected, EXACT)
        elif name.startswith("timestep_embedding_"):
            labels = Preconditioning.at(sigmas(len(expected))[:-1]).label
            assert_close(facts.unweighted_unet.time_proj(labels), expected, EXACT)


def test_time_ids_are_embedded_in_order(facts: GoldenSet) -> None:
    vectors = {
        name: vector for name, vector in facts.tensors("conditioning").items() if name.startswith("vector_")
    }
    assert vectors
    for name, expected in vectors.items():
        fps, bucket, augmentation = (
            float(part.removeprefix(unit))
            for part, unit in zip(name.split("_")[1:], ("fps", "mb", "aug"), strict=True)
        )
        ids = torch.tensor([fps, bucket, augmentation])
        assert_close(facts.unweighted_unet.add_time_proj(ids).flatten()[None], expected, EXACT)


def test_noise_levels_are_the_published_ones(facts: GoldenSet) -> None:
    assert facts.config["sampler"] == {"sigma_min": SIGMA_MIN, "sigma_max": SIGMA_MAX, "rho": RHO}
