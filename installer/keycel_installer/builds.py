"""Which builds of torch and onnxruntime belong on a machine; the table is `builds.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keycel_shared.setup_report import Trouble

from .errors import InstallerError
from .machine import GraphicsCard, Machine

TABLE = Path(__file__).with_name("builds.json")
DEVICES = ("cuda", "rocm", "mps", "cpu")


@dataclass(frozen=True, slots=True)
class Build:
    device: str
    torch: str
    """Requirement for pip."""
    index: str
    """Where pip finds that build, beside its usual index; empty for the usual one."""
    megabytes: int
    """About how much is fetched for torch and what it needs."""
    tried: bool
    onnxruntime: str
    replaces: str
    """Package that has to go before `onnxruntime` comes; empty for none."""
    card: GraphicsCard | None
    reasons: tuple[str, ...]
    """Plain sentences: why this one, and why no faster one."""


def choose(machine: Machine, device: str = "") -> Build:
    """The fastest build that `machine` can run; `device` (one of DEVICES) asks for that one alone.

    Raises:
        InstallerError: nothing fits the machine, or the device that was asked for does not.
    """
    table = json.loads(TABLE.read_text("utf-8"))
    reasons = list(machine.troubles)
    for entry in table["torch"]:
        if device and entry["device"] != device:
            continue
        if machine.system not in entry["systems"] or machine.architecture not in entry["architectures"]:
            continue
        if entry["device"] == "cpu":
            return _build(table, entry, None, [*reasons, _without_card(machine, device)])
        for card in machine.cards:
            if card.device != entry["device"]:
                continue
            objection = _objection(entry, card, machine)
            if not objection:
                return _build(table, entry, card, [*reasons, f"{card.name} is used."])
            if objection not in reasons:
                reasons.append(objection)
    wish = f" with {device}" if device else ""
    raise InstallerError(
        f"There is no build of torch for this machine{wish}: {machine.system}, {machine.architecture}.",
        "Install without the diffusion engines: python3 installer install --without-diffusion.",
        " ".join(reasons),
        Trouble.BUILD,
    )


def _objection(entry: dict[str, Any], card: GraphicsCard, machine: Machine) -> str:
    """Why this card cannot run this build; empty if it can."""
    needed = entry.get("driver", {}).get(machine.system, "")
    if needed and _number(card.driver) < _number(needed):
        wanted = f"{needed}, which {entry['requirement']} needs"
        return f"{card.name}: its driver {card.driver} is older than {wanted}."
    least = entry.get("capability", "")
    if least and _number(card.capability) < _number(least):
        return f"{card.name}: too old a card for {entry['requirement']} ({card.capability}, needs {least})."
    targets = entry.get("targets")
    if targets and card.capability not in targets:
        return f"{card.name} ({card.capability}) is not among those that {entry['requirement']} supports."
    return ""


def _build(
    table: dict[str, Any], entry: dict[str, Any], card: GraphicsCard | None, reasons: list[str]
) -> Build:
    runtime = next(row for row in table["onnxruntime"] if row["device"] in (entry["device"], ""))
    return Build(
        device=entry["device"],
        torch=entry["requirement"],
        index=entry["index"],
        megabytes=entry["megabytes"],
        tried=entry["tried"],
        onnxruntime=runtime["requirement"],
        replaces=runtime["replaces"],
        card=card,
        reasons=tuple(reasons),
    )


def _without_card(machine: Machine, device: str) -> str:
    if device == "cpu":
        return "The processor is used, as asked."
    if machine.cards:
        return "The processor is used, because no card can be."
    return "No graphics card was found that torch can use; the processor is used."


def supports_python(python: tuple[int, int]) -> bool:
    """Whether builds for this Python exist on every device."""
    table = json.loads(TABLE.read_text("utf-8"))
    spans = [entry["pythons"] for entry in table["torch"]]
    return all(_number(first) <= python <= _number(last) for first, last in spans)


def _number(version: str) -> tuple[int, ...]:
    digits = [part for part in version.split(".") if part.isdigit()]
    return tuple(int(part) for part in digits)
