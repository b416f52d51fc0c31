"""Many words as one table of steps, and all their occurrences in a text found at once with numpy.

A step leads from a state (what was read so far) by one character to the next state. All steps lie in one open hash table; the
place of a step in it is the number of the state it leads to. Keys are whole (state and code point), so nothing can collide.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.words.columns import Numbers

Codes = NDArray[np.uint32]
Keys = NDArray[np.uint64]

_CODE_BITS = np.uint64(21)
_EMPTY = np.uint64(2**64 - 1)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio: spreads the keys over the table
_ROOM = 4  # places in the table for each step, or more: few make a step look further, many fall out of the cache
_PLANE = 0x10000  # code points whose first step has a table of its own


class Step(NamedTuple):
    """The occurrences of beginnings of one length: where each starts, and the state it reaches."""

    length: int
    starts: Numbers
    states: Numbers


class Words(NamedTuple):
    """Words as one array of code points, with the place of each word in it."""

    codes: Codes
    starts: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, words: Sequence[str]) -> "Words":
        """The words of a list."""
        lengths = np.fromiter(map(len, words), dtype=np.intp, count=len(words))
        return cls(code_points("".join(words)), np.cumsum(lengths) - lengths, lengths)

    def joined(self, others: "Words") -> "Words":
        """These words and then the others."""
        return Words(
            np.concatenate([self.codes, others.codes]),
            np.concatenate([self.starts, others.starts + len(self.codes)]),
            np.concatenate([self.lengths, others.lengths]),
        )


class Trie:
    """Words by their beginnings. ``ends`` holds the state each given word ends in, in the order given."""

    def __init__(self, words: Words) -> None:
        self._bits = max(10, (_ROOM * int(words.lengths.sum())).bit_length())
        self.ends, steps = self._insert(words)
        if steps * 2 * _ROOM < 2**self._bits:  # most beginnings are shared
            self._bits = max(10, (_ROOM * steps).bit_length())
            self.ends, _ = self._insert(words)
        self._first = self._begin(np.arange(_PLANE, dtype=np.uint64))

    @property
    def root(self) -> int:
        """The state before anything is read; also the number of states, so that arrays by state have this size."""
        return 1 << self._bits

    def _insert(self, words: Words) -> tuple[Numbers, int]:
        self._keys = np.full(self.root, _EMPTY)
        ends = np.full(len(words.starts), self.root)
        active = np.flatnonzero(words.lengths > 0)
        for depth in range(int(words.lengths.max(initial=0))):
            ends[active] = self._add(_keys(ends[active], words.codes[words.starts[active] + depth].astype(np.uint64)))
            active = active[words.lengths[active] > depth + 1]
        return ends, int((self._keys != _EMPTY).sum())

    def _add(self, keys: Keys) -> Numbers:
        """Places of the keys in the table, new ones put where the next free place is. The same key may come often."""
        places = self._home(keys)
        open_ = np.arange(len(keys))
        while len(open_):
            here = places[open_]
            free = self._keys[here] == _EMPTY
            self._keys[here[free]] = keys[open_[free]]
            open_ = open_[self._keys[here] != keys[open_]]
            places[open_] = (places[open_] + 1) & (self.root - 1)
        return places

    def _home(self, keys: Keys) -> Numbers:
        places = keys * _MIX
        places >>= np.uint64(64 - self._bits)
        return places.view(np.intp)

    def _next(self, states: Numbers, codes: Keys) -> tuple[Numbers, Numbers]:
        """From which of the states a step leads on by its character, and to which state."""
        keys = _keys(states, codes)
        places = self._home(keys)
        held = self._keys[places]
        reached = held == keys
        open_ = np.flatnonzero(~reached & (held != _EMPTY))
        while len(open_):
            further = (places[open_] + 1) & (self.root - 1)
            wanted, found = keys[open_], self._keys[further]
            places[open_], reached[open_] = further, found == wanted
            open_ = open_[(found != wanted) & (found != _EMPTY)]
        kept = np.flatnonzero(reached)
        return kept, places[kept]

    def _begin(self, codes: Keys) -> Numbers:
        """The state each character leads to as the first of a word, or -1."""
        kept, reached = self._next(np.full(len(codes), self.root), codes)
        states = np.full(len(codes), -1)
        states[kept] = reached
        return states

    def whole(self, codes: Codes, starts: Numbers, ends: Numbers) -> Numbers:
        """The state each stretch of a text leads to, or -1."""
        states = np.full(len(starts), self.root)
        wide = codes.astype(np.uint64)
        active = np.arange(len(starts))
        depth = 0
        while len(active):
            kept, reached = self._next(states[active], wide[starts[active] + depth])
            states[active] = -1
            active = active[kept]
            states[active] = reached
            depth += 1
            active = active[starts[active] + depth < ends[active]]
        return states

    def values(self, values: Iterable[int], other: int) -> Numbers:
        """A value for each given word as an array by state; ``other`` for states that end no word, also for -1."""
        by_state = np.full(self.root + 1, other)
        by_state[self.ends] = np.fromiter(values, dtype=np.intp, count=len(self.ends))
        return by_state

    def steps(self, codes: Codes) -> Iterator[Step]:
        """All beginnings of words in a text, by length. The text must end in a 0, which is part of no word."""
        wide = codes.astype(np.uint64)
        states = self._first[np.minimum(codes, _PLANE - 1)]
        far = np.flatnonzero(codes >= _PLANE)
        states[far] = self._begin(wide[far])
        starts = np.flatnonzero(states >= 0)
        states = states[starts]
        length = 1
        while len(starts):
            yield Step(length, starts, states)
            kept, states = self._next(states, wide[starts + length])
            starts = starts[kept]
            length += 1


def code_points(text: str) -> Codes:
    """The characters of a text as numbers."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _keys(states: Numbers, codes: Keys) -> Keys:
    keys = states.view(np.uint64) << _CODE_BITS
    keys |= codes
    return keys
