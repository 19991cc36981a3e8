"""Makes pyzmq importable inside Krita, whose Python usually has none."""

from __future__ import annotations

import importlib.util
import sys

from keycel_shared import paths

_ABI3_FROM = (3, 12)
"""One pyzmq build serves this Python and every later one."""


def make_pyzmq_importable() -> None:
    """Prefer a pyzmq that Python finds by itself; else use the build that the installer fetched.

    It lies in Keycel's data folder, not in the plugin's: Windows could not update files in use.
    Without any build nothing happens here, and connecting says plainly what to do.
    """
    if importlib.util.find_spec("zmq") is not None:
        return
    major, minor = min(sys.version_info[:2], _ABI3_FROM)
    folder = paths.vendor_folder() / f"cp{major}{minor}"
    if folder.is_dir():
        sys.path.append(str(folder))
