"""Our own files of a model: one safetensors file per component beside a description of their shapes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

from keycel_backend.diffusion.checkpoints.files import bad_model, open_tensors
from keycel_backend.diffusion.checkpoints.sources import (
    Origin,
    Origins,
    Source,
    check_names,
    check_shapes,
    read_component,
)
from keycel_backend.diffusion.placement import Networks, component_dtype
from keycel_shared.errors import ErrorCode, KeycelError

Configuration = TypeVar("Configuration")
AnyNetworks = TypeVar("AnyNetworks", bound=Networks)

_CONFIGURATION = "configuration.json"


def write_converted(
    folder: Path, origins: Mapping[str, Origins], configuration: Mapping[str, Any], precision: torch.dtype
) -> None:
    """Writes the weights of all components to `folder` in our names, and their configuration.

    The folder appears at the end and whole; one that was there before is replaced.

    Raises:
        KeycelError: REG_BAD_MODEL.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, of_component in origins.items():
            # a component at a time: the whole in main memory would be 13 GB
            state = read_component(of_component, component_dtype(name, precision))
            save_file(state, partial / f"{name}.safetensors")
        (partial / _CONFIGURATION).write_text(json.dumps(configuration, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def open_stored(networks: Networks, folder: Path) -> dict[str, Origins]:
    """Where the tensors of `networks` are in a folder of `write_converted`; names and shapes are checked.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    origins: dict[str, Origins] = {}
    for name, component in networks.components().items():
        file = open_tensors(folder / f"{name}.safetensors")
        origins[name] = {ours: Origin(file, Source(ours)) for ours in component.state_dict()}
        check_names(file, origins[name], lambda _: False)
        check_shapes(component, origins[name])
    return origins


def fill(networks: Networks, origins: Mapping[str, Origins], precision: torch.dtype) -> None:
    """Puts real weights into networks that were built on the meta device.

    Raises:
        KeycelError: REG_BAD_MODEL.
    """
    for name, component in networks.components().items():
        state = read_component(origins[name], component_dtype(name, precision))
        component.load_state_dict(state, assign=True)
        component.requires_grad_(False)


def load_stored(
    folder: Path,
    build: Callable[[Configuration], AnyNetworks],
    configuration: Configuration,
    precision: torch.dtype,
) -> AnyNetworks:
    """Networks from a folder of `write_converted`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build(configuration)
    fill(networks, open_stored(networks, folder), precision)
    return networks


def read_configuration(
    folder: Path, model: str, build: Callable[[dict[str, Any]], Configuration]
) -> Configuration:
    """The shapes that `write_converted` was given.

    Args:
        model: its name, for what the user is told.
        build: from the stored values; may raise ValueError, KeyError, TypeError or AttributeError.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    path = folder / _CONFIGURATION
    if not path.is_file():
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The model {model} is not installed.",
            f"Install it: keycel models install {model}.",
            str(path),
        )
    try:
        return build(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bad_model(
            path, f"The description of the model {model} is damaged.", "Install the model again.", str(error)
        ) from error


def with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the tuples that configurations hold."""
    lists = {name: cast("list[int]", value) for name, value in values.items() if isinstance(value, list)}
    return values | {name: tuple(value) for name, value in lists.items()}
