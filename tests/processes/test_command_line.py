"""The command line as a user runs it: real processes, real files, a supervisor of its own."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.drawn_shots import draw, figure
from support.supervised import child_environment, wait_for

from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import frame_name, write_png
from keycel_backend.io.shot import open_shot
from keycel_backend.regions.arrays import Pixels
from keycel_shared.connection import read_connection

TIMES = (0, 2, 3, 6, 8)
BROKEN = b"\x89PNG\r\n\x1a\n broken"
BLANK = np.zeros((240, 320, 4), np.uint8)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One Keycel home for the module; its supervisor is ended afterwards."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    info = read_connection(folder / "run" / "connection.json")
    if info is not None:
        process = psutil.Process(info.process)
        process.terminate()
        process.wait(10)


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    return write_shot(tmp_path / "shot", {time: draw(figure(moved=(4.0 * time, 0.0))) for time in TIMES})


def write_shot(
    folder: Path, pictures: dict[int, tuple[Pixels, Pixels]], painted: tuple[int, ...] = (0,)
) -> Path:
    for part in ("line", "color"):
        (folder / part).mkdir(parents=True)
    for number, (lines, flats) in pictures.items():
        write_png(folder / "line" / frame_name(number), lines)
        if number in painted:
            write_png(folder / "color" / frame_name(number), flats)
    return folder


def keycel(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keycel_backend", *map(str, words)]
    return subprocess.run(
        command, env=child_environment(home), capture_output=True, text=True, timeout=240, check=False
    )


def hashes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def seeds(out: Path) -> list[int]:
    return [frame["seed"] for frame in json.loads((out / "report.json").read_text())["frames"]]


def colors_in(picture: Pixels) -> set[tuple[int, ...]]:
    return {tuple(color) for color in np.unique(picture.reshape(-1, 4), axis=0)}


def test_colorize_writes_every_drawing_and_the_report(home: Path, shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = keycel(home, "colorize", shot, "--out", out, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == list(TIMES)
    assert sorted(path.name for path in out.iterdir()) == [*map(frame_name, TIMES), "report.json"]
    painted = colors_in(load_png(shot / "color" / "0000.png"))
    for number in TIMES:
        assert colors_in(load_png(out / frame_name(number))) <= painted
    report = json.loads((out / "report.json").read_text())
    assert report["keyframes"] == [0]
    assert [frame["time"] for frame in report["frames"]] == list(TIMES)
    for frame in report["frames"]:
        assert frame["engine"] == "flat"
        assert frame["regions"]
        for region in frame["regions"]:
            assert region.keys() == {"box", "area", "color", "palette_entry", "confidence", "reason"}
            assert 0.0 <= region["confidence"] <= 1.0


def test_a_second_press_is_free_and_identical(home: Path, shot: Path, tmp_path: Path) -> None:
    keycel(home, "colorize", shot, "--out", tmp_path / "one")
    again = keycel(home, "colorize", shot, "--out", tmp_path / "two", "--json")
    assert json.loads(again.stdout)["reused"] == len(TIMES)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_only_the_asked_frames_with_holds_resolved(home: Path, shot: Path, tmp_path: Path) -> None:
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out", "--frames", "4-7")
    assert run.returncode == 0, run.stderr
    assert sorted(hashes(tmp_path / "out")) == ["0003.png", "0006.png"], "4, 5 hold 3; 7 holds 6"


def test_regenerate_touches_nothing_else(home: Path, shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    keycel(home, "colorize", shot, "--out", out)
    before = hashes(out)
    (out / "0003.png").unlink()
    run = keycel(home, "regenerate", shot, "--out", out, "--frames", "3")
    assert run.returncode == 0, run.stderr
    after = hashes(out)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} <= {"0003.png"}
    assert seeds(out) == [0, 0, 1, 0, 0]
    keycel(home, "regenerate", shot, "--out", out, "--frames", "3")
    assert seeds(out) == [0, 0, 2, 0, 0], "each take has a seed of its own"


def test_flatten_shows_lines_over_paper(home: Path, shot: Path, tmp_path: Path) -> None:
    keycel(home, "colorize", shot, "--out", tmp_path / "out", "--flatten")
    picture = load_png(tmp_path / "out" / "0000.png")
    lines, flats = draw(figure())
    assert (picture[..., 3] == 255).all()
    ink = lines[..., 3] == 255
    assert (picture[ink][:, :3] == 0).all()
    away = (lines[..., 3] == 0) & (flats[..., 3] == 255)
    assert (picture[away] == flats[away]).all()
    assert (picture[0, 0] == 255).all()


@pytest.mark.parametrize(
    ("damage", "code", "status"),
    [
        (lambda shot: [path.unlink() for path in (shot / "line").iterdir()], "DOC_NO_LINES", 2),
        (lambda shot: (shot / "color" / "0000.png").unlink(), "DOC_NO_KEYFRAME", 2),
        (lambda shot: write_png(shot / "color" / "0000.png", BLANK), "DOC_NO_KEYFRAME", 2),
        (lambda shot: write_png(shot / "color" / "0000.png", BLANK[:100]), "DOC_SIZE_MISMATCH", 2),
        (
            lambda shot: (shot / "line" / "0003.png").write_bytes(BROKEN),
            "DOC_UNREADABLE_PICTURE",
            2,
        ),
        (lambda shot: (shot / "shot.json").write_text('{"fps": "many"}'), "DOC_BAD_OPTION", 2),
        (lambda shot: (shot / "shot.json").write_text('{"options": {"nonsense": 1}}'), "DOC_BAD_OPTION", 2),
    ],
)
def test_bad_shots_are_refused_plainly(
    home: Path, shot: Path, tmp_path: Path, damage: object, code: str, status: int
) -> None:
    assert callable(damage)
    damage(shot)
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out")
    assert run.returncode == status
    assert code in run.stderr
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.glob("out/*.png"))


def test_out_of_range_frames_and_options(home: Path, shot: Path, tmp_path: Path) -> None:
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out", "--frames", "100-200")
    assert (run.returncode, run.stderr.split(":")[0]) == (2, "DOC_NO_SUCH_FRAME")


def test_a_folder_that_cannot_be_written(home: Path, shot: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file stands here")
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out")
    assert (run.returncode, run.stderr.split(":")[0]) == (2, "OUT_NOT_WRITABLE")
    assert (tmp_path / "out").read_text() == "a file stands here"


def test_a_disk_that_fills_up_keeps_whole_frames(home: Path, tmp_path: Path) -> None:
    shot = write_shot(tmp_path / "shot", {n: draw(figure(moved=(n, 0.0)), 1280, 720) for n in range(6)})
    out = Path("/dev/shm") / f"keycel-test-{os.getpid()}"
    size = str(40 * 1024)
    out.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", out], capture_output=True, check=False
    )
    try:
        if mounted.returncode != 0:
            pytest.skip("only root can mount a small file system")
        run = keycel(home, "colorize", shot, "--out", out)
        assert run.returncode == 4, run.stderr
        assert "RES_DISK_FULL" in run.stderr
        for path in out.glob("*.png"):
            assert load_png(path).shape == (720, 1280, 4)
    finally:
        subprocess.run(["umount", out], capture_output=True, check=False)
        out.rmdir()
    again = keycel(home, "colorize", shot, "--out", tmp_path / "roomy", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["reused"] > 0, "what was computed is not lost"


def test_a_shot_of_one_drawing(home: Path, tmp_path: Path) -> None:
    lines, flats = draw(figure())
    shot = write_shot(tmp_path / "shot", {7: (lines, flats)}, painted=(7,))
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert (load_png(tmp_path / "out" / "0007.png") == flats).all(), "a keyframe comes back as painted"


def test_a_panorama_of_8192_pixels(home: Path, tmp_path: Path) -> None:
    pictures = {number: draw(figure(moved=(3000.0 + 9.0 * number, 0.0)), 8192, 240) for number in range(3)}
    shot = write_shot(tmp_path / "shot", pictures)
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    for number, (lines, flats) in pictures.items():
        away = lines[..., 3] == 0
        assert (load_png(tmp_path / "out" / frame_name(number))[away] == flats[away]).mean() > 0.999


def test_a_picture_beyond_all_bounds_is_refused_unread(home: Path, shot: Path, tmp_path: Path) -> None:
    header = bytearray((shot / "line" / "0000.png").read_bytes())
    header[16:24] = struct.pack(">II", 100_000, 100_000)
    header[29:33] = struct.pack(">I", zlib.crc32(header[12:29]))
    (shot / "line" / "0000.png").write_bytes(header)
    run = keycel(home, "colorize", shot, "--out", tmp_path / "out")
    assert (run.returncode, run.stderr.split(":")[0]) == (2, "DOC_TOO_LARGE")


def test_interrupt_keeps_what_is_done_and_exits_with_130(home: Path, tmp_path: Path) -> None:
    pictures = {number: draw(figure(moved=(2.0 * number, 0.0)), 1280, 720) for number in range(24)}
    shot = write_shot(tmp_path / "shot", pictures)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "keycel_backend", "colorize", str(shot), "--out", str(out)]
    process = subprocess.Popen(command, env=child_environment(home), stderr=subprocess.PIPE, text=True)
    with process:
        wait_for(lambda: list(out.glob("*.png")), "the first frame", 120)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, message = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Cancelled" in message
    assert time.monotonic() - began < 6.0
    done = set(hashes(out))
    assert 0 < len(done) < 24
    reported = json.loads((out / "report.json").read_text())["frames"]
    assert {frame["file"] for frame in reported} == done


def test_doctor_finds_nothing_wrong_here_and_a_read_only_home_elsewhere(home: Path, tmp_path: Path) -> None:
    run = keycel(home, "doctor")
    assert run.returncode == 0, run.stdout
    assert "flat" in run.stdout
    (tmp_path / "home").write_text("")
    run = keycel(tmp_path / "home", "doctor", "--json")
    assert run.returncode == 3
    findings = {finding["name"]: finding for finding in json.loads(run.stdout)}
    assert not findings["data folder"]["good"]
    assert findings["data folder"]["remedy"]


def test_score_reads_what_colorize_wrote(home: Path, shot: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    truth.mkdir()
    for number in TIMES:
        write_png(truth / frame_name(number), draw(figure(moved=(4.0 * number, 0.0)))[1])
    keycel(home, "colorize", shot, "--out", tmp_path / "out")
    run = keycel(home, "score", tmp_path / "out", truth, "--line", shot / "line", "--json")
    assert run.returncode == 0, run.stderr
    scores = json.loads(run.stdout)
    assert scores["frames"] == len(TIMES) - 1
    assert scores["reg_fg_area"] == 1.0


def test_a_kra_document_gives_the_same_frames_as_its_folder(home: Path, tmp_path: Path) -> None:
    document = Path(__file__).parents[1] / "data" / "animated_by_krita_5.1.5.kra"
    run = keycel(home, "colorize", document, "--out", tmp_path / "from-document")
    assert run.returncode == 0, run.stderr
    opened = open_shot(document)
    pictures = {number: (source.load(), BLANK) for number, source in opened.drawings.items()}
    folder = write_shot(tmp_path / "shot", pictures, painted=())
    for number, source in opened.keyframes.items():
        write_png(folder / "color" / frame_name(number), source.load())
    run = keycel(home, "colorize", folder, "--out", tmp_path / "from-folder")
    assert run.returncode == 0, run.stderr
    assert len(hashes(tmp_path / "from-folder")) == len(opened.drawings) > 2
    assert hashes(tmp_path / "from-document") == hashes(tmp_path / "from-folder")
