"""Requests and replies as files, and a heartbeat that measures how long the GUI thread was busy."""

import faulthandler
import importlib.util
import inspect
import json
import os
import sys
import time
import traceback
from pathlib import Path

try:
    from PyQt5.QtCore import QObject, Qt, QTimer
except ImportError:
    from PyQt6.QtCore import QObject, Qt, QTimer

BEAT_MS = 4
POLL_MS = 20


class Heartbeat(QObject):
    """Gaps between ticks of a fast timer on the GUI thread: a long gap is a frozen user interface."""

    def __init__(self, parent):
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._started = self._last = time.perf_counter()
        self._gaps = []
        self._timer.start(BEAT_MS)

    def restart(self):
        self._gaps = []
        self._started = self._last = time.perf_counter()

    def _beat(self):
        now = time.perf_counter()
        self._gaps.append((now - self._last, self._last - self._started))
        self._last = now

    def longest(self, count=8):
        """The longest gaps as milliseconds, with the second of the scenario at which each began."""
        self._beat()
        worst = sorted(self._gaps, reverse=True)[:count]
        return [{"ms": round(gap * 1000, 1), "at_s": round(at, 3)} for gap, at in worst]


class Mailbox(QObject):
    """Polls for `request-N.json`, runs the scenario, writes `reply-N.json`."""

    def __init__(self):
        super().__init__()
        self._folder = Path(os.environ["KEYCEL_TEST_MAILBOX"])
        self._faults = (self._folder / "faults.txt").open("w")  # stays open: it is written to by a signal
        faulthandler.enable(self._faults, all_threads=False)
        self._number = 1
        self._running = None
        self.heartbeat = Heartbeat(self)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._poll)

    def open(self):
        self._timer.start(POLL_MS)

    def _poll(self):
        path = self._folder / f"request-{self._number}.json"
        if self._running is not None or not path.exists():
            return
        self._running = self._number
        self._number += 1
        try:
            request = json.loads(path.read_text())
            self.heartbeat.restart()
            outcome = _function(request["module"], request["function"])(**request["arguments"])
        except BaseException:
            self._reply(error=traceback.format_exc())
            return
        if inspect.isgenerator(outcome):
            self._step(outcome)
        else:
            self._reply(result=outcome)

    def _step(self, scenario):
        try:
            pause = next(scenario)
        except StopIteration as end:
            self._reply(result=end.value)
        except BaseException:
            self._reply(error=traceback.format_exc())
        else:
            QTimer.singleShot(int((pause or 0) * 1000), lambda: self._step(scenario))

    def _reply(self, result=None, error=None):
        body = {"result": result, "error": error, "stalls": self.heartbeat.longest()}
        number, self._running = self._running, None
        try:
            text = json.dumps(body)
        except TypeError:
            text = json.dumps({"result": None, "error": traceback.format_exc(), "stalls": []})
        path = self._folder / f"reply-{number}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(text)
        partial.rename(path)


def _function(module_path, name):
    """Scenarios are loaded afresh for each request, so that a test run never sees a stale module."""
    path = Path(module_path)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(f"scenario_{path.stem}", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return getattr(module, name)
