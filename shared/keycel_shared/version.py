"""Versions that plugin and backend compare when they meet."""

VERSION = "0.1.0"
"""Release of plugin, backend and shared together (kept equal to pyproject.toml by a test)."""

PROTOCOL = 1
"""Raised when a message changes meaning; peers of different numbers refuse each other plainly."""
