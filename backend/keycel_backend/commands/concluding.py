"""The end of a run of the command line: its report, what is said, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from keycel_backend.commands import exit_codes
from keycel_backend.commands.shot_run import RunOutcome, summary
from keycel_backend.io.results import FrameReport, RunReport, write_report
from keycel_shared.states import JobState


def write_run_report(
    out: Path,
    name: str,
    painted: Iterable[int],
    notes: tuple[str, ...],
    earlier: Mapping[int, FrameReport],
    outcome: RunOutcome,
) -> None:
    """`report.json` of this run; frames of earlier runs that it did not touch stay in it."""
    frames = {**earlier, **outcome.frames}
    report = RunReport(
        shot=name,
        keyframes=tuple(painted),
        frames=tuple(frames[time] for time in sorted(frames)),
        failed=tuple(sorted(outcome.failed.items())),
        notes=(*notes, *outcome.notes),
    )
    write_report(out, report)


def conclude(outcome: RunOutcome, out: Path, as_json: bool) -> int:
    """Says what has come of a run; its exit code."""
    if as_json:
        print(json.dumps(summary(outcome, out), indent=1))
    else:
        reused = f", {outcome.reused} of them from earlier work" if outcome.reused else ""
        print(f"{len(outcome.frames)} frames in {out} ({outcome.seconds:.1f} s{reused})")
    for note in outcome.notes:
        print(note, file=sys.stderr)
    if outcome.error is not None:
        print(outcome.error, file=sys.stderr)
        return exit_codes.exit_code(outcome.error.code)
    if outcome.status is not None and outcome.status.state is JobState.CANCELLED:
        print("Cancelled; the finished frames are kept.", file=sys.stderr)
        return exit_codes.CANCELLED
    if outcome.status is not None and outcome.status.error is not None:
        print(outcome.status.error, file=sys.stderr)
        return exit_codes.exit_code(outcome.status.error.code)
    if outcome.failed and not outcome.frames:
        # an engine that cannot even be loaded fails every frame for one reason
        reasons = {error.code: error for error in outcome.failed.values()}
        if {exit_codes.exit_code(code) for code in reasons} == {exit_codes.NOT_AVAILABLE}:
            print(*reasons.values(), sep="\n", file=sys.stderr)
            return exit_codes.NOT_AVAILABLE
    return exit_codes.FAILED_FRAMES if outcome.failed else exit_codes.DONE
