"""The line extractor beside the official one, with weights made by the README's formula."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
import torch
from goldens.anidoc_set import AniDocSet, assert_near
from torch import Tensor

from keycel_backend.diffusion.anidoc.lines import binarised
from keycel_backend.diffusion.lineart import LineExtractor, extract_lines


def _made_up(name: str, tensor: Tensor) -> Tensor:
    """splitmix64 of the name and the place; wraps around on purpose."""
    with np.errstate(over="ignore"):
        z = (np.uint64(zlib.crc32(name.encode())) << np.uint64(32)) + np.arange(
            tensor.numel(), dtype=np.uint64
        )
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    unit = (z >> np.uint64(40)).astype(np.float64) / 2.0**24
    bound = math.sqrt(3.0 / math.prod(tensor.shape[1:])) if tensor.dim() == 4 else 0.05
    return torch.from_numpy(((2.0 * unit - 1.0) * bound).astype(np.float32)).reshape(tensor.shape)


def _extractor(told: dict[str, Any]) -> LineExtractor:
    extractor = LineExtractor()
    state = {name: _made_up(name, tensor) for name, tensor in extractor.state_dict().items()}
    stated = told["per_tensor_shape_fanin_first4_before_final_rescale"]
    assert stated.keys() == state.keys()
    for name, (shape, _, first) in stated.items():
        assert list(state[name].shape) == shape
        assert state[name].flatten()[:4].tolist() == first
    for name, words in told["final_rescale"].items():
        word, number = words.split()
        state[name] = state[name] * float(number) if word == "times" else state[name] + float(number)
    extractor.load_state_dict(state)
    return extractor


def test_line_extractor(anidoc: AniDocSet) -> None:
    tensors = anidoc.tensors("f")
    extractor = _extractor(anidoc.config["f_lineart_weights"])
    cases = [name.split(".")[0] for name in tensors if name.endswith(".in.image_u8")]
    assert cases
    for case in cases:
        picture = tensors[f"{case}.in.image_u8"]
        found = extractor(picture.permute(2, 0, 1)[None].float() / 255.0)[0, 0]
        assert_near(found, tensors[f"{case}.out.float"], anidoc.tolerance["f_float"])
        lines = torch.from_numpy(extract_lines(extractor, picture.numpy()))
        assert (lines.int() - tensors[f"{case}.out.u8"].int()).abs().max() <= 1
        assert torch.equal(binarised(tensors[f"{case}.out.u8"]), tensors[f"{case}.out.binary"])
        clear = (tensors[f"{case}.out.float"] * 255.0 - 201.0).abs() > 255.0 * anidoc.tolerance["f_float"]
        assert torch.equal(binarised(lines)[clear], tensors[f"{case}.out.binary"][clear])


def test_sketches_of_the_script_are_binary(anidoc: AniDocSet) -> None:
    run = anidoc.tensors("h")
    assert torch.equal(binarised(run["mid.detector_out_u8"]), run["mid.sketch_u8"])
