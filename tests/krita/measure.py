"""Measures the plugin in a real Krita: a long shot, and many jobs one after the other.

    .venv/bin/python tests/krita/measure.py shot     # 100 drawings of 1920x1080
    .venv/bin/python tests/krita/measure.py soak     # 200 jobs, and what has grown
    .venv/bin/python tests/krita/measure.py stalls   # the demo shot: what holds up the user interface

Prints what `docs/benchmarks.md` reports. Not a test: figures depend on the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "installer"), str(TESTS.parent / "shared")]

from support.demo_document import write_demo_document  # noqa: E402
from support.kra_writer import Layer, Pixels, write_kra  # noqa: E402
from support.krita_process import Display, KritaProcess, start  # noqa: E402
from support.krita_states import command, open_shot  # noqa: E402
from support.walking_figure import layers  # noqa: E402

from keycel_backend.demo.fox import draw_fox  # noqa: E402
from keycel_backend.demo.motion import TIMES  # noqa: E402

SIZE = (1920, 1080)
DRAWINGS = 100
SHIFT = 24
"""Pixels by which the demo's drawings move each time they come round again, so that all differ."""
JOBS, WARM_UP, REPORT_EVERY = 200, 10, 50
SMALL, SMALL_TIMES = (320, 180), (0, 2, 3, 5, 9)
SAMPLE_SECONDS = 0.05


class Memory:
    """Highest resident memory of Krita and of the backend's processes while the block runs, in bytes."""

    def __init__(self, krita: KritaProcess) -> None:
        self.before = _resident([_process(krita)])
        self.krita = self.backend = 0
        self._process = krita
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory")

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.krita = max(self.krita, _resident([_process(self._process)]))
            self.backend = max(self.backend, _resident(backend_processes(self._process)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("shot", "soak", "stalls"))
    parser.add_argument("--drawings", type=int, default=DRAWINGS)
    parser.add_argument("--jobs", type=int, default=JOBS)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="keycel-measure-") as folder,
        running_krita(Path(folder)) as krita,
    ):
        print(f"Krita {krita.versions['Krita']}, {krita.versions['binding']}", flush=True)
        if options.what == "shot":
            measure_shot(krita, Path(folder), options.drawings)
        elif options.what == "stalls":
            measure_stalls(krita, Path(folder))
        else:
            soak(krita, Path(folder), options.jobs)
    return 0


@contextmanager
def running_krita(folder: Path) -> Iterator[KritaProcess]:
    display = Display(folder)
    display.start()
    krita = KritaProcess(folder / "krita", display)
    krita.folder.mkdir()
    krita.register_backend()
    try:
        start(krita)
        yield krita
        krita.run("shots", "close_all")
        print(f"Krita's exit code: {krita.quit()}")
    finally:
        krita.kill()
        krita.stop_backend()
        display.stop()


# ---------------------------------------------------------------------------- a long shot


def measure_shot(krita: KritaProcess, folder: Path, drawings: int) -> None:
    path = folder / "long.kra"
    write_kra(path, *SIZE, long_shot(drawings))
    open_shot(krita, path)
    print(f"{drawings} drawings of {SIZE[0]}x{SIZE[1]}:")
    press(krita, "first press")
    krita.run("measuring", "undo")
    press(krita, "undone and pressed again: from the store, without the engine")
    press(krita, "pressed once more: nothing to write")


def press(krita: KritaProcess, title: str) -> None:
    with Memory(krita) as memory:
        reply = krita.run("measuring", "timed", timeout=1800, name="colorize")
    report(title, reply.result, reply.stalls, memory)


def report(title: str, answer: dict[str, Any], stalls: list[dict[str, float]], memory: Memory) -> None:
    if answer["details"]:
        raise SystemExit(f"{title}: {answer}")
    spent: dict[str, float] = defaultdict(float)
    for text, seconds in answer["spans"]:
        spent[text] += seconds
    print(f"{title}: {sum(spent.values()):.1f} s. {answer['message']}")
    for text, seconds in spent.items():
        print(f"  {text}: {seconds:.1f} s")
    print("  longest stalls:", ", ".join(f"{stall['ms']:.0f} ms" for stall in stalls))
    print(
        f"  memory of Krita: {_gigabytes(memory.before)} before, {_gigabytes(memory.krita)} at most; "
        f"of the backend: {_gigabytes(memory.backend)} at most",
        flush=True,
    )


