"""`keycel bench --random-weights`: times an engine's networks without their weights."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from keycel_backend.commands.exit_codes import DONE
from keycel_backend.commands.progress import ProgressLine
from keycel_backend.models.libraries import import_networks
from keycel_shared.errors import ErrorCode, KeycelError

_MODULES = {
    "lvcd": "keycel_backend.engines.lvcd.speed",
    "anidoc": "keycel_backend.engines.anidoc.speed",
    "colorizediffusion": "keycel_backend.engines.colorizediffusion.speed",
    "flipsketch": "keycel_backend.engines.flipsketch.speed",
}
"""Engines whose networks can be timed so."""
_COMPILED = "lvcd"
"""The engine whose networks torch can be let compile."""
_SIZES = {
    "lvcd": {"full": "576x320", "small": "192x128"},
    "anidoc": {"full": "512x320", "small": "192x128"},
    "colorizediffusion": {"full": "512x512", "small": "128x128"},
    "flipsketch": {"full": "256x256", "small": "128x128"},
}


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--random-weights",
        action="store_true",
        help="time the engine's networks with random weights: quality is meaningless, time is not",
    )
    parser.add_argument("--size", metavar="WxH", help="with --random-weights: of the networks' pictures")
    parser.add_argument("--steps", type=int, default=25, help="with --random-weights (default 25)")
    parser.add_argument("--device", help="with --random-weights: cpu, cuda, ... (default: the fastest here)")
    parser.add_argument(
        "--networks",
        choices=("full", "small"),
        help="with --random-weights: published or small shapes (default: full on a GPU, small elsewhere)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="with --random-weights: let torch compile the networks first, which takes minutes",
    )
    parser.add_argument("--repeats", type=int, default=3, help="with --random-weights (default 3)")


def run_networks(arguments: argparse.Namespace) -> int:
    """Measure and print; exit code.

    Raises:
        KeycelError: REG_NO_ENGINE, ENV_MISSING_LIBRARY, DOC_BAD_OPTION or RES_OUT_OF_MEMORY.
    """
    if arguments.engine not in _MODULES:
        raise KeycelError(
            ErrorCode.REG_NO_ENGINE,
            f"The engine {arguments.engine} has no networks that can be timed with random weights.",
            f"Choose one of: {', '.join(_MODULES)}.",
        )
    if arguments.steps < 1 or arguments.repeats < 1:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION, "Steps and repeats must be at least 1.", "Give larger numbers."
        )
    if arguments.compile and arguments.engine != _COMPILED:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"The networks of {arguments.engine} are not compiled.",
            f"Leave --compile out, or measure {_COMPILED}.",
        )
    speed = import_networks(_MODULES[arguments.engine])
    device = arguments.device or import_networks("keycel_backend.engines.timing").default_device()
    networks = arguments.networks or ("small" if device == "cpu" else "full")
    width, height = _size(arguments.size or _SIZES[arguments.engine][networks])
    line = ProgressLine(quiet=arguments.json)
    line.show(f"{arguments.engine}, {networks} networks, {width}x{height} on {device}", important=True)
    choices = {"compiled": True} if arguments.compile else {}
    figures = speed.measure(
        device, networks == "small", width, height, arguments.steps, arguments.repeats, **choices
    )
    line.end()
    print(json.dumps(figures, indent=1) if arguments.json else _as_text(figures))
    return DONE


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION, f"{text!r} is no size.", "Write width and height, such as 576x320."
        )
    return int(match[1]), int(match[2])


def _as_text(figures: dict[str, Any]) -> str:
    memory = figures["peak_memory_bytes"]
    lines = [
        (
            f"{figures['engine']}, {figures['networks']} networks with random weights, "
            f"{figures['precision']}, {figures['device']}, torch {figures['torch']}"
        ),
        f"{figures['width']}x{figures['height']}, {figures['steps']} steps: "
        f"{figures['seconds_per_step']:.3f} s per step, {figures['seconds_per_frame']:.3f} s per frame "
        f"({figures['operations_per_frame'] / 1e12:.3f} TFLOP per frame, "
        f"{figures['tera_operations_per_second']:.3f} TFLOP/s"
        + (f", peak {memory / 1e9:.2f} GB)" if memory is not None else ")"),
    ]
    if "speed_up" in figures:
        lines.append(
            f"  {figures['speed_up']:.2f} times as fast as the same work without anything that saves work, "
            "measured in turn with it"
        )
    lines += [
        f"  {part['name']}: {part['seconds']:.4f} s, {part['share']:.1%} of the time, "
        f"{part['operations'] / 1e12:.4f} TFLOP, {part['tera_operations_per_second']:.3f} TFLOP/s"
        for part in figures["parts"]
    ]
    return "\n".join(lines)
