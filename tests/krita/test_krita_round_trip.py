"""The whole way in a real Krita: timeline, ZeroMQ, supervisor, worker, engine, and back into the document."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.kra_writer import write_kra
from support.krita_process import Display, KritaProcess, Reply
from support.krita_root import KritaRoot
from support.krita_states import UNTOUCHED, keyframes, layer, state_of, without
from support.walking_figure import REPEATED, layers

from keycel_backend.demo.shot import TIMES
from keycel_backend.io.kra.reader import read_kra

OUT = KritaRoot.chosen().artefacts
ALL_TIMES = sorted({*TIMES, *REPEATED})


def open_with_artist(krita: KritaProcess, path: Path) -> dict[str, Any]:
    krita.run("shots", "open_shot", path=str(path))
    place = {"time": 8, "active": "Colour keys", "selected": ["Paper"], "box": [10, 20, 300, 200]}
    return krita.run("shots", "place_artist", **place).result


def colorize(krita: KritaProcess) -> Reply:
    reply = krita.run("docker", "press", button="colorize", seconds=110, timeout=120)
    assert reply.result["details"] == "", reply.result
    return reply


def test_colorize_adds_one_layer_and_touches_nothing_else(
    krita: KritaProcess, display: Display, large_shot: Path
) -> None:
    before = open_with_artist(krita, large_shot)
    reply = colorize(krita)
    record_stalls("colorize: 24 drawings, 1280x720", reply)
    after = state_of(krita)
    assert "24 drawings coloured" in reply.result["message"]
    assert sorted(keyframes(after)) == ALL_TIMES
    assert len(set(keyframes(after).values())) == len(TIMES)
    assert keyframes(after)[REPEATED[0]] == keyframes(after)[REPEATED[1]]
    names = [entry["name"] for entry in after["layers"] if entry["type"] == "paintlayer"]
    assert names == ["Lines", "Keycel colour", "Colour keys", "Paper"]
    assert without(after, "Keycel colour") == before["layers"]
    assert {key: after[key] for key in UNTOUCHED} == {key: before[key] for key in UNTOUCHED}
    assert after["undo_steps"] == before["undo_steps"] + 1

    undone = krita.run("shots", "undo").result
    assert undone["layers"] == before["layers"]
    assert {key: undone[key] for key in UNTOUCHED} == {key: before[key] for key in UNTOUCHED}
    assert krita.run("shots", "redo").result["layers"] == after["layers"]
    krita.run("host", "hide", layer="Colour keys")
    display.screenshot(OUT / "krita-colorized.png")


def test_saved_and_read_without_krita_the_frames_are_the_same(
    krita: KritaProcess, large_shot: Path, tmp_path: Path
) -> None:
    open_with_artist(krita, large_shot)
    colorize(krita)
    delivered = keyframes(state_of(krita))
    saved = tmp_path / "saved.kra"
    krita.run("shots", "save_as", path=str(saved))

    pictures = read_layer(saved, "Keycel colour")
    assert {time: digest_of(picture) for time, picture in pictures.items()} == delivered
    palette = set[bytes]().union(*(colors_of(key) for key in read_layer(saved, "Colour keys").values()))
    assert len(palette) > 10
    for picture in pictures.values():
        assert colors_of(picture) <= palette

    krita.run("shots", "open_shot", path=str(saved))
    assert keyframes(state_of(krita)) == delivered
    # The document itself knows which layer is ours and what it was made from.
    again = krita.run("docker", "press", button="regenerate", timeout=120).result
    assert again["details"] == "", again


def test_regenerate_changes_one_frame_in_one_step(krita: KritaProcess, large_shot: Path) -> None:
    open_with_artist(krita, large_shot)
    colorize(krita)
    original = keyframes(state_of(krita))
    krita.run("host", "paint_over", layer="Keycel colour")
    krita.run("docker", "pick", line="Lines", color="Colour keys")
    painted = state_of(krita)
    changed = {time for time in original if keyframes(painted)[time] != original[time]}
    assert changed == {8}

    krita.run("docker", "review", timeout=60)
    reply = krita.run("docker", "answer_when_asked", name="regenerate", yes=True, timeout=120)
    record_stalls("regenerate: 1 of 24 drawings, 1280x720", reply)
    assert reply.result["details"] == "", reply.result
    assert "8" in reply.result["asked"]
    after = state_of(krita)
    assert {time for time in original if keyframes(after)[time] != keyframes(painted)[time]} == {8}
    assert keyframes(after).keys() == original.keys()
    assert without(after, "Keycel colour") == without(painted, "Keycel colour")
    assert {key: after[key] for key in UNTOUCHED} == {key: painted[key] for key in UNTOUCHED}
    assert after["undo_steps"] == painted["undo_steps"] + 1
    assert krita.run("shots", "undo").result["layers"] == painted["layers"]


def test_a_second_press_is_free_and_changes_nothing(krita: KritaProcess, large_shot: Path) -> None:
    open_with_artist(krita, large_shot)
    colorize(krita)
    before = state_of(krita)
    reply = krita.run("docker", "trigger", action="keycel_colorize", timeout=60)
    record_stalls("colorize again, all frames stored: 24 drawings, 1280x720", reply)
    assert state_of(krita) == before


def test_cancel_in_the_middle_leaves_the_document_alone(krita: KritaProcess, tmp_path: Path) -> None:
    path = tmp_path / "other.kra"
    write_kra(path, 1280, 720, layers(1280, 720, mirrored=True))
    before = open_with_artist(krita, path)
    reply = krita.run("docker", "colorize_and_cancel", after=2, timeout=120)
    record_stalls("cancel after 2 frames, 1280x720", reply)
    assert reply.result["docker"]["message"].startswith("Cancelled.")
    assert reply.result["docker"] == reply.result["later"]
    assert reply.result["docker"]["can_colorize"]
    after = reply.result["state"]
    assert {**after, "undo": ""} == {**before, "undo": ""}
    assert "24 drawings coloured" in colorize(krita).result["message"]


def test_results_go_to_the_right_document(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    reply = krita.run("docker", "colorize_behind", width=64, height=64, timeout=120)
    assert "5 drawings coloured" in reply.result["message"]
    assert (reply.result["front"], reply.result["front_layers"]) == ("Other", 1)
    assert krita.run("shots", "layers_of", title=small_shot.stem).result == [
        "Lines",
        "Keycel colour",
        "Colour keys",
        "Paper",
    ]


def test_a_16_bit_document_gets_an_8_bit_layer(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    colorize(krita)
    eight_bit = keyframes(state_of(krita))
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("host", "convert", model="RGBA", depth="U16")
    colorize(krita)
    state = state_of(krita)
    assert layer(state, "Keycel colour")["color"] == ["RGBA", "U8"]
    assert layer(state, "Lines")["color"] == ["RGBA", "U16"]
    assert keyframes(state) == eight_bit


def test_lines_at_the_very_bottom_still_show_above_the_colours(krita: KritaProcess, tmp_path: Path) -> None:
    path = tmp_path / "bottom.kra"
    lines, colors, _ = layers(320, 180, times=(0, 2, 3))
    write_kra(path, 320, 180, [colors, lines])
    krita.run("shots", "open_shot", path=str(path))
    colorize(krita)
    state = state_of(krita)
    assert [entry["name"] for entry in state["layers"]] == ["Colour keys", "Keycel colour", "Lines"]
    assert layer(state, "Keycel colour")["blending"] == "behind"


def record_stalls(title: str, reply: Reply) -> None:
    """Keep the longest silences of the user interface as an artefact, and bound the worst."""
    path = OUT / "krita-stalls.json"
    OUT.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    took = reply.result.get("seconds") if isinstance(reply.result, dict) else None
    known[title] = {"longest_ms": reply.stalls[0]["ms"], "seconds": took, "stalls": reply.stalls}
    path.write_text(json.dumps(known, indent=1))
    assert reply.stalls[0]["ms"] < 2000, reply.stalls


def read_layer(path: Path, name: str) -> dict[int, np.ndarray]:
    """Decode a layer's keyframes with the backend's own reader, which shares no code with Krita."""
    pictures = read_kra(path, "Lines", name, None).colors
    return {time: picture.load() for time, picture in pictures.items()}


def colors_of(picture: np.ndarray) -> set[bytes]:
    """Each RGBA colour of a picture; whatever is transparent counts as one."""
    colors = np.unique(np.ascontiguousarray(picture).view(np.uint32))
    return {color.tobytes() if color.tobytes()[3] else bytes(4) for color in colors}


def digest_of(picture: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(picture[:, :, [2, 1, 0, 3]]).tobytes()).hexdigest()


@pytest.fixture(scope="module", autouse=True)
def _fresh_artefacts() -> None:
    (OUT / "krita-stalls.json").unlink(missing_ok=True)
