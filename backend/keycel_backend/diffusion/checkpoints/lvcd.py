"""LVCD's weights as published: the file of Stable Video Diffusion, and LVCD's own on top of it."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import torch

from keycel_backend.diffusion.checkpoints import autoencoder_names, image_encoder_names, unet_names
from keycel_backend.diffusion.checkpoints.files import TensorFile, open_tensors
from keycel_backend.diffusion.checkpoints.sources import (
    Origin,
    Origins,
    Source,
    check_names,
    check_shapes,
)
from keycel_backend.diffusion.checkpoints.store import (
    fill,
    load_stored,
    read_configuration,
    with_tuples,
    write_converted,
)
from keycel_backend.diffusion.lvcd.networks import (
    LvcdConfiguration,
    LvcdNetworks,
    build_networks,
)
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)

_UNET = "model.diffusion_model."
_CONTROLNET = "control_model."
_FIRST_STAGE = "first_stage_model."
_CONDITIONER_VAE = "conditioner.embedders.3.encoder."
_IMAGE_ENCODER = "conditioner.embedders.0.open_clip.model.visual."

_TRAINED = re.compile(r".*transformer_blocks\.\d+\.attn1\..*")
"""Tensors of the UNet that LVCD's own file replaces: all self-attentions, in space and in time."""
_NOT_NEEDED = re.compile(
    r"conditioner\.embedders\.0\.open_clip\.model\.(?!visual\.).*"  # what is left of CLIP's text tower
    r"|conditioner\.embedders\.3\.encoder\.(decoder|post_quant_conv)\..*"  # a decoder nobody uses
)


def load_official(
    svd: Path, lvcd: Path, configuration: LvcdConfiguration, precision: torch.dtype = torch.float32
) -> LvcdNetworks:
    """Networks with the published weights, on the CPU; the VAE in float32 whatever the precision.

    Args:
        svd: `svd.safetensors`.
        lvcd: `lvcd.ckpt`, or its weights as `.safetensors`.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(configuration)
    origins = official_origins(networks, open_tensors(svd), open_tensors(lvcd))
    fill(networks, origins, precision)
    return networks


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
    write_converted(folder, origins, asdict(configuration), precision)


def load_lvcd(folder: Path, precision: torch.dtype) -> LvcdNetworks:
    """Networks from a folder of `convert_lvcd`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    configuration = read_configuration(
        folder,
        "lvcd",
        lambda parts: LvcdConfiguration(
            UNetConfiguration(**with_tuples(parts["unet"])),
            AutoencoderConfiguration(**with_tuples(parts["autoencoder"])),
            ImageEncoderConfiguration(**with_tuples(parts["image_encoder"])),
        ),
    )
    return load_stored(folder, build_networks, configuration, precision)


def official_origins(networks: LvcdNetworks, svd: TensorFile, lvcd: TensorFile) -> dict[str, Origins]:
    """For each component where its tensors come from; names and shapes are checked, data not read.

    Raises:
        KeycelError: REG_BAD_MODEL unless every key of both files is accounted for.
    """
    sources = official_sources(networks)
    origins: dict[str, Origins] = {}
    for name, of_component in sources.items():
        own = name == "controlnet"
        origins[name] = {
            ours: Origin(lvcd if own or (name == "unet" and _TRAINED.fullmatch(ours)) else svd, source)
            for ours, source in of_component.items()
        }
    flat = [origin for of_component in origins.values() for origin in of_component.values()]
    replaced = {source.key for ours, source in sources["unet"].items() if _TRAINED.fullmatch(ours)}
    from_svd = {origin.source.key for origin in flat if origin.file is svd} | replaced
    check_names(svd, from_svd, lambda key: _NOT_NEEDED.fullmatch(key) is not None)
    check_names(lvcd, {origin.source.key for origin in flat if origin.file is lvcd}, lambda _: False)
    for name, component in networks.components().items():
        check_shapes(component, origins[name])
    return origins


def official_sources(networks: LvcdNetworks) -> dict[str, dict[str, Source]]:
    """For each component the published tensor of every name in its state dict."""
    configuration = networks.configuration
    names = {name: list(component.state_dict()) for name, component in networks.components().items()}
    layers = configuration.unet.layers_per_block
    levels = len(configuration.autoencoder.block_out_channels)
    return {
        "unet": {name: Source(_UNET + unet_names.published_name(name, layers)) for name in names["unet"]},
        "controlnet": {
            name: Source(_CONTROLNET + unet_names.published_name(name, layers))
            for name in names["controlnet"]
        },
        "vae": {name: _autoencoder_source(name, levels) for name in names["vae"]},
        "vae_first_stage_encoder": {
            name: _prefixed(f"{_FIRST_STAGE}encoder.", _half_source(name, levels))
            for name in names["vae_first_stage_encoder"]
        },
        "image_encoder": {
            name: _prefixed(_IMAGE_ENCODER, image_encoder_names.published_source(name))
            for name in names["image_encoder"]
        },
    }


def _autoencoder_source(name: str, levels: int) -> Source:
    """Encoder and `quant_conv` are those of the conditioner, the decoder is the first stage's."""
    if name.startswith("quant_conv."):
        return Source(_CONDITIONER_VAE + name)
    prefix = _CONDITIONER_VAE if name.startswith("encoder.") else _FIRST_STAGE
    return _prefixed(f"{prefix}{name.split('.', 1)[0]}.", _half_source(name, levels))


def _half_source(name: str, levels: int) -> Source:
    return autoencoder_names.published_source(name.split(".", 1)[1], levels)


def _prefixed(prefix: str, source: Source) -> Source:
    return Source(prefix + source.key, source.operation)
