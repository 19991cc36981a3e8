"""The library behind the link."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.link import load_zmq


def test_a_missing_pyzmq_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    with pytest.raises(KeycelError) as caught:
        load_zmq()
    assert caught.value.value.code is ErrorCode.ENV_MISSING_LIBRARY
    assert "installer install" in caught.value.value.remedy


def test_importing_the_shared_package_needs_nothing_but_the_standard_library() -> None:
    shared = Path(__file__).resolve().parents[2] / "shared"
    imports = "import keycel_shared.launcher, keycel_shared.submission"
    program = f"import sys; sys.path.insert(0, {str(shared)!r}); {imports}"
    # Without site-packages, as in a Krita that has none of our libraries yet.
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
