"""Which engines there are. Importing this costs nothing: engines are loaded by name, in the worker."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from keycel_backend.diffusion.device import Device
from keycel_backend.engines.anidoc import description as anidoc
from keycel_backend.engines.base import Engine, EngineDescription, Estimate, OptionValue
from keycel_backend.engines.cel import description as cel
from keycel_backend.engines.colorizediffusion import description as colorizediffusion
from keycel_backend.engines.flat import description as flat
from keycel_backend.engines.flipsketch import description as flipsketch
from keycel_backend.engines.lvcd import description as lvcd
from keycel_backend.engines.morph import description as morph
from keycel_backend.engines.sketchkey import description as sketchkey
from keycel_backend.models.catalogue import (
    ANIDOC,
    COLORIZEDIFFUSION,
    FLIPSKETCH,
    LVCD,
    find_model,
    require_installed,
)
from keycel_shared.errors import ErrorCode, KeycelError

EstimateFunction = Callable[[int, int, int, int, Mapping[str, OptionValue]], Estimate]
"""(width, height, drawings, keyframes, options) to the cost; pure Python."""

DeviceEstimateFunction = Callable[[int, int, int, int, Mapping[str, OptionValue], Device], Estimate]
"""The same on a device."""


@dataclass(frozen=True, slots=True)
class EngineEntry:
    description: EngineDescription
    estimate: EstimateFunction
    factory: str
    """`module:Class` of the engine itself."""
    model: str = ""
    """Name of the model whose weights it needs; empty for none."""
    device_estimate: DeviceEstimateFunction | None = None
    """Of an engine that uses a graphics card where there is one; None: it always works on the processor."""

    @property
    def accelerated(self) -> bool:
        """Whether it uses a graphics card where there is one."""
        return self.device_estimate is not None

    @property
    def installed(self) -> bool:
        """Whether the weights that it needs are here."""
        return not self.model or find_model(self.model).installed


ENTRIES: dict[str, EngineEntry] = {
    "flat": EngineEntry(flat.DESCRIPTION, flat.estimate, "keycel_backend.engines.flat.engine:FlatEngine"),
    "lvcd": EngineEntry(
        lvcd.DESCRIPTION,
        lvcd.estimate,
        "keycel_backend.engines.lvcd.engine:LvcdEngine",
        LVCD.name,
        lvcd.estimate,
    ),
    "flipsketch": EngineEntry(
        flipsketch.DESCRIPTION,
        flipsketch.estimate,
        "keycel_backend.engines.flipsketch.engine:FlipsketchEngine",
        FLIPSKETCH.name,
        flipsketch.estimate,
    ),
    "anidoc": EngineEntry(
        anidoc.DESCRIPTION,
        anidoc.estimate,
        "keycel_backend.engines.anidoc.engine:AniDocEngine",
        ANIDOC.name,
        anidoc.estimate,
    ),
    "colorizediffusion": EngineEntry(
        colorizediffusion.DESCRIPTION,
        colorizediffusion.estimate,
        "keycel_backend.engines.colorizediffusion.engine:ColorizeDiffusionEngine",
        COLORIZEDIFFUSION.name,
        colorizediffusion.estimate,
    ),
    "cel": EngineEntry(cel.DESCRIPTION, cel.estimate, "keycel_backend.engines.cel.engine:CelEngine"),
    "sketchkey": EngineEntry(
        sketchkey.DESCRIPTION,
        sketchkey.estimate_sparse,
        "keycel_backend.engines.sketchkey.engine:SketchKeyEngine",
    ),
    "morph": EngineEntry(
        morph.DESCRIPTION, morph.estimate, "keycel_backend.engines.morph.engine:MorphEngine"
    ),
}


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
    if entry is not None:
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
