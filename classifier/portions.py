"""How many applications are read at once."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from classifier.records import Application

_MOST_TEXTS, _MOST_CHARACTERS = 512, 100_000


def portions(numbers: Sequence[int], applications: Sequence[Application]) -> Iterator[list[int]]:
    """Applications by their numbers, in portions that the processor's cache holds."""
    portion: list[int] = []
    characters = 0
    for number in numbers:
        portion.append(number)
        characters += sum(map(len, applications[number].texts))
        if len(portion) == _MOST_TEXTS or characters >= _MOST_CHARACTERS:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion


@contextmanager
def without_collection() -> Iterator[None]:
    """Rules and predictions hold no cycles, but so many objects that the collector would go through them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
