"""Paints drawings after a reference, with less effort where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor

from keycel_backend.diffusion.attempts import FallbackCallback, with_fallback
from keycel_backend.diffusion.colorizediffusion.modes import (
    Mode,
    Reference,
    Thresholds,
    reference_context,
    sketch_split,
)
from keycel_backend.diffusion.colorizediffusion.networks import DECODERS, DENOISERS, ENCODERS
from keycel_backend.diffusion.colorizediffusion.preparation import Placement, latent_mask, to_bytes
from keycel_backend.diffusion.colorizediffusion.sampling import (
    decode_latents,
    draw_noise,
    encode_mean,
    sample_latents,
)
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.placement import place
from keycel_backend.diffusion.preview import FittedWhenNeeded
from keycel_backend.engines.colorizediffusion.material import DrawingMaterial
from keycel_backend.engines.colorizediffusion.networks import LoadedNetworks
from keycel_backend.engines.colorizediffusion.settings import Settings
from keycel_backend.regions.arrays import Bytes
from keycel_shared.errors import ErrorCode, KeycelError

_ONE_PICTURE = Effort(decode_chunk=1, window=1)
"""There is neither a window nor a chunk to make smaller."""
_FITTED_SIDE = 256
"""Pixels of the reference's longer side when preview colours are fitted to it."""


@dataclass(frozen=True, slots=True)
class Listener:
    """All may raise (`Cancelled`), which ends the work."""

    on_step: Callable[[int], None]
    """Called after every step with its number, from 0."""
    on_fallback: FallbackCallback
    on_estimate: Callable[[Callable[[], Bytes]], None]
    """Called in every step with what gives a rough picture of the drawing, (height, width, 3) RGB of any
    size."""


class ReferencePainter:
    """Colours after one reference. One user at a time: it moves networks between devices."""

    def __init__(self, loaded: LoadedNetworks, reference: Reference, settings: Settings) -> None:
        self._networks = loaded.networks
        self._device = loaded.device
        self._reference = reference
        self._settings = settings
        self._thresholds = Thresholds()
        self._context: Tensor | None = None
        self._rough = loaded.tiny or FittedWhenNeeded(self._small_reference)
        self.effort = _ONE_PICTURE
        """What memory has allowed so far."""

    def paint(self, prepare: Callable[[int], DrawingMaterial], seed: int, listener: Listener) -> Bytes:
        """(height, width, 3) RGB of a drawing, without what is around it, at the networks' size.

        Args:
            prepare: from the longer side of the networks' picture, in pixels.
            seed: of the noise.
        Raises:
            KeycelError: RES_OUT_OF_MEMORY, or RUN_FAILED where the networks fail.
        """

        def work(effort: Effort) -> Bytes:
            longest = max(64, round(self._settings.resolution * effort.scale))
            return self._painted(prepare(longest), seed, effort, listener)

        picture, self.effort = with_fallback(self.effort, Stage.SAMPLE, work, listener.on_fallback)
        return picture

    @torch.no_grad()
    def _painted(self, material: DrawingMaterial, seed: int, effort: Effort, listener: Listener) -> Bytes:
        networks, device, settings = self._networks, self._device, self._settings
        # 1. the reference
        context = self._encoded(effort)
        # 2. all steps
        place(networks, DENOISERS, device, effort.offload)
        pixels = networks.configuration.autoencoder.pixels_per_latent
        mask = latent_mask(material.mask, pixels).to(device)
        noise = draw_noise(seed, mask.shape[2], mask.shape[3]).to(device)
        split = sketch_split(settings.mode, mask, self._thresholds, settings.merge)
        shown = _crop(material.placement, pixels)

        def show(estimate: Callable[[], Tensor]) -> None:
            listener.on_estimate(lambda: self._rough.picture(estimate()[0][shown]).numpy())

        latents = sample_latents(
            networks,
            noise,
            material.sketch.to(device),
            context,
            split,
            settings.sampling,
            lambda number, _: listener.on_step(number),
            show,
        )
        # 3. the picture
        place(networks, DECODERS, device, effort.offload)
        decoded = decode_latents(networks, latents)
        if not torch.isfinite(decoded).all():
            raise KeycelError(
                ErrorCode.RUN_FAILED,
                "The decoder gave numbers that are not finite.",
                "Install the model again: its weights may be damaged.",
            )
        return to_bytes(decoded[0][_crop(material.placement)][None])[0]

    @torch.no_grad()
    def _small_reference(self) -> tuple[Tensor, Tensor]:
        """A latent whose colours are known, of the reference, where the autoencoder is just now."""
        vae, given = self._networks.vae, self._reference.image
        scale = _FITTED_SIDE / max(given.shape[2:])
        rows, columns = (max(64, round(side * scale / 64) * 64) for side in given.shape[2:])
        picture = functional.interpolate(given.float(), (rows, columns), mode="area")
        device = next(vae.parameters()).device
        return encode_mean(self._networks, picture.to(device))[0], picture[0]

    def _encoded(self, effort: Effort) -> Tensor:
        """The context of the reference, made once."""
        if self._context is None:
            place(self._networks, ENCODERS, self._device, effort.offload)
            given = self._reference
            mask = None if given.mask is None else given.mask.to(self._device)
            reference = Reference(given.image.to(self._device), mask)
            mode: Mode = self._settings.mode
            self._context = reference_context(self._networks, reference, mode, self._thresholds)
        return self._context


def _crop(placement: Placement, pixels: int = 1) -> tuple[slice, slice, slice]:
    """All channels, and the rows and columns of a drawing, in units of so many pixels."""
    rows = slice(placement.top // pixels, -(-(placement.top + placement.height) // pixels))
    columns = slice(placement.left // pixels, -(-(placement.left + placement.width) // pixels))
    return slice(None), rows, columns
