"""One call of the `colorizediffusion` engine: the reference, and each drawing that is wanted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from keycel_backend.diffusion.colorizediffusion.cost import calls_of, detail_steps
from keycel_backend.engines.base import Drawing, FrameResult, ProgressCallback, Request
from keycel_backend.engines.checking import checked_on_processor
from keycel_backend.engines.colorizediffusion.description import detail_size
from keycel_backend.engines.colorizediffusion.material import nothing_of, prepare_drawing, prepare_reference
from keycel_backend.engines.colorizediffusion.networks import LoadedNetworks, load_networks
from keycel_backend.engines.colorizediffusion.painter import Listener, ReferencePainter
from keycel_backend.engines.colorizediffusion.settings import Settings
from keycel_backend.engines.flat.drawings import Checkpoint, split_regions
from keycel_backend.engines.flat.finish import Paint
from keycel_backend.engines.installed import Runner
from keycel_backend.engines.lvcd.finish import finished_frame, read_suggestion
from keycel_backend.engines.painting import show_estimate
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.io.compose import WHITE
from keycel_backend.regions.arrays import Mask
from keycel_backend.regions.foreground import drawn_foreground, marked
from keycel_backend.regions.palette import Palette, palette_from
from keycel_backend.regions.reference_palette import reference_palette
from keycel_backend.regions.segmentation import Segmentation
from keycel_shared.errors import ErrorCode, KeycelError


def load_runner(folder: Path, device: str, precision: str) -> Runner:
    """What runs requests with the model in `folder`. Raises what `load_networks` raises."""
    loaded = load_networks(folder, device, precision)

    def runner(request: Request, progress: ProgressCallback, checkpoint: Checkpoint) -> Iterator[FrameResult]:
        return ReferenceRun(request, loaded, progress, checkpoint).frames()

    return checked_on_processor(loaded.networks, loaded.device, runner)


class ReferenceRun:
    """The request's settings and what has been done so far."""

    def __init__(
        self, request: Request, loaded: LoadedNetworks, progress: ProgressCallback, checkpoint: Checkpoint
    ) -> None:
        self._request = request
        self._shot = request.shot
        self._loaded = loaded
        self._progress = progress
        self._checkpoint = checkpoint
        self._settings = Settings.of(request.options)
        self._done = 0
        self._work = 1

    def frames(self) -> Iterator[FrameResult]:
        wanted = self._wanted()
        if not wanted:
            return
        self._progress(0.0, "Reading the image")
        if not self._shot.reference:
            raise KeycelError(
                ErrorCode.DOC_NO_KEYFRAME,
                "There is no image to colour after.",
                "Choose an image: keycel reference LINE --reference IMG --out PNG.",
            )
        picture = self._shot.load(self._shot.reference)
        palette = self._palette(reference_palette(picture, self._settings.colors))
        # on a cut-out figure nothing says what the ground should be
        unpainted = WHITE if bool(nothing_of(picture).any()) else None
        painter = ReferencePainter(
            self._loaded, prepare_reference(picture, self._settings.margin), self._settings
        )
        self._work = len(wanted) * self._steps()
        for index in wanted:
            yield self._frame(index, painter, palette, unpainted)
        self._progress(1.0, "Done")

    def _wanted(self) -> list[int]:
        """Indices of the drawings asked for. Raises `KeycelError` DOC_NO_SUCH_FRAME."""
        index_of_time = {drawing.time: index for index, drawing in enumerate(self._shot.drawings)}
        unknown = [frame for frame in self._request.targets if frame not in index_of_time]
        if unknown:
            raise KeycelError(
                ErrorCode.DOC_NO_SUCH_FRAME,
                f"No drawing begins at frame {unknown[0]}.",
                "Choose frames at which the line layer has a drawing.",
            )
        return sorted(index_of_time[frame] for frame in self._request.targets)

    def _steps(self) -> int:
        """Of one drawing, in both passes."""
        settings, shot = self._settings, self._shot
        large = detail_size(shot.width, shot.height, settings.resolution, settings.detail)
        steps = settings.sampling.num_steps
        again = 0 if large is None else detail_steps(steps)
        return calls_of(settings.sampling.sampler.value, steps) + again

    def _palette(self, found: Palette) -> Palette:
        return palette_from([], self._request.palette) if self._request.palette else found

    def _frame(
        self, index: int, painter: ReferencePainter, palette: Palette, unpainted: tuple[int, int, int] | None
    ) -> FrameResult:
        begun = time.monotonic()
        settings, drawing = self._settings, self._shot.drawings[index]
        art, segmentation = split_regions(self._shot, index, settings.gap, self._checkpoint)
        lines, foreground = self._shot.load(drawing.digest), self._foreground(drawing, segmentation)
        picture = painter.paint(
            lambda longest: prepare_drawing(lines, art, foreground, settings.preparation, longest),
            self._seed(drawing),
            Listener(
                self._on_step, self._on_fallback, lambda rough: show_estimate(self._request, index, rough)
            ),
        )
        self._checkpoint()
        return finished_frame(
            drawing.time,
            read_suggestion(picture, segmentation, palette, unpainted),
            segmentation,
            Paint(palette, 0, settings.overlap, settings.leave_unsure),
            settings.soft,
            time.monotonic() - begun,
        )

    def _foreground(self, drawing: Drawing, segmentation: Segmentation) -> Mask:
        """What the artist marked on a mask at the drawing's time, else what its regions say."""
        given = {mask.time: mask.digest for mask in self._shot.sketches}
        found = next((given[time] for time in drawing.times if time in given), None)
        return drawn_foreground(segmentation) if found is None else marked(self._shot.load(found))

    def _seed(self, drawing: Drawing) -> int:
        """Another one only where another take is wanted."""
        another = drawing.time in self._request.redraw
        return frame_seed(self._request.seed if another else 0, drawing.digest)

    def _on_step(self, _: int) -> None:
        self._checkpoint()
        self._done += 1
        self._progress(min(self._done / self._work, 1.0), "Sampling")

    def _on_fallback(self, what: str) -> None:
        self._checkpoint()
        self._progress(min(self._done / self._work, 1.0), what)
