"""AniDoc's ControlNet and UNet beside the official ones, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from goldens.anidoc_set import AniDocSet, assert_near
from torch import Tensor

from keycel_backend.diffusion.anidoc.denoiser import scaled
from keycel_backend.diffusion.anidoc.mixing import OfficialMixing
from keycel_backend.diffusion.svd import controlnet, unet
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.mixing import FrameMixing
from keycel_backend.diffusion.svd.unet import Conditioning, Residuals, unet_forward

CASES = ("case0", "case1", "case2")
GUIDED = "case0"
"""Shaped like guidance."""
WITHOUT_RESIDUALS = "case2"


def _hint_pictures(shared: Tensor, case: str) -> Tensor:
    """(batch, frames, channels, height, width) as the README makes them of the shared one."""
    one = shared.float()[0]
    made = {
        "case0": [one, one],
        "case1": [one.flip(0)],
        "case2": [one, one.flip(0), one * 0.5],
    }
    return torch.stack(made[case])


class _Case:
    """Inputs of one case, and the networks' calls with them."""

    def __init__(self, anidoc: AniDocSet, case: str) -> None:
        tensors = anidoc.tensors("a")
        self._networks = anidoc.networks
        self._sample = tensors[f"{case}.in.sample"]
        self._told = Conditioning(
            tensors[f"{case}.in.encoder_hidden_states"], tensors[f"{case}.in.added_time_ids"]
        )
        self._timestep = tensors[f"{case}.in.timestep"]
        self.frames = self._sample.shape[1]
        self._scale = float(tensors[f"{case}.in.conditioning_scale"])
        pictures = _hint_pictures(tensors["shared.controlnet_cond_f16"], case)
        self.hint = embed_hint(anidoc.networks.controlnet, pictures.flatten(0, 1))

    def control(self, mixing: FrameMixing | None = None) -> Residuals:
        network, plan = self._networks.controlnet, mixing or OfficialMixing()
        found = controlnet_forward(network, self._sample, self._timestep, self._told, plan, self.hint)
        return scaled(found, self._scale)

    def prediction(self, residuals: Residuals | None) -> Tensor:
        network, plan = self._networks.unet, OfficialMixing()
        return unet_forward(network, self._sample, self._timestep, self._told, plan, residuals)


@pytest.mark.parametrize("case", CASES)
def test_controlnet(anidoc: AniDocSet, case: str) -> None:
    tensors, limit = anidoc.tensors("a"), anidoc.tolerance["a_b_max_abs"]
    ours = _Case(anidoc, case).control()
    compared = 0
    for number, residual in enumerate(ours.down):
        expected = tensors.get(f"{case}.out.down.{number}")
        if expected is not None:
            assert_near(residual, expected, limit)
            compared += 1
    assert compared == sum(name.startswith(f"{case}.out.down.") for name in tensors) > 0
    assert_near(ours.middle, tensors[f"{case}.out.mid"], limit)


@pytest.mark.parametrize("case", CASES)
def test_unet(anidoc: AniDocSet, case: str) -> None:
    """With the official residuals; with our own for those that a set leaves out."""
    given, tensors = anidoc.tensors("a"), anidoc.tensors("b")
    material, residuals = _Case(anidoc, case), None
    if case != WITHOUT_RESIDUALS:
        own = material.control().down
        down = [given.get(f"{case}.out.down.{number}", residual) for number, residual in enumerate(own)]
        residuals = Residuals(down, given[f"{case}.out.mid"])
    ours = material.prediction(residuals)
    assert_near(ours, tensors[f"{case}.out.sample"], anidoc.tolerance["a_b_max_abs"])


@pytest.mark.parametrize("name", CASES)
def test_stages_of_both(anidoc: AniDocSet, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the cases of which a set has them."""
    limit = anidoc.tolerance["a_b_max_abs"]
    case = _Case(anidoc, name)
    for letter, module in (("a", controlnet), ("b", unet)):
        seen: dict[str, Tensor] = {}
        network = anidoc.networks.controlnet if letter == "a" else anidoc.networks.unet
        handles = [_listen(network, part, seen) for part in ("time_embedding", "add_embedding", "conv_in")]
        with monkeypatch.context() as patch:
            for way in ("down_pass", "middle_pass", "up_pass"):
                if hasattr(module, way):
                    patch.setattr(module, way, _recording(getattr(module, way), seen))
            if letter == "a":
                seen["cond_embedding"] = case.hint
                case.control()
            else:
                case.prediction(case.control())
        for handle in handles:
            handle.remove()
        expected = {
            stage.removeprefix(f"{name}.stage."): tensor
            for stage, tensor in anidoc.tensors(letter).items()
            if stage.startswith(f"{name}.stage.")
        }
        assert expected.keys() <= seen.keys()
        for embedding in ("time_embedding", "add_embedding"):
            seen[embedding] = seen[embedding][:: case.frames]  # ours has a row for each frame
        for stage, tensor in expected.items():
            # stages are larger than outputs, and the norms between them stretch what little differs
            assert_near(seen[stage], tensor, limit * max(1.0, float(tensor.abs().max())))


def _listen(network: torch.nn.Module, name: str, seen: dict[str, Tensor]) -> Any:
    """Keeps what a module gives. UNet and ControlNet have the same ones."""
    module = network.get_submodule(name)
    return module.register_forward_hook(lambda _, __, output: seen.setdefault(name, output))


def _recording(run: Callable[..., Any], seen: dict[str, Tensor]) -> Callable[..., Any]:
    """A pass that also keeps what each of its blocks gives."""

    def recorded(blocks: torch.nn.Module, hidden_states: Tensor, *rest: Any) -> Any:
        if run.__name__ == "middle_pass":
            seen["mid"] = run(blocks, hidden_states, *rest)
            return seen["mid"]
        given = run(blocks, hidden_states, *rest)
        way = run.__name__.removesuffix("_pass")
        assert isinstance(blocks, torch.nn.ModuleList)
        for number in range(len(blocks)):
            part = torch.nn.ModuleList(list(blocks)[: number + 1])
            outcome = run(part, hidden_states, *rest)
            seen[f"{way}{number}"] = outcome[0] if way == "down" else outcome
        return given

    return recorded


def test_the_order_of_contexts_matters(anidoc: AniDocSet) -> None:
    """The goldens would find out a corrected order."""
    case = _Case(anidoc, GUIDED)
    expected = anidoc.tensors("a")[f"{GUIDED}.out.mid"]
    assert float((case.control(FrameMixing()).middle - expected).abs().max()) > 0.01
