"""What this machine is: system, processor, graphics cards and their drivers. Standard library only."""

from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NVIDIA, AMD = "0x10de", "0x1002"
"""Vendor numbers on the PCI bus."""

TALKS_WITHIN = 20.0
"""Seconds; a driver that hangs must not hang the installer."""


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    device: str
    """cuda, rocm or mps: what torch calls it."""
    name: str
    driver: str = ""
    """Version of the driver; only with cuda."""
    capability: str = ""
    """Compute capability such as 8.6 (cuda) or target such as gfx1100 (rocm)."""
    memory: int = 0
    """MiB; 0 where the system does not say."""


@dataclass(frozen=True, slots=True)
class Machine:
    system: str
    """linux, windows, macos, or what the platform calls itself."""
    architecture: str
    """x86_64, arm64, or what the platform calls it."""
    python: tuple[int, int]
    cards: tuple[GraphicsCard, ...] = ()
    troubles: tuple[str, ...] = ()
    """Plain sentences: a card that is there but cannot be used."""


class Probe:
    """The outside world, in one place: tests put another one here."""

    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    machine = platform.machine()
    python = (sys.version_info[0], sys.version_info[1])

    def answer(self, *command: str) -> str | None:
        """Standard output of a program; None if it is not there, fails or hangs."""
        try:
            outcome = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=TALKS_WITHIN, errors="replace"
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return outcome.stdout if outcome.returncode == 0 else None

    def texts(self, folder: str, pattern: str) -> list[str]:
        """Contents of the readable files that match, in the order of their names."""
        found: list[str] = []
        for path in sorted(Path(folder).glob(pattern)):
            try:
                found.append(path.read_text("utf-8", "replace"))
            except OSError:
                continue
        return found

    def exists(self, path: str) -> bool:
        return Path(path).exists()


def look(probe: Probe | None = None) -> Machine:
    """This machine, or the one that `probe` plays."""
    probe = probe or Probe()
    architecture = {"amd64": "x86_64", "aarch64": "arm64"}.get(probe.machine.lower(), probe.machine)
    cards: list[GraphicsCard] = []
    troubles: list[str] = []
    if probe.system in ("linux", "windows"):
        _look_for_nvidia(probe, cards, troubles)
    if probe.system == "linux":
        _look_for_amd(probe, cards, troubles)
    if probe.system == "macos" and architecture == "arm64":
        name = probe.answer("sysctl", "-n", "machdep.cpu.brand_string")
        cards.append(GraphicsCard("mps", (name or "Apple silicon").strip()))
    return Machine(probe.system, architecture, probe.python, tuple(cards), tuple(troubles))


def _look_for_nvidia(probe: Probe, cards: list[GraphicsCard], troubles: list[str]) -> None:
    fields = "name,driver_version,compute_cap,memory.total"
    answer = probe.answer("nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits")
    for line in (answer or "").splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4:
            memory = int(parts[3]) if parts[3].isdigit() else 0
            cards.append(GraphicsCard("cuda", parts[0], parts[1], parts[2], memory))
    if not cards and NVIDIA in _vendors(probe):
        troubles.append("An NVIDIA card is there, but its driver does not answer (nvidia-smi).")


def _look_for_amd(probe: Probe, cards: list[GraphicsCard], troubles: list[str]) -> None:
    found = False
    for text in probe.texts("/sys/class/kfd/kfd/topology/nodes", "*/properties"):
        facts = dict(line.split(maxsplit=1) for line in text.splitlines() if " " in line)
        version = facts.get("gfx_target_version", "0")
        if version.isdigit() and int(version) > 0:
            found = True
            cards.append(GraphicsCard("rocm", "AMD card", capability=_target(int(version))))
    if found and not probe.exists("/dev/kfd"):
        troubles.append("An AMD card is there, but /dev/kfd is not: its compute driver is not loaded.")
        cards[:] = [card for card in cards if card.device != "rocm"]
    elif not found and AMD in _vendors(probe):
        troubles.append("An AMD card is there, but without the compute driver (amdgpu with kfd).")


def _target(version: int) -> str:
    """110000 is gfx1100, 90010 is gfx90a: major, minor, stepping, the last two as hexadecimal digits."""
    major, minor, stepping = version // 10000, version // 100 % 100, version % 100
    return f"gfx{major}{minor:x}{stepping:x}"


def _vendors(probe: Probe) -> set[str]:
    """Of display controllers (PCI class 03) on Linux; empty elsewhere."""
    classes = probe.texts("/sys/bus/pci/devices", "*/class")
    vendors = probe.texts("/sys/bus/pci/devices", "*/vendor")
    pairs = zip(classes, vendors, strict=False)
    return {vendor.strip() for kind, vendor in pairs if kind.startswith("0x03")}
