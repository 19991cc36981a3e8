"""A picture of the character on a layer of its own, in a real Krita: AniDoc colours from it alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.kra_writer import Layer, write_kra
from support.krita_process import KritaProcess
from support.krita_states import COLORS, command, keyframes, open_shot, put_artist, review_of, state_of
from support.tiny_anidoc import install_tiny_anidoc, random_anidoc
from support.walking_figure import SHIRT, SKIN, TROUSERS, figure, layers

from keycel_backend.io.kra.reader import read_kra

SIZE = (320, 180)
TIMES = (0, 2)
SHEET = {(200, 40, 60, 255), (30, 160, 90, 255), (250, 220, 120, 255)}
"""The character's colours on the sheet; on no other layer."""


@pytest.fixture
def anidoc(krita: KritaProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[KritaProcess]:
    """AniDoc with small random weights, installed for this test alone."""
    folder = install_tiny_anidoc(krita.keycel_home, random_anidoc(seed=5), monkeypatch)
    yield krita
    for installed in (folder, krita.keycel_home / "published"):
        shutil.rmtree(installed)


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Drawings, no painted keyframe, and the character in other colours on a still layer."""
    lines, _painted, paper = layers(*SIZE, times=TIMES)
    sheet = figure(20, *SIZE, painted=True)
    for before, after in zip((SKIN, SHIRT, TROUSERS), sorted(SHEET), strict=True):
        sheet[(sheet[..., :3] == before).all(axis=-1) & (sheet[..., 3] > 0)] = after
    nothing = np.zeros_like(sheet)
    path = tmp_path / "sheet.kra"
    write_kra(path, *SIZE, [lines, Layer("Colour keys", still=nothing), Layer("Sheet", still=sheet), paper])
    return path


def test_a_reference_layer_instead_of_keyframes(anidoc: KritaProcess, shot: Path, tmp_path: Path) -> None:
    open_shot(anidoc, shot)
    put_artist(anidoc, 0, "Colour keys")
    anidoc.run("docker", "pick", line="Lines", color="Colour keys")
    command(anidoc, "choose_engine", "anidoc")
    command(anidoc, "set_option", "steps", 4)
    command(anidoc, "set_option", "resolution", 64)
    command(anidoc, "colorize", error="DOC_NO_KEYFRAME")
    before = anidoc.run("docker", "pick", reference="Sheet").result
    assert before["line"] == "Lines"
    untouched = state_of(anidoc)

    command(anidoc, "colorize")
    after = state_of(anidoc)
    assert review_of(anidoc)["states"] == dict.fromkeys(TIMES, "proposed")
    assert sorted(keyframes(after)) == list(TIMES)
    assert [layer for layer in after["layers"] if layer["name"] != COLORS] == untouched["layers"]
    assert after["undo_steps"] == untouched["undo_steps"] + 1

    saved = tmp_path / "saved.kra"
    anidoc.run("shots", "save_as", path=str(saved))
    used: set[tuple[int, ...]] = set()
    for picture in read_kra(saved, "Lines", COLORS, None).colors.values():
        pixels = picture.load()
        used |= {tuple(color) for color in np.unique(pixels.reshape(-1, 4), axis=0).tolist() if color[3]}
    assert used
    assert used <= SHEET
