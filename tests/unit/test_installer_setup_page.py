"""What the installer does for the plugin's setup page: a plan, news step by step, an end when asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.installer_world import CUDA, World

from keycel_installer import builds, command, install, krita_plugin, packages, record
from keycel_installer.errors import InstallerError
from keycel_installer.report import Report
from keycel_shared.schema import to_json
from keycel_shared.setup_report import Moment, SetupEvent, Trouble, append_event, read_events

PROJECT = Path(__file__).resolve().parents[2]
SMALL = install.Wishes(without_diffusion=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def events_of(path: Path) -> list[SetupEvent]:
    return read_events(path)[0]


def test_every_step_is_told_and_no_krita_is_touched(world: World, tmp_path: Path) -> None:
    news = tmp_path / "news"
    install.prepare(world.project, SMALL, Report(news))
    first, *others, last = events_of(news)
    assert first.moment is Moment.STEPS
    assert len(first.weights) == len(first.steps) == len(others) / 2
    told = [(event.moment, event.step) for event in others]
    assert told == [(moment, step) for step in first.steps for moment in (Moment.BEGUN, Moment.ENDED)]
    assert last.moment is Moment.FINISHED
    assert world.talkative, "what pip says goes into the log"
    assert not world.profile.resources.exists()
    noted = record.read()
    assert noted is not None
    assert Path(noted.python).exists()


def test_kritas_that_are_served_already_stay_on_record(world: World, tmp_path: Path) -> None:
    record.write(Path("/old/python"), "", [world.profile])
    install.prepare(world.project, SMALL, Report(tmp_path / "news"))
    noted = record.read()
    assert noted is not None
    assert noted.krita_profiles == [world.profile]


def test_a_break_is_told_and_gone_on_from(world: World, tmp_path: Path) -> None:
    world.breaks_at = "keycel"
    with pytest.raises(InstallerError):
        install.prepare(world.project, SMALL, Report(tmp_path / "first"))
    last = events_of(tmp_path / "first")[-1]
    assert (last.moment, last.sentence) == (Moment.FAILED, "No connection.")
    assert record.read() is None
    assert install.plan(world.project).offers[0].begun
    world.breaks_at, world.calls[:] = "", []
    install.prepare(world.project, SMALL, Report(tmp_path / "second"))
    assert "create" not in world.calls
    assert events_of(tmp_path / "second")[-1].moment is Moment.FINISHED


def test_the_plan_has_a_small_and_a_large_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "choose", lambda *_: CUDA)
    plan = install.plan(world.project)
    small, large = plan.offers
    assert (small.device, large.device) == ("", "cuda")
    assert 0 < small.download < large.download
    assert 0 < small.disk < large.disk
    assert not small.begun
    assert plan.free > 0
    assert plan.trouble is None


def test_without_a_build_of_torch_there_is_still_the_small_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_fits(*_: object) -> None:
        raise InstallerError("None.", "Without.", trouble=Trouble.BUILD)

    monkeypatch.setattr(builds, "choose", none_fits)
    plan = install.plan(world.project)
    assert [offer.device for offer in plan.offers] == [""]
    assert plan.trouble is None


def test_a_python_that_cannot_make_environments_is_told_beforehand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "can_make_environments", lambda: False)
    plan = install.plan(world.project)
    assert (plan.offers, plan.trouble) == ((), Trouble.NO_VENV)
    assert plan.detail == "python3.11-venv"


def test_the_plan_is_printed_as_json(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PROJECT", world.project)
    assert command.main(["install", "--plan"]) == 0
    assert json.loads(capsys.readouterr().out) == to_json(install.plan(world.project))


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "news"
    assert read_events(path) == ([], 0)
    append_event(path, SetupEvent(Moment.BEGUN, "torch"))
    with path.open("a") as stream:
        stream.write('no event\n{"moment": "en')
    events, end = read_events(path)
    assert [event.step for event in events] == ["torch"]
    with path.open("a") as stream:
        stream.write('ded"}\n')
    assert [event.moment for event in read_events(path, end)[0]] == [Moment.ENDED]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_it_ends_with_all_its_children_when_its_owner_goes(tmp_path: Path) -> None:
    """A child that ignores the request to stop is ended as well."""
    script = tmp_path / "owned.py"
    child = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(60)"
    )
    script.write_text(
        "import subprocess, sys\n"
        "from keycel_installer.report import end_with_owner\n"
        "end_with_owner()\n"
        f"subprocess.run([sys.executable, '-c', {child!r}])\n"
    )
    folders = os.pathsep.join(str(PROJECT / name) for name in ("installer", "shared"))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": folders},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout, process.stdin:
        assert process.stdout.readline() == b"up\n"
        process.stdin.close()
        assert process.stdout.read() == b"", "until every holder of the pipe is gone"
    assert process.wait(10) in (-signal.SIGINT, -signal.SIGKILL, 1)


def test_what_the_plugin_carries_can_be_installed_from(tmp_path: Path) -> None:
    """With nothing but what the release's zip brings into Krita's folder."""
    profile = krita_plugin.KritaProfile(tmp_path / "krita", tmp_path / "kritarc")
    krita_plugin.install(PROJECT, profile)
    carried = profile.scripts / krita_plugin.MODULE / krita_plugin.CARRIED
    outcome = subprocess.run(
        [sys.executable, "-I", "-B", str(carried / "installer"), "install", "--plan"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KEYCEL_HOME": str(tmp_path / "home")},
    )
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["free"] > 0
    assert not (tmp_path / "home").exists(), "a plan leaves no trace"
