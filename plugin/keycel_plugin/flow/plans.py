"""The estimates in the docker: of Colorize, of in-betweens, and of an animation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.estimate import estimate, estimate_animation, estimate_inbetweens
from keycel_plugin.flow.planner import Planner, Question
from keycel_plugin.host.ports import Host, ShotDocument
from keycel_plugin.qt import QtCore
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import AnimationRecord, Choice

Wanted = Callable[[], "tuple[ShotDocument, tuple[int, ...] | None] | None"]
"""The document in front and the frames that Colorize would be for (None: all); None: nothing to plan."""
DrawingsQuestion = Callable[
    [ShotDocument, Choice, "tuple[int, ...] | None", Backend], Coroutine[Any, Any, "Estimate | None"]
]
"""Asks the backend about some frames of a document."""


class Plans(QtCore.QObject):
    """Keeps the estimates of `model.choice` and `model.animation` true."""

    def __init__(
        self,
        host: Host,
        model: Model,
        backend: Backend,
        wanted: Wanted,
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._host = host
        self._model = model
        self._backend = backend
        self._wanted = wanted
        choice, animation = model.choice, model.animation
        colors, inbetweens = (
            partial(self._ask_about_drawings, question) for question in (estimate, estimate_inbetweens)
        )
        self._colors = Planner(model.progress, colors, choice.show_estimate, self)
        self._inbetweens = Planner(model.progress, inbetweens, choice.show_inbetween_estimate, self)
        self._animation = Planner(model.progress, self._ask_animation, animation.show_estimate, self)
        animation.changed.connect(self._animation.plan_soon)
        for changed in (choice.changed, model.review.cells_changed):
            changed.connect(self.plan_soon)

    def plan_soon(self, *_: object) -> None:
        self._colors.plan_soon()
        self._inbetweens.plan_soon()
        self._animation.plan_soon()

    def stop(self) -> None:
        self._colors.stop()
        self._inbetweens.stop()
        self._animation.stop()

    def _ask_about_drawings(self, question: DrawingsQuestion) -> Question | None:
        wanted = self._wanted()
        if wanted is None:
            return None
        document, times = wanted
        return partial(question, document, self._model.choice.choice, times, self._backend)

    def _ask_animation(self) -> Question | None:
        animation, document = self._model.animation, self._host.active_document()
        if animation.engine is None or not document.is_open():
            return None
        made = AnimationRecord("", 0, "", animation.engine.name, animation.all_options())
        return partial(estimate_animation, document, self._model.choice.choice, made, self._backend)
