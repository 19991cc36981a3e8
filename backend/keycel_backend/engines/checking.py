"""Stops networks in the middle of a step, which takes seconds on a processor, and minutes with large ones."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from keycel_backend.diffusion.placement import Networks
from keycel_backend.engines.base import FrameResult, ProgressCallback, Request
from keycel_backend.engines.installed import Runner

_LAYERS = (nn.Conv2d, nn.Conv3d, nn.Linear)
"""Where nearly all of the work is."""


@contextmanager
def checked(networks: Iterable[nn.Module], checkpoint: Callable[[], None]) -> Generator[None]:
    """Inside, `checkpoint` is called before every layer; what it raises (`Cancelled`) ends the work."""

    def check(*_: object) -> None:
        checkpoint()

    with ExitStack() as stack:
        for network in networks:
            for module in network.modules():
                if isinstance(module, _LAYERS):
                    stack.callback(module.register_forward_pre_hook(check).remove)
        yield


def checked_on_processor(networks: Networks, device: torch.device, runner: Runner) -> Runner:
    """The same runner, but on a processor it stops before any layer of its networks."""
    if device.type != "cpu":
        return runner

    def run(
        request: Request, progress: ProgressCallback, checkpoint: Callable[[], None]
    ) -> Iterator[FrameResult]:
        frames = iter(runner(request, progress, checkpoint))
        while True:
            with checked(networks.components().values(), checkpoint):  # not while others use the networks
                frame = next(frames, None)
            if frame is None:
                return
            yield frame

    return run
