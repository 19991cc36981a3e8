"""The options of a request, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keycel_backend.engines.base import Option, OptionValue
from keycel_backend.engines.flipsketch import description
from keycel_backend.engines.options import number
from keycel_shared.errors import ErrorCode, KeycelError


@dataclass(frozen=True, slots=True)
class Settings:
    prompt: str
    avoid: str
    frames: int
    exposure: int
    faithful: bool
    fidelity: float
    steps: int
    guidance: float
    resolution: int
    window: int

    @classmethod
    def of(cls, options: Mapping[str, OptionValue]) -> Settings:
        """Raises `KeycelError` DOC_BAD_OPTION for a value that an option does not allow."""
        prompt = _text(options, description.PROMPT)
        if not prompt:
            raise no_prompt()
        return cls(
            prompt=prompt,
            avoid=_text(options, description.AVOID),
            frames=int(number(options, description.FRAMES)),
            exposure=int(number(options, description.EXPOSURE)),
            faithful=_text(options, description.MODE) == description.FAITHFUL,
            fidelity=number(options, description.FIDELITY),
            steps=int(number(options, description.STEPS)),
            guidance=number(options, description.GUIDANCE),
            resolution=int(number(options, description.RESOLUTION)),
            window=int(number(options, description.WINDOW)),
        )


def no_prompt() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_BAD_OPTION,
        "There is no sentence about what happens.",
        'Say what the drawing does, such as "a cat walks to the left".',
    )


def _text(options: Mapping[str, OptionValue], option: Option) -> str:
    value = options.get(option.name, option.default)
    if not isinstance(value, str) or (option.choices and value not in option.choices):
        wanted = f"Give one of: {', '.join(option.choices)}." if option.choices else "Give a text."
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION, f'The option "{option.name}" cannot be {value!r}.', wanted
        )
    return value.strip()
