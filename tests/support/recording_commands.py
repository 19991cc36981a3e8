"""Commands that only remember what was asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keycel_plugin.state.records import Rgba, Scope, Spacing
from keycel_plugin.state.remedies import Remedy
from keycel_shared.messages import OptionValue


class RecordingSetup:
    """Implements `ui.setup_commands.SetupCommands`."""

    def __init__(self, calls: list[tuple[Any, ...]]) -> None:
        self._calls = calls

    def open(self) -> None:
        self._calls.append(("open",))

    def look_again(self) -> None:
        self._calls.append(("look_again",))

    def use(self, python: str) -> None:
        self._calls.append(("use", python))

    def point_at(self, path: str) -> None:
        self._calls.append(("point_at", path))

    def install(self, with_diffusion: bool) -> None:
        self._calls.append(("install", with_diffusion))

    def cancel(self) -> None:
        self._calls.append(("cancel_setup",))

    def connect(self) -> None:
        self._calls.append(("connect",))

    def color_trial(self) -> None:
        self._calls.append(("color_trial",))

    def close(self) -> None:
        self._calls.append(("close",))


class RecordingCommands:
    """Implements `ui.commands.Commands`; `calls` are (name, arguments…) in their order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.models = RecordingModelCommands(self.calls)

    @property
    def setup(self) -> RecordingSetup:
        return RecordingSetup(self.calls)

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of every call of that name."""
        return [call[1:] for call in self.calls if call[0] == name]

    def refresh(self) -> None:
        self.calls.append(("refresh",))

    def docker_shown(self, shown: bool) -> None:
        self.calls.append(("docker_shown", shown))

    def choose_line(self, layer: str) -> None:
        self.calls.append(("choose_line", layer))

    def choose_color(self, layer: str) -> None:
        self.calls.append(("choose_color", layer))

    def choose_reference(self, layer: str) -> None:
        self.calls.append(("choose_reference", layer))

    def choose_mask(self, layer: str) -> None:
        self.calls.append(("choose_mask", layer))

    def set_image_option(self, name: str, value: OptionValue) -> None:
        self.calls.append(("set_image_option", name, value))

    def choose_result(self, layer: str) -> None:
        self.calls.append(("choose_result", layer))

    def choose_engine(self, name: str) -> None:
        self.calls.append(("choose_engine", name))

    def set_option(self, name: str, value: OptionValue) -> None:
        self.calls.append(("set_option", name, value))

    def choose_scope(self, scope: Scope) -> None:
        self.calls.append(("choose_scope", scope))

    def choose_spacing(self, spacing: Spacing) -> None:
        self.calls.append(("choose_spacing", spacing))

    def load_palette(self, path: str) -> None:
        self.calls.append(("load_palette", path))

    def clear_palette(self) -> None:
        self.calls.append(("clear_palette",))

    def colorize(self) -> None:
        self.calls.append(("colorize",))

    def inbetween(self) -> None:
        self.calls.append(("inbetween",))

    def spread(self) -> None:
        self.calls.append(("spread",))

    def regenerate(self) -> None:
        self.calls.append(("regenerate",))

    def animate(self, another: bool) -> None:
        self.calls.append(("animate", another))

    def set_animation_option(self, name: str, value: OptionValue) -> None:
        self.calls.append(("set_animation_option", name, value))

    def color_after_image(self, path: str) -> None:
        self.calls.append(("color_after_image", path))

    def cancel(self) -> None:
        self.calls.append(("cancel",))

    def answer(self, yes: bool) -> None:
        self.calls.append(("answer", yes))

    def remedy(self, remedy: Remedy) -> None:
        self.calls.append(("remedy", remedy))

    def go_to(self, time: int) -> None:
        self.calls.append(("go_to", time))

    def select(self, times: Sequence[int]) -> None:
        self.calls.append(("select", tuple(times)))

    def next_unsure(self) -> None:
        self.calls.append(("next_unsure",))

    def previous_unsure(self) -> None:
        self.calls.append(("previous_unsure",))

    def accept(self) -> None:
        self.calls.append(("accept",))

    def lock(self) -> None:
        self.calls.append(("lock",))

    def choose_take(self, digest: str) -> None:
        self.calls.append(("choose_take", digest))

    def show_unsure(self, shown: bool) -> None:
        self.calls.append(("show_unsure", shown))

    def replace_color(self, original: Rgba, color: Rgba) -> None:
        self.calls.append(("replace_color", original, color))

    def rename_color(self, original: Rgba, name: str) -> None:
        self.calls.append(("rename_color", original, name))


class RecordingModelCommands:
    """Implements `ui.model_commands.ModelCommands`; its calls are named `models.…`."""

    def __init__(self, calls: list[tuple[Any, ...]]) -> None:
        self.calls = calls

    def show(self, shown: bool) -> None:
        self.calls.append(("models.show", shown))

    def install(self, name: str, accept_licence: bool) -> None:
        self.calls.append(("models.install", name, accept_licence))

    def link(self, name: str, folder: str, accept_licence: bool) -> None:
        self.calls.append(("models.link", name, folder, accept_licence))

    def pause(self, name: str) -> None:
        self.calls.append(("models.pause", name))

    def verify(self, name: str) -> None:
        self.calls.append(("models.verify", name))

    def remove(self, name: str) -> None:
        self.calls.append(("models.remove", name))

    def set_offline(self, offline: bool) -> None:
        self.calls.append(("models.set_offline", offline))
