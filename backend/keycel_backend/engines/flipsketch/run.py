"""One call of the `flipsketch` engine: clip after clip, each from the last drawing of the one before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from keycel_backend.diffusion.checkpoints.flipsketch_store import load_flipsketch
from keycel_backend.diffusion.fallback import Effort
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.flipsketch.pipeline import Callbacks, Material, draw_clip
from keycel_backend.diffusion.flipsketch.sampling import Step
from keycel_backend.diffusion.flipsketch.text import Tokenizer
from keycel_backend.diffusion.flipsketch.windows import plan_windows
from keycel_backend.diffusion.preview import FittedWhenNeeded, RoughDecoder
from keycel_backend.engines.base import FrameResult, ProgressCallback, Request
from keycel_backend.engines.checking import checked_on_processor
from keycel_backend.engines.flat.drawings import Checkpoint
from keycel_backend.engines.flipsketch.ink import Pen, clean_ink, sketch
from keycel_backend.engines.flipsketch.settings import Settings
from keycel_backend.engines.installed import Runner
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.engines.painting import installed_tiny_decoder, show_estimate_at
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.lines import LineArt, read_line_art
from keycel_shared.errors import ErrorCode, KeycelError

# the tuning of frames overflows in the range of float16
_PRECISIONS = {"float32": torch.float32, "float16": torch.bfloat16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Loaded:
    networks: FlipsketchNetworks
    tokenizer: Tokenizer
    device: torch.device
    tiny: RoughDecoder | None = None
    """For previews; None where none is installed."""


def load_runner(folder: Path, device: str, precision: str) -> Runner:
    """What runs requests with the model in `folder`.

    Args:
        device: as torch names it.
        precision: "float32", or "float16" and "bfloat16" for a UNet in bfloat16.
    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    networks, tokenizer = load_flipsketch(folder, _PRECISIONS[precision])
    target = torch.device(device)
    loaded = Loaded(networks, tokenizer, target, installed_tiny_decoder(target))

    def runner(request: Request, progress: ProgressCallback, checkpoint: Checkpoint) -> Iterator[FrameResult]:
        return AnimationRun(request, loaded, progress, checkpoint).frames()

    return checked_on_processor(loaded.networks, target, runner)


