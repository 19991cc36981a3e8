"""What is asked of the backend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keycel_plugin.flow.collect import Shot
from keycel_plugin.state.records import Choice
from keycel_shared.messages import JobRequest, PictureAt


def request_for(
    shot: Shot,
    choice: Choice,
    keyframes: Sequence[PictureAt],
    digests: Iterable[str],
    seed: int = 0,
    reference: str = "",
) -> JobRequest:
    """Colours for the drawings of these `digests`; with a `seed` new takes of them.

    `reference`: digest of the reference picture, or empty.
    """
    width, height = shot.size
    return JobRequest(
        engine=choice.engine,
        task="colorize",
        width=width,
        height=height,
        drawings=tuple(shot.drawings),
        keyframes=tuple(keyframes),
        reference=reference,
        targets=tuple(sorted(shot.first_time(digest) for digest in digests)),
        options=dict(choice.options),
        palette=choice.palette,
        seed=seed,
        redraw=seed != 0,
        name=shot.document.name,
    )
