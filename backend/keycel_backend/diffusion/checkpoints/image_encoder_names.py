"""Published names of tensors of SVD's image encoder (OpenCLIP's vision tower)."""

from __future__ import annotations

import re

from keycel_backend.diffusion.checkpoints.sources import Operation, Source

_WHOLE = {
    "vision_model.embeddings.class_embedding": Source("class_embedding"),
    "vision_model.embeddings.patch_embedding.weight": Source("conv1.weight"),
    "vision_model.embeddings.position_embedding.weight": Source("positional_embedding"),
    "visual_projection.weight": Source("proj", Operation.TRANSPOSE),
}
_NORMS = {"vision_model.pre_layrnorm": "ln_pre", "vision_model.post_layernorm": "ln_post"}
_PARTS = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
_STACKED = {"q": Operation.FIRST_THIRD, "k": Operation.SECOND_THIRD, "v": Operation.LAST_THIRD}
_LAYER = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
_PROJECTION = re.compile(r"self_attn\.([qkv])_proj")


def published_source(name: str) -> Source:
    """A name of the state dict to the published tensor, without the prefix of the tower."""
    if name in _WHOLE:
        return _WHOLE[name]
    match = _LAYER.fullmatch(name)
    if match is None:
        part, kind = name.rsplit(".", 1)
        return Source(f"{_NORMS[part]}.{kind}")
    layer, part, kind = match.groups()
    block = f"transformer.resblocks.{layer}"
    if projection := _PROJECTION.fullmatch(part):
        return Source(f"{block}.attn.in_proj_{kind}", _STACKED[projection[1]])
    return Source(f"{block}.{_PARTS[part]}.{kind}")
