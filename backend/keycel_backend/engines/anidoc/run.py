"""One call of the `anidoc` engine: its clips, the reference of each, and finished frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.anidoc.windows import plan_windows, window_of
from keycel_backend.engines.anidoc.labelling import PointFinder
from keycel_backend.engines.anidoc.material import reference_image, sketch
from keycel_backend.engines.anidoc.networks import LoadedNetworks, load_networks
from keycel_backend.engines.anidoc.painter import ClipPainter, Material
from keycel_backend.engines.anidoc.reference_colors import ReferenceColors, read_reference_colors
from keycel_backend.engines.anidoc.settings import Settings
from keycel_backend.engines.base import FrameResult, ProgressCallback, Request
from keycel_backend.engines.checking import checked_on_processor
from keycel_backend.engines.flat.drawings import Checkpoint, split_regions
from keycel_backend.engines.flat.timeline import stretches
from keycel_backend.engines.installed import Runner
from keycel_backend.engines.lvcd.finish import finished_frame, read_suggestion
from keycel_backend.engines.lvcd.material import WHITE, reference_picture
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.engines.opening import Opening, StepCounter, open_request
from keycel_backend.engines.painting import Listener, RecentPainters, show_estimate
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.regions.arrays import Bytes
from keycel_backend.regions.lines import LineArt, read_line_art
from keycel_shared.errors import ErrorCode, KeycelError


def load_runner(folder: Path, device: str, precision: str) -> Runner:
    """What runs requests with the model in `folder`. Raises what `load_networks` raises."""
    loaded, recent = load_networks(folder, device, precision), RecentPainters[ClipPainter]()

    def runner(request: Request, progress: ProgressCallback, checkpoint: Checkpoint) -> Iterator[FrameResult]:
        return AniDocRun(request, loaded, recent, progress, checkpoint).frames()

    return checked_on_processor(loaded.networks, loaded.device, runner)


@dataclass(frozen=True, slots=True)
class _Clip:
    """Drawings that are coloured together, in order of time."""

    painted: int | None
    """The painted drawing that is their reference; None: the request's reference image is."""
    drawings: tuple[int, ...]


