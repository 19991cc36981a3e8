"""`python -m keycel_backend.demo [FOLDER]`: colour the bundled shot through a real supervisor."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keycel_backend.commands.client import Client
from keycel_backend.commands.exit_codes import exit_code
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.commands.shot_run import RunOutcome, ShotRun, color_writer, make_request
from keycel_backend.commands.shot_upload import ShotUpload
from keycel_backend.demo.shot import write_demo_shot
from keycel_backend.evaluate.region_tally import RegionTally, tally_regions
from keycel_backend.evaluate.truth import open_truth
from keycel_backend.io.animation import ExposedPicture, write_animation
from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import RunReport, frame_name, prepare_folder, write_report, write_whole
from keycel_backend.io.sheet import SheetCell, SheetPart, write_contact_sheet
from keycel_backend.io.shot import open_shot
from keycel_backend.io.source import ShotSource
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels


def main(folder: Path) -> int:
    """Run the demo into `folder`; exit code."""
    try:
        run(folder)
    except KeycelError as error:
        print(error, file=sys.stderr)
        return exit_code(error.value.code)
    return 0


def run(folder: Path) -> None:
    """Draw, colour, measure, and write what there is to look at.

    Raises:
        KeycelError: no backend, no space, or a frame failed.
    """
    began = time.perf_counter()
    frames = folder / "frames"
    prepare_folder(frames)
    _draw_once(folder)
    shot = open_shot(folder / "shot")
    print(
        f"Colouring {len(shot.drawings)} drawings of {shot.width} x {shot.height} "
        f"from {len(shot.keyframes)} painted keyframes ...",
        flush=True,
    )
    outcome = _colorize(shot, frames)
    pictures = _flattened(shot, frames)
    _write_animation(folder / "animation.png", shot, pictures)
    _write_sheet(folder / "before-after.png", shot, pictures)
    print("Comparing with the true colours ...", flush=True)
    tally = _compare(folder, shot, pictures)
    reused = f" ({outcome.reused} from earlier work)" if outcome.reused else ""
    print(
        f"{len(outcome.frames)} frames in {outcome.seconds:.1f} s{reused}; "
        f"{tally.foreground_area.value:.1%} of the painted area and "
        f"{tally.foreground_count.value:.1%} of the regions are right; "
        f"{time.perf_counter() - began:.1f} s in all.\n"
        f"\n  frames          {frames}\n  animation       {folder / 'animation.png'}"
        f"\n  before / after  {folder / 'before-after.png'}\n  report          {frames / 'report.json'}"
    )


def _draw_once(folder: Path) -> None:
    """Draw the shot unless the same drawing code did it already."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    version = digest_of(b"".join(source.read_bytes() for source in sources))
    marker = folder / "truth" / "drawn-by"
    if marker.exists() and marker.read_text() == version:
        return
    print("Drawing the shot ...", flush=True)
    write_demo_shot(folder / "shot", folder / "truth")
    write_whole(marker, version.encode())


def _colorize(shot: ShotSource, frames: Path) -> RunOutcome:
    with Client("keycel demo") as client:
        upload = ShotUpload()
        request = make_request(shot, upload, "flat", (), seed=0, redraw=False, options={})
        outcome = ShotRun(color_writer(shot, frames, False), ProgressLine(quiet=False)).run(
            client, request, upload
        )
    if outcome.error is not None:
        raise KeycelError.from_value(outcome.error)
    if len(outcome.frames) != len(shot.drawings):
        missing = sorted(set(shot.drawings) - set(outcome.frames))
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            f"Frames {missing} were not coloured.",
            "Run `keycel doctor`, then the demo again; finished frames are kept.",
        )
    reports = tuple(outcome.frames[number] for number in sorted(outcome.frames))
    write_report(frames, RunReport(shot.name, tuple(shot.keyframes), reports))
    return outcome


def _flattened(shot: ShotSource, frames: Path) -> dict[int, Pixels]:
    return {
        number: flatten(load_png(frames / frame_name(number)), drawing.load())
        for number, drawing in shot.drawings.items()
    }


def _compare(folder: Path, shot: ShotSource, pictures: dict[int, Pixels]) -> RegionTally:
    """Regions with the right colour in all frames that were not painted by the artist."""
    truth = open_truth(folder / "truth" / "color", folder / "shot" / "line")
    between = {number: pictures[number][..., :3] for number in truth.times if number not in shot.keyframes}
    return tally_regions(truth, between)


def _write_animation(path: Path, shot: ShotSource, pictures: dict[int, Pixels]) -> None:
    exposed = [ExposedPicture(picture, shot.exposure(number)) for number, picture in pictures.items()]
    write_animation(path, exposed, shot.fps)


def _write_sheet(path: Path, shot: ShotSource, pictures: dict[int, Pixels]) -> None:
    before: list[SheetCell] = []
    after: list[SheetCell] = []
    for number, drawing in shot.drawings.items():
        lines = drawing.load()
        painted = number in shot.keyframes
        given = flatten(shot.keyframes[number].load(), lines) if painted else lines
        before.append(SheetCell(given, f"{number}  keyframe" if painted else str(number), painted))
        after.append(SheetCell(pictures[number], str(number), painted))
    write_contact_sheet(
        path, [SheetPart("What the artist draws and paints", before), SheetPart("What Keycel returns", after)]
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo")))
