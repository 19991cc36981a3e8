"""Our own files of FlipSketch: a safetensors file per component, the tokenizer's, and their shapes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

from keycel_backend.diffusion.checkpoints.files import bad_model, open_tensors
from keycel_backend.diffusion.checkpoints.flipsketch import fill
from keycel_backend.diffusion.checkpoints.sources import (
    Origin,
    Origins,
    Source,
    check_names,
    check_shapes,
    read_component,
)
from keycel_backend.diffusion.flipsketch.configuration import (
    AutoencoderConfiguration,
    FlipsketchConfiguration,
    ScheduleConfiguration,
    TextEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks, component_dtype
from keycel_backend.diffusion.flipsketch.text import TOKENIZER_FILES, Tokenizer
from keycel_shared.errors import ErrorCode, KeycelError

_CONFIGURATION = "configuration.json"


def write_flipsketch(
    folder: Path,
    configuration: FlipsketchConfiguration,
    origins: Mapping[str, Origins],
    tokenizer: Path,
    precision: torch.dtype,
) -> None:
    """Writes the published weights to a folder that is there, in our names.

    Args:
        tokenizer: folder with its files.
        precision: of the UNet; all else is float32.
    Raises:
        KeycelError: REG_BAD_MODEL.
    """
    for name, of_component in origins.items():
        # a component at a time: the whole in main memory would be 8 GB
        state = read_component(of_component, component_dtype(name, precision))
        save_file(state, folder / f"{name}.safetensors")
    for name in TOKENIZER_FILES:
        shutil.copyfile(tokenizer / name, folder / name)
    (folder / _CONFIGURATION).write_text(json.dumps(asdict(configuration), indent=1), encoding="utf-8")


def load_flipsketch(folder: Path, precision: torch.dtype) -> tuple[FlipsketchNetworks, Tokenizer]:
    """From a folder of `write_flipsketch`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    configuration = _read_configuration(folder / _CONFIGURATION)
    with torch.device("meta"):
        networks = build_networks(configuration)
    origins: dict[str, Origins] = {}
    for name, component in networks.components().items():
        file = open_tensors(folder / f"{name}.safetensors")
        origins[name] = {ours: Origin(file, Source(ours)) for ours in component.state_dict()}
        check_names(file, origins[name], lambda _: False)
        check_shapes(component, origins[name])
    text = configuration.text_encoder
    tokenizer = Tokenizer(folder, text.max_position_embeddings, text.vocab_size)
    fill(networks, origins, precision)
    return networks, tokenizer


def _read_configuration(path: Path) -> FlipsketchConfiguration:
    if not path.is_file():
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            "The model FlipSketch is not installed.",
            "Install it: keycel models install flipsketch.",
            str(path),
        )
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        return FlipsketchConfiguration(
            UNetConfiguration(**_with_tuples(parts["unet"])),
            AutoencoderConfiguration(**_with_tuples(parts["vae"])),
            TextEncoderConfiguration(**parts["text_encoder"]),
            ScheduleConfiguration(**parts["scheduler"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bad_model(
            path,
            "The description of the model FlipSketch is damaged.",
            "Install the model again.",
            str(error),
        ) from error


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    lists = {name: cast("list[int]", value) for name, value in values.items() if isinstance(value, list)}
    return values | {name: tuple(value) for name, value in lists.items()}
