"""How long each part of a work takes, as the plugin's own messages tell it."""

import re
import sys
import time

import docker
import host
import shots
from krita import Krita

from keycel_plugin import plugin

krita = Krita.instance()


def timed(name):
    """Give a command and wait for its end; answers with the seconds that each message has stood there.

    Numbers and times left in a message do not make it another one.
    """
    progress = docker.model().progress
    began = time.perf_counter()
    seen = []

    def note():
        text = re.split(r"[,.:(]| \d", progress.news.text)[0]
        if not seen or seen[-1][0] != text:
            seen.append([text, time.perf_counter() - began])

    progress.changed.connect(note)
    try:
        getattr(plugin.parts[0], name)()
        yield 0.1
        shown = yield from docker.wait_until_idle(1800)
    finally:
        progress.changed.disconnect(note)
    ends = [start for _, start in seen[1:]]
    spans = [[text, round(end - start, 3)] for (text, start), end in zip(seen, ends, strict=False)]
    return {"message": shown["message"], "details": shown["details"], "spans": spans}


def long_calls(name, threshold=0.03):
    """Give a command and wait for its end; answers with the calls into Krita and Qt that took longest.

    Each is one indivisible call on the GUI thread: its name, and the milliseconds it took apart from calls
    within it that are named themselves.
    """
    found, started, named = [], [], []

    def note(_frame, event, function):
        if event == "c_call":
            started.append(time.perf_counter())
            named.append(0.0)
        elif event in ("c_return", "c_exception") and started:
            took = time.perf_counter() - started.pop()
            within = named.pop()
            if took - within > threshold:
                name = f"{type(function.__self__).__name__}.{function.__name__}"
                found.append([name, round((took - within) * 1000)])
                within = took
            if named:
                named[-1] += within

    sys.setprofile(note)
    try:
        getattr(plugin.parts[0], name)()
        yield 0.1
        shown = yield from docker.wait_until_idle(1800)
    finally:
        sys.setprofile(None)
    return {"message": shown["message"], "details": shown["details"], "calls": found}


def undo():
    krita.action("edit_undo").trigger()
    yield from shots.settle()


def correct():
    """The artist paints a box on one frame of our layer."""
    yield from shots.place_artist(11, "Keycel colour", [], (560, 300, 80, 60))
    yield from host.paint_over("Keycel colour")
    yield 2


def go():
    """Another frame, with unsure regions, so that a new take differs."""
    yield from shots.place_artist(20, "Colour keys", [], (0, 0, 10, 10))
    yield 2


def put_playhead(at):
    krita.activeDocument().setCurrentTime(at)
    yield 0.1


def open_documents():
    """Documents that Krita knows, those without a window included."""
    return len(krita.documents())
