"""Paints drawings after a reference, with less effort where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor

from keycel_backend.diffusion.attempts import FallbackCallback, with_fallback
from keycel_backend.diffusion.colorizediffusion.detail import (
    Detail,
    decode_in_tiles,
    draw_detail,
    encode_in_tiles,
)
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
    EstimateCallback,
    decode_latents,
    draw_noise,
    encode_mean,
    sample_latents,
)
from keycel_backend.diffusion.colorizediffusion.split_attention import Split
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.placement import place
from keycel_backend.diffusion.preview import FittedWhenNeeded
from keycel_backend.diffusion.tiles import TileGrid
from keycel_backend.engines.colorizediffusion.material import DrawingMaterial
from keycel_backend.engines.colorizediffusion.networks import LoadedNetworks
from keycel_backend.engines.colorizediffusion.settings import Settings
from keycel_backend.engines.painting import check_decoded
from keycel_backend.regions.arrays import Bytes

_ONE_PICTURE = Effort(decode_chunk=1, window=1, tiled=False)
"""There is neither a window nor a chunk to make smaller, but tiles are possible."""
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

        def sample(effort: Effort) -> tuple[Tensor, DrawingMaterial]:
            material = prepare(max(64, round(self._settings.resolution * effort.scale)))
            return self._sampled(material, seed, effort, listener), material

        (latents, material), self.effort = with_fallback(
            self.effort, Stage.SAMPLE, sample, listener.on_fallback
        )
        picture, tile = self._decoded(latents, listener), self._latent_size(material)
        large = prepare(self._settings.detail) if self._settings.detail else material
        if max(large.sketch.shape[2:]) > max(material.sketch.shape[2:]):
            enlarged = _enlarged(picture, material.placement, large)
            latents, self.effort = with_fallback(
                self.effort,
                Stage.SAMPLE,
                lambda effort: self._detailed(enlarged, large, tile, seed, effort, listener),
                listener.on_fallback,
            )
            picture, material = self._decoded(latents, listener, tile), large
        return to_bytes(picture[0][_crop(material.placement)][None])[0]

    @torch.no_grad()
    def _sampled(self, material: DrawingMaterial, seed: int, effort: Effort, listener: Listener) -> Tensor:
        """(1, 4, height, width) the first pass."""
        context = self._encoded(effort)
        place(self._networks, DENOISERS, self._device, effort.offload)
        split = self._split(material)
        noise = draw_noise(seed, *self._latent_size(material)).to(self._device)
        return sample_latents(
            self._networks,
            noise,
            material.sketch.to(self._device),
            context,
            split,
            self._settings.sampling,
            lambda number, _: listener.on_step(number),
            self._shown(material, listener),
            torch.Generator().manual_seed(seed + 2),
        )

    @torch.no_grad()
    def _detailed(
        self,
        picture: Tensor,
        material: DrawingMaterial,
        tile: tuple[int, int],
        seed: int,
        effort: Effort,
        listener: Listener,
    ) -> Tensor:
        """(1, 4, height, width) the second pass, from the first one's picture at its size."""
        context = self._encoded(effort)
        smaller = round(tile[0] * effort.scale), round(tile[1] * effort.scale)
        grid = self._grid(*self._latent_size(material), smaller)
        place(self._networks, DECODERS, self._device, effort.offload)
        painted = encode_in_tiles(self._networks, picture.to(self._device), grid)
        place(self._networks, DENOISERS, self._device, effort.offload)
        noise = draw_noise(seed + 1, *self._latent_size(material)).to(self._device)
        return draw_detail(
            self._networks,
            Detail(painted, material.sketch.to(self._device), noise),
            context,
            self._split(material),
            self._settings.sampling,
            grid,
            lambda number, _: listener.on_step(number),
            self._shown(material, listener),
        )

    def _decoded(self, latents: Tensor, listener: Listener, tile: tuple[int, int] | None = None) -> Tensor:
        """(1, 3, height, width) in main memory. `tile`: None for the whole picture at once."""
        height, width = latents.shape[2:]
        whole = tile or (height, width)

        @torch.no_grad()
        def decode(effort: Effort) -> Tensor:
            place(self._networks, DECODERS, self._device, effort.offload)
            if tile is not None or effort.tiled:
                smaller = (whole[0] // 2, whole[1] // 2) if effort.tiled else whole
                grid = self._grid(height, width, smaller)
                return decode_in_tiles(self._networks, latents, grid).cpu()
            return decode_latents(self._networks, latents).cpu()

        decoded, self.effort = with_fallback(self.effort, Stage.DECODE, decode, listener.on_fallback)
        check_decoded(decoded)
        return decoded

    def _grid(self, height: int, width: int, tile: tuple[int, int]) -> TileGrid:
        """Of latents, in tiles of whole units of what the networks can take."""
        configuration = self._networks.configuration
        multiple = configuration.size_multiple // configuration.autoencoder.pixels_per_latent
        rows, columns = (max(1, side // multiple) * multiple for side in tile)
        return TileGrid.of(height, width, (rows, columns))

    def _split(self, material: DrawingMaterial) -> Split | None:
        pixels = self._networks.configuration.autoencoder.pixels_per_latent
        mask = latent_mask(material.mask, pixels).to(self._device)
        return sketch_split(self._settings.mode, mask, self._thresholds, self._settings.merge)

    def _latent_size(self, material: DrawingMaterial) -> tuple[int, int]:
        pixels = self._networks.configuration.autoencoder.pixels_per_latent
        height, width = material.sketch.shape[2:]
        return height // pixels, width // pixels

    def _shown(self, material: DrawingMaterial, listener: Listener) -> EstimateCallback:
        part = _crop(material.placement, self._networks.configuration.autoencoder.pixels_per_latent)

        def show(estimate: Callable[[], Tensor]) -> None:
            listener.on_estimate(lambda: self._rough.picture(estimate()[0][part]).numpy())

        return show

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


def _enlarged(picture: Tensor, placement: Placement, large: DrawingMaterial) -> Tensor:
    """(1, 3, height, width) at the size of `large`, with the drawing where it lies there."""
    whole = functional.interpolate(picture, large.sketch.shape[2:], mode="bicubic")
    target = large.placement
    inside = picture[0][_crop(placement)][None]
    whole[0][_crop(target)] = functional.interpolate(inside, (target.height, target.width), mode="bicubic")[0]
    return whole.clamp(-1.0, 1.0)
