"""One call of the `lvcd` engine: its stretches, what is asked of each, and finished frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.pipeline import Material
from keycel_backend.diffusion.lvcd.segments import plan_segments
from keycel_backend.engines.base import FrameResult, ProgressCallback, Request
from keycel_backend.engines.checking import checked_on_processor
from keycel_backend.engines.flat.drawings import Checkpoint, split_regions
from keycel_backend.engines.flat.references import References
from keycel_backend.engines.flat.timeline import Stretch, stretches
from keycel_backend.engines.installed import Runner
from keycel_backend.engines.lvcd.finish import finished_frame, read_suggestion
from keycel_backend.engines.lvcd.material import WHITE, reference_picture, sketch
from keycel_backend.engines.lvcd.networks import LoadedNetworks, load_networks
from keycel_backend.engines.lvcd.painter import StretchPainter
from keycel_backend.engines.lvcd.settings import Settings
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.engines.lvcd.tracking import Known, Suggested, Tracks
from keycel_backend.engines.opening import Opening, StepCounter, open_request
from keycel_backend.engines.painting import Listener, RecentPainters, show_estimate
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.regions.arrays import Bytes
from keycel_backend.regions.lines import LineArt, read_line_art


def load_runner(folder: Path, device: str, precision: str, compiled: bool) -> Runner:
    """What runs requests with the model in `folder`. Raises what `load_networks` raises."""
    loaded, recent = load_networks(folder, device, precision, compiled), RecentPainters[StretchPainter]()

    def runner(request: Request, progress: ProgressCallback, checkpoint: Checkpoint) -> Iterator[FrameResult]:
        return LvcdRun(request, loaded, recent, progress, checkpoint).frames()

    # compiled networks would be compiled anew around every look
    return runner if compiled else checked_on_processor(loaded.networks, loaded.device, runner)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch in the order in which it is painted: away from the painted drawing `start`."""

    start: int
    order: tuple[int, ...]
    end: int | None
    """The painted drawing after it, if there is one."""


