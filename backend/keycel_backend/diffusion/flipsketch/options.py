"""Settings of FlipSketch's sampling; the defaults are those of the authors' quick app."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    num_steps: int = 25
    """1 or more."""
    guidance: float = 9.0
    fidelity: float = 0.5
    """0..1, the authors' lambda: how closely late frames keep to the sketch."""
    aligned_steps: int = 0
    """Steps, from the first, in which the frames are tuned to the sketch; none in the quick mode."""
    composed_steps: int = 16
    """Steps, from the first, with composed attention."""
    alignment_iterations: int = 10
    """The last one's update takes no effect, as in the official code."""
    alignment_rate: float = 1e-3
    inversion_steps: int = 25
    inversion_copies: int = 5
    """Samples of the sketch's latent that are inverted as one clip and averaged."""

    @classmethod
    def of(cls, num_steps: int, fidelity: float, guidance: float, faithful: bool) -> SamplingOptions:
        """As many steps to invert; the authors' shares of aligned (10 of 25) and composed steps (16)."""
        official = cls()
        return cls(
            num_steps=num_steps,
            guidance=guidance,
            fidelity=fidelity,
            aligned_steps=round(num_steps * 10 / official.num_steps) if faithful else 0,
            composed_steps=round(num_steps * official.composed_steps / official.num_steps),
            inversion_steps=num_steps,
        )
