"""`installer doctor`: everything that can be wrong with an installation, with a remedy for each."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keycel_shared import launcher, paths
from keycel_shared.version import VERSION

from . import builds, krita_plugin, kritas, machine, plugin_wheels, record
from .errors import InstallerError

AGAIN = "Run `python3 installer install` again."
ENOUGH_MEGABYTES = 2048
"""Long shots keep their frames on the disk until they are delivered."""

KRITA_BINDING = "usr/lib*/**/kritaplugins/kritapykrita*.so"
"""Krita's own link to its Python, in distributions' packages."""


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: str
    """good, note (worth knowing) or bad."""
    fact: str
    remedy: str = ""
    fix: Callable[[], None] | None = None
    """Does the remedy, where that is safe."""


def run(project: Path, fix: bool = False, as_json: bool = False) -> int:
    """Print what was found; 0 if nothing is bad (any more), else 3."""
    findings = list(examine(project))
    if fix and _fix(findings):
        findings = list(examine(project))
    if as_json:
        keys = ("name", "state", "fact", "remedy")
        print(json.dumps([{key: getattr(finding, key) for key in keys} for finding in findings], indent=1))
    else:
        for finding in findings:
            print(f"{finding.state:<4} {finding.name}: {finding.fact}")
            if finding.remedy and finding.state != "good":
                print(f"     -> {finding.remedy}")
    return 3 if any(finding.state == "bad" for finding in findings) else 0


def examine(project: Path) -> Iterator[Finding]:
    """All findings, in the order in which things depend on each other."""
    found = machine.look()
    noted = record.read()
    yield _python(found)
    yield from _graphics(found, noted)
    yield _disk()
    yield _loopback()
    yield _data_folder()
    yield _backend(noted)
    yield from _torch(noted)
    yield from _pyzmq(found)
    yield from _profiles(project, noted)
    yield _krita_open()


def _fix(findings: list[Finding]) -> bool:
    todo = [finding for finding in findings if finding.fix is not None and finding.state == "bad"]
    for finding in todo:
        assert finding.fix is not None
        print(f"Fixing {finding.name}: {finding.remedy}", flush=True)
        try:
            finding.fix()
        except (InstallerError, OSError) as error:
            print(f"That did not work: {error}", flush=True)
    return bool(todo)


def _python(found: machine.Machine) -> Finding:
    version = ".".join(map(str, found.python))
    fact = f"Python {version} on {found.system}, {found.architecture}"
    if builds.supports_python(found.python):
        return Finding("Python", "good", fact)
    return Finding("Python", "bad", fact, "Run the installer with a Python from 3.10 to 3.14.")


def _graphics(found: machine.Machine, noted: record.Record | None) -> Iterator[Finding]:
    for card in found.cards:
        driver = f", driver {card.driver}" if card.driver else ""
        memory = f", {card.memory} MB" if card.memory else ""
        yield Finding("graphics card", "good", f"{card.name}{driver}{memory}")
    for trouble in found.troubles:
        yield Finding("graphics card", "bad", trouble, "Install the newest driver from the card's maker.")
    if not found.cards and not found.troubles:
        yield Finding(
            "graphics card",
            "note",
            "none that torch can use; the engine flat needs none",
            "Diffusion engines are slow without one.",
        )
    try:
        build = builds.choose(found)
    except InstallerError as error:
        yield Finding("torch build", "note", error.sentence, error.remedy)
        return
    for reason in build.reasons:
        if "older than" in reason:
            yield Finding("driver", "bad", reason, "Install the newest driver, then the installer again.")
    if noted is not None and noted.device and noted.device != build.device:
        yield Finding(
            "torch build",
            "note",
            f"installed for {noted.device}, but this machine has {build.device}",
            f"{AGAIN} It fetches {build.torch}.",
        )


def _disk() -> Finding:
    place = next(folder for folder in (paths.home(), *paths.home().parents) if folder.exists())
    free = shutil.disk_usage(place).free // 2**20
    state = "good" if free >= ENOUGH_MEGABYTES else "bad"
    return Finding("disk", state, f"{free} MB free at {place}", "Free some space on that disk.")


def _loopback() -> Finding:
    """Plugin and backend talk over 127.0.0.1; a firewall that is too strict stops that."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(2)
            with socket.create_connection(server.getsockname(), timeout=2):
                server.accept()[0].close()
    except OSError as error:
        remedy = "Allow programs of this machine to talk to each other (127.0.0.1) in your firewall."
        return Finding("connection", "bad", f"this machine cannot talk to itself: {error}", remedy)
    return Finding("connection", "good", "programs on this machine can talk to each other")


def _data_folder() -> Finding:
    folder = paths.home()
    try:
        probe = paths.make_private_folder(folder) / "doctor.probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        remedy = "Make the folder writable for you, or set KEYCEL_HOME to another one."
        return Finding("data folder", "bad", f"{folder} cannot be written: {error.strerror}", remedy)
    return Finding("data folder", "good", str(folder))


