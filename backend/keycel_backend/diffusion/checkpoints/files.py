"""Files with weights, read one tensor at a time: safetensors, and PyTorch's own without pickled objects."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from keycel_shared.errors import ErrorCode, KeycelError

_REMEDY = "Get the file again from its publisher, and check its size and checksum."


class TensorFile(Protocol):
    """Named tensors. Shapes cost nothing; data are read when asked for."""

    @property
    def path(self) -> Path: ...

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...

    def read(self, key: str) -> Tensor: ...


def open_tensors(path: Path) -> TensorFile:
    """Opens `.safetensors`, else a file of `torch.save` (a state dict, or a checkpoint that holds one).

    Raises:
        KeycelError: REG_NO_MODEL if there is no such file, REG_BAD_MODEL if it cannot be read. Objects in
            a pickle that are not tensors and plain containers are never built.
    """
    if not path.is_file():
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            f"There is no weights file {path.name}.",
            "Install the model, or give the place of its file.",
            str(path),
        )
    return _Safetensors(path) if path.suffix == ".safetensors" else _TorchFile(path)


def bad_model(path: Path, title: str, remedy: str, detail: str = "") -> KeycelError:
    return KeycelError(ErrorCode.REG_BAD_MODEL, title, remedy, f"{path}: {detail}" if detail else str(path))


def damaged(path: Path, reason: str) -> KeycelError:
    return bad_model(path, f"The weights file {path.name} is damaged.", _REMEDY, reason)


class _Safetensors:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: Any = safe_open(path, framework="pt")
            keys = list(self._file.keys())  # the file itself cannot be iterated
            self.shapes = {key: tuple(self._file.get_slice(key).get_shape()) for key in keys}
        except (SafetensorError, OSError, ValueError) as error:
            raise damaged(path, str(error)) from error

    def read(self, key: str) -> Tensor:
        try:
            return self._file.get_tensor(key)
        except (SafetensorError, OSError, ValueError) as error:
            raise damaged(self.path, str(error)) from error


class _TorchFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # weights_only: a pickle may run code otherwise. mmap: what is not read costs nothing
            is_new_format = zipfile.is_zipfile(path)  # the only one that can be mapped
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_new_format)
        except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
            raise damaged(path, str(error).split("\n", 1)[0]) from error
        tensors = _state_dict(content)
        if tensors is None:
            raise bad_model(
                path, f"The file {path.name} holds no weights.", "Choose the file of the model's weights."
            )
        self._tensors = tensors
        self.shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}

    def read(self, key: str) -> Tensor:
        return self._tensors[key]


def _state_dict(content: Any) -> dict[str, Tensor] | None:
    """The weights of a checkpoint, or of a file that is nothing else; None where there are none."""
    if not isinstance(content, dict):
        return None
    entries = cast("dict[str, Any]", content)
    weights: Any = entries.get("state_dict", entries)
    if not isinstance(weights, dict) or not weights:
        return None
    tensors = cast("dict[str, Any]", weights)
    return tensors if all(isinstance(one, Tensor) for one in tensors.values()) else None
