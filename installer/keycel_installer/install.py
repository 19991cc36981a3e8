"""`installer install`: backend environment, pyzmq for Krita, the plugin in every Krita found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keycel_shared import paths

from . import backend, builds, krita_plugin, kritas, machine, packages, plugin_wheels, record
from .errors import InstallerError


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
    if not builds.supports_python(found.python):
        version = ".".join(map(str, found.python))
        raise InstallerError(
            f"Some packages do not exist for Python {version}.",
            "Run the installer with another Python, from 3.10 on: python3.12 installer install.",
        )
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


def _tell(served: list[krita_plugin.KritaProfile], chosen: bool, python: Path) -> None:
    print(f"\nThe backend is ready: {python}")
    for krita in [] if chosen else kritas.find():
        where = str(krita.program) if krita.program is not None else krita.kind
        print(f"Krita ({krita.kind}): {krita.refusal or where}")
    for profile in served:
        print(f"The plugin is in {profile.scripts} and enabled in {profile.kritarc}.")
    if kritas.running():
        print(
            "Krita is open. Quit and start it again; if the docker does not show up, run"
            " python3 installer doctor --fix while Krita is closed."
        )
    else:
        print("Start Krita, then open Settings > Dockers > Keycel.")
