"""Installs FlipSketch from its publishers' folder: converted, read back, and only then in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from keycel_backend.diffusion.checkpoints.files import bad_model, damaged, open_tensors
from keycel_backend.diffusion.checkpoints.flipsketch import official_origins
from keycel_backend.diffusion.checkpoints.flipsketch_lora import lora_layers, read_lora
from keycel_backend.diffusion.checkpoints.flipsketch_store import write_flipsketch
from keycel_backend.diffusion.checkpoints.sources import Origins, read_component
from keycel_backend.diffusion.flipsketch.configuration import FlipsketchConfiguration
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks, component_dtype
from keycel_backend.diffusion.flipsketch.text import Tokenizer
from keycel_backend.models.catalogue import FLIPSKETCH
from keycel_backend.models.installing import PRECISIONS, Tell, put_in_place, staged
from keycel_shared.errors import ErrorCode, KeycelError

PUBLISHED = FlipsketchConfiguration()


def install_flipsketch(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """Converts the publishers' folder into the models folder; the user has accepted the licence.

    A model that was installed before stays until the new one is complete.

    Args:
        paths: the folder `checkpoint-2500`; or the folder of ModelScope's model with FlipSketch's two files
            of additions, in any order and under any name.
        precision: of the UNet's weights, a key of `PRECISIONS`.
    Returns:
        The model's folder.
    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    with torch.device("meta"):
        networks = build_networks(PUBLISHED)
    folder, lora = _told_apart(paths, networks)
    origins = official_origins(networks, folder, lora)
    text = PUBLISHED.text_encoder
    Tokenizer(folder / "tokenizer", text.max_position_embeddings, text.vocab_size)
    staging = FLIPSKETCH.folder.with_name(f"{FLIPSKETCH.folder.name}.installing")
    with staged(staging, "9 GB"):
        staging.mkdir()
        tell("converting")
        write_flipsketch(staging, PUBLISHED, origins, folder / "tokenizer", PRECISIONS[precision])
        tell("reading back")
        _read_back(origins, staging, PRECISIONS[precision])
        put_in_place(
            staging,
            FLIPSKETCH,
            {"precision": precision, "from": [path.name for path in (folder, *lora.values())]},
        )
    return FLIPSKETCH.folder


def _told_apart(paths: Sequence[Path], networks: FlipsketchNetworks) -> tuple[Path, dict[str, Path]]:
    """The folder, and for each component the file with its additions, by how many layers it has."""
    folders = [path for path in paths if path.is_dir()]
    if len(folders) != 1:
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"{len(folders)} folders were given, and one is needed.",
            f"Give the folder of the model: {FLIPSKETCH.install_command}",
            ", ".join(str(path) for path in paths),
        )
    tensors = {2 * len(lora_layers(networks, name)): name for name in ("unet", "text_encoder")}
    lora: dict[str, Path] = {}
    for path in paths:
        if path in folders:
            continue
        component = tensors.get(len(read_lora(path)))
        if component is None or component in lora:
            raise bad_model(
                path,
                f"{path.name} is none of FlipSketch's two files of additions, or both are the same.",
                "Give 2500_unet.pt and 2500_text_encoder.pt from the folder lora, or the folder alone.",
            )
        lora[component] = path
    if len(lora) == 1:
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            "One of FlipSketch's two files of additions is missing.",
            "Give both 2500_unet.pt and 2500_text_encoder.pt, or the folder checkpoint-2500 alone.",
        )
    return folders[0], lora


def _read_back(origins: dict[str, Origins], folder: Path, precision: torch.dtype) -> None:
    """Compares every tensor that was written with the publishers' files, one component at a time."""
    for name, of_component in origins.items():
        written = open_tensors(folder / f"{name}.safetensors")
        for key, tensor in read_component(of_component, component_dtype(name, precision)).items():
            if not torch.equal(written.read(key), tensor):
                raise damaged(written.path, f"{key} is not what was written")
