"""Preparation of pictures beside the official one; helper networks are the set's stubs."""

from __future__ import annotations

import re

import torch
import torch.nn.functional as functional
from goldens.colorizediffusion_set import EXACT, ColorizeDiffusionSet, assert_near
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.helper_networks import (
    anime_mask,
    dilated,
    extracted_lines,
    salient_mask,
    sketch_mask,
)
from keycel_backend.diffusion.colorizediffusion.preparation import (
    SketchPreparation,
    prepare_sketch,
    to_bytes,
    to_tensor,
    with_white_margin,
)


def test_sketches(coloring_golden: ColorizeDiffusionSet) -> None:
    tensors, told = coloring_golden.tensors("preprocess"), coloring_golden.described("preprocess")
    assert told["cases"]
    for case in told["cases"]:
        picture = tensors[f"{case['name']}.uint8_hwc"].numpy()
        preparation = SketchPreparation(case["mode"])
        ours, place = prepare_sketch(picture, preparation, *case["resolution_hw"])
        assert_near(ours, tensors[f"{case['name']}.{case['mode']}"], EXACT)
        assert [place.left, place.top, place.width, place.height] == case["original_shape"]
        if preparation is SketchPreparation.INVERT:
            assert_near(-ours, tensors[f"{case['name']}.white_sketch_of_invert"], EXACT)


def test_pictures_to_tensors_and_back(coloring_golden: ColorizeDiffusionSet) -> None:
    tensors = coloring_golden.tensors("preprocess")
    for name in {case["name"] for case in coloring_golden.described("preprocess")["cases"]}:
        picture = tensors[f"{name}.uint8_hwc"].numpy()
        assert_near(to_tensor(picture), tensors[f"{name}.to_tensor"], EXACT)
        margins = [key for key in tensors if key.startswith(f"{name}.pad_margin_")]
        assert margins
        for key in margins:
            ours = with_white_margin(picture, float(key.rsplit("_", 1)[1]))
            assert torch.equal(torch.from_numpy(ours), tensors[key])
    ours = torch.from_numpy(to_bytes(tensors["to_numpy.in"]))
    assert torch.equal(ours, tensors["to_numpy.out"])


class _Stub:
    """A network of the set: a number times the mean of the channels, and one more; remembers its input."""

    def __init__(self, described: str) -> None:
        factor = re.search(r"([\d.]+)\*", described)
        offset = re.search(r"\+([\d.]+)", described)
        self._factor = float(factor[1]) if factor else 1.0
        self._offset = float(offset[1]) if offset else 0.0
        self._mean = "mean_c" in described
        self.given = torch.empty(0)

    def __call__(self, values: Tensor) -> Tensor:
        self.given = values
        averaged = values.mean(dim=1, keepdim=True) if self._mean else values
        return self._factor * averaged + self._offset

    def seen(self) -> Tensor:
        return functional.adaptive_avg_pool2d(self.given, 4)


def test_masks_of_helper_networks(coloring_golden: ColorizeDiffusionSet) -> None:
    tensors, stubs = coloring_golden.tensors("preprocess"), coloring_golden.described("preprocess")["stubs"]
    image = tensors["isnet.x"]
    salient, anime, sketch = (_Stub(stubs[name]) for name in ("rmbg", "isnet", "isnet"))
    mask = salient_mask(salient, image)
    assert_near(salient.seen(), tensors["rmbg.net_input_mean4x4"], EXACT)
    assert_near(mask, tensors["rmbg.mask"], EXACT)
    assert_near(dilated(mask), tensors["rmbg.mask_dilated"], EXACT)
    mask = anime_mask(anime, image)
    assert_near(anime.seen(), tensors["isnet.ref_net_input_mean4x4"], EXACT)
    assert_near(dilated(mask), tensors["isnet.ref_mask_dilated"], EXACT)
    height, width = tensors["isnet.sketch_mask"].shape[2:]
    mask = sketch_mask(sketch, image, height, width)
    assert_near(sketch.seen(), tensors["isnet.sketch_net_input_mean4x4"], EXACT)
    assert_near(mask, tensors["isnet.sketch_mask"], EXACT)


def test_lines_of_a_helper_network(coloring_golden: ColorizeDiffusionSet) -> None:
    tensors, stubs = coloring_golden.tensors("preprocess"), coloring_golden.described("preprocess")["stubs"]
    network = _Stub(stubs["sketchkeras"])
    lines = extracted_lines(network, tensors["sketchkeras.uint8_hwc"].numpy())
    assert_near(network.given, tensors["sketchkeras.net_input"], EXACT)
    assert_near(lines, tensors["sketchkeras.out"], EXACT)
