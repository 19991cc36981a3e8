"""How AniDoc's release pairs frames with the embedding of the reference picture."""

from __future__ import annotations

from torch import Tensor

from keycel_backend.diffusion.svd.mixing import FrameMixing


class OfficialMixing(FrameMixing):
    """As in diffusers 0.24, with which the published weights were trained and are run by their authors.

    There the contexts of temporal attention lie position by position, while the hidden states that they
    meet lie picture by picture: row r takes the context of picture r mod batch. So with guidance every other
    position is told of no picture, in both halves (https://github.com/huggingface/diffusers/issues/7773).
    """

    def context_of_positions(self, context: Tensor, positions: int) -> Tensor:
        return context.repeat(positions, 1, 1)

    def transformed(self, output: Tensor, residual: Tensor) -> Tensor:
        """In the layout that came in, as in diffusers: norms sum in the order of memory."""
        return (output.contiguous() if residual.is_contiguous() else output) + residual
