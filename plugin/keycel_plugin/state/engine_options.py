"""Options of an engine as chosen: only those that differ from what the engine suggests are kept."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_shared.messages import EngineInfo, OptionValue


def present_value(engine: EngineInfo | None, chosen: Mapping[str, OptionValue], name: str) -> OptionValue:
    """What is chosen, else what the engine suggests (None where it has no such option)."""
    options = engine.options if engine is not None else ()
    default = next((option.default for option in options if option.name == name), None)
    return chosen.get(name, default)


def with_option(
    engine: EngineInfo | None, chosen: Mapping[str, OptionValue], name: str, value: OptionValue
) -> dict[str, OptionValue]:
    """The chosen ones after a change; while no engine is known nothing is left out."""
    defaults = {option.name: option.default for option in engine.options} if engine is not None else {}
    changed = {**chosen, name: value}
    return {key: kept for key, kept in changed.items() if key not in defaults or kept != defaults[key]}


def all_options(engine: EngineInfo, chosen: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Every option of the engine with its present value."""
    return {option.name: present_value(engine, chosen, option.name) for option in engine.options}
