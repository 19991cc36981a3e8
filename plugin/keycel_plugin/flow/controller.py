"""What buttons and shortcuts do. Implements `ui.commands.Commands`; decides which frames are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keycel_plugin.flow import review
from keycel_plugin.flow.after_image import color_after_image
from keycel_plugin.flow.animate import animate
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.colorize import colorize, spread
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.inbetween import inbetween
from keycel_plugin.flow.models import ModelKeeper
from keycel_plugin.flow.overlay import show_overlay
from keycel_plugin.flow.palette import rename_color, replace_color
from keycel_plugin.flow.palette_files import read_palette
from keycel_plugin.flow.plans import Plans
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.flow.resume import Resume
from keycel_plugin.flow.runner import Runner
from keycel_plugin.flow.setup.flow import NEEDS_SETUP, SetupFlow
from keycel_plugin.flow.takes import choose_take
from keycel_plugin.flow.watch import Watch
from keycel_plugin.host.ports import Host, ShotDocument
from keycel_plugin.qt import QtCore
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.engine_options import with_option
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice, Rgba, Scope, Spacing
from keycel_plugin.state.remedies import Remedy
from keycel_plugin.words import _
from keycel_shared.messages import OptionValue


class Controller(QtCore.QObject):
    """Connects the docker with the use cases."""

    def __init__(self, host: Host, backend: Backend, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._backend = backend
        self.model = Model(self, backend.status)
        self._context = Context(backend, self.model.progress, self.model.question)
        self.models = ModelKeeper(self.model.models, backend, self)
        self._runner = Runner(self.model.progress, self.refresh)
        self._watch = Watch(host, self.model, self)
        self._plans = Plans(host, self.model, backend, self._planned, self)
        self._resume = Resume(host, self.model.choice, self._context, self._runner.start, self)
        self.setup = SetupFlow(self.model.setup, backend, self._set_up, self)
        self.model.review.current_changed.connect(self._drop_old_selection)
        backend.status.changed.connect(self._show_engines)
        backend.status.changed.connect(self.setup.follow_backend)

    @property
    def busy(self) -> bool:
        return self._runner.busy

    def shut_down(self) -> None:
        """Krita is closing: stop at once and leave the backend."""
        self.setup.stop()
        self._runner.stop()
        self.models.stop()
        self._watch.stop()
        self._backend.close()
        self._plans.stop()  # last: it plans whenever the backend's status changes

    # ---------------------------------------------------------------------------- setting up

    def refresh(self) -> None:
        self._watch.look_again()

    def docker_shown(self, shown: bool) -> None:
        if not shown:
            self._watch.stop()
            return
        self._watch.start()
        self._runner.run(self._connect)

    def choose_line(self, layer: str) -> None:
        self._choose(line_layer=layer)

    def choose_color(self, layer: str) -> None:
        self._choose(color_layer=layer)

    def choose_reference(self, layer: str) -> None:
        """Empty: none."""
        self._choose(reference_layer=layer)

    def choose_mask(self, layer: str) -> None:
        """Empty: none."""
        self._choose(mask_layer=layer)

    def set_image_option(self, name: str, value: OptionValue) -> None:
        state = self.model.choice
        options = with_option(state.image_engine, state.choice.image_options, name, value)
        self._choose(image_options=options)

    def choose_result(self, layer: str) -> None:
        self._choose(result_layer=layer, new_layer=not layer)

    def choose_engine(self, name: str) -> None:
        self._choose(engine=name, options={})

    def set_option(self, name: str, value: OptionValue) -> None:
        state = self.model.choice
        self._choose(options=with_option(state.engine, state.choice.options, name, value))

    def choose_scope(self, scope: Scope) -> None:
        self._choose(scope=scope)

    def choose_spacing(self, spacing: Spacing) -> None:
        self._choose(spacing=spacing)

    def load_palette(self, path: str) -> None:
        async def work() -> str:
            colors = tuple(entry.color for entry in read_palette(Path(path)))
            self._choose(palette_name=Path(path).name, palette=colors)
            return ""

        self._runner.run(work)

    def clear_palette(self) -> None:
        self._choose(palette_name="", palette=())

    # ---------------------------------------------------------------------------- working

    def colorize(self) -> None:
        wanted = self._planned()
        document, times = wanted or (self._host.active_document(), None)
        choice = self.model.choice.choice

        async def work() -> str:
            told = await colorize(document, choice, times, self._context)
            if choice.show_unsure and document.is_active():  # a new layer has no marks yet
                await show_overlay(document, True, self._context)
            return told

        self._runner.start(work)

    def inbetween(self) -> None:
        wanted = self._planned()
        document, times = wanted or (self._host.active_document(), None)
        choice = self.model.choice.choice
        self._runner.start(lambda: inbetween(document, choice, times, self._context))

    def spread(self) -> None:
        document, choice = self._host.active_document(), self.model.choice.choice
        self._runner.start(lambda: spread(document, choice, self._context))

    def regenerate(self) -> None:
        document, choice = self._host.active_document(), self.model.choice.choice
        times = self._frames_meant()
        self._runner.start(lambda: regenerate(document, times, choice, self._context))

    def animate(self, another: bool) -> None:
        animation, document, choice = (
            self.model.animation,
            self._host.active_document(),
            self.model.choice.choice,
        )
        engine = animation.engine
        if engine is None or self.busy:
            return
        animation.take += another
        options, take = animation.all_options(), animation.take
        self._runner.start(lambda: animate(document, choice, engine.name, options, take, self._context))

    def set_animation_option(self, name: str, value: OptionValue) -> None:
        self.model.animation.set_option(name, value)

    def color_after_image(self, path: str) -> None:
        document, state = self._host.active_document(), self.model.choice
        choice, image = state.for_images(state.choice), Path(path) if path else None
        self._runner.start(lambda: color_after_image(document, (), image, choice, self._context))

    def cancel(self) -> None:
        self._runner.cancel()

    def answer(self, yes: bool) -> None:
        self.model.question.answer(yes)

    def remedy(self, remedy: Remedy) -> None:
        if remedy is Remedy.SET_UP:
            self.setup.open()
            return
        document = self._host.active_document()
        if remedy is Remedy.UNLOCK_LAYER:
            ours = self._watch.ours
            if ours is not None:
                document.unlock(ours.layer)
        elif remedy is Remedy.UNDO_AND_TRY_AGAIN:
            document.undo()
        if remedy is Remedy.COLORIZE_FIRST:
            self.colorize()
        elif remedy not in (Remedy.CHOOSE_LINE_LAYER, Remedy.CHOOSE_COLOR_LAYER):
            self._runner.start_again()

    # ---------------------------------------------------------------------------- reviewing

    def go_to(self, time: int) -> None:
        self._host.active_document().move_playhead(time)
        self._watch.look_again()

    def select(self, times: Sequence[int]) -> None:
        self.model.review.show_selection(times)

    def next_unsure(self) -> None:
        self._go_to_unsure(1)

    def previous_unsure(self) -> None:
        self._go_to_unsure(-1)

    def accept(self) -> None:
        document, times = self._host.active_document(), self._frames_meant()
        self._runner.run(lambda: review.accept(document, times))

    def lock(self) -> None:
        document, times = self._host.active_document(), self._frames_meant()
        self._runner.run(lambda: review.lock(document, times))

    def choose_take(self, digest: str) -> None:
        document, time = self._host.active_document(), self.model.review.current
        self._runner.start(lambda: choose_take(document, time, digest, self._context))

    def show_unsure(self, shown: bool) -> None:
        document = self._host.active_document()
        self._runner.start(lambda: show_overlay(document, shown, self._context))

    # ---------------------------------------------------------------------------- colours

    def replace_color(self, original: Rgba, color: Rgba) -> None:
        document = self._host.active_document()
        self._runner.start(lambda: replace_color(document, original, color, self._context))

    def rename_color(self, original: Rgba, name: str) -> None:
        rename_color(self._host.active_document(), original, name)
        self.refresh()

    # ---------------------------------------------------------------------------- which frames, which choice

    def _frames_meant(self) -> tuple[int, ...]:
        """See `ui.commands`: strip, else timeline, else the drawing under the playhead."""
        view = self.model.review
        if len(view.selected) > 1:
            return view.selected
        document = self._host.active_document()
        chosen = document.selected_times() if document.is_open() else ()
        if len(chosen) > 1:
            cells = (view.cell_at(time) for time in chosen)
            return tuple(sorted({cell.time for cell in cells if cell is not None}))
        return (view.current,) if view.current >= 0 else ()

    def _planned(self) -> tuple[ShotDocument, tuple[int, ...] | None] | None:
        """The document in front and the frames that Colorize is for."""
        document = self._host.active_document()
        if not document.is_open():
            return None
        scope = self.model.choice.choice.scope
        if scope is Scope.ALL:
            return document, None
        if scope is Scope.CURRENT:
            return document, (document.playhead(),)
        return document, self._frames_meant()

    def _drop_old_selection(self) -> None:
        """The playhead has moved on its own: what was clicked in the strip is not meant any more."""
        view = self.model.review
        if view.current not in view.selected:
            view.show_selection(())

    def _go_to_unsure(self, direction: int) -> None:
        time = review.next_unsure(self.model.review, direction)
        if time is not None:
            self.go_to(time)

    def _choose(self, **changes: object) -> None:
        document = self._host.active_document()
        if document.is_open():
            changed: Choice = replace(self.model.choice.choice, **changes)
            review.set_choice(document, changed)
            self.refresh()

    # ---------------------------------------------------------------------------- the backend

    async def _connect(self) -> str:
        """Learn the engines while the artist still chooses layers."""
        await self._backend.connect()
        return ""

    def _set_up(self) -> None:
        """The setup page is closed: an error that it has mended is news no more."""
        error = self.model.progress.news.error
        if error is not None and error.code in NEEDS_SETUP and self._backend.status.link is Link.READY:
            self.model.progress.finish(_("Choose the two layers, then press Colorize."))

    def _show_engines(self) -> None:
        if self._backend.engines:
            self.model.choice.show_engines(self._backend.engines)
            self.model.animation.show_engines(self._backend.engines)
            self._plans.plan_soon()
