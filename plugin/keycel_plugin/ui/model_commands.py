"""What the page of models can ask for. `flow.models.ModelKeeper` does it; tests only listen."""

from __future__ import annotations

from typing import Protocol


class ModelCommands(Protocol):
    """Every method returns at once; `state.models.Models` tells later what has come of it."""

    def show(self, shown: bool) -> None:
        """The page came into sight, or went out of it."""

    def install(self, name: str, accept_licence: bool) -> None:
        """Download what is missing and install it; goes on where it was paused."""

    def link(self, name: str, folder: str, accept_licence: bool) -> None:
        """Use the files in this folder of another program."""

    def pause(self, name: str) -> None: ...

    def verify(self, name: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def set_offline(self, offline: bool) -> None: ...
