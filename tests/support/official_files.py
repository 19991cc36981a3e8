"""Files as published, with random weights: the names are ours, translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from keycel_backend.diffusion.checkpoints.lvcd import official_sources
from keycel_backend.diffusion.checkpoints.sources import Operation, Source
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks

State = dict[str, Tensor]

_TO_PUBLISHED: dict[Operation, Callable[[Tensor], Tensor]] = {
    Operation.KEEP: lambda tensor: tensor,
    Operation.SQUEEZE: lambda tensor: tensor[..., None, None],
    Operation.TRANSPOSE: lambda tensor: tensor.mT,
}


def official_states(networks: LvcdNetworks) -> tuple[State, State]:
    """What `svd.safetensors` and `lvcd.ckpt` would hold; the attentions that both have differ in SVD's."""
    svd: State = {}
    lvcd: State = {}
    for name, sources in official_sources(networks).items():
        published = published_state(networks.components()[name].state_dict(), sources)
        if name == "controlnet":
            lvcd |= published
            continue
        both = {
            source.key
            for ours, source in sources.items()
            if name == "unet" and "transformer_blocks" in ours and ".attn1." in ours
        }
        lvcd |= {key: published[key] for key in both}
        svd |= {key: torch.zeros_like(one) if key in both else one for key, one in published.items()}
    return svd, lvcd


def published_state(state: Mapping[str, Tensor], sources: Mapping[str, Source]) -> State:
    """A component's tensors under their published names."""
    published: State = {}
    thirds: dict[str, list[Tensor]] = {}
    for ours, source in sources.items():
        if source.operation in _TO_PUBLISHED:
            published[source.key] = _TO_PUBLISHED[source.operation](state[ours]).contiguous().clone()
        else:
            thirds.setdefault(source.key, [torch.empty(0)] * 3)
            thirds[source.key][int(source.operation.value[5])] = state[ours]
    return published | {key: torch.cat(parts) for key, parts in thirds.items()}


def write_official(folder: Path, networks: LvcdNetworks) -> tuple[Path, Path]:
    """Both files; LVCD's as PyTorch writes it, with a training state beside the weights."""
    svd, lvcd = official_states(networks)
    paths = folder / "svd.safetensors", folder / "lvcd.ckpt"
    save_file(svd, paths[0])
    torch.save({"state_dict": lvcd, "global_step": 18000, "optimizer_states": [{"lr": 5e-5}]}, paths[1])
    return paths
