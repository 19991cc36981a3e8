"""`installer demo`: set up and colour the bundled shot through the real backend."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from . import environment


def run(project: Path, out: Path) -> int:
    """Exit code of the demo. Everything it writes is under the checkout and `out`."""
    python = environment.ensure(project, extras=())
    # A home of its own: the demo leaves no trace in the user's data folder.
    settings = {**os.environ, "KEYCEL_HOME": str(project / ".cache" / "demo-home")}
    return subprocess.run([python, "-m", "keycel_backend.demo", out], env=settings, check=False).returncode
