"""What the rules read in many applications: beside the readings all hits and all passages as columns.

What is reckoned over all of them takes them from here, not one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from classifier.contexts import Shift
from classifier.fast.joined import Joined
from classifier.lexicon import ContextRule, Strength, Term
from classifier.rules import Hit, Reading
from classifier.text import Passage
from classifier.words.columns import Floats, Numbers, by_owner, ranges

_STRENGTHS = tuple(Strength)


class TermColumns(NamedTuple):
    """A lexicon's terms: of each its label and its strength, as numbers: see ``row``, and the order of ``Strength``."""

    terms: Sequence[Term]
    labels: Numbers
    strengths: Numbers
    row: Mapping[str, int]

    @classmethod
    def of(cls, terms: Sequence[Term], labels: Sequence[str]) -> "TermColumns":
        """The columns of terms that speak of these labels."""
        row = {label: place for place, label in enumerate(labels)}
        return cls(
            terms,
            np.array([row[term.label] for term in terms], dtype=np.intp),
            np.array([_STRENGTHS.index(term.strength) for term in terms], dtype=np.intp),
            row,
        )


class HitColumns(NamedTuple):
    """Hits in the order of the plain rules: by record, passage, place.

    ``passages`` are counted over all records, so they ascend too; ``terms`` are numbers in the lexicon. ``starts`` and
    ``ends`` have shape (hits, most parts), with -1 beyond the last part of a hit.
    """

    records: Numbers
    passages: Numbers
    terms: Numbers
    starts: Numbers
    ends: Numbers
    weights: Floats

    def listed(self, terms: Sequence[Term], numbers: Numbers, size: int) -> list[Sequence[Hit]]:
        """The hits of each record; ``numbers`` are those of all passages within their records."""
        rows = by_owner(range(len(self.records)), self.records, size)
        return [_LateHits(self, terms, numbers, own) for own in rows]

    def inside(self, passages: Numbers, spans: Numbers) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
        """For stretches of passages, shape (stretches, 2), the hits of their passages.

        Returns the stretch and the hit of each pair, and which parts of the hit lie inside, shape (pairs, most parts).
        """
        first, last = (np.searchsorted(self.passages, passages, side) for side in ("left", "right"))
        rows, owners = ranges(first, last - first), np.repeat(np.arange(len(passages)), last - first)
        starts, ends = spans[owners, :1], spans[owners, 1:]
        return owners, rows, (self.starts[rows] >= starts) & (self.ends[rows] <= ends)

    def strong(self, terms: TermColumns, size: int) -> list[Sequence[Term]]:
        """For each record the strong terms that count fully, as ``Reading.strong``."""
        full = np.flatnonzero(self.are_strong(terms) & (self.weights >= 1))
        found = list(map(terms.terms.__getitem__, self.terms[full].tolist()))
        return by_owner(found, self.records[full], size)

    def are_strong(self, terms: TermColumns) -> NDArray[np.bool_]:
        """Which hits are of strong terms."""
        return np.asarray(terms.strengths[self.terms] == _STRENGTHS.index(Strength.STRONG))


class _LateHits(Sequence[Hit]):
    """The hits of one record, made when somebody asks for one: most are needed as columns only.

    Equal to any sequence of the same hits.
    """

    __slots__ = ("_columns", "_made", "_numbers", "_rows", "_terms")

    def __init__(self, columns: HitColumns, terms: Sequence[Term], numbers: Numbers, rows: Sequence[int]) -> None:
        self._columns, self._terms, self._numbers, self._rows = columns, terms, numbers, rows
        self._made: list[Hit] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> list[Hit]: ...
    def __getitem__(self, place: int | slice) -> Hit | list[Hit]:
        self._made = self._made or list(self._hits())
        return self._made[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def _hits(self) -> Iterator[Hit]:
        _, *own = (column[self._rows].tolist() for column in self._columns)
        for passage, term, starts, ends, weight in zip(*own, strict=True):
            spans = tuple(span for span in zip(starts, ends, strict=True) if span[0] >= 0)
            yield Hit(self._terms[term], int(self._numbers[passage]), spans, weight)


class ShiftColumns(NamedTuple):
    """Shifts in order of their passages, which are counted over all records; places are those of the joined text."""

    rules: Sequence[ContextRule]
    passages: Numbers
    cues: Numbers
    cue_ends: Numbers
    firsts: Numbers
    lasts: Numbers

    def listed(self, joined: Joined) -> list[tuple[Shift, ...]]:
        """The shifts of each record."""
        cues, cue_ends, firsts, lasts = ((column - joined.offsets[self.passages]).tolist() for column in self[2:])
        spans = zip(cues, cue_ends, strict=True), zip(firsts, lasts, strict=True)
        shifts = list(map(Shift, self.rules, joined.numbers[self.passages].tolist(), *spans))
        return list(map(tuple, by_owner(shifts, joined.records[self.passages], joined.size)))


class ReadingColumns(NamedTuple):
    """What rules and model need of many readings: ties, shape (readings, Tie), hits, and the passages as one text."""

    ties: NDArray[np.bool_]
    hits: HitColumns
    joined: Joined

    def alone(self, passages: Numbers, spans: Numbers) -> "ReadingColumns":
        """Stretches of passages, shape (stretches, 2), each read by itself as in ``money.read_alone``."""
        owners, rows, inside = self.hits.inside(passages, spans)
        kept = np.flatnonzero((inside | (self.hits.starts[rows] < 0)).all(axis=1))
        own = HitColumns._make(column[rows[kept]] for column in self.hits)
        own = own._replace(records=owners[kept], passages=owners[kept])
        return ReadingColumns(self.ties[self.joined.records[passages]], own, self.joined.alone(passages, spans))


class BatchReading(NamedTuple):
    """Readings, and all that is in them as columns."""

    readings: list[Reading]
    columns: ReadingColumns
    shifts: ShiftColumns
    passages: list[Passage]
