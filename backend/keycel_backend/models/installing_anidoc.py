"""Installs AniDoc from its publishers' folders: converted, read back, and only then in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, build_networks
from keycel_backend.diffusion.checkpoints.anidoc import COMPONENTS, convert_anidoc, official_origins
from keycel_backend.diffusion.checkpoints.files import TensorFile, bad_model, open_tensors
from keycel_backend.models.catalogue import ANIDOC
from keycel_backend.models.installing import PRECISIONS, Tell, compare, put_in_place, staged
from keycel_shared.errors import ErrorCode, KeycelError

PUBLISHED = AniDocConfiguration()
_WHOLE_PIPELINE = "model_index.json"
_FROM_PIPELINE = ("vae", "image_encoder")
"""Of a folder of Stable Video Diffusion nothing else is needed: AniDoc has a UNet of its own."""


def install_anidoc(paths: Sequence[Path], precision: str, tell: Tell) -> Path:
    """Converts the publishers' files into the models folder; the user has accepted the licence.

    A model that was installed before stays until the new one is complete.

    Args:
        paths: the folders of AniDoc and of Stable Video Diffusion, or the four files in them; in any order.
        precision: of all weights but the VAE's, a key of `PRECISIONS`.
    Returns:
        The model's folder.
    Raises:
        KeycelError: REG_NO_MODEL, REG_BAD_MODEL, RES_DISK_FULL or OUT_NOT_WRITABLE.
    """
    files = _told_apart([file for path in paths for file in _files_in(path)])
    folder = ANIDOC.folder
    staging = folder.with_name(f"{folder.name}.installing")
    with staged(staging, "13 GB"):
        tell("converting")
        convert_anidoc(files, staging, PUBLISHED, PRECISIONS[precision])
        tell("reading back")
        with torch.device("meta"):
            networks = build_networks(PUBLISHED)
        opened = {name: open_tensors(path) for name, path in files.items()}
        compare(official_origins(networks, opened), staging, PRECISIONS[precision])
        put_in_place(
            staging,
            ANIDOC,
            {"precision": precision, "from": {name: path.stat().st_size for name, path in files.items()}},
        )
    return folder


def _files_in(path: Path) -> list[Path]:
    """A file itself; of a folder one file with weights for each part that is needed."""
    if not path.is_dir():
        return [path]
    whole = (path / _WHOLE_PIPELINE).is_file()
    found: list[Path] = []
    for part in _FROM_PIPELINE if whole else COMPONENTS:
        files = sorted(
            (path / part).glob("*.safetensors"), key=lambda file: (".fp16" in file.name, file.name)
        )
        found += files[:1]
    if not found:
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The folder {path.name} holds none of the files that are needed.",
            f"Give the publishers' folders: {ANIDOC.install_command}",
            str(path),
        )
    return found


def _told_apart(files: Sequence[Path]) -> dict[str, Path]:
    """For each component its file, by what is in it."""
    found: dict[str, Path] = {}
    for path in files:
        kind = _kind_of(open_tensors(path))
        if kind in found:
            raise bad_model(path, f"{path} and {found[kind]} are files of the same kind.", _remedy(), kind)
        found[kind] = path
    missing = [name for name in COMPONENTS if name not in found]
    if missing:
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"The file of the {missing[0].replace('_', ' ')} is missing.",
            _remedy(),
            f"missing: {', '.join(missing)}",
        )
    return found


def _kind_of(file: TensorFile) -> str:
    for name, pattern in COMPONENTS.items():
        if any(pattern.fullmatch(key) for key in file.shapes):
            return name
    raise bad_model(
        file.path,
        f"{file.path.name} holds the weights of another model.",
        _remedy(),
        f"{len(file.shapes)} tensors",
    )


def _remedy() -> str:
    return f"Give both folders, or the four files in them: {ANIDOC.install_command}"
