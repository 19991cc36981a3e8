"""Tests of training need the extra `training` (torch, onnx); without it none of them is collected."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(autouse=True)
def on_one_thread() -> Iterator[None]:
    """As the training commands do unless told otherwise: several add up gradients in any order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
