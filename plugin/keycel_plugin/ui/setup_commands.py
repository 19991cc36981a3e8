"""What the setup page can ask for. `flow.setup.flow.SetupFlow` does it; the tests of the page only listen.

Every method returns at once.
"""

from __future__ import annotations

from typing import Protocol


class SetupCommands(Protocol):
    def open(self) -> None:
        """Show the page, and look for what is there."""

    def look_again(self) -> None: ...

    def use(self, python: str) -> None:
        """Take a backend that is there."""

    def point_at(self, path: str) -> None:
        """Take the backend in this folder, or the one of this Python."""

    def install(self, with_diffusion: bool) -> None:
        """Install, or go on with what was stopped."""

    def cancel(self) -> None:
        """Stop installing; what is done stays done."""

    def connect(self) -> None:
        """Try once more to reach the backend."""

    def color_trial(self) -> None:
        """Colour the test shot."""

    def close(self) -> None:
        """Back to the docker's usual pages."""
