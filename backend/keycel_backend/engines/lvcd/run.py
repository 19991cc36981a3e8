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
from keycel_backend.engines.flat.drawings import Checkpoint, split_regions
from keycel_backend.engines.flat.references import References
from keycel_backend.engines.flat.timeline import Stretch, stretches
from keycel_backend.engines.lvcd.finish import finished_frame
from keycel_backend.engines.lvcd.material import WHITE, reference_picture, sketch
from keycel_backend.engines.lvcd.networks import LoadedNetworks, load_networks
from keycel_backend.engines.lvcd.painter import Listener, StretchPainter
from keycel_backend.engines.lvcd.settings import Settings
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.engines.opening import Opening, StepCounter, open_request
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.regions.arrays import Bytes
from keycel_backend.regions.lines import LineArt, read_line_art

KEPT_BYTES = 1 << 30


class RecentPainters:
    """The last stretch that was painted, so that another take of a frame does not sample it again."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._limit = kept_bytes
        self._kept: dict[Hashable, StretchPainter] = {}

    def take(self, identity: Hashable) -> StretchPainter | None:
        """Hands it out to one user at a time."""
        return self._kept.pop(identity, None)

    def keep(self, identity: Hashable, painter: StretchPainter) -> None:
        self._kept.clear()
        if painter.kept_bytes <= self._limit:
            self._kept[identity] = painter


Runner = Callable[[Request, ProgressCallback, Checkpoint], Iterator[FrameResult]]


def load_runner(folder: Path, device: str, precision: str) -> Runner:
    """What runs requests with the model in `folder`. Raises what `load_networks` raises."""
    loaded, recent = load_networks(folder, device, precision), RecentPainters()
    return lambda request, progress, checkpoint: LvcdRun(
        request, loaded, recent, progress, checkpoint
    ).frames()


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch in the order in which it is painted: away from the painted drawing `start`."""

    start: int
    order: tuple[int, ...]


class LvcdRun:
    """The request's settings and what has been done so far."""

    def __init__(
        self,
        request: Request,
        loaded: LoadedNetworks,
        recent: RecentPainters,
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
        segments = len(plan_segments(asked[-1] + 2, self._options.layout))
        takes = sum(self._take_seed(part.order[place]) is not None for place in asked)
        return (segments + takes) * self._options.num_steps

    def _part(self, part: _Part, opening: Opening) -> Iterator[FrameResult]:
        begun = time.monotonic()
        flats = opening.references[part.start].flats
        unpainted = WHITE if bool((flats == 0).any()) else None
        identity = self._identity(part, opening)
        painter = self._recent.take(identity) or self._new_painter(part, opening.references)
        for index, picture in self._pictures(part, painter, opening.wanted):
            self._checkpoint()
            _, segmentation = split_regions(self._shot, index, opening.gap, self._checkpoint)
            time_of_frame = self._shot.drawings[index].time
            yield finished_frame(
                time_of_frame,
                picture,
                segmentation,
                opening.paint,
                unpainted,
                self._settings.soft,
                time.monotonic() - begun,
            )
            begun = time.monotonic()
        self._recent.keep(identity, painter)

    def _pictures(
        self, part: _Part, painter: StretchPainter, wanted: frozenset[int]
    ) -> Iterator[tuple[int, Bytes]]:
        """(index of drawing, RGB) of what is wanted of a part. Frame 0 of a painter is the keyframe's."""
        listener = Listener(self._on_step, self._on_fallback)
        asked = {place + 1: index for place, index in enumerate(part.order) if index in wanted}
        plain = [frame for frame, index in asked.items() if self._take_seed(index) is None]
        for frame, picture in painter.pictures(plain, listener):
            yield asked[frame], picture
        for frame, index in asked.items():
            seed = self._take_seed(index)
            if seed is not None:
                yield index, painter.take(frame, seed, listener)

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

    def _on_fallback(self, what: str) -> None:
        self._checkpoint()
        self._counter.say(what)


def _part(stretch: Stretch) -> _Part:
    if stretch.left is not None:
        return _Part(stretch.left, stretch.between)
    assert stretch.right is not None
    return _Part(stretch.right, stretch.between[::-1])
