"""`keycel bench`: time, memory and quality on this machine, with everything it needs made here."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keycel_backend.commands import Commands
from keycel_backend.commands.bench_networks import add_network_arguments, run_networks
from keycel_backend.commands.client import Client
from keycel_backend.commands.exit_codes import DONE
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.shot_run import RunOutcome, ShotRun, color_writer, make_request
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.demo.shot import write_demo_shot
from keycel_backend.engines.registry import find_engine
from keycel_backend.evaluate.clips import SETTINGS, Clip, ClipResult, find_clips, results_table
from keycel_backend.evaluate.overhead import measure_overhead
from keycel_backend.evaluate.speed import measure_engine, scaled
from keycel_backend.io.bgra import to_bgra
from keycel_backend.io.shot import open_shot
from keycel_backend.io.source import ShotSource
from keycel_shared.errors import KeycelError
from keycel_shared.messages import Shutdown
from keycel_shared.paths import at_home

SIZES = ((1280, 720), (1920, 1080))


def add_bench(commands: Commands) -> None:
    parser = commands.add_parser("bench", help="measure time, memory and quality on this machine")
    parser.add_argument("--engine", default="flat", help="which engine (default flat)")
    parser.add_argument("--clips", type=Path, metavar="DIR", help="also measure quality on the clips in DIR")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_network_arguments(parser)
    parser.set_defaults(run=run_bench)


def run_bench(arguments: argparse.Namespace) -> int:
    """Measure and print; exit code."""
    if arguments.random_weights:
        return run_networks(arguments)
    find_engine(arguments.engine, "colorize")
    line = ProgressLine(quiet=arguments.json)
    figures: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.platform()}"
    }
    results: list[ClipResult] = []
    with tempfile.TemporaryDirectory(prefix="keycel-bench-") as folder, at_home(Path(folder) / "home"):
        work = Path(folder)
        line.show("drawing the demo shot", important=True)
        write_demo_shot(work / "shot", work / "truth")
        shot = open_shot(work / "shot")
        figures["engine"] = [_engine_figures(arguments.engine, shot, size, line) for size in SIZES]
        line.show("overhead of supervisor and transport, 1920x1080", important=True)
        pictures = [bytes(to_bgra(scaled(source.load(), 1920, 1080))) for source in shot.drawings.values()]
        figures["overhead_1920x1080"] = asdict(measure_overhead(pictures, 1920, 1080))
        with Client("keycel bench") as client:
            line.show("press to first frame, 1280x720", important=True)
            figures["press_to_first_frame_seconds"] = _first_frame(client, arguments.engine, shot, work)
            if arguments.clips is not None:
                results = _measure_clips(client, arguments.engine, find_clips(arguments.clips), work, line)
            client.ask(Shutdown())
    line.end()
    figures["clips"] = [
        {"clip": result.clip, "setting": result.setting, "seconds_per_frame": result.seconds_per_frame}
        | result.scores.to_json()
        for result in results
    ]
    print(json.dumps(figures, indent=1) if arguments.json else _as_text(figures, results))
    return DONE


def _engine_figures(name: str, shot: ShotSource, size: tuple[int, int], line: ProgressLine) -> dict[str, Any]:
    line.show(f"engine {name}, {size[0]}x{size[1]}", important=True)
    return asdict(measure_engine(name, shot, *size))


def _first_frame(client: Client, engine: str, shot: ShotSource, work: Path) -> float | None:
    """Seconds from the press to the first coloured drawing on disk, with a warm worker."""
    _colorize(client, engine, shot, work / "warm", targets=tuple(shot.keyframes))
    between = tuple(number for number in shot.drawings if number not in shot.keyframes)
    began = time.perf_counter()
    outcome = _colorize(client, engine, shot, work / "first", targets=between)
    reading = time.perf_counter() - began - outcome.seconds
    return None if outcome.first_frame_seconds is None else reading + outcome.first_frame_seconds


def _measure_clips(
    client: Client, engine: str, clips: tuple[Clip, ...], work: Path, line: ProgressLine
) -> list[ClipResult]:
    results: list[ClipResult] = []
    for clip in clips:
        for setting in SETTINGS:
            line.show(f"clip {clip.name}, {setting}", important=True)
            folder = work / clip.name / setting
            clip.write_shot(folder, setting)
            shot = open_shot(folder)
            outcome = _colorize(client, engine, shot, folder / "out", targets=(), flat=True)
            scores = clip.score(folder / "out", setting)
            results.append(ClipResult(clip.name, setting, scores, outcome.seconds / len(outcome.frames)))
    return results


def _colorize(
    client: Client, engine: str, shot: ShotSource, out: Path, targets: tuple[int, ...], flat: bool = False
) -> RunOutcome:
    out.mkdir(parents=True)
    upload = ShotUpload()
    request = make_request(shot, upload, engine, targets, seed=0, redraw=False, options={})
    outcome = ShotRun(color_writer(shot, out, flat), ProgressLine(quiet=True)).run(client, request, upload)
    if outcome.error is not None:
        raise KeycelError.from_value(outcome.error)
    return outcome


def _as_text(figures: dict[str, Any], results: list[ClipResult]) -> str:
    lines = [figures["machine"]]
    lines += [
        f"engine {speed['width']}x{speed['height']}: {speed['seconds_per_drawing']:.3f} s per drawing "
        f"({speed['processor_seconds_per_drawing']:.3f} s of processors), "
        f"first after {speed['first_frame_seconds']:.2f} s, peak {speed['peak_memory_bytes'] / 1e9:.2f} GB"
        for speed in figures["engine"]
    ]
    overhead = figures["overhead_1920x1080"]
    lines.append(
        f"overhead per 1920x1080 frame: {overhead['single'] * 1000:.0f} ms on its own, "
        f"{overhead['streamed'] * 1000:.0f} ms in a stream of {overhead['frames'] // 2}"
    )
    first = figures["press_to_first_frame_seconds"]
    lines.append(f"press to first frame, warm, 1280x720: {first:.2f} s")
    return "\n".join(lines) + ("\n\n" + results_table(results) if results else "")
