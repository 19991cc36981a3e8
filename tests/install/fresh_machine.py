"""A whole life on a fresh machine: install, colour a shot from inside Krita, uninstall, see what is left.

    python3 tests/install/fresh_machine.py ROOT [--log FILE] [--picture FILE] [--diffusion]

ROOT is a Debian root with nothing of ours: Krita and Python, made for example by

    debootstrap --include=krita,python3,python3-pyqt5,libgl1-mesa-dri,ca-certificates trixie ROOT

It stays as it is: everything happens in an overlay over it, in a mount namespace that ends with this script.
Needs the superuser, Xvfb, openbox and ImageMagick here, and the network. Prints each step with its time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / name) for name in ("tests", "shared", "installer", "backend")]

from support.kra_writer import write_kra  # noqa: E402
from support.krita_process import DRIVER, Display  # noqa: E402
from support.walking_figure import layers  # noqa: E402

ARTIST = "/home/artist"
CLONE = f"{ARTIST}/keycel"
TIMES = (0, 2, 3, 5, 9)
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""This machine's: its way to the package index may lead through a proxy of its own."""

ENVIRONMENT = {
    "HOME": ARTIST,
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_CERT": CERTIFICATES,
}
OWN_NAMESPACE = "KEYCEL_FRESH_MACHINE"


