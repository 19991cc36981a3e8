"""Downloads through the supervisor: progress, pause within a second, going on, and what ends with it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from support.hub_server import HubServer, serving
from support.supervised import Backend, Client, child_environment, wait_for
from support.trial_model import FILES, LARGE, WEIGHTS

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import Body, Done
from keycel_shared.model_messages import (
    ModelInfo,
    ModelInstall,
    ModelLink,
    ModelList,
    ModelListing,
    ModelOffline,
    ModelPause,
    ModelRemove,
    ModelState,
    ModelVerify,
    ModelWork,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    for name in ("HF_HUB_OFFLINE", "KEYCEL_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        server.behaviour.files = dict(FILES)
        server.behaviour.large = set(LARGE)
        yield server


@pytest.fixture
def client(server: HubServer, start: Callable[..., Backend], connect: Callable[..., Client]) -> Client:
    del server
    return connect(start(trial_model=True).owner_info())


def _trial(client: Client) -> ModelInfo:
    listing = client.ask(ModelList(), ModelListing)
    return next(model for model in listing.models if model.name == "trial")


def _work(client: Client) -> ModelWork:
    listing = client.ask(ModelList(), ModelListing)
    return next(work for work in listing.works if work.model == "trial")


def _until(client: Client, condition: Callable[[ModelWork], bool]) -> ModelWork:
    return wait_for(lambda: found if condition(found := _work(client)) else None, "the model's work")


def _do(client: Client, body: Body) -> ModelWork:
    client.ask(body, Done)
    return _until(client, lambda work: not work.running)


def test_a_model_is_installed_checked_and_removed(client: Client, server: HubServer) -> None:
    assert (_trial(client).state, _trial(client).accepted) == (ModelState.ABSENT, False)
    with pytest.raises(KeycelError) as caught:
        client.ask(ModelInstall("trial", accept_licence=False), Done)
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION
    assert server.requests == []
    assert _do(client, ModelInstall("trial", accept_licence=True)).error is None
    assert (_trial(client).state, _trial(client).accepted) == (ModelState.INSTALLED, True)
    assert _do(client, ModelVerify("trial")).error is None
    assert _do(client, ModelRemove("trial")).error is None
    assert _trial(client).state is ModelState.ABSENT
    error = _do(client, ModelVerify("trial")).error
    assert error is not None
    assert error.code is ErrorCode.REG_NO_MODEL


def test_pausing_takes_less_than_a_second_and_loses_nothing(client: Client, server: HubServer) -> None:
    server.behaviour.stall_after = 200_000
    client.ask(ModelInstall("trial", accept_licence=True), Done)
    _until(client, lambda work: work.phase == "downloading" and work.total > 0)
    wait_for(lambda: _trial(client).used_bytes >= 200_000, "what the server has sent")
    with pytest.raises(KeycelError) as caught:
        client.ask(ModelInstall("trial", accept_licence=True), Done)
    assert caught.value.value.code is ErrorCode.REG_BUSY
    began = time.monotonic()
    client.ask(ModelPause("trial"), Done)
    paused = _until(client, lambda work: not work.running)
    assert time.monotonic() - began < 1
    assert (paused.paused, paused.error) == (True, None)
    assert _trial(client).state is ModelState.PARTIAL
    assert _do(client, ModelInstall("trial", accept_licence=False)).error is None
    assert _trial(client).state is ModelState.INSTALLED
    assert server.ranges() == ["bytes=200000-"]


def test_offline_ends_downloads_and_begins_none(client: Client, server: HubServer) -> None:
    server.behaviour.stall_after = 1000
    client.ask(ModelInstall("trial", accept_licence=True), Done)
    _until(client, lambda work: work.phase == "downloading")
    client.ask(ModelOffline(offline=True), Done)
    assert _until(client, lambda work: not work.running).paused
    assert client.ask(ModelList(), ModelListing).offline
    asked = len(server.requests)
    error = _do(client, ModelInstall("trial", accept_licence=True)).error
    assert error is not None
    assert error.code is ErrorCode.REG_OFFLINE
    assert len(server.requests) == asked
    client.ask(ModelOffline(offline=False), Done)
    assert not client.ask(ModelList(), ModelListing).offline


def test_a_linked_folder_is_used_and_what_is_wrong_with_it_told(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "other program"
    (folder / "unet").mkdir(parents=True)
    error = _do(client, ModelLink("trial", str(folder), accept_licence=True)).error
    assert error is not None
    assert error.code is ErrorCode.REG_NO_MODEL
    (folder / "unet" / "weights.bin").write_bytes(WEIGHTS)
    (folder / "settings.json").write_bytes(b"{}")
    assert _do(client, ModelLink("trial", str(folder), accept_licence=False)).error is None
    assert _trial(client).linked


def test_unknown_models_are_told(client: Client) -> None:
    for body in (ModelInstall("no", True), ModelPause("no"), ModelVerify("no"), ModelRemove("no")):
        with pytest.raises(KeycelError) as caught:
            client.ask(body, Done)
        assert caught.value.value.code is ErrorCode.REG_NO_MODEL


def test_downloads_end_with_the_supervisor(
    server: HubServer, start: Callable[..., Backend], connect: Callable[..., Client]
) -> None:
    """Killed or leaving in order: no process of it goes on alone."""
    server.behaviour.stall_after = 1000
    backend = start(trial_model=True)
    client = connect(backend.owner_info())
    client.ask(ModelInstall("trial", accept_licence=True), Done)
    _until(client, lambda work: work.phase == "downloading")
    (fetching,) = [one for one in backend.children() if "support.trial_model" in one.cmdline()]
    client.vanish()
    backend.kill()
    psutil.wait_procs([fetching], 5)
    assert not fetching.is_running()


def test_the_command_line_pauses_with_an_interrupt_and_goes_on(server: HubServer, tmp_path: Path) -> None:
    server.behaviour.stall_after = 150_000
    program = (
        # a shell that runs the tests in the background has its programs ignore interrupts
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from support import trial_model; trial_model.register(); "
        "from keycel_backend import cli; sys.exit(cli.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "models", "download", "trial", "--accept-licence"]
    environment = child_environment(tmp_path)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for(lambda: server.sent >= 150_000, "the download")
            part = wait_for(lambda: next(tmp_path.rglob("*.part"), None), "the unfinished file")
            wait_for(lambda: part.stat().st_size >= 150_000, "what came")
            process.send_signal(2)
            told, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "same command goes on" in told
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "checksum as known" in again.stdout
    assert server.ranges() == ["bytes=150000-"]
    assert not any("torch" in agent for agent in server.agents), "nobody is told what is installed here"
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["originals"]
