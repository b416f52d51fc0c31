"""The cost model of docs/scale.md from measured rates: ``python -m benchmarks.scale`` prints the table it holds.

CPU time of one process: what a worker does with a row, and what the process that reads and writes the book does with it.
"""

import argparse
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from benchmarks.corpus import Corpus, product_words, write_book
from benchmarks.measure import machine, tree_memory
from classifier import Classifier
from classifier.batch import Labeller, RowLabel
from classifier.csvfile import write_csv
from classifier.loanbook.book import LoanBook, open_book
from classifier.table import Cell, Row
from classifier.workers import in_parts

_CHUNK = 500
_SIZES = (10**6, 10**8, 10**10)
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds a row where not said otherwise."""

    load: float  # seconds until the first row is labelled, once a process
    label: float
    feed: float  # reading, packing for a worker, unpacking its answer, writing
    memory: float  # MiB of a process that labels
    bytes_in: float
    bytes_out: float

    @property
    def fed(self) -> float:
        """How many workers one reading and writing process keeps busy."""
        return self.label / self.feed


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as folder:
        costs = _measure(Path(folder), rows)
    print(f"Machine: {'; '.join(machine())}.\n")
    print("\n".join(_table(costs)))
    return 0


def _measure(folder: Path, rows: int) -> Costs:
    path = write_book(folder / "book.csv", Corpus(product_words()), rows)
    started = process_time()
    classifier = Classifier.load()
    book = open_book(path)
    chunks = list(in_parts(book.rows(), _CHUNK))
    labeller = Labeller(classifier, book.layout)
    labeller.label(chunks[0][:1])
    load = process_time() - started
    labeller.label(chunks[0])
    memory = tree_memory(os.getpid())
    labels, label = _timed(lambda: [labeller.label(chunk) for chunk in chunks])
    _, feed = _timed(lambda: _feed(path, labels, folder / "out.csv"))
    return Costs(
        load, label / rows, feed / rows, memory, path.stat().st_size / rows, (folder / "out.csv").stat().st_size / rows
    )


def _timed(task: Callable[[], list[list[RowLabel]] | None]) -> tuple[list[list[RowLabel]], float]:
    started = process_time()
    answer = task()
    return answer or [], process_time() - started


def _feed(path: Path, labels: Sequence[Sequence[RowLabel]], target: Path) -> None:
    """Everything the main process does with a book while workers label it."""
    book = open_book(path)
    write_csv(target, (row for chunk in zip(_chunks(book), labels, strict=True) for row in _joined(*chunk)))


def _chunks(book: LoanBook) -> Iterator[list[Row]]:
    for chunk in in_parts(book.rows(), _CHUNK):
        pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL)
        yield chunk


def _joined(rows: Sequence[Row], labels: Sequence[RowLabel]) -> Iterator[list[Cell]]:
    # packing is the worker's part, but it is small and unpacking needs something packed
    answers: Sequence[RowLabel] = pickle.loads(pickle.dumps(labels, pickle.HIGHEST_PROTOCOL))
    yield from ([*row.cells, *label.cells] for row, label in zip(rows, answers, strict=True))


def _table(costs: Costs) -> Iterator[str]:
    yield "| 量 | 值 |"
    yield "|---|---|"
    yield f"| 一个工作核心每秒贴标 | {1 / costs.label:,.0f} 行 |"
    yield f"| 读写进程每秒能喂 | {1 / costs.feed:,.0f} 行(约够 {costs.fed:.0f} 个工作核心) |"
    yield f"| 每个工作进程装载 | {costs.load:.1f} 秒,{costs.memory:,.0f} MiB |"
    yield f"| 每行进、出 | {costs.bytes_in:,.0f}、{costs.bytes_out:,.0f} 字节 |"
    yield ""
    yield "| 行数 | 工作核心·小时 | 一小时做完要的工作核心 | 一个读写进程要的小时 | 进、出 |"
    yield "|---|---|---|---|---|"
    for size in _SIZES:
        hours = size * costs.label / _HOUR
        yield (
            f"| {size:,} | {hours:,.1f} | {max(1, round(hours)):,} | {size * costs.feed / _HOUR:,.2f} | "
            f"{size * costs.bytes_in / 1e9:,.1f} GB、{size * costs.bytes_out / 1e9:,.1f} GB |"
        )


if __name__ == "__main__":
    sys.exit(main())
