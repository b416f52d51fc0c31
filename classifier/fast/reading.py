"""What the rules read in many applications: beside the readings all hits and all passages as columns.

What is reckoned over all of them takes them from here, not one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from classifier.fast.joined import Joined
from classifier.lexicon import Strength, Term
from classifier.rules import Hit, Reading
from classifier.text import Passage, Span
from classifier.words.columns import Floats, Numbers, by_owner

_STRENGTHS = tuple(Strength)


class TermColumns(NamedTuple):
    """A lexicon's terms: of each its label and its strength, by their numbers among ``row`` and ``Strength``."""

    terms: Sequence[Term]
    labels: Numbers
    strengths: Numbers
    row: Mapping[str, int]
    number: Mapping[Term, int]

    @classmethod
    def of(cls, terms: Sequence[Term], labels: Sequence[str]) -> "TermColumns":
        """The columns of terms that speak of these labels."""
        row = {label: place for place, label in enumerate(labels)}
        return cls(
            terms,
            np.array([row[term.label] for term in terms], dtype=np.intp),
            np.array([_STRENGTHS.index(term.strength) for term in terms], dtype=np.intp),
            row,
            {term: place for place, term in enumerate(terms)},
        )


class HitColumns(NamedTuple):
    """Hits in order of their records; ``passages`` are counted over all records, ``terms`` are numbers in the lexicon.

    ``starts`` and ``ends`` have shape (hits, most parts), with -1 beyond the last part of a hit.
    """

    records: Numbers
    passages: Numbers
    terms: Numbers
    starts: Numbers
    ends: Numbers
    weights: Floats

    @classmethod
    def of(cls, readings: Sequence[Reading], terms: TermColumns) -> "HitColumns":
        """The hits of readings that were made one by one."""
        hits = list(chain.from_iterable(reading.hits for reading in readings))
        firsts = np.cumsum([0, *(len(reading.passages) for reading in readings)])
        records = np.repeat(np.arange(len(readings)), [len(reading.hits) for reading in readings])
        keys = [id(hit.term) for hit in hits]  # hashing a term takes longer than all else
        number = {key: terms.number[hit.term] for key, hit in dict(zip(keys, hits, strict=True)).items()}
        spans = np.full((len(hits), max((len(hit.spans) for hit in hits), default=1), 2), -1)
        for place, hit in enumerate(hits):
            spans[place, : len(hit.spans)] = hit.spans
        return cls(
            records,
            firsts[records] + np.array([hit.passage for hit in hits], dtype=np.intp),
            np.array(list(map(number.__getitem__, keys)), dtype=np.intp),
            spans[:, :, 0],
            spans[:, :, 1],
            np.array([hit.weight for hit in hits], dtype=np.float64),
        )

    def listed(self, terms: Sequence[Term], numbers: Numbers, size: int) -> list[tuple[Hit, ...]]:
        """The hits of each record; ``numbers`` are those of all passages within their records."""
        columns = (
            map(terms.__getitem__, self.terms.tolist()),
            numbers[self.passages].tolist(),
            self._spans(),
            self.weights.tolist(),
        )
        hits = list(map(partial(tuple.__new__, Hit), zip(*columns, strict=True)))  # Hit(*one), without a call each
        return list(map(tuple, by_owner(hits, self.records, size)))

    def _spans(self) -> Iterable[tuple[Span, ...]]:
        sizes = (self.starts >= 0).sum(axis=1)
        spans: list[tuple[Span, ...]] = []
        order = []
        for size in range(1, self.starts.shape[1] + 1):
            own = np.flatnonzero(sizes == size)
            parts = (
                zip(self.starts[own, part].tolist(), self.ends[own, part].tolist(), strict=True) for part in range(size)
            )
            spans += zip(*parts, strict=True)
            order.append(own)
        return map(spans.__getitem__, np.argsort(np.concatenate(order)).tolist())

    def strong(self, terms: TermColumns, size: int) -> list[list[Term]]:
        """For each record the strong terms that count fully, as ``Reading.strong``."""
        full = np.flatnonzero((terms.strengths[self.terms] == _STRENGTHS.index(Strength.STRONG)) & (self.weights >= 1))
        found: list[list[Term]] = [[] for _ in range(size)]
        for record, term in zip(self.records[full].tolist(), self.terms[full].tolist(), strict=True):
            found[record].append(terms.terms[term])
        return found


class BatchReading(NamedTuple):
    """Readings, all their passages, and both as columns."""

    readings: list[Reading]
    passages: list[Passage]
    hits: HitColumns
    joined: Joined

    @classmethod
    def of(cls, readings: list[Reading], terms: TermColumns) -> "BatchReading":
        """Readings that were made one by one."""
        passages = [passage for reading in readings for passage in reading.passages]
        parted = [part for passage in passages for part in (passage.weights, np.zeros(1))]
        texts = [passage.normal.text for passage in passages]
        joined = Joined.of(texts, np.concatenate(parted), [len(reading.passages) for reading in readings])
        return cls(readings, passages, HitColumns.of(readings, terms), joined)
