"""Static facts about the `sketchkey` engine; imports no torch."""

from __future__ import annotations

from keycel_backend.engines.base import EngineDescription
from keycel_backend.engines.cel.description import STEPS, estimate_sparse
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.morph.description import EASING

__all__ = ["DESCRIPTION", "estimate_sparse"]

DESCRIPTION = EngineDescription(
    name="sketchkey",
    title="Sketchkey (small video diffusion, experimental)",
    version="3",
    tasks=("inbetween",),
    options=(STEPS, SOFT, EASING, GAP, OVERLAP, LEAVE_UNSURE),
    minimum_keyframes=1,
)
