"""AniDoc's weights as published: its own UNet and ControlNet, VAE and image encoder of SVD, all of diffusers.

Each is a file of its own whose tensors have the names that our networks have, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch

from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, AniDocNetworks, build_networks
from keycel_backend.diffusion.checkpoints.files import TensorFile, open_tensors
from keycel_backend.diffusion.checkpoints.sources import Origin, Origins, Source, check_names, check_shapes
from keycel_backend.diffusion.checkpoints.store import (
    fill,
    load_stored,
    read_configuration,
    with_tuples,
    write_converted,
)
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)

COMPONENTS = {
    "unet": re.compile(r"up_blocks\.\d+\.resnets\.\d+\.temporal_res_block\..*"),
    "controlnet": re.compile(r"controlnet_cond_embedding\..*"),
    "vae": re.compile(r"decoder\.time_conv_out\..*"),
    "image_encoder": re.compile(r"vision_model\..*"),
}
"""For each component names of which its file has some and no other file has any."""
_POSITIONS = "vision_model.embeddings.position_ids"
"""A buffer that old versions of transformers wrote; it only counts up."""


def load_official(
    files: Mapping[str, Path], configuration: AniDocConfiguration, precision: torch.dtype = torch.float32
) -> AniDocNetworks:
    """Networks with the published weights, on the CPU; the VAE in float32 whatever the precision.

    Args:
        files: for each component its file.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(configuration)
    opened = {name: open_tensors(path) for name, path in files.items()}
    fill(networks, official_origins(networks, opened), precision)
    return networks


def official_origins(networks: AniDocNetworks, files: Mapping[str, TensorFile]) -> dict[str, Origins]:
    """For each component where its tensors come from; names and shapes are checked, data not read.

    Raises:
        KeycelError: REG_BAD_MODEL unless every key of all files is accounted for.
    """
    origins: dict[str, Origins] = {}
    for name, component in networks.components().items():
        origins[name] = {ours: Origin(files[name], Source(ours)) for ours in component.state_dict()}
        check_names(files[name], origins[name], lambda key: key == _POSITIONS)
        check_shapes(component, origins[name])
    return origins


def convert_anidoc(
    files: Mapping[str, Path], folder: Path, configuration: AniDocConfiguration, precision: torch.dtype
) -> None:
    """Writes the published weights to `folder`; the VAE in float32 whatever the precision.

    The folder appears at the end and whole; one that was there before is replaced.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(configuration)
    origins = official_origins(networks, {name: open_tensors(path) for name, path in files.items()})
    write_converted(folder, origins, asdict(configuration), precision)


def load_anidoc(folder: Path, precision: torch.dtype) -> AniDocNetworks:
    """Networks from a folder of `convert_anidoc`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    configuration = read_configuration(
        folder,
        "anidoc",
        lambda parts: AniDocConfiguration(
            UNetConfiguration(**with_tuples(parts["unet"])),
            tuple(parts["hint_widths"]),
            AutoencoderConfiguration(**with_tuples(parts["autoencoder"])),
            ImageEncoderConfiguration(**with_tuples(parts["image_encoder"])),
        ),
    )
    return load_stored(folder, build_networks, configuration, precision)
