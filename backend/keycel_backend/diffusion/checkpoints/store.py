"""Our own files of LVCD: one safetensors file per component beside a description of their shapes."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

from keycel_backend.diffusion.checkpoints.files import bad_model, open_tensors
from keycel_backend.diffusion.checkpoints.lvcd import fill, official_origins
from keycel_backend.diffusion.checkpoints.sources import (
    Origin,
    Origins,
    Source,
    check_names,
    check_shapes,
    read_component,
)
from keycel_backend.diffusion.lvcd.networks import (
    LvcdConfiguration,
    LvcdNetworks,
    build_networks,
    component_dtype,
)
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)
from keycel_shared.errors import ErrorCode, KeycelError

_CONFIGURATION = "configuration.json"


def convert_lvcd(
    svd: Path, lvcd: Path, folder: Path, configuration: LvcdConfiguration, precision: torch.dtype
) -> None:
    """Writes the published weights to `folder` in our names; the VAE in float32 whatever the precision.

    The folder appears at the end and whole; one that was there before is replaced.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(configuration)
    origins = official_origins(networks, open_tensors(svd), open_tensors(lvcd))
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, of_component in origins.items():
            # a component at a time: the whole in main memory would be 13 GB
            state = read_component(of_component, component_dtype(name, precision))
            save_file(state, partial / f"{name}.safetensors")
        (partial / _CONFIGURATION).write_text(json.dumps(asdict(configuration), indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load_lvcd(folder: Path, precision: torch.dtype) -> LvcdNetworks:
    """Networks from a folder of `convert_lvcd`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(_read_configuration(folder / _CONFIGURATION))
    origins: dict[str, Origins] = {}
    for name, component in networks.components().items():
        file = open_tensors(folder / f"{name}.safetensors")
        origins[name] = {ours: Origin(file, Source(ours)) for ours in component.state_dict()}
        check_names(file, origins[name], lambda _: False)
        check_shapes(component, origins[name])
    fill(networks, origins, precision)
    return networks


def _read_configuration(path: Path) -> LvcdConfiguration:
    if not path.is_file():
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            "The model LVCD is not installed.",
            "Install it: keycel models install lvcd.",
            str(path),
        )
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        return LvcdConfiguration(
            UNetConfiguration(**_with_tuples(parts["unet"])),
            AutoencoderConfiguration(**_with_tuples(parts["autoencoder"])),
            ImageEncoderConfiguration(**_with_tuples(parts["image_encoder"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bad_model(
            path, "The description of the model LVCD is damaged.", "Install the model again.", str(error)
        ) from error


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    lists = {name: cast("list[int]", value) for name, value in values.items() if isinstance(value, list)}
    return values | {name: tuple(value) for name, value in lists.items()}
