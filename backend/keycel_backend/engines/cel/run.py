"""One call of the `cel` engine: its stretches, what is asked of each, and finished frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.diffusion.sketchkey.weights import load_networks
from keycel_backend.engines.base import Drawing, FrameResult, ProgressCallback, Request
from keycel_backend.engines.cel.description import STEPS
from keycel_backend.engines.cel.frames import CelFrame
from keycel_backend.engines.cel.painter import CelPainter, Plan
from keycel_backend.engines.flat.drawings import Checkpoint, split_regions
from keycel_backend.engines.flat.timeline import Stretch, stretches
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.lvcd.finish import finished_frame, read_suggestion
from keycel_backend.engines.lvcd.material import WHITE, reference_picture, sketch
from keycel_backend.engines.opening import Opening, StepCounter, open_request
from keycel_backend.engines.options import number
from keycel_backend.engines.painting import Listener, show_estimate
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.regions.arrays import Bytes
from keycel_backend.regions.lines import read_line_art

WEIGHTS = Path(__file__).parents[2] / "weights"
SIDE = 176
"""Pictures have about as many pixels as a square of this side. The networks were trained at 64, but colour
more regions right at this size (docs/training-diffusion.md): small ones have too few pixels there."""
SPARSE_SIDE = 112
"""The same where the networks see only key sketches."""

Drawn = Callable[[Drawing], bool]
"""Whether the networks see a drawing's lines."""


@dataclass(frozen=True, slots=True)
class LoadedCel:
    """Networks on their device, and the last stretch that they painted."""

    networks: SketchKeyNetworks
    device: torch.device
    recent: dict[Hashable, CelPainter] = field(default_factory=dict[Hashable, CelPainter])


def load_cel(name: str, device: str) -> LoadedCel:
    """The networks that come with Keycel as `name`. Raises `KeycelError` REG_NO_MODEL or REG_BAD_MODEL."""
    target = torch.device(device)
    return LoadedCel(load_networks(WEIGHTS / name / "networks.safetensors", target), target)


def run_cel(
    request: Request,
    loaded: LoadedCel,
    progress: ProgressCallback,
    checkpoint: Checkpoint,
    drawn: Drawn | None = None,
) -> Iterator[FrameResult]:
    """Colours the targets. `drawn`: which few drawings, the key sketches, are all that the networks see."""
    return _Run(request, loaded, progress, checkpoint, drawn).frames()


