"""From a missing backend to a coloured test shot: everything that can happen on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from support.artists_desk import shot_document
from support.fake_installer import PLAN, STEPS, FakeInstaller
from support.memory_backend import MemoryBackend
from support.memory_host import MemoryHost
from support.plugin_client import end_supervisor, install
from support.trial_pictures import BOX, DRAWINGS, FOLDER, pictures

from keycel_backend.demo.fox import draw_fox
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.flow.setup import child, finding, flow
from keycel_plugin.qt import QtGui, QtWidgets
from keycel_plugin.state.backend_status import Link
from keycel_plugin.state.remedies import Remedy, remedy_for
from keycel_plugin.state.setup import FoundBackend, SetupNews, Stage
from keycel_shared import paths
from keycel_shared.connection import ConnectionInfo, write_connection
from keycel_shared.errors import ErrorCode, ErrorValue
from keycel_shared.launcher import backend_python, try_lock
from keycel_shared.setup_report import SetupPlan, Trouble
from keycel_shared.version import PROTOCOL, VERSION

RunUntil = Callable[..., None]
MISSING = ErrorValue(ErrorCode.ENV_NO_BACKEND, "Not installed.", "Install it.")


class Page:
    """What an artist does on the setup page, and what it shows."""

    def __init__(self, controller: Controller, run_until: RunUntil) -> None:
        self.commands = controller.setup
        self.controller = controller
        self.run_until = run_until

    @property
    def news(self) -> SetupNews:
        return self.controller.model.setup.news

    @property
    def log(self) -> str:
        return self.controller.model.setup.log

    def wait_for(self, stage: Stage, seconds: float = 20) -> SetupNews:
        self.run_until(lambda: self.news.stage is stage, seconds)
        return self.news


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def installer(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeInstaller:
    del home
    monkeypatch.setattr(finding, "CARRIED", tmp_path / "carried")
    monkeypatch.setattr(finding, "installing_pythons", lambda: [sys.executable])
    return FakeInstaller(tmp_path / "carried", sys.executable)


@pytest.fixture
def backend(application: QtWidgets.QApplication) -> MemoryBackend:
    del application
    made = MemoryBackend()
    made.refuse = MISSING
    return made


@pytest.fixture
def page(installer: FakeInstaller, backend: MemoryBackend, run_until: RunUntil) -> Iterator[Page]:
    """At the moment at which the docker is first shown, with nothing installed."""
    del installer
    controller = Controller(MemoryHost(shot_document()), cast("Backend", backend))
    controller.docker_shown(True)
    yield Page(controller, run_until)
    controller.shut_down()


def asked(home: Path) -> list[str]:
    """The command lines of the installer."""
    return (home / "asked").read_text().splitlines()


# ---------------------------------------------------------------------------- the usual way


def test_from_nothing_to_a_coloured_test_shot(page: Page, backend: MemoryBackend, home: Path) -> None:
    offered = page.wait_for(Stage.OFFER)
    assert (offered.reason, offered.plan, offered.found) == (MISSING, PLAN, ())
    backend.refuse = None
    page.commands.install(with_diffusion=False)
    page.wait_for(Stage.INSTALLING)
    done = page.wait_for(Stage.MODELS)
    assert (done.steps, done.ended, done.share) == (STEPS, STEPS, 1.0)
    assert asked(home) == ["install --without-diffusion"]
    assert [f"working on {step}" for step in STEPS] == page.log.splitlines()
    assert paths.setup_log_file().read_text() == page.log
    page.commands.color_trial()
    tried = page.wait_for(Stage.TRIED)
    assert tried.picture is not None
    assert tried.picture.width() > tried.picture.height()
    assert backend.requests[-1].engine == "flat"
    page.commands.close()
    assert page.wait_for(Stage.CLOSED) == SetupNews()
    assert page.controller.model.progress.news.error is None, "what the page has mended is news no more"


def test_everything_is_asked_for_with_one_word_less(page: Page, home: Path) -> None:
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=True)
    page.wait_for(Stage.CONNECTING)
    assert asked(home) == ["install"]


# ---------------------------------------------------------------------------- breaks


def test_it_stops_within_a_second_and_goes_on(
    page: Page, installer: FakeInstaller, backend: MemoryBackend
) -> None:
    installer.play(waits_at="keycel")
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=False)
    page.run_until(lambda: page.news.current == "keycel")
    began = time.monotonic()
    page.commands.cancel()
    assert page.news.cancelling
    stopped = page.wait_for(Stage.STOPPED)
    assert time.monotonic() - began < 3  # a second, on a machine that has nothing else to do
    assert (stopped.trouble, stopped.cancelling, stopped.ended) == (None, False, ("created",))
    installer.play()
    backend.refuse = None
    page.commands.install(with_diffusion=False)
    assert page.wait_for(Stage.MODELS).ended == STEPS


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_an_installer_that_does_not_listen_is_ended_all_the_same(
    page: Page, installer: FakeInstaller
) -> None:
    installer.play(ignores_at="keycel")
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=False)
    page.run_until(lambda: page.news.current == "keycel")
    page.commands.cancel()
    assert page.wait_for(Stage.STOPPED).trouble is None


def test_what_stopped_it_is_told(page: Page, installer: FakeInstaller) -> None:
    installer.play(fails_at="keycel", trouble="room")
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=False)
    trouble = page.wait_for(Stage.STOPPED).trouble
    assert trouble is not None
    assert (trouble.trouble, trouble.sentence, trouble.detail) == (Trouble.ROOM, "No. Do.", "because")


def test_an_installer_that_breaks_leaves_its_last_words(page: Page, installer: FakeInstaller) -> None:
    installer.play(breaks_at="tried")
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=False)
    trouble = page.wait_for(Stage.STOPPED).trouble
    assert trouble is not None
    assert trouble.trouble is Trouble.OTHER
    assert "RuntimeError: broken" in trouble.detail


def test_a_backend_that_does_not_start_afterwards_is_told(page: Page, backend: MemoryBackend) -> None:
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=False)
    page.run_until(lambda: page.news.stage is Stage.CONNECTING and page.news.error is not None)
    backend.refuse = None
    page.commands.connect()
    page.wait_for(Stage.MODELS)


def test_a_test_shot_that_fails_can_be_tried_again(page: Page, backend: MemoryBackend) -> None:
    page.wait_for(Stage.OFFER)
    backend.refuse = None
    page.commands.install(with_diffusion=False)
    page.wait_for(Stage.MODELS)
    backend.refuse = ErrorValue(ErrorCode.RUN_FAILED, "No.", "Again.")
    page.commands.color_trial()
    failed = page.wait_for(Stage.TRIED)
    assert (failed.error, failed.picture) == (backend.refuse, None)
    backend.refuse = None
    page.commands.color_trial()
    page.wait_for(Stage.TRYING)
    assert page.wait_for(Stage.TRIED).error is None


def test_krita_takes_the_installer_along(page: Page, installer: FakeInstaller, home: Path) -> None:
    installer.play(waits_at="keycel")
    page.wait_for(Stage.OFFER)
    page.commands.install(with_diffusion=False)
    page.run_until(lambda: page.news.current == "keycel")
    page.controller.shut_down()
    page.run_until(lambda: not left_running())
    assert not (home / "installation.json").exists()


def left_running() -> bool:
    return any(each.poll() is None for each in child._left)


def test_a_mistake_of_ours_is_told_on_the_page(
    page: Page, backend: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.wait_for(Stage.OFFER)
    with monkeypatch.context() as broken:
        broken.setattr(backend, "close", lambda: 1 / 0)
        page.commands.connect()
        page.run_until(lambda: page.news.error is not None)
    assert page.news.error is not None
    assert (page.news.stage, page.news.error.code) == (Stage.CONNECTING, ErrorCode.BUG_UNEXPECTED)


# ---------------------------------------------------------------------------- other beginnings


def test_without_a_python_it_says_so(
    installer: FakeInstaller,
    backend: MemoryBackend,
    run_until: RunUntil,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del installer
    monkeypatch.setattr(finding, "installing_pythons", lambda: ["/no/such/python", "/bin/false"])
    controller = Controller(MemoryHost(shot_document()), cast("Backend", backend))
    controller.docker_shown(True)
    page = Page(controller, run_until)
    assert page.wait_for(Stage.OFFER).plan is None
    page.commands.install(with_diffusion=False)
    assert page.news.stage is Stage.OFFER
    controller.shut_down()


def test_a_python_that_cannot_is_named_only_if_no_other_can(page: Page, installer: FakeInstaller) -> None:
    unable = SetupPlan((), 1, "", Trouble.NO_VENV, "python3.11-venv")
    installer.play(plan=unable)
    page.wait_for(Stage.OFFER)
    page.commands.look_again()
    assert page.news.stage is Stage.LOOKING
    assert page.wait_for(Stage.OFFER).plan == unable


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for a Python")
def test_a_backend_without_a_record_is_found(page: Page, home: Path, backend: MemoryBackend) -> None:
    page.wait_for(Stage.OFFER)
    python = stand_in(home / "backend" / "some" / "bin" / "python")
    other = home / "backend" / "other" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.write_text(f"#!/bin/sh\necho '[\"9.9\", {PROTOCOL + 1}]'\n")
    other.chmod(0o755)
    page.commands.look_again()
    page.wait_for(Stage.LOOKING)
    found = page.wait_for(Stage.OFFER).found
    assert {(each.python, each.version, each.fits) for each in found} == {
        (str(python), VERSION, True),
        (str(other), "9.9", False),
    }
    backend.refuse = None
    page.commands.use(str(python))
    page.wait_for(Stage.MODELS)
    assert json.loads((home / "installation.json").read_text())["python"] == str(python)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for a Python")
def test_a_folder_may_be_pointed_at(page: Page, home: Path, tmp_path: Path, backend: MemoryBackend) -> None:
    page.wait_for(Stage.OFFER)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    page.commands.point_at(str(nothing))
    page.run_until(lambda: page.news.refused == str(nothing) and page.news.stage is Stage.OFFER)
    python = stand_in(tmp_path / "checkout" / ".venv" / "bin" / "python")
    (home / "installation.json").write_text('{"python": "gone", "profiles": [{"resources": "x"}]}')
    backend.refuse = None
    page.commands.point_at(str(tmp_path / "checkout"))
    page.wait_for(Stage.MODELS)
    record = json.loads((home / "installation.json").read_text())
    assert (record["python"], record["profiles"]) == (str(python), [{"resources": "x"}])


def stand_in(python: Path) -> Path:
    """A Python in an environment of its own that has this one's packages."""
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    return python


