"""Identity of work: equal identities have equal results, so a stored one can be delivered again."""

from __future__ import annotations

import hashlib
import json

from keycel_shared.messages import JobRequest
from keycel_shared.schema import to_json


def shot_identity(request: JobRequest, engine_version: str) -> bytes:
    """What all frames of a request share: engine and its version, options, palette, all input.

    `request.options` must be complete, so that a default counts the same written out or left out.
    Which frames are wanted, the job's name and its seed do not matter to this part.
    """
    shared = (
        request.engine,
        engine_version,
        request.task,
        request.width,
        request.height,
        request.drawings,
        request.keyframes,
        request.sketches,
        request.reference,
        request.options,
        request.palette,
    )
    return hashlib.sha256(json.dumps(to_json(shared), sort_keys=True).encode()).digest()


def frame_identity(shot: bytes, drawing: str, take: int | None) -> str:
    """Identity of one drawing's result.

    Args:
        shot: from `shot_identity`.
        drawing: digest of the drawing.
        take: the job's seed where a new take is wanted, else None: then the seed has no influence.
    """
    return hashlib.sha256(b"%s %s %s" % (shot, drawing.encode(), str(take).encode())).hexdigest()
