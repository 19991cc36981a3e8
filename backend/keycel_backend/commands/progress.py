"""Progress on standard error: one living line on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

SPARSE_SECONDS = 5.0


class ProgressLine:
    """Shows the latest news; `quiet` shows nothing."""

    def __init__(self, quiet: bool, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._living = self._stream.isatty()
        self._shown = 0.0
        self._width = 0

    def show(self, text: str, important: bool = False) -> None:
        """Replace the line; off a terminal only important news and one line in a while are printed."""
        if self._quiet:
            return
        if self._living:
            self._stream.write("\r" + text.ljust(self._width))
            self._stream.flush()
            self._width = len(text)
        elif important or time.monotonic() - self._shown > SPARSE_SECONDS:
            self._shown = time.monotonic()
            self._stream.write(text + "\n")
            self._stream.flush()

    def end(self) -> None:
        """Leave the last text standing."""
        if self._living and self._width and not self._quiet:
            self._stream.write("\n")
            self._width = 0
