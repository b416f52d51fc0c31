"""What one run measures, and the records of each of its rounds.

Every round of every comparison has records of its own, so that no cache can answer from an earlier one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from zlib import crc32

from benchmarks.corpus import SEED, Corpus, Record, product_words
from benchmarks.measure import Clock, Name, interleave
from classifier import Application

_WARMING = 100  # records to warm up with
_COMPARISONS, _MOST_ROUNDS = 2**16, 2**8


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: records in memory, rows of a file, rounds, rows of the large files (None: leave them out)."""

    rows: int
    file_rows: int
    rounds: int
    large: int | None
    folder: Path


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one round, in the shapes that the product and the baselines take."""

    seed: int
    applications: Sequence[Application]
    fields: Sequence[str]
    texts: Sequence[str]

    @classmethod
    def of(cls, seed: int, records: Sequence[Record]) -> "Batch":
        """The shapes of some records."""
        return cls(
            seed,
            [record.application() for record in records],
            [field for record in records for field in (record.name, record.description)],
            [f"{record.name}，{record.description}" for record in records],
        )

    @property
    def characters(self) -> int:
        """The length of all fields."""
        return sum(map(len, self.fields))


Task = Callable[[Batch], object]


def batches(comparison: str, rows: int, rounds: int, duplicates: float = 0.1) -> list[Batch]:
    """A small batch to warm up with, then one for each round; the name of the comparison decides the seeds."""
    first = SEED + crc32(comparison.encode()) % _COMPARISONS * _MOST_ROUNDS
    sizes = {first: min(rows, _WARMING), **{first + number: rows for number in range(1, rounds + 1)}}
    words = product_words()
    return [Batch.of(seed, list(Corpus(words, duplicates, seed).records(size))) for seed, size in sizes.items()]


def in_turns(
    tasks: Mapping[Name, Task], given: Mapping[Name, Sequence[Batch]] | Sequence[Batch], clock: Clock = process_time
) -> dict[Name, list[float]]:
    """Warm each task up, then let them take turns, a batch a round; the batches are common, or given for each task."""
    own = given if isinstance(given, Mapping) else dict.fromkeys(tasks, given)
    for name, task in tasks.items():
        task(own[name][0])
    turns = {name: iter(own[name][1:]) for name in tasks}
    rounds = min(map(len, own.values())) - 1
    return interleave({name: partial(_next, task, turns[name]) for name, task in tasks.items()}, rounds, clock)


def _next(task: Task, turns: Iterator[Batch]) -> None:
    task(next(turns))
