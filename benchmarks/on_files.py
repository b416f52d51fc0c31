"""Goals measured on whole commands: cold start, loan books in and out, processes, memory, large files."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import log10
from pathlib import Path
from sys import getsizeof

from benchmarks.baselines import BARE_IMPORT
from benchmarks.corpus import Corpus, product_words, write_book
from benchmarks.goals import FILE_ROWS, LARGE_ROWS, Finding
from benchmarks.measure import Run, Spread, interleave_runs, ratio, run_python
from benchmarks.product import COMMAND, COMMAND_WITH_MODULES, NOT_FOR_PREDICTING
from benchmarks.rounds import Plan


def cold(plan: Plan) -> Iterator[Finding]:
    """One prediction from a cold start beside the bare import of scikit-learn, and what it imported."""
    text = next(Corpus(product_words()).records(1)).description
    runs = interleave_runs(
        {
            "import": partial(run_python, BARE_IMPORT),
            "predict": partial(run_python, COMMAND_WITH_MODULES, ["predict", text]),
        },
        plan.rounds,
    )
    yield Finding("cold", ratio(_cpu(runs["predict"]), _cpu(runs["import"])), "CPU time of the whole process")
    imported = runs["predict"][0].output.splitlines()[-1].split()
    wrong = [name for name in NOT_FOR_PREDICTING if name in imported]
    yield Finding("modules", Spread.of([len(wrong)]), ", ".join(wrong) or "none")


def files(plan: Plan) -> Iterator[Finding]:
    """One loan book as UTF-8 with one and two processes, and as GB18030."""
    corpus = Corpus(product_words())
    books = {
        name: write_book(plan.folder / f"book-{name}.csv", corpus, plan.file_rows, name)
        for name in ("utf-8", "gb18030")
    }
    runs = interleave_runs(
        {
            "utf-8": partial(_label, books["utf-8"]),
            "2 processes": partial(_label, books["utf-8"], workers=2),
            "gb18030": partial(_label, books["gb18030"]),
        },
        plan.rounds,
    )
    gain = ratio([run.wall for run in runs["utf-8"]], [run.wall for run in runs["2 processes"]])
    yield Finding("workers on a file", gain, f"wall, {plan.file_rows:,} rows", plan.file_rows >= FILE_ROWS)
    encoding = ratio(_cpu(runs["gb18030"]), _cpu(runs["utf-8"]))
    yield Finding("gb18030", encoding, f"CPU time, {plan.file_rows:,} rows, one process", plan.file_rows >= FILE_ROWS)


def large(plan: Plan) -> Iterator[Finding]:
    """Memory and cost over files of three sizes, each ten times the one before and run once with two processes."""
    assert plan.large is not None
    book, corpus, runs = plan.folder / "large.csv", Corpus(product_words()), []
    for rows in (plan.large // 100, plan.large // 10, plan.large):
        write_book(book, corpus, rows)
        runs.append(_label(book, workers=2, watch_memory=True))
    small, middle, whole = runs
    size, is_whole = f"{plan.large:,} rows, 1 round", plan.large >= LARGE_ROWS
    yield Finding("peak", Spread.of([whole.peak]), f"{size}, {whole.wall:,.0f} s wall", is_whole)
    note = f"{middle.peak:,.0f} MiB for {plan.large // 10:,} rows"
    yield Finding("growth", Spread.of([whole.peak / middle.peak]), note, is_whole)
    # Costs grow as start + unit * rows ** exponent: in the differences the start cancels out.
    exponent = log10((whole.cpu - middle.cpu) / (middle.cpu - small.cpu))
    yield Finding("exponent", Spread.of([exponent]), f"CPU time, {plan.large // 100:,} to {size}", is_whole)


def xlsx(plan: Plan) -> Iterator[Finding]:
    """How many times a workbook is in memory at the worst moment: growth of the peak over that of a small book.

    The small one has more than one row, as for a single text neither the whole dictionary nor the tables of a batch are made.
    """
    assert plan.large is not None
    corpus, rows = Corpus(product_words()), plan.large // 10
    peaks = []
    small = max(2, rows // 100)
    for count in (small, rows):
        book = write_book(plan.folder / f"book-{count}.xlsx", corpus, count)
        peaks.append(_label(book, watch_memory=True).peak)
    held = sum(_size(record.cells()) for record in corpus.records(rows)) / 2**20
    note = (
        f"{rows:,} rows, 1 round: {peaks[1]:,.0f} MiB, {peaks[0]:,.0f} for {small:,}; the rows alone take {held:,.0f}"
    )
    yield Finding("xlsx", Spread.of([(peaks[1] - peaks[0]) / held]), note, rows >= FILE_ROWS)


def _size(cells: Sequence[str]) -> int:
    return getsizeof(cells) + sum(map(getsizeof, cells))


def _cpu(runs: Sequence[Run]) -> list[float]:
    return [run.cpu for run in runs]


def _label(book: Path, *, workers: int = 1, watch_memory: bool = False) -> Run:
    target = book.with_name(f"labelled{book.suffix}")
    arguments = ["batch", str(book), "-o", str(target), "--workers", str(workers)]
    return run_python(COMMAND, arguments, watch_memory=watch_memory)