def _backend(noted: record.Record | None) -> Finding:
    if noted is None:
        if paths.installation_file().exists():
            return Finding("backend", "bad", f"{paths.installation_file()} is damaged", AGAIN)
        return Finding("backend", "bad", "not installed", "Run `python3 installer install`.")
    if not Path(noted.python).exists():
        return Finding("backend", "bad", f"{noted.python} is gone", AGAIN)
    version = _answer(noted.python, "from keycel_shared.version import VERSION; print(VERSION)")
    if version is None:
        return Finding("backend", "bad", f"{noted.python} does not run the backend", AGAIN)
    if version != VERSION:
        return Finding(
            "backend", "bad", f"is {version}, this installer {VERSION}: two versions are mixed", AGAIN
        )
    running = " (running)" if launcher.is_locked(paths.lock_file()) else ""
    return Finding("backend", "good", f"{version}{running}, {noted.python}")


def _torch(noted: record.Record | None) -> Iterator[Finding]:
    if noted is None or not noted.device or not Path(noted.python).exists():
        return
    question = (
        "import torch; print(torch.__version__, torch.cuda.is_available(), torch.backends.mps.is_available())"
    )
    answer = _answer(noted.python, question)
    if answer is None:
        yield Finding("torch", "bad", "cannot be loaded", AGAIN)
        return
    version, cuda, mps = answer.split()
    works = {"cuda": cuda == "True", "rocm": cuda == "True", "mps": mps == "True"}.get(noted.device, True)
    fact = f"{version} for {noted.device}"
    if works:
        yield Finding("torch", "good", fact)
    else:
        remedy = f"{AGAIN} Until then, --device cpu makes the diffusion engines work, slowly."
        yield Finding("torch", "bad", f"{fact} does not find the graphics card", remedy)


def _pyzmq(found: machine.Machine) -> Iterator[Finding]:
    present = {stamp.parent.name for stamp in paths.vendor_folder().glob(f"*/{plugin_wheels.STAMP}")}
    missing = sorted(plugin_wheels.wheels_for(found).keys() - present)
    if missing:
        yield Finding("pyzmq for Krita", "bad", f"missing for {', '.join(missing)}", AGAIN)
    else:
        yield Finding("pyzmq for Krita", "good", ", ".join(sorted(present)) or "none exists for this system")
    version = krita_python(Path("/")) if found.system == "linux" else None
    if version is not None:
        abi = f"cp3{min(version, 12)}"
        state = "good" if abi in present else "bad"
        yield Finding("Krita's Python", state, f"3.{version}, served by {abi}", AGAIN)


def krita_python(root: Path) -> int | None:
    """Minor version of the Python 3 that the system's Krita is linked to; None if it cannot be told."""
    for binding in sorted(root.glob(KRITA_BINDING)):
        match = re.search(rb"libpython3\.(\d+)", binding.read_bytes())
        if match is not None:
            return int(match[1])
    return None


def _profiles(project: Path, noted: record.Record | None) -> Iterator[Finding]:
    for krita in kritas.find():
        if krita.note:
            yield Finding(f"Krita ({krita.kind})", "note", "needs a backend of its own", krita.note)
    known = [*(noted.krita_profiles if noted is not None else []), *kritas.profiles()]
    for profile in dict.fromkeys(known):
        yield _profile(project, profile)


def _profile(project: Path, profile: krita_plugin.KritaProfile) -> Finding:
    name = f"plugin in {profile.resources}"
    version = krita_plugin.installed_version(profile)
    closed = not kritas.running()
    if version is None:
        return Finding(name, "bad", "not installed", AGAIN, _installer(project, profile) if closed else None)
    if version != VERSION:
        fact = f"is {version or 'of unknown origin'}, this installer {VERSION}: two versions are mixed"
        return Finding(name, "bad", fact, AGAIN, _installer(project, profile) if closed else None)
    if not krita_plugin.is_enabled(profile.kritarc):
        return Finding(
            name,
            "bad",
            f"installed, but not enabled in {profile.kritarc}",
            "Settings > Configure Krita > Python Plugin Manager > Keycel, then restart Krita.",
            (lambda: krita_plugin.enable(profile.kritarc)) if closed else None,
        )
    return Finding(name, "good", f"{version}, enabled")


def _installer(project: Path, profile: krita_plugin.KritaProfile) -> Callable[[], None]:
    return lambda: krita_plugin.install(project, profile)


def _krita_open() -> Finding:
    if kritas.running():
        return Finding("Krita", "note", "is open", "Restart it after any change made here.")
    return Finding("Krita", "good", "is closed")


def _answer(python: str, question: str) -> str | None:
    try:
        outcome = subprocess.run(
            [python, "-I", "-c", question], capture_output=True, text=True, check=False, timeout=120
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return outcome.stdout.strip() if outcome.returncode == 0 else None
