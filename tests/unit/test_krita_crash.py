"""Only a Krita that died without any Python at work is excused."""

from __future__ import annotations

import faulthandler
import subprocess
import sys
from pathlib import Path

import pytest
from support.krita_crash import KritaCrashed, KritaCrashedByItself, crash_error

_IN_PYTHON = "import ctypes; ctypes.string_at(0)"
_IN_NO_PYTHON = """
import ctypes, time
strlen = ctypes.CDLL(None).strlen
thread = ctypes.c_ulong()
ctypes.CDLL("libpthread.so.0").pthread_create(ctypes.byref(thread), None, strlen, None)
time.sleep(10)
"""


def faults(tmp_path: Path, script: str) -> str:
    """What `faulthandler` writes when this script is killed by a segmentation fault."""
    path = tmp_path / "faults.txt"
    enable = f"import faulthandler; faulthandler.enable(open({str(path)!r}, 'w'), all_threads=False)\n"
    assert subprocess.run([sys.executable, "-c", enable + script], check=False).returncode == -11
    return path.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="the script starts a thread as Linux does")
@pytest.mark.parametrize(
    ("script", "kind"), [(_IN_PYTHON, KritaCrashed), (_IN_NO_PYTHON, KritaCrashedByItself)]
)
def test_python_at_work_is_told_from_none(tmp_path: Path, script: str, kind: type[RuntimeError]) -> None:
    assert faulthandler.is_enabled()
    error = crash_error("Krita ended with -11 during host.group", faults(tmp_path, script))
    assert type(error) is kind
    assert "host.group" in str(error)


def test_an_end_without_a_signal_is_never_excused() -> None:
    assert type(crash_error("Krita ended with 1", "")) is RuntimeError


def test_a_thread_of_python_without_a_frame_is_none_at_work() -> None:
    told = "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f (most recent call first):\n"
    assert type(crash_error("", told + "  <no Python frame>\n")) is KritaCrashedByItself
