"""What the docker can ask for. `flow.controller.Controller` does it; the tests of the docker only listen.

Every method returns at once. Times are frame numbers at which a drawing starts. Commands about frames
mean the cells selected in the strip; if none is, the frames selected in Krita's timeline; if that is
only one cell, the drawing under the playhead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keycel_plugin.state.records import Rgba, Scope, Spacing
from keycel_plugin.state.remedies import Remedy
from keycel_plugin.ui.model_commands import ModelCommands
from keycel_plugin.ui.setup_commands import SetupCommands
from keycel_shared.messages import OptionValue


class Commands(Protocol):
    @property
    def setup(self) -> SetupCommands:
        """What the setup page asks for."""
        ...

    @property
    def models(self) -> ModelCommands:
        """What the page of models can ask for."""
        ...

    # ---------------------------------------------------------------------------- setting up

    def refresh(self) -> None:
        """The document or its layers may have changed."""

    def docker_shown(self, shown: bool) -> None:
        """Nobody looks at a hidden docker: nothing is polled, no backend is started for it."""

    def choose_line(self, layer: str) -> None: ...

    def choose_color(self, layer: str) -> None: ...

    def choose_reference(self, layer: str) -> None: ...

    def choose_mask(self, layer: str) -> None:
        """The layer on which the figure of drawings is painted, or "" for none."""

    def set_image_option(self, name: str, value: OptionValue) -> None:
        """An option of the engine that colours after images."""

    def choose_result(self, layer: str) -> None:
        """One of our layers, or "" for a new one."""

    def choose_engine(self, name: str) -> None: ...

    def set_option(self, name: str, value: OptionValue) -> None: ...

    def choose_scope(self, scope: Scope) -> None: ...

    def choose_spacing(self, spacing: Spacing) -> None: ...

    def load_palette(self, path: str) -> None:
        """From now on only the colours of this .gpl or .kpl file are legal."""

    def clear_palette(self) -> None: ...

    # ---------------------------------------------------------------------------- working

    def colorize(self) -> None: ...

    def inbetween(self) -> None:
        """The line layer has key sketches: draw and colour the frames between them."""

    def spread(self) -> None:
        """Corrected and accepted frames become references for all frames that are not protected."""

    def regenerate(self) -> None:
        """New takes of the selected frames."""

    def animate(self, another: bool) -> None:
        """A new layer of drawings from the one under the playhead; `another`: another take of the same."""

    def set_animation_option(self, name: str, value: OptionValue) -> None:
        """An option of the engine that animates."""

    def color_after_image(self, path: str) -> None:
        """Colour the drawing under the playhead after an image in a file; "": on the reference layer."""

    def cancel(self) -> None: ...

    def answer(self, yes: bool) -> None: ...

    def remedy(self, remedy: Remedy) -> None:
        """The button beside an error."""

    # ---------------------------------------------------------------------------- reviewing

    def go_to(self, time: int) -> None:
        """Move the playhead."""

    def select(self, times: Sequence[int]) -> None:
        """The cells selected in the strip."""

    def next_unsure(self) -> None: ...

    def previous_unsure(self) -> None: ...

    def accept(self) -> None:
        """Accept the frames; if all of them are accepted already, take that back."""

    def lock(self) -> None:
        """Lock the frames; if all of them are locked already, unlock them."""

    def choose_take(self, digest: str) -> None:
        """Put a take of the current frame into the layer."""

    def show_unsure(self, shown: bool) -> None:
        """Show or hide the layer that marks unsure regions; it is made when first shown."""

    # ---------------------------------------------------------------------------- colours

    def replace_color(self, original: Rgba, color: Rgba) -> None: ...

    def rename_color(self, original: Rgba, name: str) -> None: ...
