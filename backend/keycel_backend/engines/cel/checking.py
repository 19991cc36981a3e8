"""Stops networks in the middle of a step, which takes seconds on a processor."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

from torch import nn

_LAYERS = (nn.Conv2d, nn.Conv3d, nn.Linear)
"""Where nearly all of the work is."""


@contextmanager
def checked(networks: nn.Module, checkpoint: Callable[[], None]) -> Generator[None]:
    """Inside, `checkpoint` is called before every layer; what it raises (`Cancelled`) ends the work."""

    def check(*_: object) -> None:
        checkpoint()

    with ExitStack() as stack:
        for module in networks.modules():
            if isinstance(module, _LAYERS):
                stack.callback(module.register_forward_pre_hook(check).remove)
        yield
