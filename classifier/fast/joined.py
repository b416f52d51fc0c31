"""Many texts in one array: text behind text, parted by 0, and the words found in it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.text import Weights
from classifier.words.columns import Numbers, ranges
from classifier.words.trie import Codes, code_points

PLANE = 0x10000


class Joined(NamedTuple):
    """All passages of many applications."""

    codes: Codes
    weights: Weights
    offsets: Numbers
    passages: Numbers  # of each place
    records: Numbers  # of each passage
    numbers: Numbers  # of each passage within its application
    size: int  # applications

    @classmethod
    def of(cls, texts: Sequence[str], weights: Weights, counts: Sequence[int]) -> "Joined":
        """Texts behind one another, so many of each application; each has one weight more than characters."""
        sizes = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts)) + 1
        firsts = np.cumsum([0, *counts])
        records = np.repeat(np.arange(len(counts)), counts)
        return cls(
            codes=code_points("\0".join([*texts, ""])),
            weights=weights,
            offsets=np.cumsum(sizes) - sizes,
            passages=np.repeat(np.arange(len(texts)), sizes),
            records=records,
            numbers=np.arange(len(texts)) - firsts[records],
            size=len(counts),
        )

    def alone(self, passages: Numbers, spans: NDArray[np.intp]) -> "Joined":
        """Stretches of passages, shape (stretches, 2), each an application of its own: the rest of its passage is void."""
        sizes = np.append(self.offsets, len(self.codes))[passages + 1] - self.offsets[passages]
        places = ranges(self.offsets[passages], sizes)
        numbers = np.arange(len(passages))
        owners, offsets = np.repeat(numbers, sizes), np.cumsum(sizes) - sizes
        within = np.arange(len(places)) - offsets[owners]
        inside = (within >= spans[owners, 0]) & (within < spans[owners, 1])
        return Joined(
            codes=self.codes[places],
            weights=np.where(inside, self.weights[places], 0.0),
            offsets=offsets,
            passages=owners,
            records=numbers,
            numbers=np.zeros_like(numbers),
            size=len(passages),
        )


class Found(NamedTuple):
    """Occurrences of words by start, longest first; Latin words only where they stand alone."""

    starts: Numbers
    ends: Numbers
    words: Numbers
    passages: Numbers

    def only(self, chosen: NDArray[np.bool_]) -> "Found":
        """Those whose word is chosen."""
        kept = np.flatnonzero(chosen[self.words])
        return Found(*(column[kept] for column in self))


class Rows(NamedTuple):
    """Rows of numbers for each word: those of word ``w`` are ``columns[:, first[w] : first[w] + counts[w]]``."""

    first: Numbers
    counts: Numbers
    columns: NDArray[np.intp]

    @classmethod
    def of(cls, rows: Sequence[Sequence[tuple[int, ...]]], width: int) -> "Rows":
        """Rows of so many numbers, given for each word."""
        count = np.array([len(own) for own in rows], dtype=np.intp)
        columns = np.array([row for own in rows for row in own], dtype=np.intp).reshape(-1, width).T
        return cls(np.cumsum(count) - count, count, np.ascontiguousarray(columns))

    def each(self, words: Numbers) -> tuple[Numbers, NDArray[np.intp]]:
        """For all rows of all words: the place of the word among ``words``, and the row's columns."""
        count = self.counts[words]
        return np.repeat(np.arange(len(words)), count), self.columns.take(ranges(self.first[words], count), axis=1)
