"""A ControlNet for sketches: a copy of the UNet's first half, with a picture added to its first layer."""

from __future__ import annotations

from itertools import count

from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from torch import Tensor, nn

from keycel_backend.diffusion.svd.blocks import down_pass, middle_pass
from keycel_backend.diffusion.svd.configuration import UNetConfiguration
from keycel_backend.diffusion.svd.mixing import FrameMixing
from keycel_backend.diffusion.svd.unet import Conditioning, Residuals, build_unet, open_call

HINT_WIDTHS = (16, 32, 96, 256)
"""Channels of the layers that bring a hint from pixels to latents; the published networks all have these."""


class SketchControlNet(nn.Module):
    """Names of parameters as in diffusers' ControlNets. It is called by `controlnet_forward`."""

    def __init__(
        self,
        configuration: UNetConfiguration,
        hint_channels: int,
        hint_widths: tuple[int, ...] = HINT_WIDTHS,
    ) -> None:
        """With random weights. `hint_channels`: of the pictures that steer it."""
        super().__init__()
        unet = build_unet(configuration)
        self.conv_in = unet.conv_in
        self.time_proj = unet.time_proj
        self.time_embedding = unet.time_embedding
        self.add_time_proj = unet.add_time_proj
        self.add_embedding = unet.add_embedding
        self.down_blocks = unet.down_blocks
        self.mid_block = unet.mid_block
        widths = _skip_channels(configuration)
        self.controlnet_cond_embedding = ControlNetConditioningEmbedding(
            widths[0], hint_channels, hint_widths
        )
        self.controlnet_down_blocks = nn.ModuleList(nn.Conv2d(width, width, 1) for width in widths)
        self.controlnet_mid_block = nn.Conv2d(widths[-1], widths[-1], 1)
        self.requires_grad_(False).eval()


def embed_hint(controlnet: SketchControlNet, hint: Tensor) -> Tensor:
    """(frames, hint channels, 8 height, 8 width) pictures to (frames, channels, height, width).

    Noise has no part in this: once per picture is enough, whatever the number of steps.
    """
    return controlnet.controlnet_cond_embedding(hint)


def controlnet_forward(
    controlnet: SketchControlNet,
    sample: Tensor,
    timestep: Tensor,
    conditioning: Conditioning,
    mixing: FrameMixing,
    hint: Tensor,
) -> Residuals:
    """What the UNet is to add. Any number of threads may call at once.

    Args:
        sample, timestep, conditioning, mixing: as for `unet_forward`.
        hint: (batch * frames, channels, height, width) of `embed_hint`.
    """
    layers = count()
    # 1. time, image embedding, first convolution, hint
    call = open_call(controlnet, sample, timestep, conditioning, mixing)
    hidden_states = controlnet.conv_in(sample.flatten(0, 1)) + hint
    # 2. down and middle
    hidden_states, skips = down_pass(controlnet.down_blocks, hidden_states, call, layers)
    hidden_states = middle_pass(controlnet.mid_block, hidden_states, call, layers)
    # 3. one 1x1 convolution for each
    down = [
        convolution(skip) for convolution, skip in zip(controlnet.controlnet_down_blocks, skips, strict=True)
    ]
    return Residuals(down, controlnet.controlnet_mid_block(hidden_states))


def _skip_channels(configuration: UNetConfiguration) -> list[int]:
    """Channels of the UNet's skip connections, in order of execution."""
    levels = configuration.block_out_channels
    widths = [levels[0]]
    for level, channels in enumerate(levels):
        layers = configuration.layers_per_block + (level + 1 < len(levels))
        widths += [channels] * layers
    return widths
