"""Which device is chosen, in which precision, and what that means for estimates (cards are simulated)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from keycel_backend.diffusion import attempts, probing
from keycel_backend.diffusion.attempts import with_fallback
from keycel_backend.diffusion.device import Device, processor
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.engines.lvcd.description import estimate
from keycel_shared.errors import ErrorCode, KeycelError

CARD = Device("cuda", "a card", "float16", 24 << 30, 4e13)


def _card(monkeypatch: pytest.MonkeyPatch, kind: str, capability: tuple[int, int] = (9, 0)) -> None:
    """Pretends that there is a graphics card; what is computed on it is computed nowhere."""
    module = SimpleNamespace(
        get_device_name=lambda _: "a card",
        get_device_properties=lambda _: SimpleNamespace(total_memory=24 << 30),
        synchronize=lambda: None,
    )
    monkeypatch.setattr(probing, "fastest_kind", lambda: kind)
    monkeypatch.setattr(probing, "usable", torch.device)
    monkeypatch.setattr(probing, "device_module", lambda _: module)
    monkeypatch.setattr(probing, "_product_speed", lambda *_: 1e14)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 16 << 30)


@pytest.mark.parametrize(
    ("there", "kind"),
    [((), "cpu"), (("cuda",), "cuda"), (("xpu",), "xpu"), (("mps",), "mps"), (("xpu", "cuda"), "cuda")],
)
def test_the_fastest_kind_that_is_there(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], kind: str
) -> None:
    for name, module in (("cuda", torch.cuda), ("xpu", torch.xpu), ("mps", torch.backends.mps)):
        monkeypatch.setattr(module, "is_available", lambda name=name: name in there)
    assert probing.fastest_kind() == kind


@pytest.mark.parametrize(
    ("kind", "capability", "precision", "memory"),
    [
        ("cuda", (9, 0), "float16", 24 << 30),
        ("cuda", (6, 1), "float32", 24 << 30),
        ("xpu", (0, 0), "float16", 24 << 30),
        ("mps", (0, 0), "float16", 16 << 30),
    ],
)
def test_a_card_is_described(
    monkeypatch: pytest.MonkeyPatch, kind: str, capability: tuple[int, int], precision: str, memory: int
) -> None:
    _card(monkeypatch, kind, capability)
    found = probing.find_device()
    assert (found.kind, found.precision, found.memory_bytes) == (kind, precision, memory)
    assert found.operations_per_second == pytest.approx(4e13)
    assert probing.find_device("cpu") == processor()
    if kind != "mps":
        assert probing.find_device(f"{kind}:1").kind == f"{kind}:1"


def test_a_card_that_fails_leaves_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "fastest_kind", lambda: "meta:0")  # holds no numbers, as a broken driver
    assert probing.find_device() == processor()


@pytest.mark.parametrize("name", ["meta", "cuda:7", "toaster"])
def test_a_device_that_is_wanted_but_not_there_is_an_error(name: str) -> None:
    with pytest.raises(KeycelError) as caught:
        probing.find_device(name)
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION
    assert name in caught.value.value.title


def test_the_speed_of_products_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_SIDE", 64)
    monkeypatch.setattr(probing, "device_module", lambda _: SimpleNamespace(synchronize=lambda: None))
    assert probing._product_speed(torch.device("cpu"), torch.float32) > 1e5


def test_estimates_know_the_device() -> None:
    there = (1920, 1080, 24, 2, {})
    slow, fast = estimate(*there), estimate(*there, CARD)
    assert slow == estimate(*there, processor())
    assert fast.seconds < slow.seconds / 10
    assert fast.memory_bytes < slow.memory_bytes  # halves
    assert fast.memory_bytes == estimate(*there, replace(CARD, memory_bytes=0)).memory_bytes


def test_estimates_give_up_what_a_small_card_makes_the_engine_give_up() -> None:
    there = (1920, 1080, 24, 2, {})
    whole = estimate(*there, CARD)
    for gigabytes in (12, 8):
        small = estimate(*there, replace(CARD, memory_bytes=gigabytes << 30))
        assert small.memory_bytes <= gigabytes << 30 < whole.memory_bytes
    assert estimate(*there, replace(CARD, memory_bytes=1 << 20)).memory_bytes > 1 << 20  # nothing fits


@pytest.mark.parametrize(
    "words",
    [
        "MPS backend out of memory (MPS allocated: 9.00 GB)",
        "CUDA error: out of memory",
        "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_every_kind_of_card_may_run_out_of_memory(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    emptied: list[str] = []
    monkeypatch.setattr(attempts, "_empty_caches", lambda: emptied.append("once"))

    def work(effort: Effort) -> str:
        if not effort.offload:
            raise RuntimeError(words)
        return "done"

    assert with_fallback(Effort(), Stage.SAMPLE, work, lambda _: None)[0] == "done"
    assert emptied == ["once"]


def test_caches_of_every_card_are_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []
    for name, module in (("cuda", torch.cuda), ("xpu", torch.xpu), ("mps", torch.mps)):
        there = torch.backends.mps if name == "mps" else module
        monkeypatch.setattr(there, "is_available", lambda: True)
        monkeypatch.setattr(module, "empty_cache", lambda name=name: emptied.append(name))
    attempts._empty_caches()
    assert emptied == ["cuda", "xpu", "mps"]
