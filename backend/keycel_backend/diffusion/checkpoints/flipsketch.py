"""FlipSketch's weights as published: a folder of diffusers' layout, each component in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch

from keycel_backend.diffusion.checkpoints.files import TensorFile, bad_model, open_tensors
from keycel_backend.diffusion.checkpoints.flipsketch_lora import LoraMerged, lora_layers
from keycel_backend.diffusion.checkpoints.sources import (
    Origin,
    Origins,
    Source,
    check_names,
    check_shapes,
    read_component,
)
from keycel_backend.diffusion.flipsketch.configuration import FlipsketchConfiguration
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, component_dtype
from keycel_shared.errors import ErrorCode, KeycelError

WEIGHTS_NAMES = {
    "unet": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "vae": ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"),
    "text_encoder": ("model.safetensors", "pytorch_model.bin"),
}
_TEXT_PREFIX = "text_model."
_POSITIONS = "text_model.embeddings.position_ids"
"""The numbers 0, 1, 2 ... that older versions of transformers wrote into the file."""
_OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
"""Names inside the VAE's attention before version 0.18 of diffusers."""


def official_origins(
    networks: FlipsketchNetworks, folder: Path, lora: Mapping[str, Path]
) -> dict[str, Origins]:
    """For each component where its tensors come from; names, shapes and settings are checked, data not read.

    Args:
        lora: for "unet" and "text_encoder" the files with additions to the weights in the folder; empty
            where these are merged already.
    Raises:
        KeycelError: REG_NO_MODEL for a file that is missing; REG_BAD_MODEL unless every key is accounted
            for and every setting is that of the networks.
    """
    check_settings(networks.configuration, folder)
    files = {name: open_tensors(_weights_file(folder, name)) for name in networks.components()}
    for name, path in lora.items():
        prefix = _TEXT_PREFIX if name == "text_encoder" else ""
        layers = [(f"{prefix}{layer}.weight", shape) for layer, shape in lora_layers(networks, name)]
        files[name] = LoraMerged(files[name], path, layers)
    return folder_origins(networks, files)


def folder_origins(networks: FlipsketchNetworks, files: Mapping[str, TensorFile]) -> dict[str, Origins]:
    """The same for one file of weights per component."""
    origins: dict[str, Origins] = {}
    for name, component in networks.components().items():
        file = files[name]
        sources = {ours: Source(_published_name(name, ours, file)) for ours in component.state_dict()}
        check_names(file, [source.key for source in sources.values()], lambda key: key == _POSITIONS)
        origins[name] = {ours: Origin(file, source) for ours, source in sources.items()}
        check_shapes(component, origins[name])
    return origins


def fill(
    networks: FlipsketchNetworks, origins: Mapping[str, Origins], precision: torch.dtype = torch.float32
) -> None:
    """Puts real weights into networks, which may have been built on the meta device."""
    for name, component in networks.components().items():
        state = read_component(origins[name], component_dtype(name, precision))
        component.load_state_dict(state, assign=True)
        component.requires_grad_(False)


def check_settings(configuration: FlipsketchConfiguration, folder: Path) -> None:
    """What shapes do not show, such as the width of attention heads, as the folder's own files state it.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    files = {
        "unet": folder / "unet" / "config.json",
        "vae": folder / "vae" / "config.json",
        "text_encoder": folder / "text_encoder" / "config.json",
        "scheduler": folder / "scheduler" / "scheduler_config.json",
    }
    parts = {name: asdict(configuration)[name] for name in files}
    parts["scheduler"] |= {
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "clip_sample": False,
    }
    for name, expected in parts.items():
        stated = _read_settings(files[name])
        for key, value in expected.items():
            wanted = list(cast("tuple[int, ...]", value)) if isinstance(value, tuple) else value
            # a setting that is left out has the library's default, which is the published value
            if key in stated and stated[key] != wanted:
                raise bad_model(
                    files[name],
                    f"The folder {folder.name} holds another model.",
                    "Choose the folder checkpoint-2500 of FlipSketch.",
                    f"{key} is {stated[key]!r}, {wanted!r} was expected",
                )


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise _missing(path)
    try:
        settings: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged_settings(path, str(error)) from error
    if not isinstance(settings, dict):
        raise _damaged_settings(path, "not a JSON object")
    return cast("dict[str, Any]", settings)


def _damaged_settings(path: Path, reason: str) -> KeycelError:
    title = f"The file {path.name} in {path.parent.name} is damaged."
    return bad_model(path, title, "Get it again from its publisher.", reason)


def _weights_file(folder: Path, component: str) -> Path:
    paths = [folder / component / name for name in WEIGHTS_NAMES[component]]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        raise _missing(paths[0])
    return found


def _missing(path: Path) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_NO_MODEL,
        f"The file {path.parent.name}/{path.name} is missing.",
        "Get the whole folder from its publisher and give its place.",
        str(path),
    )


def _published_name(component: str, ours: str, file: TensorFile) -> str:
    if component == "text_encoder":
        return _TEXT_PREFIX + ours
    if component == "vae" and ".attentions." in ours and ours not in file.shapes:
        for new, old in _OLD_ATTENTION.items():
            ours = ours.replace(f".{new}.", f".{old}.")
    return ours