def long_shot(drawings: int) -> list[Layer]:
    """The demo's drawings at full size over and over, a little further to the right each time."""
    lines = {(number,): fox(number, painted=False) for number in range(drawings)}
    keys = {(number,): fox(number, painted=True) for number in range(0, drawings, 25)}
    paper = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    return [Layer("Lines", lines), Layer("Colour keys", keys), Layer("Paper", still=paper)]


def fox(number: int, painted: bool) -> Pixels:
    cel = draw_fox(TIMES[number % len(TIMES)])
    picture = cel.flats() if painted else cel.lines()
    scaling = cv2.INTER_NEAREST if painted else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, SIZE, interpolation=scaling).astype(np.uint8)
    return np.ascontiguousarray(np.roll(scaled, SHIFT * (number // len(TIMES)), axis=1))


# ---------------------------------------------------------------------------- standing still


def measure_stalls(krita: KritaProcess, folder: Path) -> None:
    """Silences of the GUI thread first, then, run again with a profiler, the long calls into Krita."""
    for kind in ("timed", "long_calls"):
        open_shot(krita, write_demo_document(folder / kind))
        print("longest stalls" if kind == "timed" else "calls into Krita and Qt over 30 ms")
        for title, name, *prepare in (
            ("Colorize, new layer", "colorize"),
            ("Colorize again, nothing to write", "colorize"),
            ("Spread after a correction", "spread", "correct"),
            ("Regenerate one frame", "regenerate", "go"),
        ):
            for step in prepare:
                krita.run("measuring", step, timeout=60)
            reply = krita.run("measuring", kind, timeout=600, name=name)
            stalls = [f"{stall['ms']:.0f} ms" for stall in reply.stalls[:5]]
            calls = [f"{call} {took} ms" for call, took in reply.result.get("calls", ())]
            print(f"  {title}: {', '.join(stalls if kind == 'timed' else calls)}", flush=True)


# ---------------------------------------------------------------------------- many jobs


def soak(krita: KritaProcess, folder: Path, jobs: int) -> None:
    """A new take of one frame, then all frames again, and so on; every job changes the document."""
    path = folder / "small.kra"
    write_kra(path, *SMALL, layers(*SMALL, times=SMALL_TIMES))
    open_shot(krita, path)
    print("jobs  threads  descriptors  documents  memory of Krita  processes of the backend  its memory")
    for number in range(WARM_UP + jobs + 1):
        done = number - WARM_UP
        if done >= 0 and done % REPORT_EVERY == 0:
            print_state(krita, done)
        if number % 2 == 0:
            command(krita, "colorize")
        else:
            frame = SMALL_TIMES[1 + number // 2 % (len(SMALL_TIMES) - 2)]
            krita.run("measuring", "put_playhead", at=frame)
            command(krita, "regenerate")
    log = (krita.keycel_home / "logs" / "supervisor.log").read_text()
    print(f"jobs that the backend has done, warm-up included: {log.count(': done')}")


def print_state(krita: KritaProcess, done: int) -> None:
    process = _process(krita)
    backend = backend_processes(krita)
    documents = krita.run("measuring", "open_documents").result
    print(
        f"{done:4}  {process.num_threads():7}  {process.num_fds():11}  {documents:9}  "
        f"{_gigabytes(_resident([process])):>15}  {len(backend):24}  {_gigabytes(_resident(backend)):>10}",
        flush=True,
    )


# ---------------------------------------------------------------------------- processes


def _process(krita: KritaProcess) -> psutil.Process:
    return psutil.Process(krita.process_id)


def backend_processes(krita: KritaProcess) -> list[psutil.Process]:
    pid = krita.backend_process_id()
    if pid is None or not psutil.pid_exists(pid):
        return []
    supervisor = psutil.Process(pid)
    return [supervisor, *supervisor.children(recursive=True)]


def _resident(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB"


if __name__ == "__main__":
    sys.exit(main())
