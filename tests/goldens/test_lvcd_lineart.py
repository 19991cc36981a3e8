"""The line extractor beside the official one, with weights made by the set's recipe."""

from __future__ import annotations

import math
import zlib

import numpy as np
import torch
from goldens.lvcd_set import PICTURE, GoldenSet, assert_close

from keycel_backend.diffusion.lineart import LineExtractor, extract_lines


def _extractor(recipe: dict[str, float]) -> LineExtractor:
    extractor = LineExtractor()
    state = {}
    for key, tensor in extractor.state_dict().items():
        seed = (zlib.crc32(key.encode()) + int(recipe["seed"])) % 2**32
        values = np.random.RandomState(seed).standard_normal(tuple(tensor.shape))
        if key.endswith("weight"):
            values = values * recipe["gain"] / math.sqrt(math.prod(tensor.shape[1:]))
        else:
            values = values * recipe["bias_std"]
        state[key] = torch.from_numpy(values.astype(np.float32))
    extractor.load_state_dict(state)
    return extractor


def test_line_extractor(facts: GoldenSet) -> None:
    tensors = facts.tensors("lineart")
    extractor = _extractor(facts.config["lineart"])
    picture = tensors["image_u8"].permute(2, 0, 1)[None].float() / 255.0
    assert_close(extractor(picture)[0, 0], tensors["line_float"], PICTURE)
    lines = extract_lines(extractor, tensors["image_u8"].numpy()).astype(int)
    assert np.abs(lines - tensors["line_u8"].numpy().astype(int)).max() <= 1
