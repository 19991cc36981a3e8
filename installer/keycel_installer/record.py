"""`installation.json`: what is installed where. The plugin reads which Python runs the backend."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from keycel_shared import paths
from keycel_shared.version import VERSION

from .krita_plugin import KritaProfile


@dataclass(frozen=True, slots=True)
class Record:
    python: str
    version: str = VERSION
    device: str = ""
    """What torch was chosen for; empty without torch."""
    profiles: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """Krita profiles that hold the plugin: `resources` and `kritarc`."""

    @property
    def krita_profiles(self) -> list[KritaProfile]:
        return [KritaProfile(Path(each["resources"]), Path(each["kritarc"])) for each in self.profiles]


def read() -> Record | None:
    """None if there is none, or none that can be read."""
    try:
        content = json.loads(paths.installation_file().read_text("utf-8"))
        return Record(**{name: content[name] for name in Record.__slots__ if name in content})
    except (OSError, ValueError, TypeError):
        return None


def write(python: Path, device: str, profiles: list[KritaProfile]) -> None:
    """Replaces the old one in a single step."""
    places = [{"resources": str(each.resources), "kritarc": str(each.kritarc)} for each in profiles]
    text = json.dumps(asdict(Record(str(python), VERSION, device, places)), indent=1)
    paths.write_private_file(paths.installation_file(), text.encode())
