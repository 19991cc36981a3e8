"""Where the Krita under test lives: this machine, or a Debian root with another version of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SETTING = "KEYCEL_KRITA_ROOT"


@dataclass(frozen=True)
class KritaRoot:
    """A file tree with a Krita. `folder` "/" is this machine's own."""

    folder: Path

    @classmethod
    def chosen(cls) -> KritaRoot:
        """The one that the environment variable names, else this machine's."""
        return cls(Path(os.environ.get(SETTING) or "/"))

    @property
    def foreign(self) -> bool:
        return self.folder != Path("/")

    @property
    def artefacts(self) -> Path:
        """Where screenshots and figures of a test run go; not under version control."""
        return REPOSITORY / "out" / (self.folder.name if self.foreign else "")

    def has(self, program: str) -> bool:
        if not self.foreign:
            return shutil.which(program) is not None
        return any((self.folder / place / program).exists() for place in ("usr/local/bin", "usr/bin", "bin"))

    def command(self, *command: str) -> list[str]:
        """`command` as it has to be started here to run there; the process id stays the same.

        In a root of its own, Krita sees at their usual paths: this checkout, the temporary folder
        (with the X server's socket and the tests' files) and the backend's Python. So the plugin starts
        the backend by itself, as it does for users, and no test differs between versions. The mounts
        live in a private mount namespace and end with its last process, however that one ends.
        """
        if not self.foreign:
            return list(command)
        steps = ["set -e"]
        for place in _shared_places():
            target = shlex.quote(f"{self.folder}{place}")
            steps += [f"mkdir -p {target}", f"mount --rbind {shlex.quote(str(place))} {target}"]
        steps.append(f'exec {shutil.which("chroot")} {shlex.quote(str(self.folder))} "$@"')
        unshare = ["unshare", "--mount", "--propagation", "private"]
        return [*unshare, "sh", "-c", "; ".join(steps), "sh", *command]

    def python_version(self) -> tuple[int, int]:
        """The Python that Krita's scripting module is linked with."""
        [module] = self.folder.glob("usr/lib/*/kritaplugins/kritapykrita.so")
        inside = f"/{module.relative_to(self.folder)}"
        linked = subprocess.run(
            self.command("ldd", inside), check=True, capture_output=True, text=True, timeout=60
        )
        match = re.search(r"libpython3\.(\d+)\.so", linked.stdout)
        if match is None:
            raise RuntimeError(f"{module} is not linked with Python 3")
        return 3, int(match[1])


def _shared_places() -> list[Path]:
    """What Krita, the plugin and the backend need of this machine; outer folders before inner ones."""
    places = {Path(tempfile.gettempdir()), REPOSITORY, Path(sys.prefix), Path(sys.base_prefix)}
    # A Python of the system has no folder of its own: there the root's /usr must stay what it is.
    return [Path("/proc"), Path("/dev"), *sorted(place for place in places if place != Path("/usr"))]
