"""What stops the installer, as the user is told."""

from __future__ import annotations

from keycel_shared.setup_report import Trouble


class InstallerError(Exception):
    """A plain sentence about what happened and one about what to do."""

    def __init__(
        self, sentence: str, remedy: str, detail: str = "", trouble: Trouble = Trouble.OTHER
    ) -> None:
        self.sentence = sentence
        self.remedy = remedy
        self.detail = detail
        self.trouble = trouble
        """For the setup page, which has words of its own."""
        super().__init__(sentence)
