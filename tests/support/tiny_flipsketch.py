"""FlipSketch of a size that runs in a test, with random weights, as its publishers' folder would hold it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from keycel_backend.diffusion.checkpoints.flipsketch_lora import lora_layers
from keycel_backend.diffusion.flipsketch.configuration import (
    AutoencoderConfiguration,
    FlipsketchConfiguration,
    TextEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks
from keycel_backend.models import installing_flipsketch

from .byte_vocabulary import BYTE_VOCABULARY, write_byte_vocabulary

TINY = FlipsketchConfiguration(
    UNetConfiguration((16, 32), 1, cross_attention_dim=24, attention_head_dim=8, norm_num_groups=8),
    AutoencoderConfiguration((8, 8, 16, 16), 1, norm_num_groups=4),
    TextEncoderConfiguration(len(BYTE_VOCABULARY), 24, 48, 2, 4, max_position_embeddings=32),
)


def random_networks(seed: int, configuration: FlipsketchConfiguration = TINY) -> FlipsketchNetworks:
    """Every weight random, also those that are zero before training."""
    networks = build_networks(configuration)
    generator = torch.Generator().manual_seed(seed)
    for component in networks.components().values():
        for name, parameter in component.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.data = noise / parameter[0].numel() ** 0.5
            else:
                parameter.data = 0.2 * noise + float(name.endswith("weight"))
    return networks


def write_folder(folder: Path, networks: FlipsketchNetworks) -> Path:
    """Like `checkpoint-2500`: settings, weights and tokenizer, each in its folder."""
    settings = asdict(networks.configuration)
    for name, component in networks.components().items():
        part = folder / name
        part.mkdir(parents=True)
        prefix = "text_model." if name == "text_encoder" else ""
        state = {f"{prefix}{key}": tensor for key, tensor in component.state_dict().items()}
        if name == "unet":
            save_file(state, part / "diffusion_pytorch_model.safetensors")
        else:
            torch.save(state, part / ("pytorch_model.bin" if prefix else "diffusion_pytorch_model.bin"))
        (part / "config.json").write_text(json.dumps(settings[name] | {"_class_name": name}))
    (folder / "scheduler").mkdir()
    scheduler = settings["scheduler"] | {"beta_schedule": "scaled_linear"}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    (folder / "tokenizer").mkdir()
    write_byte_vocabulary(folder / "tokenizer")
    return folder


def write_lora(path: Path, networks: FlipsketchNetworks, component: str, rank: int = 2) -> list[torch.Tensor]:
    """Additions for one component, as their publisher saves them."""
    generator = torch.Generator().manual_seed(len(component))
    tensors: list[torch.Tensor] = []
    for _, shape in lora_layers(networks, component):
        up = (shape[0], rank) + (1,) * (len(shape) - 2)
        tensors += [torch.randn(size, generator=generator) / 10.0 for size in (up, (rank, *shape[1:]))]
    torch.save(tensors, path)
    return tensors


def install_tiny(home: Path, networks: FlipsketchNetworks, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Into the data folder `home`, which becomes Keycel's; the model's folder."""
    monkeypatch.setenv("KEYCEL_HOME", str(home))
    monkeypatch.setattr(installing_flipsketch, "PUBLISHED", networks.configuration)
    folder = write_folder(home / "published" / "checkpoint-2500", networks)
    return installing_flipsketch.install_flipsketch([folder], "float32", lambda _: None)
