"""Shapes of the networks: any width, from one that a laptop trains to that of Stable Video Diffusion."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from keycel_backend.diffusion.sketchkey.latents import LATENT_CHANNELS
from keycel_backend.diffusion.sketchkey.sizes import PATCH
from keycel_backend.diffusion.svd.configuration import UNetConfiguration


def _small_unet() -> UNetConfiguration:
    return UNetConfiguration(
        block_out_channels=(32, 64, 96),
        num_attention_heads=(2, 4, 4),
        cross_attention_dim=64,
        in_channels=2 * LATENT_CHANNELS + 1,
        out_channels=LATENT_CHANNELS,
        layers_per_block=1,
        addition_time_embed_dim=32,
    )


@dataclass(frozen=True, slots=True)
class SketchKeyConfiguration:
    """The defaults are those of the small networks that come with Keycel."""

    unet: UNetConfiguration = field(default_factory=_small_unet)
    """Its input has the noisy latents, the known ones, and one channel that marks known frames."""
    hint_channels: tuple[int, ...] = (8, 16, 32, 48)
    """Of the layers that bring sketches from pixels to latents, in the ControlNet."""
    token_channels: tuple[int, ...] = (16, 32, 64)
    """Of the layers that make tokens of key sketches; a token has the width of the last. Each layer halves
    the size: three give a token for each latent, four one for 2 x 2."""
    distance_bias: bool = True
    """Attention between frames prefers what is near on the canvas. Networks that are trained from nothing
    need the help; weights of Stable Video Diffusion know none."""
    from_painted: bool = True
    """What is sampled is the difference to `Sequence.start`, so that what moves simply is right from the
    start. Weights of Stable Video Diffusion sample the latents themselves."""
    noise_floor: float = 20.0
    """The least noise at which the networks are asked; what they say there is the picture. Networks that have
    been trained for less than an hour see no details in little noise, only the noise."""

    @property
    def latent_channels(self) -> int:
        return self.unet.out_channels

    @property
    def size_multiple(self) -> int:
        """Sides of pictures must be multiples of this many pixels."""
        return PATCH * self.unet.size_multiple

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SketchKeyConfiguration:
        """Inverse of `to_json`. Raises KeyError or TypeError where something is missing or too much."""
        others = _with_tuples({name: value for name, value in values.items() if name != "unet"})
        return cls(UNetConfiguration(**_with_tuples(values["unet"])), **others)


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    lists = {name: cast("list[int]", value) for name, value in values.items() if isinstance(value, list)}
    return values | {name: tuple(value) for name, value in lists.items()}


PRESETS: dict[str, SketchKeyConfiguration] = {
    "small": SketchKeyConfiguration(),
    "medium": SketchKeyConfiguration(
        UNetConfiguration(
            block_out_channels=(64, 160, 256),
            num_attention_heads=(4, 5, 8),
            cross_attention_dim=128,
            in_channels=2 * LATENT_CHANNELS + 1,
            out_channels=LATENT_CHANNELS,
            layers_per_block=2,
            addition_time_embed_dim=64,
        ),
        hint_channels=(16, 32, 64, 96),
        token_channels=(16, 32, 64, 128),
    ),
    "full": SketchKeyConfiguration(
        UNetConfiguration(in_channels=9),
        hint_channels=(16, 32, 96, 256),
        token_channels=(32, 96, 256, 768),
        distance_bias=False,
        from_painted=False,
        noise_floor=0.002,
    ),
}
"""`small` trains on a processor, `medium` on one GPU; `full` has the UNet of Stable Video Diffusion."""
