"""Dataclasses to JSON values and back, checked against their type hints.

Only what the protocol needs: str, int, float, bool, None, enums of str, tuples, string-keyed
mappings, unions with None or of scalars, and nested dataclasses. Unknown keys are ignored (a newer
peer may say more), missing keys take the field's default or are an error.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin

T = TypeVar("T")


class SchemaError(ValueError):
    """The value does not fit the type; the message names the place."""


def to_json(value: object) -> Any:
    """A JSON value of plain dicts, lists and scalars."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        items = typing.cast("Mapping[str, object]", value).items()
        return {key: to_json(item) for key, item in items}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in typing.cast("list[object]", value)]
    return value


def from_json(kind: type[T], value: object, where: str = "body") -> T:
    """Build a `kind` from a decoded JSON value.

    Raises:
        SchemaError: wrong type, missing field, or a number out of the 64-bit range.
    """
    return typing.cast("T", _convert(kind, value, where))


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    hints = typing.get_type_hints(kind)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _convert(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(get_args(kind), value, where)
    if origin is tuple:
        return _convert_tuple(get_args(kind), value, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise SchemaError(f"{where}: expected an object")
        item_kind = get_args(kind)[1]
        items = typing.cast("dict[str, object]", value).items()
        return {key: _convert(item_kind, item, f"{where}.{key}") for key, item in items}
    if dataclasses.is_dataclass(kind):
        return _convert_dataclass(typing.cast("type", kind), value, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise SchemaError(f"{where}: {value!r} is none of the known values") from None
    return _convert_scalar(kind, value, where)


def _convert_dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: expected an object")
    body = typing.cast("dict[str, object]", value)
    given: dict[str, Any] = {}
    for name, hint, required in _fields(kind):
        if name in body:
            given[name] = _convert(hint, body[name], f"{where}.{name}")
        elif required:
            raise SchemaError(f"{where}.{name}: missing")
    return kind(**given)


def _convert_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SchemaError(f"{where}: expected a list")
    items = typing.cast("list[object]", value)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if len(items) != len(arguments):
        raise SchemaError(f"{where}: expected {len(arguments)} items, got {len(items)}")
    return tuple(
        _convert(k, item, f"{where}[{i}]") for i, (k, item) in enumerate(zip(arguments, items, strict=True))
    )


def _convert_union(arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    # Exact scalar types first: True is an int to isinstance, and 1 would pass for a float.
    if type(value) in arguments:
        return value
    for kind in arguments:
        try:
            return _convert(kind, value, where)
        except SchemaError:
            continue
    raise SchemaError(f"{where}: {type(value).__name__} is not one of the allowed types")


def _convert_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if kind is type(None) and value is None:
        return None
    if type(value) is not kind:
        raise SchemaError(f"{where}: expected {kind.__name__}, got {type(value).__name__}")
    if kind is int and not -(2**63) <= value < 2**63:
        raise SchemaError(f"{where}: number out of range")
    return value
