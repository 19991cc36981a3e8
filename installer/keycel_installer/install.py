"""`installer install`: backend environment, pyzmq for Krita, the plugin in every Krita found.

The plugin's setup page runs it for the backend alone (`prepare`), and asks first what it would take (`plan`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from keycel_shared import paths
from keycel_shared.setup_report import Offer, SetupPlan, Trouble

from . import backend, builds, krita_plugin, kritas, machine, packages, plugin_wheels, record
from .errors import InstallerError
from .report import Report

KRITA_STEP = "krita"
"""The last step of the setup page: pyzmq for Krita's own Python, and the record."""


@dataclass(frozen=True, slots=True)
class Wishes:
    device: str = ""
    """One of builds.DEVICES; empty for the fastest that works."""
    without_diffusion: bool = False
    profile: krita_plugin.KritaProfile | None = None
    """The only profile to serve; None for every Krita that is found."""


def run(project: Path, wishes: Wishes) -> None:
    """Install, repair or upgrade. The old installation is in use until the new one has been tried.

    Raises:
        InstallerError: what stopped it; what was installed before still works.
    """
    found = machine.look()
    _require_python(found)
    build = None if wishes.without_diffusion else builds.choose(found, wishes.device)
    for reason in build.reasons if build is not None else ():
        print(reason, flush=True)
    plan = backend.Plan(project, build, found.python)
    python = backend.ensure(plan)
    plugin_wheels.fill(paths.vendor_folder(), found, python, project / "wheels")
    served = [wishes.profile] if wishes.profile is not None else kritas.profiles()
    for profile in served:
        krita_plugin.install(project, profile)
    record.write(python, build.device if build is not None else "", served)
    backend.remove_others(keep=plan.folder)
    _tell(served, wishes.profile is not None, packages.python_of(plan.folder))


def prepare(project: Path, wishes: Wishes, report: Report) -> None:
    """The backend and pyzmq for Krita, for a plugin that is in its place already.

    Raises:
        InstallerError: what stopped it; `report` has been told.
    """
    try:
        found = machine.look()
        _require_python(found)
        build = None if wishes.without_diffusion else builds.choose(found, wishes.device)
        plan = backend.Plan(project, build, found.python)
        weights = backend.step_weights(plan)
        report.steps([*weights, KRITA_STEP], [*weights.values(), backend.STEP_WEIGHT])
        python = backend.ensure(plan, report)
        report.begun(KRITA_STEP)
        plugin_wheels.fill(paths.vendor_folder(), found, python, project / "wheels")
        noted = record.read()
        profiles = noted.krita_profiles if noted is not None else []
        record.write(python, build.device if build is not None else "", profiles)
        backend.remove_others(keep=plan.folder)
        report.ended(KRITA_STEP)
    except InstallerError as error:
        report.failed(error)
        raise
    report.finished()


def plan(project: Path) -> SetupPlan:
    """What an installation would take on this machine, with the Python that runs this."""
    place = next(folder for folder in (paths.home(), *paths.home().parents) if folder.exists())
    free, folder = shutil.disk_usage(place).free // 2**20, str(paths.home())
    found = machine.look()
    try:
        _require_python(found)
        if not packages.can_make_environments():
            version = ".".join(map(str, found.python))
            return SetupPlan((), free, folder, Trouble.NO_VENV, f"python{version}-venv")
        ways: list[builds.Build | None] = [None, builds.choose(found)]
    except InstallerError as error:
        if error.trouble is not Trouble.BUILD:
            return SetupPlan((), free, folder, error.trouble, error.sentence)
        ways = [None]
    plans = [backend.Plan(project, build, found.python) for build in ways]
    return SetupPlan(tuple(_offer(each) for each in plans), free, folder)


def _offer(plan: backend.Plan) -> Offer:
    build = plan.build
    card = build.card.name if build is not None and build.card is not None else ""
    return Offer(build.device if build is not None else "", card, plan.download, plan.megabytes, plan.begun)


def _require_python(found: machine.Machine) -> None:
    if not builds.supports_python(found.python):
        version = ".".join(map(str, found.python))
        raise InstallerError(
            f"Some packages do not exist for Python {version}.",
            "Run the installer with another Python, from 3.10 on: python3.12 installer install.",
            trouble=Trouble.PYTHON,
        )


def _tell(served: list[krita_plugin.KritaProfile], chosen: bool, python: Path) -> None:
    print(f"\nThe backend is ready: {python}")
    for krita in [] if chosen else kritas.find():
        where = str(krita.program) if krita.program is not None else krita.kind
        print(f"Krita ({krita.kind}): {krita.note or where}")
    for profile in served:
        print(f"The plugin is in {profile.scripts} and enabled in {profile.kritarc}.")
    if kritas.running():
        print(
            "Krita is open. Quit and start it again; if the docker does not show up, run"
            " python3 installer doctor --fix while Krita is closed."
        )
    else:
        print("Start Krita, then open Settings > Dockers > Keycel.")
