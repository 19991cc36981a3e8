"""A set of goldens of AniDoc is what it says it is, and none of its files is compared with nothing."""

from __future__ import annotations

import hashlib
import re

import pytest
from goldens.anidoc_set import AniDocSet
from safetensors import safe_open

from keycel_backend.diffusion.anidoc.condition import CONDITION_CHANNELS
from keycel_backend.diffusion.svd.unet import build_unet

CONFIGURATION = "config.json"
COMPARED = (
    *(rf"{letter}_\w+\.safetensors" for letter in ("a", "b")),  # test_anidoc_networks
    *(rf"{letter}_\w+\.safetensors" for letter in ("c", "d", "h")),  # test_anidoc_pipeline
    *(rf"{letter}_\w+\.safetensors" for letter in ("e", "e2")),  # test_anidoc_correspondence
    r"f_\w+\.safetensors",  # test_anidoc_lineart
    r"g_\w+\.safetensors",  # test_anidoc_tables
    *(rf"weights/{name}\.safetensors" for name in ("unet", "controlnet", "vae", "image_encoder")),
)
"""Names of files that tests read, all weights strictly."""


def _files(anidoc: AniDocSet) -> set[str]:
    every = (path for path in anidoc.folder.rglob("*") if path.is_file())
    return {path.relative_to(anidoc.folder).as_posix() for path in every} - {CONFIGURATION}


def test_every_file_is_compared_by_a_test(anidoc: AniDocSet) -> None:
    files = _files(anidoc)
    assert [name for name in sorted(files) if not any(re.fullmatch(one, name) for one in COMPARED)] == []
    for pattern in COMPARED:
        assert any(re.fullmatch(pattern, name) for name in files), f"there is no file {pattern}"
    assert files == set(anidoc.config["files"]), "all files that are listed, and no others"


def test_files_are_whole(anidoc: AniDocSet) -> None:
    for name, told in anidoc.config["files"].items():
        path = anidoc.folder / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"], name
        with safe_open(path, framework="pt") as file:
            parts = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118, it is no mapping
            shapes = {key: [part.get_dtype(), list(part.get_shape())] for key, part in parts.items()}
        if isinstance(told["tensors"], int):  # of weights
            assert len(shapes) == told["tensors"], name
        else:
            assert shapes == told["tensors"], name


@pytest.mark.parametrize("network", ["unet", "controlnet"])
def test_nothing_in_the_shape_of_the_networks_is_beyond_ours(anidoc: AniDocSet, network: str) -> None:
    """What a set could say and our configuration cannot: such a set would be compared with other networks."""
    told = anidoc.config[f"{network}_config"]
    built = build_unet(anidoc.configuration.unet).config
    for name in ("down_block_types", "up_block_types"):
        assert list(built[name]) == told[name]
    for name in ("transformer_layers_per_block", "projection_class_embeddings_input_dim"):
        assert built[name] == told[name]
    shared = ("block_out_channels", "num_attention_heads", "cross_attention_dim", "addition_time_embed_dim")
    assert all(told[name] == anidoc.config["unet_config"][name] for name in shared), "one shape for both"
    if network == "controlnet":
        assert told["conditioning_channels"] == CONDITION_CHANNELS
