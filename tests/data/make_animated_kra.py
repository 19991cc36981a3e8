"""Makes `animated_by_krita_VERSION.kra` with the Krita on this machine. Not part of the test run.

    .venv/bin/python tests/data/make_animated_kra.py 5.1.5

A document of 128 x 96 with irregular keyframes (the first one not at 0), a keyframe that was moved,
clone keyframes, a group, a still layer off its origin, and grey and 16-bit layers. Beside it,
a `.json` of the same name holds what Krita itself answers for the pixels: SHA-256 of the canvas as
stored (BGRA, or the layer's own format) per layer and frame number.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 128, 96
LINE_TIMES = ((2, 9), (5,), (6,), (13,))
COLOR_TIMES = ((2,), (13,))
MOVED_TIME = 6


def main(version: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        seed = Path(scratch) / "seed.kra"
        _write_seed(seed)
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(HERE),
            "HOME": scratch,
            "XDG_CONFIG_HOME": f"{scratch}/config",
            "XDG_DATA_HOME": f"{scratch}/data",
            "XDG_RUNTIME_DIR": scratch,
        }
        target = HERE / f"animated_by_krita_{version}.kra"
        command = ["kritarunner", "-s", Path(__file__).stem, "-f", "inside_krita", str(seed), str(target)]
        run = subprocess.run(
            command, env=environment, timeout=180, capture_output=True, text=True, check=False
        )
        if "saved by Krita" not in run.stdout + run.stderr:
            sys.exit(run.stdout + run.stderr)
        print(f"{target}: {target.stat().st_size} bytes")


def _write_seed(path: Path) -> None:
    sys.path[:0] = [str(HERE.parent)]
    import cv2
    import numpy as np
    from support.kra_writer import Layer, write_kra

    def drawing(index: int, filled: bool) -> np.ndarray:
        picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        center = (40 + 9 * index, 48)
        if filled:
            cv2.circle(picture, center, 27, (40 + 30 * index, 160, 220, 255), -1)
        else:
            cv2.circle(picture, center, 28, (30, 20, 24, 255), 2, cv2.LINE_AA)
        return picture

    lines = {times: drawing(index, False) for index, times in enumerate(LINE_TIMES)}
    colors = {times: drawing(index * 3, True) for index, times in enumerate(COLOR_TIMES)}
    write_kra(
        path,
        WIDTH,
        HEIGHT,
        [
            Layer("ink", lines),
            Layer("colour keys", colors),
            Layer("grey", {(2,): drawing(1, True)}),
            Layer("deep", {(2,): drawing(2, True)}),
            Layer("still", still=drawing(3, True)),
            Layer("in group", {(2, 13): drawing(4, True)}),
        ],
    )


def inside_krita(arguments: list[str]) -> None:
    """Runs in Krita's own Python, which has neither numpy nor anything of ours."""
    from krita import Krita

    seed, target = arguments
    application = Krita.instance()
    application.setBatchmode(True)
    document = application.openDocument(seed)
    document.setBatchmode(True)
    layers = {node.name(): node for node in document.rootNode().childNodes()}
    document.setCurrentTime(MOVED_TIME)
    document.waitForDone()
    layers["ink"].move(10, -7)
    layers["still"].move(-20, 12)
    layers["grey"].setColorSpace("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")
    layers["deep"].setColorSpace("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc")
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    document.waitForDone()
    inner = layers["in group"].clone()
    layers["in group"].remove()
    group.addChildNode(inner, None)
    document.setCurrentTime(0)
    document.waitForDone()
    document.saveAs(target)
    expected = {"krita": application.version(), "layers": {}}
    for node in [*document.rootNode().childNodes(), *group.childNodes()]:
        if node.type() == "grouplayer":
            continue
        times = [time for time in range(20) if node.hasKeyframeAtTime(time)]
        pixels = {time: node.pixelDataAtTime(0, 0, WIDTH, HEIGHT, time) for time in times}
        if not times:
            pixels = {0: node.pixelData(0, 0, WIDTH, HEIGHT)}
        expected["layers"][node.name()] = {
            str(time): hashlib.sha256(bytes(data)).hexdigest() for time, data in pixels.items()
        }
    Path(target).with_suffix(".json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    print("saved by Krita", application.version(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
