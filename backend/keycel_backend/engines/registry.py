"""Which engines there are. Importing this costs nothing: engines are loaded by name, in the worker."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from keycel_backend.engines.base import Engine, EngineDescription, Estimate, OptionValue
from keycel_backend.engines.cel import description as cel
from keycel_backend.engines.flat import description as flat
from keycel_backend.engines.lvcd import description as lvcd
from keycel_backend.engines.morph import description as morph
from keycel_backend.engines.sketchkey import description as sketchkey
from keycel_backend.models.catalogue import LVCD, require_installed
from keycel_shared.errors import ErrorCode, KeycelError

EstimateFunction = Callable[[int, int, int, int, Mapping[str, OptionValue]], Estimate]
"""(width, height, drawings, keyframes, options) to the cost; pure Python."""


@dataclass(frozen=True, slots=True)
class EngineEntry:
    description: EngineDescription
    estimate: EstimateFunction
    factory: str
    """`module:Class` of the engine itself."""
    model: str = ""
    """Name of the model whose weights it needs; empty for none."""


ENTRIES: dict[str, EngineEntry] = {
    "flat": EngineEntry(flat.DESCRIPTION, flat.estimate, "keycel_backend.engines.flat.engine:FlatEngine"),
    "lvcd": EngineEntry(
        lvcd.DESCRIPTION, lvcd.estimate, "keycel_backend.engines.lvcd.engine:LvcdEngine", LVCD.name
    ),
    "cel": EngineEntry(cel.DESCRIPTION, cel.estimate, "keycel_backend.engines.cel.engine:CelEngine"),
    "sketchkey": EngineEntry(
        sketchkey.DESCRIPTION, sketchkey.estimate, "keycel_backend.engines.sketchkey.engine:SketchKeyEngine"
    ),
    "morph": EngineEntry(
        morph.DESCRIPTION, morph.estimate, "keycel_backend.engines.morph.engine:MorphEngine"
    ),
}

PLANNED = {
    "anidoc": ("colorize",),
    "colorizediffusion": ("reference",),
    "flipsketch": ("animate",),
}
"""Engines of the design that this version does not contain yet, with their tasks."""


def descriptions() -> tuple[EngineDescription, ...]:
    return tuple(entry.description for entry in ENTRIES.values())


def find_entry(name: str, task: str) -> EngineEntry:
    """The engine called `name`, if it can do `task` and what it needs is installed.

    Raises:
        KeycelError: REG_NO_ENGINE, or REG_NO_MODEL.
    """
    entry = ENTRIES.get(name)
    if entry is not None and task in entry.description.tasks:
        if entry.model:
            require_installed(entry.model)
        return entry
    able = [engine.name for engine in descriptions() if task in engine.tasks]
    if name in PLANNED:
        title = f"The engine {name} is not in this version of Keycel."
    elif entry is not None:
        title = f"The engine {name} cannot do the task {task}."
    else:
        title = f"There is no engine called {name}."
    remedy = (
        f"Use one of: {', '.join(able)}." if able else f"No engine of this version can {task}; update Keycel."
    )
    raise KeycelError(ErrorCode.REG_NO_ENGINE, title, remedy, f"engine {name}, task {task}")


def find_engine(name: str, task: str) -> EngineDescription:
    """Description of the engine called `name`. Raises like `find_entry`."""
    return find_entry(name, task).description


def load_engine(name: str, task: str) -> Engine:
    """A new instance of the engine; imports whatever it needs. Raises like `find_entry`."""
    module, _, kind = find_entry(name, task).factory.partition(":")
    return cast("Engine", getattr(importlib.import_module(module), kind)())
