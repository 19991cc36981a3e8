"""The learned matcher: same question and answer as `matching.match`, judged by trained networks.

Source regions worth a look and their cues come from the hand-set evidence; a describer looks at the lines
of each drawing, and a judge lets neighbours and rivals decide together (training/matcher).
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime

from keycel_backend.regions.arrays import Floats
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.learned_cues import pair_cues
from keycel_backend.regions.learned_views import view
from keycel_backend.regions.matching import Match, match
from keycel_shared.errors import ErrorCode, KeycelError

WEIGHTS = Path(__file__).resolve().parent.parent / "weights" / "matcher"
"""The networks that come with the program."""
_KEPT = 8
"""Drawings whose descriptions are kept: a sweep asks for the last two and both ends again and again."""


_THREADS = 1
"""Fixed, so that answers are the same on every machine; more would not pay for networks this small."""
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class LearnedMatcher:
    """Callable like `match`. Holds two networks of together about four megabytes."""

    def __init__(self, folder: Path = WEIGHTS, device: str = "cpu") -> None:
        """`device`: "cpu" gives the same answers on every run; with "cuda" the last digits may differ.

        Raises:
            KeycelError: REG_NO_MODEL if the networks are not in `folder` or cannot be read.
        """
        self._describer = _session(folder / "describer.onnx", device)
        self._judge = _session(folder / "judge.onnx", device)
        self._codes: OrderedDict[int, tuple[RegionFeatures, Floats]] = OrderedDict()

    def __call__(self, target: RegionFeatures, source: RegionFeatures) -> Match:
        if not len(target.edges) or not len(source.edges):
            return match(target, source)  # one region: nothing to weigh
        cues = pair_cues(target, source)
        inputs = {field.name: getattr(cues, field.name) for field in dataclasses.fields(cues)}
        inputs |= {"target_code": self._code(target), "source_code": self._code(source)}
        inputs["pair"] = np.zeros(target.count, np.int64)
        found, belief = _run(self._judge, inputs)
        return Match(found, belief)

    def _code(self, features: RegionFeatures) -> Floats:
        """Descriptions of a drawing's regions, kept for the next pairs it is part of."""
        key = id(features)
        if key not in self._codes:
            seen = view(features)
            inputs: dict[str, Any] = {
                field.name: getattr(seen, field.name) for field in dataclasses.fields(seen)
            }
            inputs["drawing"] = np.zeros(len(seen.shape), np.int64)
            inputs["lines"] = seen.lines[None, None].astype(np.float32) / np.float32(255.0)
            self._codes[key] = features, _run(self._describer, inputs)[0]
        self._codes.move_to_end(key)
        while len(self._codes) > _KEPT:
            self._codes.popitem(last=False)
        return self._codes[key][1]


def _run(session: onnxruntime.InferenceSession, inputs: dict[str, Any]) -> list[Any]:
    """The network's answers. Networks with parts left out do not ask for everything."""
    asked = {one.name: inputs[one.name] for one in session.get_inputs()}
    return cast("list[Any]", session.run(None, asked))


def _session(path: Path, device: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    wanted = _PROVIDERS if device.startswith("cuda") else _PROVIDERS[-1:]
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # the library's errors have no common base
        raise KeycelError(
            ErrorCode.REG_NO_MODEL,
            "The networks that match regions are missing or damaged.",
            "Install Keycel again.",
            f"{path}: {error}",
        ) from error
