"""From points to the condition, beside the official script: choices, label maps, heat maps, all modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from goldens.anidoc_set import AniDocSet, assert_near
from torch import Tensor

from keycel_backend.diffusion.anidoc import labels
from keycel_backend.diffusion.anidoc.condition import (
    SKETCH_CHANNELS,
    Correspondences,
    as_values,
    frame_condition,
)
from keycel_backend.diffusion.anidoc.labels import (
    Movement,
    Pairs,
    Tracks,
    draw_pairs,
    mean_motion,
    on_pixels,
    pair_labels,
    track_labels,
)
from keycel_backend.diffusion.anidoc.sparse import heat_maps, point_picture


def _tracks(tensors: dict[str, Tensor], name: str) -> Tracks:
    return Tracks(tensors[f"{name}.in.tracks"][0], tensors[f"{name}.in.visibility"][0].bool())


def _selected(tensors: dict[str, Tensor], name: str) -> Pairs:
    return Pairs(tensors[f"{name}.selected_ref"], tensors[f"{name}.selected_sketch0"])


def test_thresholds_are_the_scripts(anidoc: AniDocSet) -> None:
    told = anidoc.config["e_seeds"]
    assert (told["motion_threshold"], told["vis_threshold"]) == (labels._LEAST_MOTION, labels._LEAST_VISIBLE)
    assert anidoc.config["h_script"]["max_points"] == labels.MOST_LABELS


def test_matches_become_pairs_and_maps(anidoc: AniDocSet) -> None:
    tensors, size = anidoc.tensors("e"), (anidoc.config["height"], anidoc.config["width"])
    names = [name.split(".")[0] for name in tensors if name.endswith(".in.points_ref")]
    assert names
    for name in names:
        for kind in ("ref", "sketch0"):
            ours = on_pixels(tensors[f"{name}.in.points_{kind}"], *size)
            assert torch.equal(ours, tensors[f"{name}.rounded_{kind}"])
        seed = anidoc.config["e_seeds"][name]["numpy_seed_before_subset"]
        drawn = draw_pairs(len(tensors[f"{name}.in.points_ref"]), seed)
        assert torch.equal(drawn, tensors[f"{name}.subset_index"])
        for kind in ("ref", "sketch0"):
            selected = tensors[f"{name}.rounded_{kind}"][drawn]
            assert torch.equal(selected, tensors[f"{name}.selected_{kind}"])
        maps = pair_labels(_selected(tensors, name), 2, *size)
        assert torch.equal(maps.reference, tensors[f"{name}.pair_map_ref"])
        for frame in maps.frames:
            assert torch.equal(frame, tensors[f"{name}.pair_map_sketch0"])


def test_tracks_become_maps(anidoc: AniDocSet) -> None:
    tensors, size = anidoc.tensors("e"), (anidoc.config["height"], anidoc.config["width"])
    cases = [name.removesuffix(".draw") for name in tensors if name.endswith(".draw")]
    assert cases
    for case in cases:
        name, most = case.split(".")
        tracks = _tracks(tensors, name)
        movement = Movement.of(tracks)
        seen = tracks.visible.sum(dim=0) > labels._LEAST_VISIBLE
        assert_near(
            mean_motion(tracks) * seen, tensors[f"{case}.motion"], 1e-5
        )  # 0 for those seen too seldom
        assert torch.equal(movement.survivors, tensors[f"{case}.survivor_index"])
        assert_near(movement.probability, tensors[f"{case}.prob"], 1e-6)
        seed = anidoc.config["e_seeds"][name]["torch_seed_before_draw"][most]
        drawn = movement.draw(int(most.removeprefix("max")), seed)
        assert torch.equal(drawn, tensors[f"{case}.draw"])
        chosen = movement.survivors[tensors[f"{case}.draw"]]
        assert torch.equal(_selected(tensors, name).reference[chosen], tensors[f"{case}.ref_rounded"])
        rounded = on_pixels(tracks.positions[:, chosen], *size)
        assert torch.equal(rounded, tensors[f"{case}.tracks_rounded"].long())
        assert torch.equal(tracks.visible[:, chosen], tensors[f"{case}.vis"].bool())
        maps = track_labels(_selected(tensors, name), tracks, chosen, *size)
        assert torch.equal(maps.reference, tensors[f"{case}.map_ref"])
        assert torch.equal(maps.frames, tensors[f"{case}.map_frames"])
        counts = anidoc.config["e_seeds"]["counts"][case]
        assert counts == {
            "survivors": len(movement.survivors),
            "drawn": len(drawn),
            "max_label": int(maps.frames.max()),
        }


@pytest.mark.parametrize("change", ["all_invisible_returns_none", "no_motion_returns_none"])
def test_nothing_seen_or_nothing_moving_leaves_no_labels(anidoc: AniDocSet, change: str) -> None:
    assert anidoc.config["e_seeds"]["counts"][change] is True
    tensors = anidoc.tensors("e")
    tracks = _tracks(tensors, "many")
    if change.startswith("all"):
        tracks = Tracks(tracks.positions, torch.zeros_like(tracks.visible))
    else:
        tracks = Tracks(tracks.positions[:1].expand_as(tracks.positions), tracks.visible)
    movement = Movement.of(tracks)
    assert len(movement.draw(10, 0)) == 0
    size = anidoc.config["height"], anidoc.config["width"]
    maps = track_labels(_selected(tensors, "many"), tracks, movement.survivors, *size)
    assert not maps.reference.any()
    assert not maps.frames.any()
    assert len(maps.frames) == len(tracks.positions)


def test_heat_maps(anidoc: AniDocSet) -> None:
    tensors = anidoc.tensors("e")
    expected = tensors["heatmap.out"]
    row = tensors["heatmap.template_row100"]
    assert torch.equal(torch.as_tensor(point_picture()[len(row) // 2]), row)
    tracks = Tracks(tensors["heatmap.in.tracks"], tensors["heatmap.in.visibility"].bool())
    assert torch.equal(heat_maps(tracks, *expected.shape[1:]), expected)


def test_conditions_in_other_modes_of_the_script(anidoc: AniDocSet) -> None:
    """The script ran on the material of the run `h`."""
    given, expected = anidoc.tensors("h"), anidoc.tensors("e2")
    height, width = given["mid.map_ref"].shape
    drawn = given[next(name for name in given if name.startswith("mid.subset_index"))]
    pairs = Pairs(
        on_pixels(given["in.points_ref"], height, width)[drawn],
        on_pixels(given["in.points_sketch0"], height, width)[drawn],
    )
    frames = len(given["mid.sketch_u8"])
    reference = as_values(given["in.ref_native_u8"])
    repeated = pair_labels(pairs, frames, height, width)
    modes = {
        "repeat_matching": (given["mid.sketch_u8"], repeated, Correspondences.REPEATED),
        "first_frame_only": (given["mid.sketch_u8"], repeated, Correspondences.FIRST_FRAME),
        "not_quant": (given["mid.detector_out_u8"], repeated, Correspondences.REPEATED),
    }
    assert {name.split(".")[0] for name in expected} == {*modes, "tracking_half"}
    for mode, (sketches, maps, correspondences) in modes.items():
        ours = frame_condition(sketches, maps, reference, correspondences)
        label_channels = ours[:, SKETCH_CHANNELS : SKETCH_CHANNELS + 2]
        for frame in (0, 1):
            assert torch.equal(label_channels[frame].byte(), expected[f"{mode}.maps_frame{frame}_u8"])
        assert torch.equal(label_channels[:, 0].amax(dim=(1, 2)), expected[f"{mode}.map_ref_per_frame_max"])
        pictures = ours[1, SKETCH_CHANNELS + 2 :].abs().max()
        assert_near(pictures[None], expected[f"{mode}.ref_channels_frame1_absmax"], 1e-6)
        assert_near(ours[3, :1], expected[f"{mode}.sketch_frame3"], 1e-6)


def test_the_halves_of_the_release_differ_by_as_much_as_is_known(anidoc: AniDocSet) -> None:
    """Its condition is made of half-precision parts; ours is not."""
    tensors = anidoc.tensors("e2")
    assert bool(tensors["tracking_half.condition_dtype_is_float32"])
    reference = as_values(anidoc.tensors("h")["in.ref_native_u8"])
    away = (reference.half().float() - tensors["tracking_half.ref_channels_cast_half"].float()).abs().max()
    assert float(away) <= 2.0 * anidoc.config["e2_half"]["max_diff_vs_fp32"]


def test_the_scripts_own_draws(anidoc: AniDocSet) -> None:
    given, seeds = anidoc.tensors("h"), anidoc.config["h_script"]
    (subset,) = (name for name in given if name.startswith("mid.subset_index"))
    drawn = draw_pairs(len(given["in.points_ref"]), seeds["numpy_seed_before_subset"])
    assert torch.equal(drawn, given[subset])
    queries = given["mid.tracker_queries"][0]
    sketch = on_pixels(given["in.points_sketch0"], *given["mid.map_ref"].shape)[drawn]
    assert np.array_equal(queries[:, 1:].numpy(), sketch.float().numpy())
    tracks = Tracks(given["in.pred_tracks"][0], given["in.pred_visibility"][0].bool())
    movement = Movement.of(tracks)
    chosen = movement.survivors[movement.draw(seeds["max_points"], seeds["torch_seed_before_draw"])]
    (index,) = (name for name in given if name.startswith("mid.drawn_index"))
    assert torch.equal(chosen, given[index])
    reference = on_pixels(given["in.points_ref"], *given["mid.map_ref"].shape)[drawn]
    maps = track_labels(Pairs(reference, sketch), tracks, chosen, *given["mid.map_ref"].shape)
    assert torch.equal(maps.reference, given["mid.map_ref"])
    assert torch.equal(maps.frames, given["mid.map_frames"])
