"""Reading what the test driver says about a document: its layers and their keyframes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.krita_process import KritaProcess

COLORS = "Keycel colour"
UNTOUCHED = ("playhead", "active", "selected", "selection", "documents")


def layer(state: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [layer for layer in state["layers"] if layer["name"] == name]
    return found


def keyframes(state: dict[str, Any], name: str = COLORS) -> dict[int, str]:
    """Digest of each keyframe's picture by frame number."""
    return {int(time): digest for time, digest in layer(state, name)["keyframes"].items()}


def without(state: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    return [layer for layer in state["layers"] if layer["name"] not in names]


def differing(before: dict[int, str], after: dict[int, str]) -> set[int]:
    """Frame numbers at which two layers differ."""
    return {time for time in before.keys() | after.keys() if before.get(time) != after.get(time)}


def state_of(krita: KritaProcess) -> dict[str, Any]:
    return krita.run("shots", "state").result


def review_of(krita: KritaProcess) -> dict[str, Any]:
    """What the docker shows for review, with frame numbers as numbers."""
    seen = krita.run("docker", "review", timeout=60).result
    for name in ("states", "ends", "takes_of"):
        seen[name] = {int(time): value for time, value in seen[name].items()}
    return seen


def command(krita: KritaProcess, name: str, *arguments: object, error: str = "") -> dict[str, Any]:
    """Give the plugin a command; the docker must then show the error code `error`, or none."""
    answer = krita.run("docker", "do", name=name, arguments=list(arguments), timeout=120).result
    assert answer["details"].split(":")[0] == error, answer
    return answer


def open_shot(krita: KritaProcess, path: Path) -> None:
    krita.run("shots", "open_shot", path=str(path))


def put_artist(
    krita: KritaProcess, time: int, active: str, box: tuple[int, int, int, int] = (40, 40, 60, 40)
) -> dict[str, Any]:
    """Playhead, active layer and pixel selection of the artist."""
    arguments = {"time": time, "active": active, "selected": [], "box": list(box)}
    return krita.run("shots", "place_artist", **arguments).result


def paint(
    krita: KritaProcess, time: int, name: str, box: tuple[int, int, int, int] = (40, 40, 60, 40)
) -> None:
    """The artist fills a box on a layer with the foreground colour."""
    put_artist(krita, time, name, box)
    krita.run("host", "paint_over", layer=name)
