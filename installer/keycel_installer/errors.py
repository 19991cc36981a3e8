"""What stops the installer, as the user is told."""

from __future__ import annotations


class InstallerError(Exception):
    """A plain sentence about what happened and one about what to do."""

    def __init__(self, sentence: str, remedy: str, detail: str = "") -> None:
        self.sentence = sentence
        self.remedy = remedy
        self.detail = detail
        super().__init__(sentence)
