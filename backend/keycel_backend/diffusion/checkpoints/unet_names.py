"""Published names of tensors of SVD's UNet, and of a ControlNet copied from it."""

from __future__ import annotations

import re

_WHOLE = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    # of a ControlNet
    "controlnet_mid_block": "middle_block_out.0",
    "controlnet_cond_embedding.conv_in": "input_hint_block.0",
    "controlnet_cond_embedding.conv_out": "input_hint_block.14",
}
_INSIDE = (
    ("spatial_res_block.", ""),
    ("temporal_res_block.", "time_stack."),
    ("norm1.", "in_layers.0."),
    ("conv1.", "in_layers.2."),
    ("time_emb_proj.", "emb_layers.1."),
    ("norm2.", "out_layers.0."),
    ("conv2.", "out_layers.3."),
    ("conv_shortcut.", "skip_connection."),
)
_INSIDE_TRANSFORMER = (
    ("temporal_transformer_blocks.", "time_stack."),
    ("time_pos_embed.linear_1.", "time_pos_embed.0."),
    ("time_pos_embed.linear_2.", "time_pos_embed.2."),
)
_NUMBERED = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")
_ZERO_CONVOLUTION = re.compile(r"controlnet_down_blocks\.(\d+)\.(.+)")
_HINT = re.compile(r"controlnet_cond_embedding\.blocks\.(\d+)\.(.+)")


def published_name(name: str, layers_per_block: int) -> str:
    """A name of our state dict to the published one, without the prefix of the network."""
    for ours, theirs in _WHOLE.items():
        if name.startswith(f"{ours}."):
            return f"{theirs}.{_inside(name[len(ours) + 1 :], 'attentions' in ours)}"
    if match := _ZERO_CONVOLUTION.fullmatch(name):
        return f"zero_convs.{match[1]}.0.{match[2]}"
    if match := _HINT.fullmatch(name):
        return f"input_hint_block.{2 * int(match[1]) + 2}.{match[2]}"
    match = _NUMBERED.fullmatch(name)
    if match is None:
        raise ValueError(f"no published name is known for {name}")
    way, block, kind, layer, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
    per_block = layers_per_block + 1
    if kind == "downsamplers":
        return f"input_blocks.{per_block * (block + 1)}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        place = 2 if block else 1  # after the transformer, which the first block has not
        return f"output_blocks.{per_block * block + layers_per_block}.{place}.{rest}"
    index = per_block * block + layer + (way == "down")
    half = "input_blocks" if way == "down" else "output_blocks"
    return f"{half}.{index}.{int(kind == 'attentions')}.{_inside(rest, kind == 'attentions')}"


def _inside(rest: str, transformer: bool) -> str:
    """Names inside a residual block or a transformer. Those of an attention keep theirs."""
    for ours, theirs in _INSIDE_TRANSFORMER if transformer else _INSIDE:
        rest = rest.replace(ours, theirs)
    return rest