class Machine:
    """The overlay: `root` is what is seen in it, `changes` what differs from the Debian below."""

    def __init__(self, base: Path, work: Path, log: TextIO) -> None:
        self.root, self.changes = work / "root", work / "changes"
        self._log = log
        for folder in (self.root, self.changes, work / "scratch"):
            folder.mkdir()
        options = f"lowerdir={base},upperdir={self.changes},workdir={work / 'scratch'}"
        run("mount", "-t", "overlay", "overlay", "-o", options, str(self.root))
        run("mount", "-t", "proc", "proc", str(self.root / "proc"))
        run("mount", "--rbind", "/dev", str(self.root / "dev"))
        (self.root / "tmp" / ".X11-unix").mkdir(parents=True, exist_ok=True)
        run("mount", "--bind", "/tmp/.X11-unix", str(self.root / "tmp" / ".X11-unix"))
        for file in ("/etc/resolv.conf", "/etc/hosts", CERTIFICATES):
            (self.root / file[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, f"{self.root}{file}")
        for file in Path("/etc/apt/apt.conf.d").glob("*"):
            if "Acquire" in file.read_text(errors="replace"):
                shutil.copy(file, f"{self.root}/etc/apt/apt.conf.d")
        (self.root / ARTIST[1:]).mkdir(parents=True)

    def say(self, words: str) -> None:
        print(words, flush=True)
        print(words, file=self._log, flush=True)

    def do(self, *command: str, **settings: str) -> str:
        """Run a command as the artist; its output goes to the log, its failure ends everything."""
        self.say(f"$ {' '.join(command)}")
        outcome = subprocess.run(
            ["chroot", str(self.root), *command],
            env={**ENVIRONMENT, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.say(outcome.stdout.rstrip())
        if outcome.returncode != 0:
            raise SystemExit(f"failed with {outcome.returncode}")
        return outcome.stdout

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        self.say(f"\n== {what}")
        begun = time.monotonic()
        yield
        self.say(f"-- {time.monotonic() - begun:.1f} s")

    def files(self) -> set[str]:
        """Of the artist's home, without the clone and the test's own things."""
        home = self.root / ARTIST[1:]
        found = {str(path.relative_to(home)) for path in home.rglob("*")}
        return {name for name in found if not name.startswith(("keycel", "mailbox", "shot.kra"))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--log", type=Path, default=PROJECT / "out" / "fresh_machine.log")
    parser.add_argument("--picture", type=Path, default=PROJECT / "out" / "fresh_machine.png")
    parser.add_argument("--diffusion", action="store_true", help="with torch: needs its package index")
    options = parser.parse_args()
    if OWN_NAMESPACE not in os.environ:
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--propagation",
            "private",
            sys.executable,
            *sys.argv,
        ]
        return subprocess.run(command, env={**os.environ, OWN_NAMESPACE: "1"}, check=False).returncode
    options.log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="keycel-fresh-") as scratch, options.log.open("w") as log:
        work = Path(scratch)
        # The upper half of an overlay cannot lie on another overlay, as /tmp may; memory can.
        run("mount", "-t", "tmpfs", "-o", "size=6g", "tmpfs", str(work))
        machine = Machine(options.root.resolve(), work, log)
        try:
            live(machine, options.picture, [] if options.diffusion else ["--without-diffusion"])
        finally:
            run("umount", "--recursive", "--lazy", str(machine.root))
            run("umount", "--lazy", str(work))
    return 0


def live(machine: Machine, picture: Path, wishes: list[str]) -> None:
    with machine.step("a fresh clone"):
        run("git", "clone", "--quiet", str(PROJECT), f"{machine.root}{CLONE}")
    before = machine.files()
    with machine.step("install"):
        machine.do("python3", f"{CLONE}/installer", "install", *wishes)
    size = run("du", "-sm", f"{machine.root}{ARTIST}/.local/share/keycel").split()[0]
    machine.say(f"The data folder holds {size} MB.")
    with machine.step("doctor"):
        machine.do("python3", f"{CLONE}/installer", "doctor")
    with machine.step("a shot coloured from inside Krita"):
        answer = color_in_krita(machine, picture)
        machine.say(f"The docker says: {answer['message']} {answer['details']}".strip())
        if answer["details"]:
            raise SystemExit("the shot was not coloured")
    with machine.step("uninstall"):
        machine.do("python3", f"{CLONE}/installer", "uninstall")
    left = sorted(machine.files() - before)
    ours = [name for name in left if "keycel" in name.lower() and "keycel_test_driver" not in name]
    machine.say(f"Left of Keycel: {ours or 'nothing'}. {len(left)} files of Krita's own and of the test.")
    settings = machine.root / ARTIST[1:] / ".config" / "kritarc"
    lines = [line for line in settings.read_text().splitlines() if "enable_keycel_plugin" in line]
    machine.say(f"In kritarc: {lines or 'nothing of Keycel'}.")
    if ours or lines:
        raise SystemExit("something was left behind")


def color_in_krita(machine: Machine, picture: Path) -> dict[str, Any]:
    home = machine.root / ARTIST[1:]
    write_kra(home / "shot.kra", 640, 360, layers(640, 360, times=TIMES))
    scripts = home / ".local/share/krita/pykrita"
    shutil.copy(DRIVER / "keycel_test_driver.desktop", scripts)
    shutil.copytree(DRIVER / "keycel_test_driver", scripts / "keycel_test_driver")
    kritarc = home / ".config" / "kritarc"
    settings = kritarc.read_text().replace("[python]\n", "[python]\nenable_keycel_test_driver=true\n")
    kritarc.write_text(settings)
    (home / ".config" / "kritadisplayrc").write_text("[General]\nOpenGLRenderer=none\n")
    mailbox, runtime = home / "mailbox", home / ".runtime"
    mailbox.mkdir()
    runtime.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory() as folder:
        display = Display(Path(folder))
        display.start()
        krita = subprocess.Popen(
            ["chroot", str(machine.root), "krita", "--nosplash"],
            env={
                **ENVIRONMENT,
                "DISPLAY": display.name,
                "XDG_RUNTIME_DIR": f"{ARTIST}/.runtime",
                "KEYCEL_TEST_MAILBOX": f"{ARTIST}/mailbox",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ask = asker(mailbox, krita)
        try:
            versions = ask("basics", "ready")
            machine.say(", ".join(f"{name} {version}" for name, version in versions.items()))
            ask("shots", "add_document", width=64, height=64)
            ask("docker", "arrange")
            ask("shots", "close_all")
            ask("shots", "open_shot", path=f"{ARTIST}/shot.kra")
            answer = ask("docker", "press", button="colorize")
            display.screenshot(picture)
            ask("basics", "quit_soon")
            machine.say(f"Krita ended with {krita.wait(60)}.")
        finally:
            krita.kill()
            display.stop()
    return answer


def asker(mailbox: Path, krita: subprocess.Popen[bytes]) -> Callable[..., Any]:
    """What runs a scenario of tests/krita inside that Krita."""
    count = 0

    def ask(module: str, function: str, **arguments: object) -> Any:
        nonlocal count
        count += 1
        path = f"{CLONE}/tests/krita/scenarios/{module}.py"
        partial = mailbox / f"request-{count}.partial"
        partial.write_text(json.dumps({"module": path, "function": function, "arguments": arguments}))
        partial.rename(partial.with_suffix(".json"))
        reply = mailbox / f"reply-{count}.json"
        deadline = time.monotonic() + 180
        while not reply.exists():
            if krita.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"Krita does not answer {module}.{function}; it ended with {krita.poll()}")
            time.sleep(0.05)
        content = json.loads(reply.read_text())
        if content["error"]:
            raise SystemExit(content["error"])
        return content["result"]

    return ask


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
