"""FlipSketch's additions to the weights of its base, as their own files: low-rank, without names.

A file is a list `[up, down, up, down, ...]` in the order in which the trainer walked through the network;
weight + up @ down is the tuned weight. The published merged folder has the additions in it already, but not
all of them: the trainer merged only some kinds of layers.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from keycel_backend.diffusion.checkpoints.files import TensorFile, bad_model, damaged
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks
from keycel_shared.errors import ErrorCode, KeycelError

_LAYERS: dict[str, tuple[type[nn.Module], ...]] = {
    "unet": (nn.Linear, nn.Conv2d, nn.Conv3d),
    "text_encoder": (nn.Linear,),
}


def lora_layers(networks: FlipsketchNetworks, component: str) -> list[tuple[str, tuple[int, ...]]]:
    """(name, shape of its weight) of every layer with an addition, in the order of the file."""
    network = networks.components()[component]
    return [
        (name, tuple(cast("Tensor", module.weight).shape))
        for name, module in cast("Iterator[tuple[str, nn.Module]]", network.named_modules())
        if isinstance(module, _LAYERS[component])
    ]


class LoraMerged:
    """A file of weights as if its additions were in it."""

    def __init__(self, base: TensorFile, path: Path, layers: Sequence[tuple[str, tuple[int, ...]]]) -> None:
        """`layers`: name of the weight in `base` and its shape, in the order of the file at `path`.

        Raises:
            KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
        """
        self.path = base.path
        self.shapes = base.shapes
        self._base = base
        tensors = read_lora(path)
        if len(tensors) != 2 * len(layers):
            raise _other(path, f"{len(tensors)} tensors, {2 * len(layers)} were expected")
        self._pairs: dict[str, tuple[Tensor, Tensor]] = {}
        for (name, shape), up, down in zip(layers, tensors[::2], tensors[1::2], strict=True):
            fits = up.shape[:1] == shape[:1] and up[0].numel() == len(down) and down.shape[1:] == shape[1:]
            if not fits:
                raise _other(path, f"{tuple(up.shape)} and {tuple(down.shape)} for {name}, which is {shape}")
            self._pairs[name] = up, down

    def read(self, key: str) -> Tensor:
        tensor = self._base.read(key)
        if key not in self._pairs:
            return tensor
        up, down = self._pairs[key]
        return tensor.float() + (up.flatten(1).float() @ down.flatten(1).float()).reshape(tensor.shape)


def read_lora(path: Path) -> list[Tensor]:
    """The tensors of a file, `[up, down, up, down, ...]`.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL. Objects in the file that are not tensors are never built.
    """
    if not path.is_file():
        raise KeycelError(
            ErrorCode.REG_NO_MODEL, f"There is no file {path.name}.", "Give the place of the file.", str(path)
        )
    try:
        # weights_only: a pickle may run code otherwise
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
        raise damaged(path, str(error).split("\n", 1)[0]) from error
    items = cast("list[Any]", content) if isinstance(content, list) else []
    if not items or not all(isinstance(one, Tensor) and one.dim() > 1 for one in items):
        raise _other(path, "not a list of tensors")
    return items


def _other(path: Path, reason: str) -> KeycelError:
    return bad_model(
        path,
        f"The file {path.name} does not hold FlipSketch's additions for this part.",
        "Give 2500_unet.pt and 2500_text_encoder.pt from the folder lora.",
        reason,
    )
