"""Trained networks as ONNX files that the engine runs without torch."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from keycel_backend.regions.learned_cues import PairCues
from keycel_backend.regions.learned_views import DrawingView
from keycel_backend.training.matcher.batches import describer_inputs
from keycel_backend.training.matcher.describer import CODE, Describer
from keycel_backend.training.matcher.examples import ShotExamples
from keycel_backend.training.matcher.judge import Judge

OPSET = 18
_VIEW_SIZES = {
    "lines": {2: "height", 3: "width"},
    **{name: {0: "regions"} for name in ("drawing", "points", "outline", "context", "shape")},
    **{name: {0: "neighbours"} for name in ("edges", "contact")},
}
_PAIR_SIZES = {
    **{
        name: {0: "regions"}
        for name in (
            *("candidates", "valid", "cues", "traits", "place", "landing"),
            *("growth", "target_area", "pair", "target_code"),
        )
    },
    **{name: {0: "neighbours"} for name in ("edges", "links", "reach")},
    "source_contact": {0: "source_regions", 1: "source_regions"},
    **{name: {0: "source_regions"} for name in ("source_area", "source_code")},
}


class _LastWord(nn.Module):
    """The source rows (n, K) that the judge leaves, and its beliefs as probabilities (n, K + 1)."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, candidates: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        found = self.judge(candidates, *inputs, *self.judge.exchange(*inputs[-2:]))
        return candidates.gather(1, found.chosen), found.history[-1].exp()


def export(describer: Describer, judge: Judge, example: ShotExamples, folder: Path) -> tuple[Path, Path]:
    """Writes `describer.onnx` and `judge.onnx`. `example`: any shot with a pair, to trace with."""
    describer, judge = copy.deepcopy(describer).cpu().eval(), copy.deepcopy(judge).cpu().eval()
    pair = example.pairs[0]
    paths = folder / "describer.onnx", folder / "judge.onnx"
    names = ["lines", "drawing", *(field.name for field in dataclasses.fields(DrawingView)[1:])]
    inputs = describer_inputs(example.views[pair.target : pair.target + 1], "cpu")
    _write(describer, inputs, names, _VIEW_SIZES, ["code"], paths[0])
    names = [field.name for field in dataclasses.fields(PairCues)]
    arrays = [torch.from_numpy(getattr(pair.cues, name)) for name in names]
    regions = len(pair.cues.target_area)
    codes = [torch.zeros(regions, CODE), torch.zeros(len(pair.cues.source_area), CODE)]
    arrays += [torch.zeros(regions, dtype=torch.int64), *codes]
    names += ["pair", "target_code", "source_code"]
    _write(_LastWord(judge), arrays, names, _PAIR_SIZES, ["source", "belief"], paths[1])
    return paths


def _write(
    network: nn.Module,
    inputs: list[Tensor],
    names: list[str],
    sizes: dict[str, dict[int, str]],
    outputs: list[str],
    path: Path,
) -> None:
    rows: dict[str, Any] = {**sizes, **{name: {0: "regions"} for name in outputs}}
    with warnings.catch_warnings():
        # the tracing exporter needs no further package; that it is the older of two is known
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            tuple(inputs),
            str(path),
            input_names=names,
            output_names=outputs,
            dynamic_axes=rows,
            opset_version=OPSET,
            dynamo=False,
        )
