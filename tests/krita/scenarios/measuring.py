"""How long each part of a work takes, as the plugin's own messages tell it."""

import re
import time

import docker
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


def undo():
    krita.action("edit_undo").trigger()
    yield from shots.settle()


def put_playhead(at):
    krita.activeDocument().setCurrentTime(at)
    yield 0.1


def open_documents():
    """Documents that Krita knows, those without a window included."""
    return len(krita.documents())
