"""Trouble around a real Krita: wrong choices, a missing or dying backend, quitting in the middle."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from support.kra_writer import write_kra
from support.krita_process import KritaProcess, start
from support.krita_states import keyframes
from support.walking_figure import layers

SMALL = (320, 180)


def press(krita: KritaProcess, button: str) -> dict[str, Any]:
    return krita.run("docker", "press", button=button, timeout=120).result


def code_of(answer: dict[str, Any]) -> str:
    """The error code that the docker shows; every error comes with a remedy."""
    title, remedy = answer["message"].split("\n")
    assert title.endswith(".")
    assert remedy.endswith(".")
    return answer["details"].split(":")[0]


@pytest.fixture
def coloured(krita: KritaProcess, small_shot: Path) -> KritaProcess:
    krita.run("shots", "open_shot", path=str(small_shot))
    assert press(krita, "colorize")["details"] == ""
    return krita


def test_without_a_document(krita: KritaProcess) -> None:
    assert code_of(press(krita, "colorize")) == "DOC_NO_SHOT"
    assert code_of(press(krita, "regenerate")) == "DOC_NO_SHOT"


def test_one_layer_for_both(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("docker", "pick", line="Lines", color="Lines")
    assert code_of(press(krita, "colorize")) == "DOC_BAD_OPTION"


def test_nothing_to_regenerate(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    assert code_of(press(krita, "regenerate")) == "DOC_NOT_OURS"


def test_a_layer_that_only_bears_our_name_is_not_ours(krita: KritaProcess, tmp_path: Path) -> None:
    path = tmp_path / "named.kra"
    lines, colors, paper = layers(*SMALL, times=(0, 2))
    write_kra(path, *SMALL, [lines, colors, type(paper)("Keycel colour", still=paper.still)])
    krita.run("shots", "open_shot", path=str(path))
    assert code_of(press(krita, "regenerate")) == "DOC_NOT_OURS"
    assert press(krita, "colorize")["details"] == ""
    names = krita.run("shots", "layers_of", title="named").result
    assert names == ["Lines", "Keycel colour 2", "Colour keys", "Keycel colour"]


def test_a_locked_layer_is_not_written_to(coloured: KritaProcess) -> None:
    coloured.run("shots", "set_locked", name="Keycel colour", locked=True)
    before = coloured.run("shots", "state").result
    assert code_of(press(coloured, "regenerate")) == "DOC_LAYER_LOCKED"
    assert coloured.run("shots", "state").result == before
    coloured.run("shots", "set_locked", name="Keycel colour", locked=False)
    assert press(coloured, "regenerate")["details"] == ""


def test_an_undone_layer_is_no_target(coloured: KritaProcess) -> None:
    coloured.run("shots", "undo")
    assert code_of(press(coloured, "regenerate")) == "DOC_NOT_OURS"
    coloured.run("shots", "redo")
    assert press(coloured, "regenerate")["details"] == ""


def test_without_a_backend(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("host", "leave_backend")
    (krita.keycel_home / "installation.json").unlink()
    before = krita.run("shots", "state").result
    assert code_of(press(krita, "colorize")) == "ENV_NO_BACKEND"
    assert krita.run("shots", "state").result == before
    krita.register_backend()
    assert press(krita, "colorize")["details"] == ""


def large_new_shot(path: Path, shift: int) -> Path:
    """A shot that nobody has coloured yet, so that there is time to do something in the middle."""
    times = tuple(range(0, 48, 2))
    write_kra(path, 1280, 720, layers(1280, 720, times=tuple(time + shift for time in times), mirrored=True))
    return path


def test_a_killed_backend_is_started_again(krita: KritaProcess, tmp_path: Path) -> None:
    krita.run("shots", "open_shot", path=str(large_new_shot(tmp_path / "killed.kra", shift=1)))
    krita.run("docker", "start_and_wait", button="colorize", frames=2, timeout=60)
    killed = krita.backend_process_id()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    answer = krita.run("docker", "wait_until_idle", seconds=110, timeout=120).result
    assert answer["details"] == "", answer
    assert "24 drawings coloured" in answer["message"]
    assert krita.backend_process_id() != killed


def test_a_killed_krita_receives_the_rest(krita: KritaProcess, tmp_path: Path) -> None:
    shot = large_new_shot(tmp_path / "krita-killed.kra", shift=5)
    krita.run("shots", "open_shot", path=str(shot))
    krita.run("docker", "start_and_wait", button="colorize", frames=3, timeout=60)
    backend = krita.backend_process_id()
    krita.kill()
    start(krita)
    krita.run("shots", "open_shot", path=str(shot))
    answer = krita.run("docker", "wait_for_message", text="24 drawings coloured", timeout=120).result
    assert answer["details"] == "", answer
    assert krita.backend_process_id() == backend
    colors = keyframes(krita.run("shots", "state").result)
    assert len(set(colors.values())) == 24 + 1  # Krita has a blank keyframe at 0
    # All of it has been acknowledged: nothing comes twice.
    krita.run("shots", "open_shot", path=str(shot))
    krita.run("shots", "settle", seconds=3)
    assert krita.run("shots", "layers_of", title="krita-killed").result == ["Lines", "Colour keys", "Paper"]


def test_after_a_clean_exit_no_process_is_left(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    assert press(krita, "colorize")["details"] == ""
    backend = krita.backend_process_id()
    assert backend is not None
    assert krita.quit() == 0
    deadline = time.monotonic() + 20
    while Path(f"/proc/{backend}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{backend}").exists()


def test_quitting_in_the_middle_is_clean(krita: KritaProcess, tmp_path: Path) -> None:
    krita.run("shots", "open_shot", path=str(large_new_shot(tmp_path / "quit.kra", shift=3)))
    krita.run("docker", "start_and_wait", button="colorize", frames=1, timeout=60)
    assert krita.quit() == 0