class _Run:
    def __init__(
        self,
        request: Request,
        loaded: LoadedCel,
        progress: ProgressCallback,
        checkpoint: Checkpoint,
        drawn: Drawn | None,
    ) -> None:
        self._request = request
        self._shot = request.shot
        self._loaded = loaded
        self._progress = progress
        self._checkpoint = checkpoint
        self._drawn = drawn
        self._num_steps = int(number(request.options, STEPS))
        self._soft = bool(request.options.get(SOFT.name, SOFT.default))
        multiple = loaded.networks.configuration.size_multiple
        side = SIDE if drawn is None else SPARSE_SIDE
        self._size = PictureSize.of(self._shot.height, self._shot.width, side, multiple)
        self._counter = StepCounter(progress)
        self._given_up = ""
        """What memory did not allow, a phrase that is told with every step: single news may get lost."""

    def frames(self) -> Iterator[FrameResult]:
        opening = open_request(self._request, self._progress, self._checkpoint)
        if opening is None:
            return
        yield from opening.own_frames(self._checkpoint)
        parts = [_order(part) for part in stretches(len(self._shot.drawings), list(opening.painted))]
        todo = {part: asked for part in parts if (asked := _asked(part, opening))}
        self._counter.work = max(1, sum(self._steps(part, todo[part], opening) for part in todo))
        for part, asked in todo.items():
            yield from self._part(part, asked, opening)
        self._progress(1.0, "Done")

    def _steps(self, part: tuple[int, ...], asked: dict[int, int], opening: Opening) -> int:
        takes = sum(self._take_seed(index) is not None for index in asked.values())
        known = self._loaded.recent.get(self._identity(part, opening))
        if known is not None:
            return known.steps_up_to(max(asked)) + takes * self._num_steps
        keys = [place for place, index in enumerate(part) if self._drawn is not None and self._shown(index)]
        windows = Plan.of(len(part), keys).window_of(max(asked)) + 1
        return (windows + takes) * self._num_steps

    def _part(self, part: tuple[int, ...], asked: dict[int, int], opening: Opening) -> Iterator[FrameResult]:
        begun = time.monotonic()
        unpainted = WHITE if bool((opening.references[part[0]].flats == 0).any()) else None
        painter = self._painter(part, opening)
        for place, picture in self._pictures(painter, asked, self._listener(part)):
            index = asked[place]
            self._checkpoint()
            _, segmentation = split_regions(self._shot, index, opening.gap, self._checkpoint)
            seconds = time.monotonic() - begun
            moment = self._shot.drawings[index].time
            suggestion = read_suggestion(picture, segmentation, opening.paint.palette, unpainted)
            self._checkpoint()
            yield finished_frame(moment, suggestion, segmentation, opening.paint, self._soft, seconds)
            begun = time.monotonic()
        self._loaded.recent.clear()
        self._loaded.recent[self._identity(part, opening)] = painter

    def _pictures(
        self, painter: CelPainter, asked: dict[int, int], listener: Listener
    ) -> Iterator[tuple[int, Bytes]]:
        plain = [place for place, index in asked.items() if self._take_seed(index) is None]
        yield from painter.pictures(plain, listener)
        for place, index in asked.items():
            seed = self._take_seed(index)
            if seed is not None:
                yield place, painter.take(place, seed, listener)

    def _listener(self, part: tuple[int, ...]) -> Listener:
        return Listener(
            self._on_step,
            self._on_fallback,
            lambda place, picture: show_estimate(self._request, part[place], picture),
            self._checkpoint,
        )

    def _take_seed(self, index: int) -> int | None:
        """Seed of another take of a drawing; None where the plain one is wanted."""
        drawing = self._shot.drawings[index]
        if self._request.seed == 0 or drawing.time not in self._request.redraw:
            return None
        return frame_seed(self._request.seed, drawing.digest)

    def _painter(self, part: tuple[int, ...], opening: Opening) -> CelPainter:
        known = self._loaded.recent.pop(self._identity(part, opening), None)
        if known is not None:
            self._given_up = known.given_up or self._given_up
            return known
        self._counter.say("Reading drawings")
        frames = [self._frame(index, opening) for index in part]
        networks, device = self._loaded.networks, self._loaded.device
        return CelPainter(networks, device, self._size, frames, self._num_steps, self._drawn is not None)

    def _frame(self, index: int, opening: Opening) -> CelFrame:
        self._checkpoint()
        drawing = self._shot.drawings[index]
        art = read_line_art(self._shot.load(drawing.digest))
        self._checkpoint()
        picture = None
        if index in opening.painted:
            flats = opening.references[index].flats
            picture = reference_picture(flats, art, self._size.width, self._size.height)
            self._checkpoint()
        height, width = self._size.hint
        # what is painted has its lines in it: there is nothing to hide
        shown = picture is not None or self._shown(index)
        return CelFrame(frame_seed(0, drawing.digest), sketch(art, width, height), shown, picture)

    def _shown(self, index: int) -> bool:
        """Whether the networks see the lines of a drawing."""
        return self._drawn is None or self._drawn(self._shot.drawings[index])

    def _identity(self, part: tuple[int, ...], opening: Opening) -> Hashable:
        """Everything that the pictures of a part depend on."""
        drawings = [self._shot.drawings[index] for index in part]
        return (
            self._num_steps,
            self._size,
            opening.gap,
            self._request.palette,
            tuple(drawing.digest for drawing in drawings),
            tuple(opening.painted[index].digest for index in part if index in opening.painted),
            tuple(self._shown(index) for index in part),
        )

    def _on_step(self, _: int) -> None:
        self._checkpoint()
        self._counter.step(self._given_up or "Sampling")

    def _on_fallback(self, what: str) -> None:
        self._checkpoint()
        self._given_up = what
        self._counter.say(what)


def _asked(part: tuple[int, ...], opening: Opening) -> dict[int, int]:
    """Drawings wanted of a part by their place in it; place 0 is the painted one."""
    return {
        place: index
        for place, index in enumerate(part)
        if index in opening.wanted and index not in opening.painted
    }


def _order(part: Stretch) -> tuple[int, ...]:
    """Drawings in the order of painting, away from the painted one, up to the next one if there is one."""
    if part.left is None:
        assert part.right is not None
        return (part.right, *part.between[::-1])
    return (part.left, *part.between, *(() if part.right is None else (part.right,)))
