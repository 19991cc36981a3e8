"""Compiles passes of networks with torch.compile, where that works."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import torch

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class CompiledPass:
    """A function that is compiled when it is first called, for each size anew; that takes minutes.

    Where there is no compiler, or it does not manage, the function itself is called from then on.
    """

    def __init__(self, function: Callable[..., Result], backend: str = "inductor") -> None:
        """`backend`: of torch.compile."""
        self._plain = function
        self._backend = backend
        self._compiled: Callable[..., Any] | None = None
        self._works = True

    def __call__(self, *arguments: Any) -> Any:
        if self._works:
            try:
                return self._called(arguments)
            except (torch.OutOfMemoryError, MemoryError):
                raise  # that is answered with less effort, not with other code
            except Exception:
                log.warning("networks stay uncompiled", exc_info=True)
                self._works = False
        return self._plain(*arguments)

    def _called(self, arguments: tuple[Any, ...]) -> Any:
        if self._compiled is None:
            self._compiled = torch.compile(  # pyright: ignore[reportUnknownMemberType]
                self._plain, backend=self._backend, dynamic=False
            )
        return self._compiled(*arguments)
