"""The Krita plugin. Inside Krita, importing it registers docker and actions; elsewhere it does nothing."""

from __future__ import annotations

import sys

if "pykrita" in sys.modules:  # Krita's own built-in module
    from keycel_plugin.plugin import start

    start()
