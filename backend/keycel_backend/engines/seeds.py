"""Per-frame seeds."""

from __future__ import annotations

import hashlib


def frame_seed(job_seed: int, digest: str) -> int:
    """The seed of one drawing, from the job's seed and the drawing's digest alone.

    Never from the place in a batch: making frame 17 again changes only frame 17.

    Returns:
        0 .. 2**63 - 1, so that it fits a signed 64-bit field on the wire.
    """
    data = hashlib.sha256(f"{job_seed}:{digest}".encode()).digest()
    return int.from_bytes(data[:8], "big") >> 1
