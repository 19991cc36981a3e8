"""Spacing of in-betweens: where on the way from key to key a frame stands."""

from __future__ import annotations

EVEN, SLOW_OUT, SLOW_IN, SLOW_BOTH = "even", "slow out", "slow in", "slow out and in"
"""As animators call it: slow out of the first key, slow into the second."""
EASINGS = (EVEN, SLOW_OUT, SLOW_IN, SLOW_BOTH)


def eased(share: float, easing: str) -> float:
    """Share 0..1 of the way at `share` 0..1 of the time. `easing`: one of `EASINGS`."""
    if easing == SLOW_OUT:
        return share * share
    if easing == SLOW_IN:
        return share * (2.0 - share)
    if easing == SLOW_BOTH:
        return share * share * (3.0 - 2.0 * share)
    return share
