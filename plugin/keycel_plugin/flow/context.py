"""What every use case works with."""

from __future__ import annotations

from dataclasses import dataclass

from keycel_plugin.flow.backend import Backend
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.question import Question


@dataclass(frozen=True)
class Context:
    """The backend, and the two ways to talk with the artist."""

    backend: Backend
    progress: Progress
    question: Question
