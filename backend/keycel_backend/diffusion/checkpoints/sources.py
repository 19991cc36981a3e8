"""From which tensor of which file each of our parameters comes, checked before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn

from keycel_backend.diffusion.checkpoints.files import TensorFile, bad_model, damaged

_SHOWN = 5


class Operation(Enum):
    """What is done to a published tensor."""

    KEEP = "keep"
    SQUEEZE = "squeeze"
    """1x1 convolution to linear: (O, I, 1, 1) to (O, I)."""
    TRANSPOSE = "transpose"
    FIRST_THIRD = "rows 0/3"
    """Of query, key and value stacked along the rows."""
    SECOND_THIRD = "rows 1/3"
    LAST_THIRD = "rows 2/3"


_APPLY: dict[Operation, Callable[[Tensor], Tensor]] = {
    Operation.KEEP: lambda tensor: tensor,
    Operation.SQUEEZE: lambda tensor: tensor[..., 0, 0],
    Operation.TRANSPOSE: lambda tensor: tensor.mT,
    Operation.FIRST_THIRD: lambda tensor: tensor.chunk(3)[0],
    Operation.SECOND_THIRD: lambda tensor: tensor.chunk(3)[1],
    Operation.LAST_THIRD: lambda tensor: tensor.chunk(3)[2],
}


@dataclass(frozen=True, slots=True)
class Source:
    """A published tensor and what makes it ours."""

    key: str
    operation: Operation = Operation.KEEP


@dataclass(frozen=True, slots=True)
class Origin:
    file: TensorFile
    source: Source


Origins = Mapping[str, Origin]
"""For each name in a component's state dict."""


def check_names(file: TensorFile, expected: Iterable[str], tolerated: Callable[[str], bool]) -> None:
    """Every expected key is in the file, and every other one in it is `tolerated` (known, and not needed).

    Raises:
        KeycelError: REG_BAD_MODEL, naming what is missing and what is unexpected.
    """
    wanted = set(expected)
    missing = sorted(wanted - file.shapes.keys())
    unexpected = sorted(key for key in file.shapes.keys() - wanted if not tolerated(key))
    if missing or unexpected:
        raise bad_model(
            file.path,
            f"The file {file.path.name} is not the weights file that is needed here.",
            "Choose the model's own file; other versions of a model have other tensors.",
            f"{_listed('missing', missing)}; {_listed('unexpected', unexpected)}",
        )


def check_shapes(component: nn.Module, origins: Origins) -> None:
    """Raises `KeycelError` REG_BAD_MODEL where a tensor has not the shape that the network needs."""
    for name, ours in component.state_dict().items():
        origin = origins[name]
        published = origin.file.shapes[origin.source.key]
        shape = _shape_after(published, origin.source.operation)
        if shape != tuple(ours.shape):
            raise bad_model(
                origin.file.path,
                f"The file {origin.file.path.name} is of a model of another size.",
                "Choose the model's own file.",
                f"{origin.source.key} is {published}, {tuple(ours.shape)} was expected for {name}",
            )


def read_component(origins: Origins, dtype: torch.dtype) -> dict[str, Tensor]:
    """The state dict of a component, on the CPU.

    Raises:
        KeycelError: REG_BAD_MODEL where numbers are not finite or the file is damaged.
    """
    state: dict[str, Tensor] = {}
    for name, origin in origins.items():
        tensor = _APPLY[origin.source.operation](origin.file.read(origin.source.key)).to(dtype)
        if not torch.isfinite(tensor).all():
            raise damaged(origin.file.path, f"{origin.source.key} has numbers that are not finite")
        state[name] = tensor.contiguous()
    return state


def _shape_after(shape: tuple[int, ...], operation: Operation) -> tuple[int, ...]:
    """() where the operation cannot be applied."""
    meta = torch.empty(shape, device="meta")
    try:
        return tuple(_APPLY[operation](meta).shape)
    except (IndexError, RuntimeError):
        return ()


def _listed(what: str, keys: list[str]) -> str:
    shown = ", ".join(keys[:_SHOWN]) + (" ..." if len(keys) > _SHOWN else "")
    return f"{len(keys)} {what}" + (f": {shown}" if keys else "")
