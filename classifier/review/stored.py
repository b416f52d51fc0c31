"""Records as canonical JSON and back: the same bytes in every database, for any frozen dataclass."""

import hashlib
import json
import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from classifier.errors import ReviewError
from classifier.plain import names_of, plain

Record = TypeVar("Record")
_Reader = Callable[[Any], Any]
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(value: object) -> str:
    """The one JSON text of a value of plain types: sorted keys, no spaces, characters as they are.

    Half of a surrogate pair, which UTF-8 cannot carry, is escaped as JSON allows.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def sha256(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def clean(text: str) -> str:
    """A text that every database stores: NUL and lone surrogates become the replacement character."""
    return _LONE_SURROGATE.sub("\ufffd", text).replace("\0", "\ufffd")


def dump(record: object) -> str:
    """A record as canonical JSON."""
    return canonical(plain(record))


def load(kind: type[Record], text: str) -> Record:
    """A record from its JSON; a field that is missing takes its default, an unknown one is refused."""
    try:
        key: Any = kind
        record: Record = _reader(key)(json.loads(text))
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ReviewError(
            "库中的一条记录读不出来：由另一版程序写入，或被改动。请重启网页版，仍不行时运行审计核验。"
        ) from error
    return record


@cache
def _reader(kind: Any) -> _Reader:
    """How a value of a type is made from plain JSON."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _optional_reader(kind)
    if origin is tuple:
        one = _reader(get_args(kind)[0])
        return lambda given: tuple(one(each) for each in given)
    if names_of(kind):
        return _record_reader(kind)
    if kind is Decimal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind
    return lambda given: given


def _optional_reader(kind: Any) -> _Reader:
    (known,) = (each for each in get_args(kind) if each is not type(None))
    read = _reader(known)
    return lambda given: None if given is None else read(given)


def _record_reader(kind: Any) -> _Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
    return lambda given: kind(**{name: readers[name](value) for name, value in given.items()})