def test_krita_never_lends_its_own_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An AppImage puts its folders first in PATH, and is gone when Krita ends."""
    mounted, system = tmp_path / "mounted", tmp_path / "system"
    for folder in (mounted / "usr" / "bin", system):
        folder.mkdir(parents=True)
        (folder / "python3.12").write_text("")
        (folder / "python3.12").chmod(0o755)
    monkeypatch.setenv("APPDIR", str(mounted))
    monkeypatch.setenv("PATH", f"{mounted / 'usr' / 'bin'}{os.pathsep}{system}")
    assert str(mounted / "usr" / "bin" / "python3.12") not in finding.installing_pythons()


@pytest.mark.skipif(sys.platform == "win32", reason="its places are others")
def test_a_python_of_uv_is_found_where_the_path_names_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Krita started from a menu has a short PATH."""
    python = tmp_path / ".local/share/uv/python/cpython-3.12.9-linux-x86_64-gnu/bin/python3"
    python.parent.mkdir(parents=True)
    python.write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert str(python) in finding.installing_pythons()
    assert str(tmp_path / ".local" / "bin") in child.search_path().split(os.pathsep)


# ---------------------------------------------------------------------------- when the page is there


def test_not_now_means_not_by_itself(page: Page, backend: MemoryBackend) -> None:
    page.wait_for(Stage.OFFER)
    page.commands.close()
    assert page.news.stage is Stage.CLOSED
    backend.status.show(Link.OFF)
    page.controller.docker_shown(True)
    page.run_until(lambda: backend.status.link is Link.MISSING)
    assert page.news.stage is Stage.CLOSED
    error = page.controller.model.progress.news.error
    assert error is not None
    remedy = remedy_for(error)
    assert remedy is Remedy.SET_UP
    page.controller.remedy(remedy)
    assert page.wait_for(Stage.OFFER).reason == MISSING


