"""Checking requests, and the identity of work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support import trial_engine

from keycel_backend.engines import registry
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.supervisor.requests import Work, check_plan, check_request
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, PictureAt
from keycel_shared.pixels import digest_of

A, B, C, KEY = (digest_of(name.encode()) for name in ("a", "b", "c", "key"))
SIZE = 4 * 3 * 4
REQUEST = JobRequest(
    engine="trial",
    task="colorize",
    width=4,
    height=3,
    drawings=(PictureAt(2, A), PictureAt(5, B), PictureAt(9, A)),
    keyframes=(PictureAt(9, KEY),),
)


@pytest.fixture(autouse=True)
def trial(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = registry.EngineEntry(trial_engine.DESCRIPTION, trial_engine.estimate, "unused:Unused")
    monkeypatch.setitem(registry.ENTRIES, "trial", entry)


def check(**changes: Any) -> Work:
    return check_request(replace(REQUEST, **changes), lambda _: SIZE)


def units(**changes: Any) -> list[tuple[int, tuple[int, ...]]]:
    return [(unit.target, unit.times) for unit in check(**changes).units]


def identities(**changes: Any) -> list[str]:
    return [unit.identity for unit in check(**changes).units]


def test_repeats_are_one_unit_with_all_their_times() -> None:
    assert units() == [(2, (2, 9)), (5, (5,))]
    assert check().total == 3
    assert check().inputs == (A, B, KEY)


def test_drawings_may_come_in_any_order() -> None:
    shuffled = REQUEST.drawings[::-1]
    assert units(drawings=shuffled) == units()


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ((9,), [(2, (9,))]),
        ((8, 5, 6), [(5, (5,))]),
        ((1000, 2), [(2, (2, 9))]),
        ((3, 4, 9), [(2, (2, 9))]),
    ],
)
def test_targets_on_holds_are_resolved(targets: tuple[int, ...], expected: list[object]) -> None:
    assert units(targets=targets) == expected


def test_options_are_completed_and_whole_numbers_pass_for_fractions() -> None:
    options = check(options={"pace": 2, "mode": None}).request.options
    assert options["pace"] == 2.0
    assert type(options["pace"]) is float
    assert options["mode"] == "plain"
    assert options["fail_at"] == -1


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"engine": "no such"}, ErrorCode.REG_NO_ENGINE, "no such"),
        ({"task": "animate"}, ErrorCode.REG_NO_ENGINE, "animate"),
        ({"width": 0}, ErrorCode.LINK_MALFORMED, ""),
        ({"height": -3}, ErrorCode.LINK_MALFORMED, ""),
        ({"width": 4097}, ErrorCode.DOC_TOO_LARGE, "4097"),
        ({"drawings": ()}, ErrorCode.DOC_NO_LINES, ""),
        ({"keyframes": ()}, ErrorCode.DOC_NO_KEYFRAME, "painted"),
        ({"keyframes": (PictureAt(1, KEY),)}, ErrorCode.DOC_NO_SUCH_FRAME, "1"),
        ({"targets": (1, 5)}, ErrorCode.DOC_NO_SUCH_FRAME, "1"),
        ({"drawings": (PictureAt(0, A), PictureAt(0, B))}, ErrorCode.LINK_MALFORMED, ""),
        ({"drawings": (PictureAt(0, "../x"),)}, ErrorCode.LINK_MALFORMED, ""),
        ({"reference": "x" * 64}, ErrorCode.LINK_MALFORMED, ""),
        ({"palette": ((0, 0, 0, 256),)}, ErrorCode.LINK_MALFORMED, ""),
        ({"options": {"spice": 1}}, ErrorCode.DOC_BAD_OPTION, "spice"),
        ({"options": {"pace": -2}}, ErrorCode.DOC_BAD_OPTION, "-2"),
        ({"options": {"pace": "fast"}}, ErrorCode.DOC_BAD_OPTION, "pace"),
        ({"options": {"fail_at": True}}, ErrorCode.DOC_BAD_OPTION, "fail_at"),
        ({"options": {"fail_at": 1.5}}, ErrorCode.DOC_BAD_OPTION, "fail_at"),
        ({"options": {"stubborn": 1}}, ErrorCode.DOC_BAD_OPTION, "stubborn"),
        ({"options": {"mode": "odd"}}, ErrorCode.DOC_BAD_OPTION, "odd"),
    ],
)
def test_bad_requests_are_named(changes: dict[str, Any], code: ErrorCode, says: str) -> None:
    with pytest.raises(KeycelError) as caught:
        check(**changes)
    assert caught.value.value.code is code
    assert says in caught.value.value.title
    assert caught.value.value.remedy


def test_pictures_must_be_stored_and_of_the_right_size() -> None:
    sizes: dict[str, int | None] = {A: SIZE, B: SIZE, KEY: None}
    with pytest.raises(KeycelError) as caught:
        check_request(REQUEST, sizes.__getitem__)
    assert caught.value.value.code is ErrorCode.RES_MISSING_BLOB
    sizes[KEY] = SIZE + 4
    with pytest.raises(KeycelError) as caught:
        check_request(REQUEST, sizes.__getitem__)
    assert caught.value.value.code is ErrorCode.DOC_SIZE_MISMATCH
    assert "painted frame at frame 9" in caught.value.value.title
    assert "4 x 3" in caught.value.value.remedy


def test_a_plan_needs_no_pictures() -> None:
    unknown = replace(
        REQUEST,
        drawings=(PictureAt(2, A), PictureAt(5, ""), PictureAt(9, A), PictureAt(12, "")),
        keyframes=(PictureAt(2, ""), PictureAt(9, KEY)),
    )
    work = check_plan(unknown)
    assert [unit.times for unit in work.units] == [(2, 9), (5,), (12,)], "unknown drawings are not the same"
    assert work.total == 4
    assert not {unit.identity for unit in work.units} & set(identities())
    with pytest.raises(KeycelError) as caught:
        check_request(unknown, lambda _: SIZE)
    assert caught.value.value.code is ErrorCode.LINK_MALFORMED
    assert [unit.identity for unit in check_plan(REQUEST).units] == identities(), "known ones are found"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"drawings": (PictureAt(0, "../x"),)}, ErrorCode.LINK_MALFORMED),
        ({"drawings": (PictureAt(0, ""), PictureAt(0, ""))}, ErrorCode.LINK_MALFORMED),
        ({"keyframes": ()}, ErrorCode.DOC_NO_KEYFRAME),
        ({"options": {"pace": "fast"}}, ErrorCode.DOC_BAD_OPTION),
    ],
)
def test_a_plan_is_checked_like_a_request(changes: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(KeycelError) as caught:
        check_plan(replace(REQUEST, **changes))
    assert caught.value.value.code is code


def test_identity_does_not_depend_on_what_does_not_matter() -> None:
    whole = identities()
    assert identities(name="another document", seed=7) == whole
    assert identities(options={"mode": "plain"}) == whole
    assert identities(targets=(5,)) == [whole[1]]
    assert len(set(whole)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"mode": "fancy"}},
        {"palette": ((1, 2, 3, 255),)},
        {"keyframes": (PictureAt(9, A),)},
        {"keyframes": (PictureAt(5, KEY),)},
        {"drawings": (PictureAt(2, A), PictureAt(5, C), PictureAt(9, A))},
        {"drawings": (PictureAt(2, A), PictureAt(6, B), PictureAt(9, A))},
        {"sketches": (PictureAt(2, C),)},
        {"reference": C},
        {"redraw": True},
    ],
)
def test_identity_depends_on_everything_that_matters(changes: dict[str, Any]) -> None:
    assert not set(identities(**changes)) & set(identities())


def test_a_new_version_of_an_engine_makes_everything_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identities()
    newer = replace(trial_engine.DESCRIPTION, version="2")
    entry = registry.EngineEntry(newer, trial_engine.estimate, "unused:Unused")
    monkeypatch.setitem(registry.ENTRIES, "trial", entry)
    assert not set(identities()) & set(before)


def test_takes_differ_by_their_seed() -> None:
    assert not set(identities(redraw=True, seed=1)) & set(identities(redraw=True, seed=2))
    assert identities(redraw=True, seed=1) == identities(redraw=True, seed=1)


def test_a_frames_seed_depends_on_the_jobs_seed_and_its_drawing_alone() -> None:
    seeds = {frame_seed(seed, digest) for seed in (-1, 0, 1) for digest in (A, B)}
    assert len(seeds) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert frame_seed(1, A) == frame_seed(1, A)


def test_a_shot_of_twenty_thousand_frames_is_checked_quickly() -> None:
    drawings = tuple(PictureAt(time, digest_of(str(time).encode())) for time in range(20_000))
    assert check(drawings=drawings, targets=tuple(range(20_000))).total == 20_000


# -------------------------------------------------------------------------------- in-betweens

SKETCHED = JobRequest("morph", "inbetween", 4, 3, (), (), (PictureAt(6, B), PictureAt(2, A)))


def between(**changes: Any) -> Work:
    return check_request(replace(SKETCHED, **changes), lambda _: SIZE)


def test_in_betweens_are_wanted_from_the_first_key_to_the_last() -> None:
    assert [unit.times for unit in between().units] == [(2,), (3,), (4,), (5,), (6,)]
    assert [unit.target for unit in between(targets=(5, 3, 5)).units] == [3, 5]
    assert between().drawings == len(SKETCHED.sketches) + len(between().units)
    assert check_plan(replace(SKETCHED, sketches=(PictureAt(2, ""), PictureAt(6, "")))).total == len(
        between().units
    )


def test_an_in_between_depends_on_keys_time_and_take() -> None:
    def identity(**changes: Any) -> str:
        return between(targets=(4,), **changes).units[0].identity

    assert identity() == identity(seed=3, name="other")
    assert identity() == next(unit.identity for unit in between().units if unit.target == 4)
    others = [
        identity(seed=3, redraw=True),
        identity(reference=C),
        identity(keyframes=(PictureAt(2, KEY),)),
        identity(options={"easing": "slow in"}),
        between(targets=(5,)).units[0].identity,
    ]
    assert len({identity(), *others}) == len(others) + 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sketches": ()}, ErrorCode.DOC_NO_LINES),
        ({"sketches": (PictureAt(2, A),)}, ErrorCode.DOC_NO_LINES),
        ({"targets": (1, 3)}, ErrorCode.DOC_NO_SUCH_FRAME),
        ({"targets": (7,)}, ErrorCode.DOC_NO_SUCH_FRAME),
        ({"engine": "flat"}, ErrorCode.REG_NO_ENGINE),
        ({"options": {"easing": "sideways"}}, ErrorCode.DOC_BAD_OPTION),
    ],
)
def test_bad_requests_for_in_betweens(changes: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(KeycelError) as refused:
        between(**changes)
    assert refused.value.value.code is code
    assert refused.value.value.remedy
