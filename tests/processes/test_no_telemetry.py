"""Libraries that would report their use to their makers are told not to, before they are loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MATCH = """
from keycel_backend.regions.learned import LearnedMatcher
LearnedMatcher()
import onnxruntime
print(onnxruntime.__version__)
"""


def test_loading_the_matcher_leaves_nothing_in_the_users_folders(tmp_path: Path) -> None:
    """onnxruntime keeps what it would send in ~/.cache/Microsoft; CI=true would keep it quiet by itself."""
    hidden = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join(str(PROJECT / folder) for folder in ("backend", "shared")),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", MATCH]
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert list(tmp_path.rglob("*")) == []