def test_a_backend_that_is_suddenly_there_needs_no_page(page: Page, backend: MemoryBackend) -> None:
    page.wait_for(Stage.OFFER)
    backend.refuse = None
    page.controller.docker_shown(True)
    page.wait_for(Stage.CLOSED)


@pytest.mark.parametrize("code", flow.NEEDS_SETUP)
def test_each_way_of_not_having_a_backend_opens_it(
    code: ErrorCode, installer: FakeInstaller, backend: MemoryBackend, run_until: RunUntil
) -> None:
    del installer
    backend.refuse = ErrorValue(code, "No.", "Set up.")
    controller = Controller(MemoryHost(shot_document()), cast("Backend", backend))
    controller.docker_shown(True)
    page = Page(controller, run_until)
    assert page.wait_for(Stage.LOOKING).reason == backend.refuse
    controller.shut_down()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_running_backend_of_another_protocol_makes_room(
    page: Page, backend: MemoryBackend, home: Path
) -> None:
    """An older plugin's supervisor lingers; it is asked to leave, and waited for."""
    page.wait_for(Stage.OFFER)
    script = (
        "import fcntl, signal, sys\n"
        "lock = open(sys.argv[1], 'wb')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    (home / "run").mkdir()
    old = subprocess.Popen(
        [sys.executable, "-c", script, str(paths.lock_file())], stdout=subprocess.PIPE, text=True
    )
    assert old.stdout is not None
    with old.stdout:
        assert old.stdout.readline() == "up\n"
    endpoint = "tcp://127.0.0.1:1"
    write_connection(ConnectionInfo(endpoint, endpoint, "", "", "", PROTOCOL + 1, "9", "x", old.pid))
    backend.refuse = None
    page.commands.connect()
    page.wait_for(Stage.MODELS)
    assert old.wait(10) == -signal.SIGTERM
    with paths.lock_file().open("r+b") as lock:
        assert try_lock(lock)


# ---------------------------------------------------------------------------- for real


@pytest.fixture
def real(home: Path, installer: FakeInstaller, run_until: RunUntil) -> Iterator[Page]:
    """With the real backend, that only needs to be named."""
    del installer, home
    controller = Controller(MemoryHost(shot_document()), Backend())
    controller.docker_shown(True)
    yield Page(controller, run_until)
    controller.shut_down()
    end_supervisor()


def test_the_real_backend_colours_the_test_shot_right(real: Page) -> None:
    real.wait_for(Stage.OFFER)
    real.commands.install(with_diffusion=False)
    real.wait_for(Stage.MODELS, 60)
    real.commands.color_trial()
    news = real.wait_for(Stage.TRIED, 60)
    assert news.error is None
    assert news.picture is not None
    for number, drawn in enumerate(DRAWINGS):
        assert share_right(news.picture, number, drawn) > 0.9


def share_right(picture: QtGui.QImage, number: int, drawn: int) -> float:
    """Share of the painted pixels of a drawing that have the right colour, away from its lines."""
    cel = draw_fox(drawn)
    truth, lines = cel.flats()[BOX], cel.lines()[BOX]
    height, width = truth.shape[:2]
    shades = picture.convertToFormat(QtGui.QImage.Format.Format_RGB888)
    bits, stride = shades.constBits(), shades.bytesPerLine()
    assert bits is not None
    rows = np.frombuffer(bits.asstring(stride * height), np.uint8).reshape(height, stride)
    shown = rows[:, : 3 * picture.width()].reshape(height, -1, 3)[:, number * width : (number + 1) * width]
    judged = (truth[..., 3] > 0) & (lines[..., 3] == 0)
    return float((shown == truth[..., :3]).all(axis=2)[judged].mean())


def test_the_pictures_are_those_of_the_demo() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == pictures()


def test_the_record_of_a_real_installer_serves(home: Path) -> None:
    """What `use_backend` writes is what the launcher reads."""
    install(home, "/gone")
    finding.use_backend(FoundBackend(sys.executable, VERSION, True))
    assert backend_python() == sys.executable
