"""TAESD (madebyollin/taesd): a small network that decodes latents of Stable Diffusion roughly and at once.

Stable Video Diffusion has the same latents. Only previews use it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor, nn

from keycel_backend.diffusion.checkpoints.files import bad_model, damaged, open_tensors

CONFIGURATION = "config.json"
WEIGHTS = "diffusion_pytorch_model.safetensors"
_REMEDY = "Get the folder madebyollin/taesd again from Hugging Face."
_LATENT_CHANNELS = 4


class TinyDecoder:
    """Rough pictures from latents, as `preview.LatentColors` gives them, but sharp."""

    def __init__(self, network: AutoencoderTiny) -> None:
        self._network = network

    @torch.no_grad()
    def picture(self, latent: Tensor) -> Tensor:
        """(4, height, width), scaled, to (8 height, 8 width, 3) uint8 RGB on the CPU."""
        network = cast(Any, self._network)
        decoded: Tensor = network.decode(latent[None].float().to(network.device)).sample[0]
        values = ((decoded + 1.0) / 2.0 * 255.0).clamp(0.0, 255.0)
        return values.byte().permute(1, 2, 0).contiguous().cpu()


def load_tiny_decoder(folder: Path, device: torch.device) -> TinyDecoder:
    """From the publisher's two files.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    file = open_tensors(folder / WEIGHTS)
    network = _built(folder / CONFIGURATION)
    state = {key: file.read(key) for key in file.shapes}
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    if {key: tuple(value.shape) for key, value in state.items()} != wanted:
        raise bad_model(file.path, "The weights are not those of TAESD.", _REMEDY)
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        raise damaged(file.path, "a value is not finite")
    network.load_state_dict(state)
    nn.Module.to(network.eval(), device=device, dtype=torch.float32)
    return TinyDecoder(network)


def _built(path: Path) -> AutoencoderTiny:
    try:
        configuration = json.loads(path.read_text("utf-8"))
        network = cast(Any, AutoencoderTiny).from_config(configuration)
        channels = int(network.config.latent_channels)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise bad_model(path, "The settings of TAESD cannot be read.", _REMEDY, str(error)) from error
    if channels != _LATENT_CHANNELS:
        raise bad_model(path, "This is TAESD for another family of models.", _REMEDY, f"{channels} channels")
    return network
