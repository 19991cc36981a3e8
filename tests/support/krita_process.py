"""A real Krita with a private profile, on an X server of its own, driven through a mailbox folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq

from keycel_installer import krita_plugin
from keycel_shared import paths

from .krita_crash import crash_error
from .krita_root import REPOSITORY, KritaRoot

DRIVER = REPOSITORY / "tests" / "krita" / "driver"
SCENARIOS = REPOSITORY / "tests" / "krita" / "scenarios"
PROGRAMS = ("Xvfb", "openbox", "import")
SCREEN = "1600x1000x24"


def missing_programs() -> list[str]:
    """What these tests need and this machine lacks."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return missing if KritaRoot.chosen().has("krita") else ["krita", *missing]


class ScenarioError(AssertionError):
    """A scenario raised inside Krita; the message is its traceback there."""


@dataclass(frozen=True)
class Reply:
    result: Any
    stalls: list[dict[str, float]]
    """Longest silences of the GUI thread during the scenario, longest first."""


@dataclass
class Display:
    """Xvfb with a window manager: without one, Krita's windows are never activated."""

    folder: Path
    name: str = ""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        read_end, write_end = os.pipe()
        command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", SCREEN, "-nolisten", "tcp"]
        log = (self.folder / "xvfb.log").open("wb")
        with log:
            server = subprocess.Popen(command, pass_fds=(write_end,), stdout=log, stderr=log)
        self._processes.append(server)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError((self.folder / "xvfb.log").read_text())
        self.name = f":{number}"
        environment = {**os.environ, "DISPLAY": self.name, "HOME": str(self.folder)}
        manager = subprocess.Popen(
            ["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._processes.append(manager)

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._processes.clear()

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["import", "-display", self.name, "-window", "root", f"png:{path}"]
        subprocess.run(command, check=True, timeout=60)


class KritaProcess:
    """One Krita. Start it, `run` scenarios in it, `quit` it; `kill` when it does not answer."""

    def __init__(self, folder: Path, display: Display, imported: Path | None = None) -> None:
        """`imported`: a resource folder with the plugin already in it, instead of the installer's work."""
        self.folder = folder
        self._imported = imported
        self._display = display
        self._root = KritaRoot.chosen()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests = 0
        self.hung = False
        """A scenario did not answer in time; only `kill` and a new start help."""
        self.keycel_home = folder / "keycel"
        self.versions: dict[str, str] = {}
        """Of Krita, Python, Qt and the Qt binding, as Krita itself says; known once it has started."""

    def start(self, timeout: float = 120) -> None:
        self.hung = False
        self._write_profile()
        with (self.folder / "krita.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._root.command("krita", "--nosplash"),
                env=self._krita_environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.versions = self.run("basics", "ready", timeout=timeout).result

    def run(self, module: str, function: str, timeout: float = 60, **arguments: object) -> Reply:
        """Run one scenario inside Krita and wait for its answer."""
        self._requests += 1
        mailbox = self.folder / "mailbox"
        request = {
            "module": str(SCENARIOS / f"{module}.py"),
            "function": function,
            "arguments": arguments,
        }
        path = mailbox / f"request-{self._requests}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(request))
        partial.rename(path)
        reply = self._wait_for(mailbox / f"reply-{self._requests}.json", f"{module}.{function}", timeout)
        if reply["error"]:
            raise ScenarioError(f"{module}.{function} failed inside Krita:\n{reply['error']}")
        return Reply(reply["result"], reply["stalls"])

    def quit(self, timeout: float = 60) -> int:
        """Ask Krita to quit as a user would; returns its exit code."""
        assert self._process is not None
        self.run("basics", "quit_soon", timeout=timeout)
        try:
            return self._process.wait(timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)

    def register_backend(self) -> None:
        """Tell the plugin which Python runs the backend, as the installer does."""
        self.keycel_home.mkdir(parents=True, exist_ok=True)
        (self.keycel_home / "installation.json").write_text(json.dumps({"python": sys.executable}))

    def backend_process_id(self) -> int | None:
        """Process id of the supervisor that this Krita uses."""
        connection = self.keycel_home / "run" / "connection.json"
        return json.loads(connection.read_text())["process"] if connection.exists() else None

    def stop_backend(self) -> None:
        pid = self.backend_process_id()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_tail(self, characters: int = 4000) -> str:
        """The end of what Krita wrote, without the painting noise of a virtual screen."""
        path = self.folder / "krita.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(line for line in lines if not line.startswith("QPainter::"))[-characters:]

    def _faults(self) -> str:
        """What the test driver's `faulthandler` wrote when a signal killed Krita."""
        path = self.folder / "mailbox" / "faults.txt"
        return path.read_text() if path.exists() else ""

    def _wait_for(self, path: Path, what: str, timeout: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while not path.exists():
            if not self.alive:
                code = self._process.returncode if self._process else None
                raise crash_error(
                    f"Krita ended with {code} during {what}:\n{self.log_tail()}", self._faults()
                )
            if time.monotonic() > deadline:
                self.hung = True
                raise TimeoutError(f"no answer from Krita to {what} in {timeout:.0f} s:\n{self.log_tail()}")
            time.sleep(0.01)
        return json.loads(path.read_text())

    def _write_profile(self) -> None:
        for name in ("home", "config", "cache", "runtime", "mailbox", "data/krita"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "runtime").chmod(0o700)
        # An autosave file of a killed run would make Krita open its modal "Recover Files" window.
        for autosave in (self.folder / "home").glob("*autosave.kra"):
            autosave.unlink()
        for old in (self.folder / "mailbox").iterdir():
            old.unlink()
        self._requests = 0
        config = self.folder / "config"
        (config / "kritarc").write_text("AutoSaveInterval=0\n\n[python]\nenable_keycel_test_driver=true\n")
        (config / "kritadisplayrc").write_text("[General]\nOpenGLRenderer=none\n")
        resources = self.folder / "data" / "krita"
        profile = krita_plugin.KritaProfile(resources, config / "kritarc")
        if self._imported is None:
            krita_plugin.install(REPOSITORY, profile)
        else:
            shutil.copytree(self._imported, resources, dirs_exist_ok=True)
            krita_plugin.enable(profile.kritarc)
        install_driver(resources)
        if self._imported is None:
            install_pyzmq(self.keycel_home / "vendor", self._root.python_version())

    def _krita_environment(self) -> dict[str, str]:
        """Nothing of the caller's environment: a test must not depend on the machine's settings."""
        return {
            "HOME": str(self.folder / "home"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_RUNTIME_DIR": str(self.folder / "runtime"),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "DISPLAY": self._display.name,
            "KEYCEL_HOME": str(self.keycel_home),
            "KEYCEL_TEST_MAILBOX": str(self.folder / "mailbox"),
            "PYTHONDONTWRITEBYTECODE": "1",
            # torch's threads would only wait for each other while Krita and other tests use the cores
            "OMP_NUM_THREADS": "1",
        }


def start(process: KritaProcess) -> None:
    """Start it with its window arranged. Krita 6 lays dockers out when the first document is opened."""
    process.start()
    process.run("shots", "add_document", width=64, height=64)
    process.run("docker", "arrange")
    process.run("shots", "close_all")


def install_driver(resources: Path) -> None:
    """Put the test driver where Krita looks for plugins."""
    scripts = resources / "pykrita"
    shutil.copy2(DRIVER / "keycel_test_driver.desktop", scripts)
    shutil.copytree(DRIVER / "keycel_test_driver", scripts / "keycel_test_driver", dirs_exist_ok=True)


def install_pyzmq(vendor: Path, version: tuple[int, int]) -> None:
    """Put pyzmq for Krita's own Python `version` into `vendor`/cpXY.

    `installer test` has fetched the builds into the test home; without it, the one of this
    environment serves if it is for the same Python.
    """
    target = vendor / "cp{}{}".format(*min(version, (3, 12)))
    fetched = paths.vendor_folder() / target.name
    if target.exists():
        return
    if fetched.exists():
        shutil.copytree(fetched, target)
        return
    if version != sys.version_info[:2]:
        raise RuntimeError(
            f"no pyzmq for Krita's Python {version}: run the tests by `python3 installer test`"
        )
    packages = Path(zmq.__file__).parents[1]
    for name in ("zmq", "pyzmq.libs"):
        shutil.copytree(packages / name, target / name)
