"""In-betweens: two layers in one undo step, proposals, protection, new takes."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from support.artists_desk import Desk, RunUntil
from support.colored_shot import finished
from support.memory_backend import MemoryBackend, inverted
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer, flat_picture

from keycel_backend.engines.morph.description import EASING
from keycel_backend.inbetweening.easing import EASINGS
from keycel_plugin.flow import watch as watching
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.estimate import estimate_inbetweens
from keycel_plugin.flow.keys import keys_now
from keycel_plugin.flow.pair_writing import line_is_untouched
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.flow.review import accept, lock
from keycel_plugin.flow.watch import Watch
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice, Spacing
from keycel_shared.errors import ErrorCode
from keycel_shared.messages import JobEstimate, JobRequest
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

KEYS = {2: flat_picture(20), 6: flat_picture(60), 8: flat_picture(80)}


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    return Desk(run_until, document())


def document(keys: dict[int, bytes] | None = None) -> MemoryDocument:
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {2: flat_picture(200)}),
        MemoryLayer("lines", "Sketch", dict(KEYS if keys is None else keys)),
    )


def layers_of(desk: Desk) -> tuple[MemoryLayer, MemoryLayer]:
    """With colours, with lines."""
    return desk.document.layer("In-between colour"), desk.document.layer("In-between lines")


def states(desk: Desk) -> dict[int, FrameState]:
    color, lines = layers_of(desk)
    record = desk.record.layer(color.id)
    assert record is not None
    shown = {time: digest_of(color.keyframes[time]) for time in range(2, 9)}
    drawn = {time: digest_of(lines.keyframes[time]) for time in range(2, 9)}
    return {time: record.frame(time).state_given(shown[time], drawn[time]) for time in range(2, 9)}


def test_lines_and_colours_come_as_two_layers_in_one_undo_step(desk: Desk) -> None:
    before = [layer.name for layer in desk.document.stack]
    desk.inbetween()
    assert desk.error is None
    color, lines = layers_of(desk)
    assert [layer.name for layer in desk.document.stack] == [*before, color.name, lines.name]
    assert set(range(2, 9)) <= set(lines.keyframes)
    assert {time: lines.keyframes[time] for time in KEYS} == KEYS
    assert lines.keyframes[4] != KEYS[2]
    assert color.keyframes[4] == inverted(lines.keyframes[4], 0)
    assert desk.undo_steps == 1
    desk.document.undo()
    assert [layer.name for layer in desk.document.stack] == before


def test_the_request_has_the_keys_and_what_is_painted(desk: Desk) -> None:
    desk.inbetween()
    [request] = desk.backend.requests
    assert (request.task, request.engine, request.drawings) == ("inbetween", "morph", ())
    assert [sketch.time for sketch in request.sketches] == [2, 6, 8]
    assert [keyframe.time for keyframe in request.keyframes] == [2]
    assert request.targets == tuple(range(2, 9))


def test_in_betweens_are_proposals_of_an_ordinary_layer_with_colours(desk: Desk) -> None:
    desk.inbetween()
    color, lines = layers_of(desk)
    assert set(states(desk).values()) == {FrameState.PROPOSED}
    record = desk.record.layer(color.id)
    assert record is not None
    assert (record.line_layer, record.color_layer) == (lines.id, "keys")
    assert desk.record.choice.result_layer == color.id


def test_a_change_of_a_drawn_line_makes_its_colours_stale(desk: Desk) -> None:
    desk.inbetween()
    desk.document.paint(layers_of(desk)[1].id, 4, flat_picture(99))
    assert states(desk)[4] is FrameState.STALE


def test_again_with_a_changed_key_leaves_what_the_artist_has_done(desk: Desk) -> None:
    desk.inbetween()
    color, lines = layers_of(desk)
    desk.document.paint(lines.id, 3, flat_picture(99))
    desk.document.paint(color.id, 4, flat_picture(98))
    desk.document.paint("lines", 2, flat_picture(25))
    before = dict(lines.keyframes)
    steps = desk.undo_steps
    desk.inbetween()
    assert desk.error is None
    color, lines = layers_of(desk)
    assert (lines.keyframes[3], lines.keyframes[4]) == (before[3], before[4])
    assert color.keyframes[4] == flat_picture(98)
    assert lines.keyframes[2] == flat_picture(25)
    assert lines.keyframes[5] != before[5]
    assert desk.undo_steps == steps + 1
    assert "You have drawn on 3" in desk.message
    assert "edited at 4" in desk.message
    assert len(desk.document.our_layers()) == 2


def test_a_new_line_is_written_also_where_its_colours_stay_the_same(run_until: RunUntil) -> None:
    desk = Desk(run_until, document(), MemoryBackend(lambda *_: flat_picture(7)))
    desk.inbetween()
    desk.document.paint("lines", 2, flat_picture(25))
    desk.inbetween()
    color, lines = layers_of(desk)
    assert lines.keyframes[2] == flat_picture(25)
    assert color.keyframes[2] == flat_picture(7)


def test_another_take_of_one_frame_changes_no_other(desk: Desk) -> None:
    desk.inbetween()
    color, lines = (dict(layer.keyframes) for layer in layers_of(desk))
    desk.inbetween(5)
    assert desk.error is None
    assert desk.backend.requests[-1].targets == (5,)
    assert (desk.backend.requests[-1].seed, desk.backend.requests[-1].redraw) == (1, True)
    now_color, now_lines = (dict(layer.keyframes) for layer in layers_of(desk))
    assert [time for time in lines if lines[time] != now_lines[time]] == [5]
    assert [time for time in color if color[time] != now_color[time]] == [5]
    assert len(desk.record.layer(layers_of(desk)[0].id).frame(5).takes) == 2  # type: ignore[union-attr]


def test_the_layer_with_key_sketches_stays_chosen(desk: Desk) -> None:
    desk.inbetween()
    assert (desk.record.choice.line_layer, desk.record.choice.color_layer) == ("lines", "keys")
    desk.choice = Choice(layers_of(desk)[1].id, "keys")
    desk.inbetween()
    assert [sketch.time for sketch in desk.backend.requests[-1].sketches] == [2, 6, 8]


def test_pressing_twice_changes_nothing(desk: Desk) -> None:
    desk.inbetween()
    steps = desk.undo_steps
    desk.inbetween()
    assert desk.error is None
    assert desk.undo_steps == steps


@pytest.mark.parametrize(
    ("keys", "code"), [({2: flat_picture(20)}, ErrorCode.DOC_NO_LINES), ({}, ErrorCode.DOC_NO_LINES)]
)
def test_too_few_keys_are_refused(run_until: RunUntil, keys: dict[int, bytes], code: ErrorCode) -> None:
    desk = Desk(run_until, document(keys))
    desk.inbetween()
    assert desk.error is not None
    assert desk.error.code is code


def test_without_painted_keyframe_it_is_refused(desk: Desk) -> None:
    desk.document.layer("keys").keyframes.clear()
    desk.inbetween()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_KEYFRAME


def test_lines_of_ours_are_told_from_those_of_the_artist(desk: Desk) -> None:
    desk.inbetween()
    _color, lines = layers_of(desk)
    drawn = desk.record.drawn(lines.id)
    assert drawn is not None
    assert line_is_untouched(drawn, 4, digest_of(lines.keyframes[4]))
    assert line_is_untouched(drawn, 4, "")
    assert not line_is_untouched(drawn, 4, digest_of(flat_picture(77)))


# -------------------------------------------------------------------------------- changed key sketches


def test_a_changed_key_makes_stale_what_hangs_on_it(desk: Desk) -> None:
    desk.inbetween()
    assert set(states_by_keys(desk).values()) == {FrameState.PROPOSED}
    desk.document.paint("lines", 6, flat_picture(65))
    found = states_by_keys(desk)
    assert [time for time in found if found[time] is FrameState.STALE] == [3, 4, 5, 6, 7]
    desk.inbetween()
    assert set(states_by_keys(desk).values()) == {FrameState.PROPOSED}


def test_a_key_at_another_time_makes_stale_what_lies_around_it(desk: Desk) -> None:
    desk.inbetween()
    sketch = desk.document.layer("lines").keyframes
    sketch[5] = sketch.pop(6)
    assert {time for time, state in states_by_keys(desk).items() if state is FrameState.STALE} == set(
        range(3, 8)
    )


def test_an_accepted_in_between_is_drawn_anew_after_its_key_and_a_locked_one_is_not(desk: Desk) -> None:
    desk.inbetween()
    desk.finish(accept(desk.document, (3, 4)))
    desk.finish(lock(desk.document, (4,)))
    before = dict(layers_of(desk)[1].keyframes)
    desk.inbetween()
    assert dict(layers_of(desk)[1].keyframes) == before, "accepted and suiting its keys"
    desk.document.paint("lines", 2, flat_picture(25))
    desk.inbetween()
    assert desk.error is None
    after = layers_of(desk)[1].keyframes
    assert after[3] != before[3]
    assert after[4] == before[4]
    assert "locked at 4" in desk.message


def test_accepting_says_that_an_in_between_suits_the_changed_key(desk: Desk) -> None:
    desk.inbetween()
    desk.document.paint("lines", 2, flat_picture(25))
    desk.finish(accept(desk.document, (4,)))
    found = states_by_keys(desk)
    assert (found[3], found[4]) == (FrameState.STALE, FrameState.ACCEPTED)


def test_other_colours_leave_an_in_between_hanging_on_its_keys(desk: Desk) -> None:
    desk.inbetween()
    color, lines = layers_of(desk)
    desk.choice = replace(desk.choice, line_layer=lines.id, color_layer=color.id)
    desk.finish(regenerate(desk.document, (4,), desk.choice, desk.context))
    assert desk.error is None
    desk.document.paint("lines", 2, flat_picture(25))
    assert states_by_keys(desk)[4] is FrameState.STALE


def test_the_docker_shows_it(desk: Desk, run_until: RunUntil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BEAT_MS", 10)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "_REST_MS", 0)
    desk.inbetween()
    model = Model()
    watch = Watch(MemoryHost(desk.document), model)
    watch.start()

    def shown() -> dict[int, FrameState]:
        return {cell.time: cell.state for cell in model.review.cells}

    run_until(lambda: shown() == dict.fromkeys(range(2, 9), FrameState.PROPOSED))
    desk.document.time = 6  # the artist is there while drawing
    desk.document.paint("lines", 6, flat_picture(65))
    stale = {time: FrameState.STALE if 2 < time < 8 else FrameState.PROPOSED for time in range(2, 9)}
    run_until(lambda: shown() == stale)
    watch.stop()


# -------------------------------------------------------------------------------- spacing and estimate


def test_the_spacing_is_the_engines_option(desk: Desk) -> None:
    desk.inbetween()
    desk.choice = replace(desk.choice, spacing=Spacing.SLOW_BOTH)
    desk.inbetween()
    assert [dict(request.options) for request in desk.backend.requests] == [{}, {"easing": "slow out and in"}]
    assert {spacing.value for spacing in Spacing} == set(EASINGS)
    assert EASING.name == "easing"
    assert EASING.default == Spacing.EVEN.value


def test_the_estimate_is_of_the_same_work(run_until: RunUntil) -> None:
    desk, backend = (
        Desk(run_until, document({0: flat_picture(1), 4: flat_picture(2), 6: flat_picture(3)})),
        Planned(),
    )

    def cost(*times: int) -> Estimate | None:
        ask = estimate_inbetweens(desk.document, desk.choice, times or None, cast("Backend", backend))
        return finished(desk.run_until, ask)

    assert cost() == Estimate(7, 0, 7.0, 2**20)
    [planned] = backend.plans
    assert cost(4) == Estimate(7, 0, 7.0, 2**20), "the layers are not there yet: all frames are drawn"
    desk.inbetween()
    [request] = desk.backend.requests
    assert (planned.task, planned.targets, planned.options) == (
        request.task,
        request.targets,
        request.options,
    )
    assert [sketch.time for sketch in planned.sketches] == [sketch.time for sketch in request.sketches]
    assert cost(4) == Estimate(1, 0, 1.0, 2**20)


def test_there_is_no_estimate_where_nothing_lies_between(desk: Desk) -> None:
    sketch = desk.document.layer("lines").keyframes
    sketch.clear()
    backend = Planned()
    for time in (0, 1, 2):
        sketch[time] = flat_picture(time)
        ask = estimate_inbetweens(desk.document, desk.choice, None, cast("Backend", backend))
        assert finished(desk.run_until, ask) is None
    assert backend.plans == []


class Planned(MemoryBackend):
    """Keeps what it is asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[JobRequest] = []

    async def plan(self, request: JobRequest) -> JobEstimate:
        self.plans.append(request)
        return JobEstimate(float(len(request.targets)), 2**20, len(request.targets), 0)


def states_by_keys(desk: Desk) -> dict[int, FrameState]:
    """As the docker knows them, which looks at the key sketches, too."""
    color, lines = layers_of(desk)
    record, times = desk.record, range(2, 9)
    ours, drawn = record.layer(color.id), record.drawn(lines.id)
    assert ours is not None
    keys = finished(desk.run_until, keys_now(desk.document, drawn, times))
    return {
        time: ours.frame(time).state_given(
            digest_of(color.keyframes[time]), digest_of(lines.keyframes[time]), keys[time]
        )
        for time in times
    }
