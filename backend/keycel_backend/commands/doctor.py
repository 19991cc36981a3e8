"""`keycel doctor`: look at everything that can be wrong here, with a remedy for each."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from keycel_backend.commands import Commands
from keycel_backend.commands.client import Client
from keycel_backend.commands.exit_codes import DONE, NOT_AVAILABLE
from keycel_backend.engines.registry import descriptions
from keycel_shared import paths
from keycel_shared.errors import KeycelError
from keycel_shared.messages import Diagnose, Diagnosis
from keycel_shared.version import PROTOCOL, VERSION

ENOUGH_DISK = 2 * 1024**3
ENOUGH_MEMORY = 2 * 1024**3
LIBRARIES = ("numpy", "scipy", "skimage", "cv2", "PIL", "zmq", "imagecodecs", "zstandard")


@dataclass(frozen=True)
class Finding:
    name: str
    good: bool
    fact: str
    remedy: str = ""


def add_doctor(commands: Commands) -> None:
    parser = commands.add_parser("doctor", help="check this installation")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run_doctor)


def run_doctor(arguments: argparse.Namespace) -> int:
    """Print the findings; 0 if all are good, else 3."""
    checks: tuple[Callable[[], Finding], ...] = (
        _versions,
        _libraries,
        _home,
        _disk,
        _memory,
        _engines,
        _installation,
        _backend,
    )
    findings = [check() for check in checks]
    if arguments.json:
        print(json.dumps([vars(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.good else 'BAD '} {finding.name}: {finding.fact}")
            if not finding.good:
                print(f"     -> {finding.remedy}")
    return DONE if all(finding.good for finding in findings) else NOT_AVAILABLE


def _versions() -> Finding:
    fact = f"Keycel {VERSION}, protocol {PROTOCOL}, Python {platform.python_version()}, {platform.platform()}"
    return Finding("versions", sys.version_info >= (3, 10), fact, "Install Python 3.10 or newer.")


def _libraries() -> Finding:
    versions: list[str] = []
    broken: list[str] = []
    for name in LIBRARIES:
        try:
            module = importlib.import_module(name)
            versions.append(f"{name} {getattr(module, '__version__', '?')}")
        except ImportError as error:
            broken.append(f"{name} ({error})")
    fact = ", ".join(broken) + " cannot be loaded" if broken else ", ".join(versions)
    return Finding("libraries", not broken, fact, "Run `python3 installer install` again.")


def _home() -> Finding:
    folder = paths.home()
    try:
        probe = paths.make_private_folder(folder / "run") / f"doctor-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        remedy = "Make the folder writable for you, or set KEYCEL_HOME to another one."
        return Finding("data folder", False, f"{folder} cannot be written: {error.strerror}", remedy)
    return Finding("data folder", True, str(folder))


def _disk() -> Finding:
    folder = next(parent for parent in (paths.home(), *paths.home().parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    remedy = "Free some space: long shots keep their frames here until they are delivered."
    return Finding("disk", free >= ENOUGH_DISK, f"{free / 1024**3:.1f} GB free at {folder}", remedy)


def _memory() -> Finding:
    available = psutil.virtual_memory().available
    fact = f"{available / 1024**3:.1f} GB available, {os.cpu_count()} processor cores"
    return Finding("memory", available >= ENOUGH_MEMORY, fact, "Close other programs before colouring.")


def _engines() -> Finding:
    names = [f"{engine.name} {engine.version}" for engine in descriptions()]
    return Finding("engines", bool(names), ", ".join(names), "Install Keycel again.")


def _installation() -> Finding:
    record = paths.installation_file()
    if not record.exists():
        return Finding("Krita", True, "plugin not installed from here (python3 installer install)")
    try:
        python = json.loads(record.read_text("utf-8"))["python"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Finding("Krita", False, f"{record} is damaged: {error}", "Run `python3 installer install`.")
    good = Path(python).exists()
    fact = f"the plugin starts the backend with {python}" + ("" if good else ", which is gone")
    return Finding("Krita", good, fact, "Run `python3 installer install` again.")


def _backend() -> Finding:
    try:
        with Client("keycel doctor") as client:
            facts = client.ask(Diagnose()).expect(Diagnosis).facts
    except KeycelError as error:
        return Finding("backend", False, str(error.value.title), error.value.remedy)
    return Finding("backend", True, ", ".join(f"{name} {value}" for name, value in sorted(facts.items())))
