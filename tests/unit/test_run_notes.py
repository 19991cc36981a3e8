"""What memory did not allow is in the report of a run, and said at its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keycel_backend.commands.concluding import conclude, write_run_report
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.shot_run import ShotRun
from keycel_backend.diffusion.fallback import every_note
from keycel_shared.messages import JobProgress


def test_what_was_given_up_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ShotRun(lambda _time, _pixels: None, ProgressLine(quiet=True))
    smaller = "Memory ran out while sampling: working at 50 percent of the size"
    assert smaller in every_note()
    for phase in ("Reading drawings", smaller, "Sampling", smaller):
        run.progress(JobProgress("job", 0.5, phase, None))
    write_run_report(tmp_path, "shot", (0,), ("Of the shot.",), {}, run.outcome)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["notes"] == ["Of the shot.", f"{smaller}."]
    assert conclude(run.outcome, tmp_path, as_json=True) == 0
    assert capsys.readouterr().err == f"{smaller}.\n"
