"""Values of an engine's options, checked against their description."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.engines.base import Option, OptionValue
from keycel_shared.errors import ErrorCode, KeycelError


def number(options: Mapping[str, OptionValue], option: Option) -> float:
    """The value given for `option`, or its default.

    Raises:
        KeycelError: DOC_BAD_OPTION for a value that is no number in the option's range.
    """
    value = options.get(option.name, option.default)
    low, high = option.minimum or 0.0, option.maximum or float("inf")
    if isinstance(value, (bool, str)) or not low <= value <= high:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f'The option "{option.name}" cannot be {value!r}.',
            f"Give a number from {low:g} to {high:g}.",
        )
    return float(value)


def choice(options: Mapping[str, OptionValue], option: Option) -> str:
    """The value given for `option`, or its default.

    Raises:
        KeycelError: DOC_BAD_OPTION for a value that is none of the option's choices.
    """
    value = options.get(option.name, option.default)
    if value not in option.choices:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f'The option "{option.name}" cannot be {value!r}.',
            f"Choose one of: {', '.join(option.choices)}.",
        )
    return str(value)
