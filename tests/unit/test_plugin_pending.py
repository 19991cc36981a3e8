"""Notes of accepted jobs: who may take them over, and when they are dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keycel_plugin.flow.pending import EXPIRES, Kind, Pending, PendingJobs, fingerprint
from keycel_shared.messages import JobRequest, PictureAt

REQUEST = JobRequest("flat", "colorize", 4, 3, (PictureAt(0, "a" * 64),), (PictureAt(0, "b" * 64),))
OTHER = replace(REQUEST, targets=(0,))
WORK = Pending(Kind.REGENERATE, "lines", "keys", "ours", (3, 5))
LAYERS = ["paper", "keys", "ours", "lines"]


class Kritas:
    """Several Kritas of one user; locks count between them as between processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1000.0
        self.started: list[PendingJobs] = []

    def start(self) -> PendingJobs:
        krita = PendingJobs(self.folder, lambda: self.now)
        self.started.append(krita)
        return krita

    def kill(self, krita: PendingJobs) -> None:
        """The system drops the locks, and nobody cleans up."""
        for lock in krita._locks.values():  # pyright: ignore[reportPrivateUsage]
            lock.close()
        krita._locks.clear()  # pyright: ignore[reportPrivateUsage]
        self.started.remove(krita)

    def killed_with(
        self, session: str, job: str, work: Pending = WORK, request: JobRequest = REQUEST
    ) -> None:
        krita = self.start()
        krita.remember(work, request, session, job)
        self.kill(krita)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def kritas(tmp_path: Path) -> Iterator[Kritas]:
    kritas = Kritas(tmp_path / "pending")
    yield kritas
    for krita in kritas.started:
        krita.close()


def test_a_killed_kritas_work_is_found_by_its_layers(kritas: Kritas) -> None:
    kritas.killed_with("s1", "j1")
    krita = kritas.start()
    assert krita.for_layers(LAYERS) == WORK
    assert krita.for_layers(["lines", "keys"]) is None, "the layer to be filled is gone"
    note = krita.take_over(WORK, replace(REQUEST, name="renamed"))
    assert note is not None
    assert (note.session, note.job, note.request) == ("s1", "j1", fingerprint(REQUEST))


def test_a_living_kritas_work_is_its_own(kritas: Kritas) -> None:
    living, second = kritas.start(), kritas.start()
    living.remember(WORK, REQUEST, "s1", "j1")
    for krita in (living, second):
        assert krita.for_layers(LAYERS) is None
        assert krita.take_over(WORK, REQUEST) is None
    living.forget("j1")
    assert kritas.files() == ["s1.lock"]


def test_only_one_takes_it_over(kritas: Kritas) -> None:
    kritas.killed_with("s1", "j1")
    first, second = kritas.start(), kritas.start()
    assert first.take_over(WORK, REQUEST) is not None
    assert second.take_over(WORK, REQUEST) is None
    assert second.for_layers(LAYERS) is None
    first.remember(WORK, REQUEST, "s1", "j1")
    assert first.for_layers(LAYERS) is None
    first.forget("j1")
    assert first.take_over(WORK, REQUEST) is None


def test_what_was_taken_over_is_found_again_after_another_death(kritas: Kritas) -> None:
    kritas.killed_with("s1", "j1")
    again = kritas.start()
    again.take_over(WORK, REQUEST)
    kritas.kill(again)
    assert kritas.start().take_over(WORK, REQUEST) is not None


def test_the_equal_request_is_preferred_and_the_same_work_replaced(kritas: Kritas) -> None:
    kritas.killed_with("s1", "j1", request=OTHER)
    kritas.now += 1
    kritas.killed_with("s2", "j2", replace(WORK, kind=Kind.SPREAD))
    kritas.now += 1
    kritas.killed_with("s3", "j3", request=OTHER)
    krita = kritas.start()
    assert krita.for_layers(LAYERS) == WORK, "the latest"
    note = krita.take_over(WORK, REQUEST)
    assert note is not None
    assert note.job == "j2", "the very request, whatever it was asked for"
    assert "j1.json" not in kritas.files(), "asked for anew: nobody waits for the old ones"
    assert "j3.json" not in kritas.files()


def test_work_that_is_asked_for_anew_replaces_a_changed_request(kritas: Kritas) -> None:
    kritas.killed_with("s1", "j1", request=OTHER)
    note = kritas.start().take_over(WORK, REQUEST)
    assert note is not None
    assert note.request == fingerprint(OTHER) != fingerprint(REQUEST)


def test_old_and_unreadable_notes_are_dropped(kritas: Kritas) -> None:
    kritas.killed_with("s1", "j1")
    for damage in ("", "[]", '{"job": 3}', "\0"):
        (kritas.folder / f"damaged-{len(damage)}.json").write_text(damage)
    kritas.now += EXPIRES - 1
    krita = kritas.start()
    assert krita.for_layers(LAYERS) == WORK
    assert kritas.files() == ["j1.json", "s1.lock"]
    kritas.now += 2
    assert krita.for_layers(LAYERS) is None
    assert kritas.files() == ["s1.lock"]
    krita.close()
    assert kritas.files() == []


def test_closing_in_order_leaves_notes_and_nothing_else(kritas: Kritas) -> None:
    krita, other = kritas.start(), kritas.start()
    krita.remember(WORK, REQUEST, "s1", "j1")
    other.remember(WORK, OTHER, "s2", "j2")
    other.forget("j2")
    krita.close()
    assert kritas.files() == ["j1.json", "s1.lock", "s2.lock"], "the other one is still there"
    other.close()
    assert kritas.files() == ["j1.json", "s1.lock"]


def test_a_home_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    (tmp_path / "pending").write_text("a file where the folder should be")
    krita = PendingJobs(tmp_path / "pending")
    krita.remember(WORK, REQUEST, "s1", "j1")
    assert krita.for_layers(LAYERS) is None
    krita.forget("j1")
    krita.close()
