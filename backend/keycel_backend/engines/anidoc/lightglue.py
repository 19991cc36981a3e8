"""LightGlue on SuperPoint (arXiv 2306.13643) as a point matcher, with weights that the user has installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor
from transformers import LightGlueForKeypointMatching

from keycel_backend.diffusion.checkpoints.files import bad_model
from keycel_backend.engines.anidoc.points import Matches
from keycel_backend.regions.arrays import Bytes, Floats

_LONGER_SIDE = 1024
"""Pixels of the pictures that it is shown, as AniDoc's release does."""


class LightGlueMatcher:
    """A `PointMatcher`. The model is transformers' own."""

    def __init__(self, model: LightGlueForKeypointMatching, device: torch.device) -> None:
        self._model = model.to(device).requires_grad_(False).eval()  # pyright: ignore[reportArgumentType]
        self._device = device

    @torch.no_grad()
    def match(self, reference: Bytes, sketch: Bytes) -> Matches:
        height, width = sketch.shape
        pictures = [_prepared(cast("Bytes", cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY))), _prepared(sketch)]
        found = self._model(torch.stack(pictures)[None].to(self._device))
        partners = found.matches.reshape(2, -1)[0].cpu().numpy()  # with or without the batch of one
        places = found.keypoints[0].float().cpu().numpy() * np.array([width, height], np.float32)
        matched = partners >= 0
        return Matches(_float(places[0][matched]), _float(places[1][partners[matched]]))


def load_lightglue(folder: Path, device: torch.device) -> LightGlueMatcher:
    """From a folder with `config.json` and `model.safetensors`.

    Raises:
        KeycelError: REG_BAD_MODEL where that is not such a model.
    """
    try:
        loaded: Any = LightGlueForKeypointMatching.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        model, told = loaded
    except Exception as error:  # the library's errors have no common base
        raise _bad(folder, str(error)) from error
    wrong = [*told["missing_keys"], *told["unexpected_keys"], *told["mismatched_keys"]]
    if wrong:
        raise _bad(folder, f"{len(wrong)} tensors are missing or unexpected: {wrong[0]}")
    return LightGlueMatcher(model, device)


def _bad(folder: Path, reason: str) -> Exception:
    return bad_model(
        folder,
        "The folder holds no LightGlue model that transformers can read.",
        "Give the folder lightglue_superpoint as its publishers have it.",
        reason.split("\n", 1)[0],
    )


def _prepared(grey: Bytes) -> Tensor:
    """(3, height, width) in 0..1."""
    scale = _LONGER_SIDE / max(grey.shape)
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    resized = cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR)
    return (torch.as_tensor(resized).float() / 255.0).expand(3, -1, -1)


def _float(places: Floats) -> Floats:
    return places.astype(np.float32)
