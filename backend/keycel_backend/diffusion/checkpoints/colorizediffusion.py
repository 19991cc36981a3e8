"""ColorizeDiffusion's weights as published: its own file, and CLIP ViT-H/14 from LAION beside it."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
from keycel_backend.diffusion.colorizediffusion.configuration import (
    PREDICTION_TYPES,
    BackgroundConfiguration,
    ColorizeDiffusionConfiguration,
    DenoiserConfiguration,
)
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks, build_networks
from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration, ImageEncoderConfiguration

UNET = "model.diffusion_model."
_FIRST_STAGE = "first_stage_model."
_PREFIXES = {
    "sketch_encoder": "control_encoder.",
    "background_transformer": "transformer.",
    "threshold_embedder": "thresh_embedder.",
}
VISION = "visual."
"""Prefix of CLIP's vision tower in OpenCLIP's files."""
TRANSFORMERS_VISION = "vision_model."
"""The same in files of transformers, whose names are ours."""

_SCHEDULE = re.compile(
    r"(betas|(sqrt_)?(alphas_cumprod(_prev)?|(recip(m1)?|one_minus)_alphas_cumprod)|log_one_minus_alphas_cumprod"
    r"|posterior_(variance|log_variance_clipped|mean_coef[12])|lvlb_weights|logvar|scale_factor)"
)
"""Noise schedule, which follows from three published numbers."""
_TEXT_TOWER = re.compile(rf"(?!{re.escape(VISION)}).*")
_TRANSFORMERS_TEXT = re.compile(r"text_model\..*|text_projection\.weight|logit_scale|.*\.position_ids")


def load_official(
    own: Path,
    clip: Path,
    configuration: ColorizeDiffusionConfiguration,
    precision: torch.dtype = torch.float32,
) -> ColorizeDiffusionNetworks:
    """Networks with the published weights, on the CPU.

    Args:
        own: `switch-eps.safetensors`.
        clip: LAION's CLIP ViT-H/14, as OpenCLIP or as transformers has it.
        precision: of the denoiser and the sketch encoder.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(configuration)
    fill(networks, official_origins(networks, open_tensors(own), open_tensors(clip)), precision)
    return networks


def convert_colorizediffusion(
    own: Path, clip: Path, folder: Path, configuration: ColorizeDiffusionConfiguration, precision: torch.dtype
) -> None:
    """Writes the published weights to `folder` in our names, with their shapes and the prediction type.

    The folder appears at the end and whole; one that was there before is replaced.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    with torch.device("meta"):
        networks = build_networks(configuration)
    origins = official_origins(networks, open_tensors(own), open_tensors(clip))
    write_converted(folder, origins, asdict(configuration), precision)


def load_colorizediffusion(folder: Path, precision: torch.dtype) -> ColorizeDiffusionNetworks:
    """Networks from a folder of `convert_colorizediffusion`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    configuration = read_configuration(folder, "colorizediffusion", _configuration)
    return load_stored(folder, build_networks, configuration, precision)


def _configuration(parts: dict[str, Any]) -> ColorizeDiffusionConfiguration:
    prediction_type = parts["prediction_type"]
    if prediction_type not in PREDICTION_TYPES:
        raise ValueError(f"prediction type {prediction_type!r}")
    return ColorizeDiffusionConfiguration(
        DenoiserConfiguration(**with_tuples(parts["denoiser"])),
        BackgroundConfiguration(**with_tuples(parts["background"])),
        AutoencoderConfiguration(**with_tuples(parts["autoencoder"])),
        ImageEncoderConfiguration(**with_tuples(parts["image_encoder"])),
        prediction_type,
    )


def official_origins(
    networks: ColorizeDiffusionNetworks, own: TensorFile, clip: TensorFile
) -> dict[str, Origins]:
    """For each component where its tensors come from; names and shapes are checked, data not read.

    Raises:
        KeycelError: REG_BAD_MODEL unless every key of both files is accounted for.
    """
    as_transformers = any(key.startswith(TRANSFORMERS_VISION) for key in clip.shapes)
    sources = official_sources(networks, as_transformers)
    origins: dict[str, Origins] = {
        name: {
            ours: Origin(clip if name == "reference_encoder" else own, source)
            for ours, source in of_component.items()
        }
        for name, of_component in sources.items()
    }
    text = _TRANSFORMERS_TEXT if as_transformers else _TEXT_TOWER
    flat = [origin for of_component in origins.values() for origin in of_component.values()]
    for file, not_needed in ((own, _SCHEDULE), (clip, text)):
        expected = {origin.source.key for origin in flat if origin.file is file}
        check_names(file, expected, lambda key, known=not_needed: known.fullmatch(key) is not None)
    for name, component in networks.components().items():
        check_shapes(component, origins[name])
    return origins


def official_sources(
    networks: ColorizeDiffusionNetworks, as_transformers: bool = False
) -> dict[str, dict[str, Source]]:
    """For each component the published tensor of every name in its state dict.

    `as_transformers`: of the vision tower as transformers keeps it, else as OpenCLIP does.
    """
    configuration = networks.configuration
    names = {name: list(component.state_dict()) for name, component in networks.components().items()}
    layers = configuration.denoiser.layers_per_block
    levels = len(configuration.autoencoder.block_out_channels)
    sources = {
        "unet": {name: Source(UNET + unet_names.published_name(name, layers)) for name in names["unet"]},
        "vae": {name: _autoencoder_source(name, levels) for name in names["vae"]},
        "reference_encoder": {
            name: Source(name) if as_transformers else _vision_source(name)
            for name in names["reference_encoder"]
        },
    }
    for component, prefix in _PREFIXES.items():
        sources[component] = {name: Source(prefix + name) for name in names[component]}
    return sources


def _autoencoder_source(name: str, levels: int) -> Source:
    half, _, rest = name.partition(".")
    if half in ("quant_conv", "post_quant_conv"):
        return Source(_FIRST_STAGE + name)
    source = autoencoder_names.published_source(rest, levels)
    return Source(f"{_FIRST_STAGE}{half}.{source.key}", source.operation)


def _vision_source(name: str) -> Source:
    source = image_encoder_names.published_source(name)
    return Source(VISION + source.key, source.operation)
