"""What work would cost: asked without reading a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from support.colored_shot import finished
from support.memory_backend import MemoryBackend
from support.memory_host import MemoryDocument, MemoryLayer, MemoryReader, blank_picture, flat_picture

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.estimate import estimate
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.records import Choice
from keycel_shared.messages import JobEstimate, JobRequest

RunUntil = Callable[..., None]
CHOICE = Choice(line_layer="lines", color_layer="keys", options={"gap": 7}, palette=((1, 2, 3, 255),))


class Asked(MemoryBackend):
    """Keeps what it is asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[JobRequest] = []
        self.reachable = True

    async def plan(self, request: JobRequest) -> JobEstimate | None:
        self.plans.append(request)
        return JobEstimate(12.5, 2**30, len(request.targets), 1) if self.reachable else None


def document() -> MemoryDocument:
    drawings = {time: flat_picture(10 + time) for time in (0, 5, 9)}
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {time: flat_picture(200) for time in (0, 9)}),
        MemoryLayer("lines", "Lines", {**drawings, 12: blank_picture()}),
    )


def cost(
    run_until: RunUntil, backend: Asked, shot: MemoryDocument, choice: Choice, *times: int
) -> Estimate | None:
    reading = MemoryReader.open_count
    answer = finished(run_until, estimate(shot, choice, times or None, cast("Backend", backend)))
    assert MemoryReader.open_count == reading
    return answer


def test_the_request_has_every_drawing_unread(run_until: RunUntil) -> None:
    backend, shot = Asked(), document()
    assert cost(run_until, backend, shot, CHOICE) == Estimate(4, 1, 12.5, 2**30)
    (request,) = backend.plans
    assert [picture.time for picture in request.drawings] == [0, 5, 9, 12]
    assert [picture.time for picture in request.keyframes] == [0, 9]
    assert {picture.digest for picture in (*request.drawings, *request.keyframes)} == {""}
    assert request.targets == (0, 5, 9, 12)
    assert (request.width, request.height) == shot.size
    assert (request.engine, request.options, request.palette) == ("flat", CHOICE.options, CHOICE.palette)


def test_frames_on_holds_mean_the_drawing_shown(run_until: RunUntil) -> None:
    backend = Asked()
    answer = cost(run_until, backend, document(), CHOICE, 6, 8, 5, 100)
    assert answer is not None
    assert backend.plans[0].targets == (5, 12)
    assert len(backend.plans[0].drawings) == 4, "the others are what the engine follows colours along"


def test_nothing_is_asked_without_a_complete_choice(run_until: RunUntil) -> None:
    backend = Asked()
    assert cost(run_until, backend, document(), replace(CHOICE, line_layer="")) is None
    assert cost(run_until, backend, document(), replace(CHOICE, color_layer="")) is None
    assert cost(run_until, backend, document(), CHOICE, -1) is None
    assert backend.plans == []


def test_a_backend_that_is_not_there_leaves_it_open(run_until: RunUntil) -> None:
    backend = Asked()
    backend.reachable = False
    assert cost(run_until, backend, document(), CHOICE) is None
