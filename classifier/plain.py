"""Records as plain values: what JSON can hold."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any


def plain(value: Any) -> Any:
    """Records as objects in the order of their fields, enums by value, decimals as text; TypeError for anything else."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    kind: Any = type(value)
    names = names_of(kind)
    if names:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    raise TypeError(f"{type(value).__name__} has no plain form")


@cache
def names_of(kind: Any) -> tuple[str, ...]:
    """The names of a record's fields, whether a dataclass or a named tuple; none for any other type."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    named: tuple[str, ...] = getattr(kind, "_fields", ())
    return named
