"""A real Krita keeps the promises, and breaks those, that the host in memory does (tests/simulated)."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.host_contract import CASES
from support.krita_process import KritaProcess


@pytest.mark.parametrize("case", CASES)
def test_in_krita(krita: KritaProcess, small_shot: Path, case: str) -> None:
    krita.run("contract", "check", case=case, path=str(small_shot))
