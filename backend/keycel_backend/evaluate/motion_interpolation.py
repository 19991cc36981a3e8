"""Peer: ffmpeg's motion-compensated interpolation, run as a program of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import numpy as np

from keycel_backend.io.compose import Rgb


def motion_interpolated(program: str, keys: Sequence[Rgb], steps: int) -> list[Rgb]:
    """Pictures from the first key to the last, `steps` from key to key; all of one size.

    Raises:
        OSError: the program cannot be started.
        subprocess.CalledProcessError: it failed.
    """
    height, width = keys[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    command = [program, "-v", "error", "-threads", "1", *raw, "-s", f"{width}x{height}", "-r", "1", "-i", "-"]
    # the filter needs a picture beyond the last one to reach it
    sent = b"".join(np.ascontiguousarray(key).tobytes() for key in (*keys, keys[-1], keys[-1]))
    command += ["-vf", f"minterpolate=fps={steps}:mi_mode=mci", *raw, "-"]
    answer = subprocess.run(command, input=sent, capture_output=True, check=True).stdout
    frames = np.frombuffer(answer, np.uint8).reshape(-1, height, width, 3)
    return list(frames[: (len(keys) - 1) * steps + 1])
