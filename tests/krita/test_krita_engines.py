"""ColorizeDiffusion and FlipSketch from a real Krita, through the real backend; small random networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.installed_colorizediffusion import install_tiny_coloring
from support.kra_writer import Layer, write_kra
from support.krita_process import KritaProcess
from support.krita_states import (
    COLORS,
    command,
    differing,
    keyframes,
    layer,
    open_shot,
    put_artist,
    review_of,
    state_of,
    without,
)
from support.tiny_colorizediffusion import random_coloring_networks
from support.tiny_flipsketch import install_tiny, random_networks
from support.walking_figure import figure, layers

from keycel_backend.io.kra.reader import read_kra

SIZE = (320, 180)
TIMES = (0, 3, 9)


@pytest.fixture(scope="module")
def installed(krita_process: KritaProcess) -> KritaProcess:
    """The Krita whose backend has both models."""
    with pytest.MonkeyPatch.context() as monkeypatch, torch.no_grad():
        home = krita_process.keycel_home
        install_tiny_coloring(home, random_coloring_networks(seed=5), monkeypatch)
        install_tiny(home, random_networks(seed=5), monkeypatch)
    return krita_process


@pytest.fixture
def drawn(installed: KritaProcess, krita: KritaProcess, tmp_path: Path) -> KritaProcess:
    """A shot without painted keyframes; a picture to colour after and a mask lie on layers of their own."""
    assert installed is krita
    path = tmp_path / "drawn.kra"
    lines, _, paper = layers(*SIZE, times=TIMES)
    half, empty = np.zeros((2, SIZE[1], SIZE[0], 4), np.uint8)
    half[:, : SIZE[0] // 2] = 255
    sheet = Layer("Model sheet", still=figure(0, *SIZE, painted=True))
    write_kra(path, *SIZE, [lines, Layer("Colours", still=empty), sheet, Layer("Mask", still=half), paper])
    open_shot(krita, path)
    krita.run("docker", "wait_for_engines")
    krita.run("docker", "pick", line="Lines", color="Colours")
    for option, value in (("steps", 4), ("resolution", 64)):
        command(krita, "set_image_option", option, value)
        command(krita, "set_animation_option", option, value)
    return krita


def test_a_first_keyframe_after_a_picture(drawn: KritaProcess, tmp_path: Path) -> None:
    before = put_artist(drawn, 4, "Lines")
    for choose, name in (("choose_reference", "Model sheet"), ("choose_mask", "Mask")):
        command(drawn, choose, layer(before, name)["id"])
    command(drawn, "set_image_option", "mode", "split")
    done = command(drawn, "color_after_image", "")
    assert done["message"].startswith("1 drawing coloured."), done
    after = state_of(drawn)
    assert without(after, COLORS) == before["layers"]
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert after["playhead"] == before["playhead"]
    assert review_of(drawn)["states"] == {0: "empty", 3: "proposed", 9: "empty"}
    saved = tmp_path / "saved.kra"
    drawn.run("shots", "save_as", path=str(saved))
    shot = read_kra(saved, "Lines", COLORS, None)
    painted = {tuple(color) for color in np.unique(figure(0, *SIZE, painted=True).reshape(-1, 4), axis=0)}
    used = {tuple(color) for color in np.unique(shot.colors[3].load().reshape(-1, 4), axis=0)}
    assert {color for color in used if color[3]} <= painted, "the picture's own colours, to the bit"
    assert len(used) > 1
    # once more is another take of this frame, and no other frame changes
    command(drawn, "color_after_image", "")
    assert differing(keyframes(after), keyframes(state_of(drawn))) <= {3}
    command(drawn, "accept")
    assert review_of(drawn)["states"][3] == "accepted"


def test_a_drawing_becomes_an_animation(drawn: KritaProcess) -> None:
    for option, value in (("prompt", "it walks"), ("frames", 3), ("exposure", 2)):
        command(drawn, "set_animation_option", option, value)
    before = put_artist(drawn, 4, "Lines")
    assert drawn.run("docker", "wait_for_estimate").result.startswith("3 drawings · ")
    done = command(drawn, "animate", False)
    assert done["message"].startswith("3 drawings on the new layer “Keycel animation”."), done
    after = state_of(drawn)
    made = keyframes(after, "Keycel animation")
    assert set(made) == {0, 3, 5, 7}, "Krita has a blank keyframe at 0"
    assert made[3] == keyframes(before, "Lines")[3], "the artist's own drawing, to the bit"
    assert len({made[time] for time in (0, 3, 5, 7)}) == 4
    assert without(after, "Keycel animation") == before["layers"]
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert after["playhead"] == before["playhead"]
    names = [entry["name"] for entry in after["layers"] if entry["type"] == "paintlayer"]
    assert names[:2] == ["Keycel animation", "Lines"]
    # its drawings are proposals: one is accepted, another made anew, the artist's own is refused
    put_artist(drawn, 5, "Keycel animation")
    assert review_of(drawn)["states"] == dict.fromkeys((3, 5, 7), "proposed")
    command(drawn, "accept")
    put_artist(drawn, 8, "Keycel animation")
    command(drawn, "regenerate")
    redrawn = keyframes(state_of(drawn), "Keycel animation")
    assert differing(made, redrawn) == {7}
    seen = review_of(drawn)
    assert seen["states"] == {3: "proposed", 5: "accepted", 7: "proposed"}
    assert seen["takes_of"][7] == 2
    assert keyframes(drawn.run("shots", "undo").result, "Keycel animation") == made
    put_artist(drawn, 4, "Keycel animation")
    command(drawn, "regenerate", error="DOC_NO_SUCH_FRAME")