class AniDocRun:
    """The request's settings and what has been done so far."""

    def __init__(
        self,
        request: Request,
        loaded: LoadedNetworks,
        recent: RecentPainters[ClipPainter],
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
            num_steps=self._settings.steps, guidance=(1.0, self._settings.guidance)
        )
        self._size = model_size(self._shot.width, self._shot.height, self._settings.resolution)
        self._counter = StepCounter(progress)

    def frames(self) -> Iterator[FrameResult]:
        """
        Raises:
            KeycelError: DOC_BAD_OPTION, DOC_NO_SUCH_FRAME; DOC_NO_KEYFRAME where there is neither a
                painted keyframe nor a reference image, or nothing is painted in that; REG_NO_MODEL where the
                chosen matcher or tracker is not installed; RES_OUT_OF_MEMORY; RUN_FAILED.
        """
        image = self._shot.reference
        opening = open_request(self._request, self._progress, self._checkpoint, keyframes_needed=not image)
        if opening is None:
            return
        colors: ReferenceColors | None = None
        if image:
            colors = self._reference_colors(image)
            if not self._request.palette:
                palette = colors.added_to(opening.paint.palette)
                opening = replace(opening, paint=replace(opening.paint, palette=palette))
        yield from opening.own_frames(self._checkpoint)
        todo = [clip for clip in self._clips(opening) if self._asked(clip, opening)]
        self._counter.work = max(1, sum(self._steps(clip, opening) for clip in todo))
        for clip in todo:
            yield from self._colored(clip, opening, colors)
        self._progress(1.0, "Done")

    def _reference_colors(self, image: str) -> ReferenceColors:
        """Raises `KeycelError` DOC_NO_KEYFRAME for a picture in which nothing is painted."""
        colors = read_reference_colors(self._shot.load(image))
        if colors.colors:
            return colors
        raise KeycelError(
            ErrorCode.DOC_NO_KEYFRAME,
            "Nothing is painted in the reference picture.",
            "Use a picture of the character in colour, or none, and paint a drawing of the shot instead.",
        )

    def _clips(self, opening: Opening) -> list[_Clip]:
        """With a reference image all drawings; else those after each keyframe, and those before the first."""
        count = len(self._shot.drawings)
        if self._shot.reference:
            return [_Clip(None, tuple(range(count)))]
        return [
            _Clip(stretch.right if stretch.left is None else stretch.left, stretch.between)
            for stretch in stretches(count, list(opening.painted))
        ]

    def _asked(self, clip: _Clip, opening: Opening) -> dict[int, int]:
        """For each place in the clip that is wanted its drawing; painted ones have frames of their own."""
        wanted = opening.wanted - opening.painted.keys()
        return {place: index for place, index in enumerate(clip.drawings) if index in wanted}

    def _steps(self, clip: _Clip, opening: Opening) -> int:
        asked = self._asked(clip, opening)
        plan = plan_windows(len(clip.drawings), self._options.window, self._options.overlap)
        windows = window_of(plan, max(asked)).number + 1
        takes = sum(self._take_seed(index) is not None for index in asked.values())
        return (windows + takes) * self._options.num_steps

    def _colored(
        self, clip: _Clip, opening: Opening, colors: ReferenceColors | None
    ) -> Iterator[FrameResult]:
        begun = time.monotonic()
        identity = self._identity(clip, opening)
        painter = self._recent.take(identity) or self._new_painter(clip, opening)
        unpainted = WHITE if self._ground_is_bare(clip, opening, colors) else None
        for index, picture in self._pictures(clip, painter, opening):
            self._checkpoint()
            _, segmentation = split_regions(self._shot, index, opening.gap, self._checkpoint)
            yield finished_frame(
                self._shot.drawings[index].time,
                read_suggestion(picture, segmentation, opening.paint.palette, unpainted),
                segmentation,
                opening.paint,
                self._settings.soft,
                time.monotonic() - begun,
            )
            begun = time.monotonic()
        self._recent.keep(identity, painter)

    def _ground_is_bare(self, clip: _Clip, opening: Opening, colors: ReferenceColors | None) -> bool:
        if clip.painted is not None:
            return bool((opening.references[clip.painted].flats == 0).any())
        return colors is not None and colors.on_ground

    def _pictures(self, clip: _Clip, painter: ClipPainter, opening: Opening) -> Iterator[tuple[int, Bytes]]:
        """(index of drawing, RGB) of what is wanted of a clip."""
        listener = Listener(
            self._on_step,
            self._on_fallback,
            lambda place, picture: self._on_estimate(clip.drawings[place], picture),
            self._checkpoint,
        )
        asked = self._asked(clip, opening)
        plain = [place for place, index in asked.items() if self._take_seed(index) is None]
        for place, picture in painter.pictures(plain, listener):
            yield asked[place], picture
        for place, index in asked.items():
            seed = self._take_seed(index)
            if seed is not None:
                yield index, painter.take(place, seed, listener)

    def _take_seed(self, index: int) -> int | None:
        """Seed of another take of a drawing; None where the plain one is wanted."""
        drawing = self._shot.drawings[index]
        if self._request.seed == 0 or drawing.time not in self._request.redraw:
            return None
        return frame_seed(self._request.seed, drawing.digest)

    def _new_painter(self, clip: _Clip, opening: Opening) -> ClipPainter:
        self._counter.say("Reading drawings")
        width, height = self._size
        sketches = [sketch(self._line_art(index), width, height) for index in clip.drawings]
        settings, points = self._settings, self._loaded.points
        finder = PointFinder(
            points.matcher(settings.matcher),
            points.tracker(settings.tracker),
            settings.points,
            settings.sparse,
            self._options.seed,
        )
        return ClipPainter(
            self._loaded.networks,
            self._loaded.device,
            Material(self._reference(clip, opening), np.stack(sketches)),
            finder,
            self._options,
            self._loaded.tiny,
        )

    def _reference(self, clip: _Clip, opening: Opening) -> Bytes:
        width, height = self._size
        if clip.painted is None:
            return reference_image(self._shot.load(self._shot.reference), width, height)
        flats = opening.references[clip.painted].flats
        return reference_picture(flats, self._line_art(clip.painted), width, height)

    def _line_art(self, index: int) -> LineArt:
        self._checkpoint()
        return read_line_art(self._shot.load(self._shot.drawings[index].digest))

    def _identity(self, clip: _Clip, opening: Opening) -> Hashable:
        """Everything that the pictures of a clip depend on."""
        painted = "" if clip.painted is None else opening.painted[clip.painted].digest
        return (
            self._options,
            replace(self._settings, soft=False),
            self._size,
            opening.gap,
            self._request.palette,
            self._shot.reference,
            painted,
            tuple(self._shot.drawings[index].digest for index in clip.drawings),
        )

    def _on_step(self, _: int) -> None:
        self._checkpoint()
        self._counter.step("Sampling")

    def _on_estimate(self, index: int, picture: Callable[[], Bytes]) -> None:
        show_estimate(self._request, index, picture)

    def _on_fallback(self, what: str) -> None:
        self._checkpoint()
        self._counter.say(what)
