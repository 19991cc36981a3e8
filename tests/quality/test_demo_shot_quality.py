"""The bundled shot, which every clone has: colours found between its two painted keyframes."""

from __future__ import annotations

from pathlib import Path

from keycel_backend.demo.shot import KEYFRAMES, write_demo_shot
from keycel_backend.engines.base import Drawing, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.evaluate.region_tally import tally_regions
from keycel_backend.evaluate.truth import open_truth
from keycel_backend.io.shot import open_shot
from keycel_backend.regions.compositing import flatten

LEAST_AREA = 0.975
LEAST_COUNT = 0.915


def test_the_demo_keeps_its_accuracy(tmp_path: Path) -> None:
    write_demo_shot(tmp_path / "shot", tmp_path / "truth")
    source = open_shot(tmp_path / "shot")
    pictures = {f"line{number}": drawing.load() for number, drawing in source.drawings.items()}
    pictures |= {f"color{number}": keyframe.load() for number, keyframe in source.keyframes.items()}
    shot = Shot(
        source.width,
        source.height,
        tuple(Drawing((number,), f"line{number}") for number in source.drawings),
        tuple(Keyframe(number, f"color{number}") for number in source.keyframes),
        pictures.__getitem__,
    )
    engine = FlatEngine()
    engine.load("cpu", "float32")
    truth = open_truth(tmp_path / "truth" / "color", tmp_path / "shot" / "line")
    between = tuple(number for number in source.drawings if number not in KEYFRAMES)
    results = engine.run(Request(shot, between), lambda _share, _doing: None, lambda: False)
    seen = {result.time: flatten(result.flats, pictures[f"line{result.time}"])[..., :3] for result in results}
    assert sorted(seen) == sorted(between)
    tally = tally_regions(truth, seen)
    assert tally.foreground_area.value >= LEAST_AREA
    assert tally.foreground_count.value >= LEAST_COUNT
