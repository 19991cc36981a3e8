"""Counts operations and live memory of networks without computing: for tensors on the meta device.

Attention counts as a kernel that never writes its weights down, as the fast ones on every device do not.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(slots=True)
class Count:
    """What a piece of work took; filled in at its end."""

    operations: int = 0
    """Floating point; a multiplication with an addition counts as two."""
    peak_bytes: int = 0
    """Most that was alive at once of what the work made itself (weights and inputs are not)."""


@contextmanager
def counted() -> Generator[Count, None, None]:
    """Counts what is done inside."""
    count = Count()
    attention, memory = _Attention(), _LiveMemory()
    flops = FlopCounterMode(display=False)
    with flops, memory, attention:
        yield count
    count.operations = flops.get_total_flops() + attention.operations
    count.peak_bytes = memory.peak


class _Attention(TorchFunctionMode):
    """Stands in for the attention kernel: on the meta device torch would take it apart."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        del types
        if func is not functional.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        query, key = args[0], args[1]
        self.operations += attention_operations(query, key)
        return torch.empty_like(query)


def attention_operations(query: Tensor, key: Tensor) -> int:
    """Of attention with these (batch, heads, tokens, width)."""
    batch, heads, tokens, width = query.shape
    return 4 * batch * heads * tokens * key.shape[2] * width


class _LiveMemory(TorchDispatchMode):
    """Follows the storages of new tensors to their end."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.peak = 0
        self._alive: dict[int, int] = {}
        self._total = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        del types
        leaves = tree_leaves((args, kwargs))
        given = {_identity(one.untyped_storage()) for one in leaves if isinstance(one, Tensor)}
        result = func(*args, **(kwargs or {}))
        for one in tree_leaves(result):
            if isinstance(one, Tensor):
                self._follow(one, given)
        return result

    def _follow(self, tensor: Tensor, given: set[int]) -> None:
        storage = tensor.untyped_storage()
        key = _identity(storage)
        if key in self._alive or key in given:  # a view of what is there
            return
        self._alive[key] = storage.nbytes()
        self._total += storage.nbytes()
        self.peak = max(self.peak, self._total)
        weakref.finalize(storage, self._end, key)

    def _end(self, key: int) -> None:
        self._total -= self._alive.pop(key, 0)


def _identity(storage: torch.UntypedStorage) -> int:
    """Of the storage itself: the address of its data is nothing on the meta device."""
    return storage._cdata  # pyright: ignore[reportPrivateUsage]
