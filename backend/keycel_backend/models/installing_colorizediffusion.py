"""Installs ColorizeDiffusion from its publishers' files: converted, read back, then put in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from keycel_backend.diffusion.checkpoints.colorizediffusion import (
    TRANSFORMERS_VISION,
    UNET,
    VISION,
    convert_colorizediffusion,
    official_origins,
)
from keycel_backend.diffusion.checkpoints.files import TensorFile, bad_model, open_tensors
from keycel_backend.diffusion.colorizediffusion.configuration import ColorizeDiffusionConfiguration
from keycel_backend.diffusion.colorizediffusion.networks import build_networks
from keycel_backend.models.catalogue import COLORIZEDIFFUSION
from keycel_backend.models.installing import PRECISIONS, Tell, compare, put_in_place, staged
from keycel_shared.errors import ErrorCode, KeycelError

PUBLISHED = ColorizeDiffusionConfiguration(prediction_type="epsilon")
"""Of `switch-eps.safetensors`, the only v1.5 weights that are published; no tensor tells the prediction."""
_OWN, _CLIP = "of ColorizeDiffusion", "of CLIP"


def install_colorizediffusion(files: Sequence[Path], precision: str, tell: Tell) -> Path:
    """Converts the publishers' files into the models folder; the user has accepted the licence.

    A model that was installed before stays until the new one is complete.

    Args:
        files: `switch-eps.safetensors` and LAION's CLIP ViT-H/14 (OpenCLIP's or transformers' file), in any
            order and under any name.
        precision: of the denoiser and the sketch encoder, a key of `PRECISIONS`.
    Returns:
        The model's folder.
    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    own, clip = _told_apart(files)
    staging = COLORIZEDIFFUSION.folder.with_name(f"{COLORIZEDIFFUSION.name}.installing")
    with staged(staging, "10 GB"):
        tell("converting")
        convert_colorizediffusion(own, clip, staging, PUBLISHED, PRECISIONS[precision])
        tell("reading back")
        _read_back(own, clip, staging, PRECISIONS[precision])
        put_in_place(
            staging,
            COLORIZEDIFFUSION,
            {"precision": precision, "from": {path.name: path.stat().st_size for path in (own, clip)}},
        )
    return COLORIZEDIFFUSION.folder


def _told_apart(files: Sequence[Path]) -> tuple[Path, Path]:
    """ColorizeDiffusion's file and CLIP's, by what is in them."""
    found: dict[str, Path] = {}
    for path in files:
        kind = _kind_of(open_tensors(path))
        if kind in found:
            raise bad_model(
                path, f"{path.name} and {found[kind].name} are both weights {kind}.", _remedy(), kind
            )
        found[kind] = path
    missing = {_OWN, _CLIP} - found.keys()
    if missing:
        needed = COLORIZEDIFFUSION.files[0 if _OWN in missing else 1]
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The file {needed.name} is missing.",
            _remedy(),
            f"{needed.name}: {needed.publisher}",
        )
    return found[_OWN], found[_CLIP]


def _kind_of(file: TensorFile) -> str:
    if any(key.startswith(UNET) for key in file.shapes):
        if not any(".lora_down_" in key for key in file.shapes):
            raise bad_model(
                file.path,
                f"{file.path.name} has no adapters for foreground and background: it is another version.",
                "Choose switch-eps.safetensors, version 1.5.",
                "no lora_down tensors",
            )
        return _OWN
    if any(key.startswith((VISION, TRANSFORMERS_VISION)) for key in file.shapes):
        return _CLIP
    raise bad_model(
        file.path,
        f"{file.path.name} holds the weights of another model.",
        _remedy(),
        f"{len(file.shapes)} tensors",
    )


def _remedy() -> str:
    return f"Give both files: {COLORIZEDIFFUSION.install_command}"


def _read_back(own: Path, clip: Path, folder: Path, precision: torch.dtype) -> None:
    """Compares every tensor that was written with the publishers' files, one component at a time."""
    with torch.device("meta"):
        networks = build_networks(PUBLISHED)
    compare(official_origins(networks, open_tensors(own), open_tensors(clip)), folder, precision)