class LvcdRun:
    """The request's settings and what has been done so far."""

    def __init__(
        self,
        request: Request,
        loaded: LoadedNetworks,
        recent: RecentPainters[StretchPainter],
        progress: ProgressCallback,
        checkpoint: Checkpoint,
    ) -> None:
        self._request = request
        self._shot = request.shot
        self._loaded = loaded
        self._recent = recent
        self._progress = progress
        self._checkpoint = checkpoint
        self._settings = Settings.of(request.options)
        self._options = SamplingOptions(
            num_steps=self._settings.steps,
            schedule=self._settings.schedule,
            guidance=(1.0, self._settings.guidance),
            motion_bucket_id=self._settings.motion,
        )
        self._size = model_size(self._shot.width, self._shot.height, self._settings.resolution)
        self._counter = StepCounter(progress)

    def frames(self) -> Iterator[FrameResult]:
        opening = open_request(self._request, self._progress, self._checkpoint)
        if opening is None:
            return
        yield from opening.own_frames(self._checkpoint)
        todo = [part for part in self._parts(opening) if opening.wanted & set(part.order)]
        self._counter.work = max(1, sum(self._steps(part, opening.wanted) for part in todo))
        for part in todo:
            yield from self._part(part, opening)
        self._progress(1.0, "Done")

    def _parts(self, opening: Opening) -> list[_Part]:
        """Forward from the keyframe before; drawings before the first keyframe backward from it."""
        return [_part(stretch) for stretch in stretches(len(self._shot.drawings), list(opening.painted))]

    def _steps(self, part: _Part, wanted: frozenset[int]) -> int:
        """How many steps a part will take, roughly: the end of its last decoded chunk may need more."""
        asked = [place for place, index in enumerate(part.order) if index in wanted]
        last = min(asked[-1] + 2, len(part.order))  # the frame after the last one is looked at, too
        segments = len(plan_segments(last + 1, self._options.layout))
        takes = sum(self._take_seed(part.order[place]) is not None for place in asked)
        return (segments + takes) * self._options.num_steps

    def _part(self, part: _Part, opening: Opening) -> Iterator[FrameResult]:
        begun = time.monotonic()
        identity = self._identity(part, opening)
        painter = self._recent.take(identity) or self._new_painter(part, opening.references)
        for frame, suggested in self._checked(part, painter, opening):
            self._checkpoint()
            yield finished_frame(
                self._shot.drawings[part.order[frame - 1]].time,
                suggested.suggestion,
                suggested.segmentation,
                opening.paint,
                self._settings.soft,
                time.monotonic() - begun,
            )
            begun = time.monotonic()
        self._recent.keep(identity, painter)

    def _checked(
        self, part: _Part, painter: StretchPainter, opening: Opening
    ) -> Iterator[tuple[int, Suggested]]:
        """What is wanted of a part, compared with the drawings beside it.

        Frame 0 is the keyframe's; those beside a wanted frame are looked at as well, wanted or not, so that
        it comes out the same whatever else is asked for.
        """
        listener = Listener(
            self._on_step,
            self._on_fallback,
            lambda frame, picture: self._on_estimate(part.order[max(frame, 1) - 1], picture),
        )
        seeds = {
            place + 1: self._take_seed(index)
            for place, index in enumerate(part.order)
            if index in opening.wanted
        }
        plain = {frame for frame, seed in seeds.items() if seed is None}
        tracks = self._tracks(part, opening.references)
        waiting: dict[int, Suggested] = {}
        for frame, picture in painter.pictures(sorted(plain | tracks.needed(seeds.keys())), listener):
            suggested = self._suggested(part, frame, picture, opening)
            tracks.learn(frame, suggested)
            if frame in plain:
                waiting[frame] = suggested
            for ready in [one for one in waiting if tracks.is_complete(one)]:
                yield ready, tracks.checked(ready, waiting.pop(ready))
        for frame, seed in seeds.items():
            if seed is not None:
                suggested = self._suggested(part, frame, painter.take(frame, seed, listener), opening)
                yield frame, tracks.checked(frame, suggested)

    def _tracks(self, part: _Part, references: References) -> Tracks:
        start = Known.painted(references[part.start])
        end = None if part.end is None else Known.painted(references[part.end])
        return Tracks(len(part.order) + 1, start, end, self._loaded.matcher)

    def _suggested(self, part: _Part, frame: int, picture: Bytes, opening: Opening) -> Suggested:
        index = part.order[frame - 1]
        art, segmentation = split_regions(self._shot, index, opening.gap, self._checkpoint)
        flats = opening.references[part.start].flats
        unpainted = WHITE if bool((flats == 0).any()) else None
        suggestion = read_suggestion(picture, segmentation, opening.paint.palette, unpainted)
        self._checkpoint()
        return Suggested.of(art, segmentation, suggestion)

    def _take_seed(self, index: int) -> int | None:
        """Seed of another take of a drawing; None where the plain one is wanted."""
        drawing = self._shot.drawings[index]
        if self._request.seed == 0 or drawing.time not in self._request.redraw:
            return None
        return frame_seed(self._request.seed, drawing.digest)

    def _new_painter(self, part: _Part, references: References) -> StretchPainter:
        self._counter.say("Reading drawings")
        width, height = self._size
        lines = [sketch(self._line_art(index), width, height) for index in (part.start, *part.order)]
        flats = references[part.start].flats
        picture = reference_picture(flats, self._line_art(part.start), width, height)
        return StretchPainter(
            self._loaded.networks,
            self._loaded.device,
            Material(picture, np.stack(lines)),
            self._options,
            self._loaded.tiny,
        )

    def _line_art(self, index: int) -> LineArt:
        self._checkpoint()
        return read_line_art(self._shot.load(self._shot.drawings[index].digest))

    def _identity(self, part: _Part, opening: Opening) -> Hashable:
        """Everything that the pictures of a part depend on."""
        return (
            self._options,
            self._size,
            opening.gap,
            self._request.palette,
            opening.painted[part.start].digest,
            tuple(self._shot.drawings[index].digest for index in (part.start, *part.order)),
        )

    def _on_step(self, _: int) -> None:
        self._checkpoint()
        self._counter.step("Sampling")

    def _on_estimate(self, index: int, picture: Callable[[], Bytes]) -> None:
        show_estimate(self._request, index, picture)

    def _on_fallback(self, what: str) -> None:
        self._checkpoint()
        self._counter.say(what)


def _part(stretch: Stretch) -> _Part:
    if stretch.left is not None:
        return _Part(stretch.left, stretch.between, stretch.right)
    assert stretch.right is not None
    return _Part(stretch.right, stretch.between[::-1], None)
