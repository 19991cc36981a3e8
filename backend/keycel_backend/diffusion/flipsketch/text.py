"""Sentences as the networks read them: CLIP's tokens and the text tower's embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from keycel_backend.diffusion.checkpoints.files import bad_model

TOKENIZER_FILES = ("vocab.json", "merges.txt")


class Tokenizer:
    """CLIP's, from the publishers' files."""

    def __init__(self, folder: Path, tokens: int, vocab_size: int) -> None:
        """`tokens`: of a text, with its marks of beginning and end and padding.

        Raises:
            KeycelError: REG_BAD_MODEL for files that are missing, damaged, or of another vocabulary.
        """
        self._tokens = tokens
        try:
            self._tokenizer: Any = cast("Any", CLIPTokenizer).from_pretrained(
                str(folder), local_files_only=True
            )
            found = len(self._tokenizer)
        except Exception as error:  # the library raises whatever its parsers do
            raise _bad(folder, str(error).split("\n", 1)[0]) from error
        if found != vocab_size:
            raise _bad(folder, f"{found} entries, {vocab_size} were expected")

    def __call__(self, text: str) -> Tensor:
        """(1, tokens) numbers; what is too long is cut off."""
        encoded = self._tokenizer(
            text, padding="max_length", max_length=self._tokens, truncation=True, return_tensors="pt"
        )
        return encoded.input_ids

    def fits(self, text: str) -> bool:
        """Whether all of a text is read."""
        return len(self._tokenizer(text).input_ids) <= self._tokens


@torch.no_grad()
def embed_text(encoder: CLIPTextModel, tokens: Tensor) -> Tensor:
    """(batch, tokens) numbers to (batch, tokens, channels)."""
    return encoder(tokens.to(encoder.device)).last_hidden_state


def _bad(folder: Path, reason: str) -> Exception:
    return bad_model(
        folder,
        "The tokenizer of the model is damaged.",
        "Get the files vocab.json and merges.txt again from their publisher.",
        reason,
    )
