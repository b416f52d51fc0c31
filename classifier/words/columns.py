"""Rows of numbers held as columns: their order, where equal ones begin, runs of numbers."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.intp]
Floats = NDArray[np.float64]
_Item = TypeVar("_Item")


def in_order(*columns: Numbers) -> Numbers:
    """The stable order of rows by columns of numbers from 0 on, the first column first."""
    size = len(columns[0])
    widths = [int(column.max(initial=0)).bit_length() for column in (*columns, np.array([size]))]
    if sum(widths) > 63:
        return np.asarray(np.lexsort(columns[::-1]), dtype=np.intp)
    keys = np.zeros(size, dtype=np.intp)
    for column, width in zip((*columns, np.arange(size)), widths, strict=True):
        keys <<= width
        keys |= column
    keys.sort()  # row numbers ride along in the last bits: much faster than an argsort
    keys &= 2 ** widths[-1] - 1
    return keys


def begins(*columns: Numbers) -> Numbers:
    """Where rows of equal values begin."""
    changes = np.zeros(len(columns[0]), dtype=bool)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """All numbers from each start on, as many as its length."""
    shifts = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return np.asarray(np.arange(len(shifts)) + shifts)


def marked(places: Numbers, size: int) -> NDArray[np.bool_]:
    """So many flags, True at the places."""
    flags = np.zeros(size, dtype=bool)
    flags[places] = True
    return flags


def sums(places: Numbers, weights: Floats, size: int) -> Floats:
    """What the weights of each place add up to, one after the other from the first."""
    return np.asarray(np.bincount(places, weights, minlength=size), dtype=np.float64)


def least(values: Floats, starts: Numbers, ends: Numbers) -> Floats:
    """The least value of each stretch; ``values`` are mostly alike, and go on beyond the last stretch."""
    found = values[starts]
    changes = np.append(0, np.cumsum(values[1:] != values[:-1]))
    mixed = np.flatnonzero(changes[starts] != changes[ends - 1])
    if len(mixed):
        bounds = np.stack([starts[mixed], ends[mixed]], axis=1).ravel()
        found[mixed] = np.minimum.reduceat(values, bounds)[::2]
    return found


def firsts(owners: Numbers, size: int) -> Numbers:
    """Where the items of each of so many owners begin, and where the last ones end; ``owners`` ascend."""
    return np.searchsorted(owners, np.arange(size + 1))


def by_owner(items: Sequence[_Item], owners: Numbers, size: int) -> list[Sequence[_Item]]:
    """The items of each of so many owners; ``owners`` has the number of each item's, in ascending order."""
    return [items[first:last] for first, last in pairwise(firsts(owners, size).tolist())]


def concatenated(arrays: Iterable[Numbers]) -> Numbers:
    """The arrays behind one another; none is allowed."""
    return np.concatenate([np.zeros(0, dtype=np.intp), *arrays])
