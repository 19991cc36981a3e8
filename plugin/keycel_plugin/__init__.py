"""The Krita plugin. Inside Krita, importing it registers docker and actions; elsewhere it does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

_shared = Path(__file__).with_name("carried") / "shared"
if _shared.is_dir():
    # Krita's own importer copies this folder alone, so it carries the shared package inside. First in line: a
    # copy from an earlier installation may lie beside us.
    sys.path.insert(0, str(_shared))

if "pykrita" in sys.modules:  # Krita's own built-in module
    from keycel_plugin.plugin import start

    start()