class AnimationRun:
    """The request's settings and what has been done so far."""

    def __init__(
        self, request: Request, loaded: Loaded, progress: ProgressCallback, checkpoint: Checkpoint
    ) -> None:
        self._request = request
        self._shot = request.shot
        self._loaded = loaded
        self._progress = progress
        self._checkpoint = checkpoint
        self._settings = Settings.of(request.options)
        self._options = SamplingOptions.of(
            self._settings.steps, self._settings.fidelity, self._settings.guidance, self._settings.faithful
        )
        self._size = model_size(self._shot.width, self._shot.height, self._settings.resolution)
        self._effort = Effort(window=self._settings.window)
        self._rough: RoughDecoder | None = loaded.tiny
        self._done = 0
        self._work = 1

    def frames(self) -> Iterator[FrameResult]:
        began = time.monotonic()
        places = self._places()
        drawing = self._shot.load(self._shot.drawings[0].digest)
        art = read_line_art(drawing)
        if art.is_empty:
            raise KeycelError(
                ErrorCode.DOC_NO_LINES,
                "The drawing is empty.",
                "Draw something, then press the button again.",
            )
        texts = self._texts()
        if 0 in places:
            yield FrameResult(places.pop(0), drawing, (), (), time.monotonic() - began)
        takes: dict[int, dict[int, int]] = {}
        for place, target in places.items():
            seed = self._request.seed if target in self._request.redraw else 0
            takes.setdefault(seed, {})[place] = target
        self._work = max(1, sum(self._steps(max(asked)) for asked in takes.values()))
        for seed, asked in takes.items():
            yield from self._take(seed, asked, drawing, art, texts)
        self._progress(1.0, "Done")

    def _places(self) -> dict[int, int]:
        """Place in the animation (0: the artist's own drawing) to frame number of every target."""
        if len(self._shot.drawings) != 1:
            raise KeycelError(
                ErrorCode.DOC_BAD_OPTION,
                f"{len(self._shot.drawings)} drawings were given.",
                "Give one: it is what moves.",
            )
        first, exposure = self._shot.drawings[0].time, self._settings.exposure
        places = {(target - first) // exposure: target for target in sorted(self._request.targets)}
        for place, target in places.items():
            if first + place * exposure != target or not 0 <= place < self._settings.frames:
                raise KeycelError(
                    ErrorCode.DOC_NO_SUCH_FRAME,
                    f"The animation has no drawing at frame {target}.",
                    f"It has one at frame {first} and then at every {exposure} frames.",
                )
        return places

    def _texts(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Numbers of the sentence, of what to avoid, and of the empty text."""
        tokenizer = self._loaded.tokenizer
        for text in (self._settings.prompt, self._settings.avoid):
            if not tokenizer.fits(text):
                raise KeycelError(
                    ErrorCode.DOC_BAD_OPTION,
                    "The sentence is too long for the network.",
                    "Say it shorter: a dozen words are plenty.",
                    text[:80],
                )
        return tokenizer(self._settings.prompt), tokenizer(self._settings.avoid), tokenizer("")

    def _take(
        self,
        seed: int,
        asked: dict[int, int],
        drawing: Pixels,
        art: LineArt,
        texts: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    ) -> Iterator[FrameResult]:
        """The asked drawings of one take, by place; those before them are drawn as well."""
        digest = self._shot.drawings[0].digest
        pen = Pen.of(drawing, art, self._size[0])
        start, last = 0, max(asked)
        while start < last:
            began = time.monotonic()
            self._checkpoint()
            material = Material(sketch(art, pen, *self._size), *texts)
            window = plan_windows(self._settings.frames - start, self._effort.window)[0]
            pictures, self._effort = draw_clip(
                self._loaded.networks,
                material,
                window,
                self._options,
                frame_seed(seed, f"{digest}:{start}"),
                self._loaded.device,
                self._effort,
                Callbacks(
                    self._on_work,
                    self._on_work,
                    partial(self._on_step, start),
                    self._on_fallback,
                    self._on_sketch,
                ),
            )
            made: Pixels | None = None
            for place, picture in enumerate(pictures[1:], start + 1):
                self._checkpoint()
                made = clean_ink(picture, pen, self._shot.width, self._shot.height)
                if place in asked:
                    yield FrameResult(asked[place], made, (), (), time.monotonic() - began)
                    began = time.monotonic()
            assert made is not None, "a clip has at least two frames"
            start += len(pictures) - 1
            art = read_line_art(made)

    def _steps(self, last: int) -> int:
        """Steps of all clips up to the drawing in this place."""
        options, steps, start = self._options, 0, 0
        of_clip = options.inversion_steps + options.num_steps
        of_clip += options.aligned_steps * options.alignment_iterations
        for window in plan_windows(self._settings.frames, self._effort.window):
            if start < last:
                steps += of_clip
            start += window - 1
        return steps

    def _on_sketch(self, picture: torch.Tensor, latent: torch.Tensor) -> None:
        """Without a decoder of their own, previews have the colours that the sketch has."""
        if self._loaded.tiny is None:
            self._rough = FittedWhenNeeded(lambda: (latent, picture))

    def _on_step(self, start: int, step: Step) -> None:
        """Previews go through the drawings of a clip, one after the other."""
        self._on_work(step)
        frame = 1 + step.number % (step.estimate.shape[2] - 1)
        time = self._shot.drawings[0].time + (start + frame) * self._settings.exposure
        rough = self._rough
        if rough is not None:
            show_estimate_at(self._request, time, lambda: rough.picture(step.estimate[0, :, frame]).numpy())

    def _on_work(self, _: object) -> None:
        self._checkpoint()
        self._done += 1
        self._progress(min(self._done / self._work, 1.0), "Drawing")

    def _on_fallback(self, what: str) -> None:
        self._checkpoint()
        self._progress(min(self._done / self._work, 1.0), what)
