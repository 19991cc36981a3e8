"""The smallest vocabulary of CLIP's kind: every byte inside a word, every byte at its end, begin, end."""

from __future__ import annotations

import json
from pathlib import Path


def _characters() -> list[str]:
    """A printable character for every byte, in the order of such vocabularies: printable ones first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + place) for place in range(len(others))]


BYTE_VOCABULARY = (
    *_characters(),
    *(f"{character}</w>" for character in _characters()),
    "<|startoftext|>",
    "<|endoftext|>",
)


def write_byte_vocabulary(folder: Path) -> None:
    """The two files of such a tokenizer, with no merges at all."""
    numbers = {entry: number for number, entry in enumerate(BYTE_VOCABULARY)}
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
