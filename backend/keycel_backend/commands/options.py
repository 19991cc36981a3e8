"""Engine options from the command line, checked against the engine's description."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_backend.engines.base import EngineDescription, Option, OptionValue
from keycel_shared.errors import ErrorCode, KeycelError


def parse_options(pairs: Sequence[str], description: EngineDescription) -> dict[str, OptionValue]:
    """`NAME=VALUE` texts as typed values; ranges are checked by the supervisor.

    Raises:
        KeycelError: DOC_BAD_OPTION for an unknown name or a value of the wrong type.
    """
    known = {option.name: option for option in description.options}
    values: dict[str, OptionValue] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in known:
            raise KeycelError(
                ErrorCode.DOC_BAD_OPTION,
                f"{pair!r} is no option of the engine {description.name}.",
                f"Write NAME=VALUE with one of: {', '.join(known) or 'none, it has no options'}.",
            )
        values[name] = _typed(known[name], text)
    return values


def _typed(option: Option, text: str) -> OptionValue:
    kind = type(option.default)
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"{text!r} is no value for the option {option.name}.",
            f"{option.help} Give a value such as {option.default}.",
        ) from None
