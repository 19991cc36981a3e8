"""The backend's own environment in the user's data folder: made beside the old one, switched when it works.

Layout of the data folder (`keycel_shared.paths`): `backend/<id>/` one environment per installation,
`installation.json` the record that names the one in use. An interrupted installation goes on where it
stopped; a failed one leaves the record, and so the old environment, as they were.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keycel_shared import paths
from keycel_shared.setup_report import Trouble
from keycel_shared.version import VERSION

from . import packages
from .builds import Build
from .errors import InstallerError
from .report import Report

STEPS = "keycel-steps.json"
"""In each environment of ours: what has been done in it. Only folders with this file are ever deleted."""

SOURCES = ("backend", "shared", "pyproject.toml", "README.md", "LICENSE")
"""What the backend's package is built from."""

SMALL_MEGABYTES = 600
"""Unpacked, without torch."""

SMALL_DOWNLOAD = 200
"""Megabytes fetched without torch."""

DIFFUSION_MEGABYTES = 600
"""Unpacked: what the diffusion engines need beside torch itself."""

DIFFUSION_DOWNLOAD = 60
"""Megabytes fetched for that."""

STEP_WEIGHT = 30
"""Megabytes that could be fetched in the time of a step that fetches nothing, about."""


@dataclass(frozen=True, slots=True)
class Plan:
    project: Path
    build: Build | None
    """None: without torch and the diffusion engines."""
    python: tuple[int, int]

    @property
    def identity(self) -> str:
        """Changes with anything that would make another environment."""
        wishes = [self.build.torch, self.build.onnxruntime] if self.build is not None else []
        facts = [VERSION, ".".join(map(str, self.python)), *wishes, _fingerprint(self.project)]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        return paths.home() / "backend" / self.identity

    @property
    def megabytes(self) -> int:
        """Room that the installation needs on the disk, about."""
        if self.build is None:
            return SMALL_MEGABYTES
        return SMALL_MEGABYTES + DIFFUSION_MEGABYTES + 3 * self.build.megabytes

    @property
    def download(self) -> int:
        """Megabytes that are fetched, about."""
        if self.build is None:
            return SMALL_DOWNLOAD
        return SMALL_DOWNLOAD + DIFFUSION_DOWNLOAD + self.build.megabytes

    @property
    def begun(self) -> bool:
        """An earlier run got part of it done."""
        return bool(_steps_done(self.folder))


def ensure(plan: Plan, report: Report | None = None) -> Path:
    """The Python of a complete, tried environment; does only what is still missing.

    With a `report` that somebody reads, pip tells on our standard output what it fetches.

    Raises:
        InstallerError: no room, packages cannot be had, or what was installed does not run.
    """
    report = report or Report()
    folder = plan.folder
    done = _steps_done(folder)
    if "tried" not in done:
        _require_room(plan)
    for name, action in _steps(plan, report.wanted):
        report.begun(name)
        if name not in done:
            action()
            done.append(name)
            (folder / STEPS).write_text(json.dumps(done), "utf-8")
        report.ended(name)
    return packages.python_of(folder)


def step_weights(plan: Plan) -> dict[str, int]:
    """The steps in their order, and how long each takes compared with the others, about."""
    fetched = {"keycel": plan.download}
    if plan.build is not None:
        fetched = {"torch": plan.build.megabytes, "keycel": plan.download - plan.build.megabytes}
    return {name: fetched.get(name, 0) + STEP_WEIGHT for name, _ in _steps(plan, False)}


def remove_others(keep: Path) -> None:
    """Environments that no record names any more. One that is in use (Windows) stays until next time."""
    for folder in environments():
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def environments() -> list[Path]:
    """All that we made, finished or not."""
    parent = paths.home() / "backend"
    return sorted(path.parent for path in parent.glob(f"*/{STEPS}"))


def _steps(plan: Plan, talkative: bool) -> list[tuple[str, Callable[[], None]]]:
    folder, build = plan.folder, plan.build
    steps: list[tuple[str, Callable[[], None]]] = [("created", lambda: packages.create(folder))]
    if build is not None:
        steps.append(("torch", lambda: _install_torch(folder, build, talkative)))
    steps.append(("keycel", lambda: _install_keycel(plan, talkative)))
    if build is not None and build.replaces:
        steps.append(("onnxruntime", lambda: _replace_onnxruntime(folder, build)))
    steps.append(("tried", lambda: _try(folder, build)))
    return steps


def _install_torch(folder: Path, build: Build, talkative: bool) -> None:
    print(f"Fetching {build.torch} (about {build.megabytes} MB) ...", flush=True)
    packages.install(folder, [build.torch], build.index, talkative)


def _install_keycel(plan: Plan, talkative: bool) -> None:
    """From a copy: building would leave its traces in the checkout."""
    print("Fetching the backend's packages (about 200 MB) ...", flush=True)
    extras = "[diffusion]" if plan.build is not None else ""
    # What is installed already must not be exchanged for another build of it.
    held = [plan.build.torch] if plan.build is not None else []
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "keycel"
        copy.mkdir()
        for name in SOURCES:
            source = plan.project / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, copy / name)
        index = plan.build.index if plan.build is not None else ""
        packages.install(plan.folder, [f"{copy}{extras}", *held], index, talkative)


def _replace_onnxruntime(folder: Path, build: Build) -> None:
    print(f"Fetching {build.onnxruntime} ...", flush=True)
    packages.pip(packages.python_of(folder), ["uninstall", "--yes", "--quiet", build.replaces])
    packages.install(folder, [build.onnxruntime])


def _try(folder: Path, build: Build | None) -> None:
    """Load what the engines need, and ask torch for the device that it was chosen for."""
    print("Trying it ...", flush=True)
    checks = ["import keycel_backend.cli, keycel_backend.worker.process, keycel_backend.regions.learned"]
    if build is not None:
        checks.append("import torch, diffusers, transformers, safetensors")
        if build.device in ("cuda", "rocm"):
            checks.append("assert torch.cuda.is_available(), 'torch does not find the graphics card'")
        if build.device == "mps":
            checks.append("assert torch.backends.mps.is_available(), 'torch does not find the graphics card'")
    command = [str(packages.python_of(folder)), "-I", "-c", "\n".join(checks)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise InstallerError(
            "The backend was installed, but it does not run.",
            "See python3 installer doctor. To use the processor: python3 installer install --device cpu.",
            outcome.stderr.strip()[-2000:],
            Trouble.DOES_NOT_RUN,
        )


def _require_room(plan: Plan) -> None:
    place = next(folder for folder in (paths.home(), *paths.home().parents) if folder.exists())
    free = shutil.disk_usage(place).free // 2**20
    if free < plan.megabytes:
        raise InstallerError(
            f"The disk is too full: {free} MB are free, about {plan.megabytes} MB are needed.",
            "Free some space or set KEYCEL_HOME to a folder on another disk, then run this again.",
            str(place),
            Trouble.ROOM,
        )


def _steps_done(folder: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads((folder / STEPS).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _fingerprint(project: Path) -> str:
    """Of the sources: a newer checkout of the same version is another backend."""
    digest = hashlib.sha256()
    for name in SOURCES:
        source = project / name
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                digest.update(str(path.relative_to(project)).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
