"""Published names of tensors of SVD's VAE."""

from __future__ import annotations

import re

from keycel_backend.diffusion.checkpoints.sources import Operation, Source

_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_WHOLE = {"conv_norm_out": "norm_out", "time_conv_out": "conv_out.time_mix_conv"}
_TEMPORAL = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3"}
_LEVEL = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|downsamplers|upsamplers)\.(\d+)\.(.+)")
_MIDDLE = re.compile(r"mid_block\.resnets\.(\d+)\.(.+)")
_MIDDLE_ATTENTION = re.compile(r"mid_block\.attentions\.0\.(.+)\.(weight|bias)")


def published_source(name: str, levels: int) -> Source:
    """A name inside encoder or decoder to the published tensor, without the prefix of that half."""
    if match := _MIDDLE_ATTENTION.fullmatch(name):
        part, kind = match[1], match[2]
        squeezed = kind == "weight" and part != "group_norm"
        operation = Operation.SQUEEZE if squeezed else Operation.KEEP
        return Source(f"mid.attn_1.{_ATTENTION[part]}.{kind}", operation)
    if match := _MIDDLE.fullmatch(name):
        return Source(f"mid.block_{int(match[1]) + 1}.{_inside(match[2])}")
    if match := _LEVEL.fullmatch(name):
        way, block, kind, layer, rest = match.groups()
        # the published decoder counts its levels from the finest
        level = int(block) if way == "down" else levels - 1 - int(block)
        place = f"block.{layer}.{_inside(rest)}" if kind == "resnets" else f"{way}sample.{rest}"
        return Source(f"{way}.{level}.{place}")
    part, kind = name.rsplit(".", 1)
    return Source(f"{_WHOLE.get(part, part)}.{kind}")


def _inside(rest: str) -> str:
    """Names inside a residual block."""
    rest = rest.removeprefix("spatial_res_block.").replace("conv_shortcut.", "nin_shortcut.")
    rest = rest.replace("time_mixer.mix_factor", "mix_factor")
    if rest.startswith("temporal_res_block."):
        _, part, kind = rest.split(".")
        return f"time_stack.{_TEMPORAL[part]}.{kind}"
    return rest
