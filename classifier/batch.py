"""A loan book in, the same loan book with labels out: row by row, bad rows in place, the file only when it is whole."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from classifier.csvfile import copy_csv, write_csv
from classifier.engine import Classifier
from classifier.errors import LoanBookError
from classifier.loanbook.book import Layout, LoanBook, open_book
from classifier.loanbook.columns import ColumnNames, Role
from classifier.loanbook.loans import RowError, read_application
from classifier.loanbook.outputs import ADDED_COLUMNS, prediction_cells, problem_cells
from classifier.loanbook.totals import LoanTotals, totals_text
from classifier.portions import without_collection
from classifier.records import Application, Prediction
from classifier.table import Cell, Row, cell_text
from classifier.workbook import LONGEST_TEXT, MOST_ROWS, write_sheets
from classifier.workers import Hire, in_order, in_parts, local_crew

Progress = Callable[[int, int], None]
Watch = Callable[["Chunk"], None]

ROWS_FOR_WORKERS = 8_000  # a smaller book is done sooner than workers are started
_CHUNK_ROWS = 500
_CLUSTER_ROWS = 2_000  # in a chunk that a cluster has to carry: each costs Dask some 20 ms, whatever its size
_MOST_ANSWERS = 1_000  # remembered; some five megabytes


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What became of a loan book.

    ``columns`` are the column names taken for each role, ``renamed`` the input columns that bore a name of ours,
    ``rounded`` those whose numbers are too long for Excel to have kept every digit, ``foreign`` the amounts in another
    currency; ``sheet`` was labelled, ``other_sheets`` look like a loan book and were not.
    """

    target: Path
    totals: LoanTotals
    columns: Mapping[Role, str]
    renamed: Mapping[str, str]
    rounded: Sequence[str]
    foreign: Sequence[str]
    sheet: str | None
    other_sheets: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class LabelledLoan:
    """A row that got a label; ``row`` counts as Excel does, ``balance`` is in yuan."""

    row: int
    application: Application
    prediction: Prediction
    balance: Decimal | None


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A row that could not be labelled, and why."""

    row: int
    problem: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What became of some rows that follow each other in the book, each kind in the book's order."""

    loans: Sequence[LabelledLoan]
    problems: Sequence[ProblemRow]


class RowLabel(NamedTuple):
    """What is added to a row, and what the totals need of it; one with a problem has no outcome.

    ``loan`` and ``prediction`` are for a watcher only. A plain tuple, for it travels between processes: packing and unpacking
    records by the thousand would take the main process longer than writing the file.
    """

    cells: Sequence[Cell]
    outcome: str = ""
    category: str = ""
    route: str = ""
    balance: Decimal | None = None
    loan: Application | None = None
    prediction: Prediction | None = None


_Labelled = tuple[Sequence[Row], Sequence[RowLabel]]


def label_book(
    classifier: Classifier,
    source: Path,
    target: Path | None = None,
    *,
    columns: ColumnNames | None = None,
    copy: Path | None = None,
    progress: Progress | None = None,
    watch: Watch | None = None,
    workers: int = 1,
    dask: str | None = None,
    chunk_rows: int | None = None,
    rows_for_workers: int = ROWS_FOR_WORKERS,
) -> BatchSummary:
    """Write the loan book with a label for each row; ``progress`` is told the rows done and the rows in all.

    ``watch`` is given the rows chunk by chunk, in order; whatever it (or ``progress``) raises stops the run, which then
    leaves no file. Without a target, the file stands beside the source as ``<name>_贴标``, of the same kind; ``copy`` gets
    the same rows as CSV. ``workers`` are processes of this machine, which a book of fewer than ``rows_for_workers`` does
    without; ``dask`` is the address of a cluster; ``chunk_rows`` travel together, by default as many as suits either. None
    of these changes what is written. LoanBookError says why a book cannot be read or written as a whole.
    """
    started = perf_counter()
    book = open_book(source, columns)
    target = target or default_target(book)
    try:
        _check_target(book, target)
    except OSError as error:
        raise LoanBookError(f"无法写到 {target}：{error.strerror or error}。请换一个文件名或位置。") from error
    totals = LoanTotals()
    hire = _hire(workers if book.size >= rows_for_workers else 1, dask)
    labeller = Labeller(classifier, book.layout, whole=watch is not None)
    if chunk_rows is None:
        chunk_rows = _CLUSTER_ROWS if dask else _CHUNK_ROWS
    with closing(in_order(Labeller.label, labeller, in_parts(book.rows(), chunk_rows), hire)) as chunks:
        watched = _watched(chunks, watch) if watch else chunks
        rows = _counted(watched, totals, lambda: progress(totals.rows, book.size) if progress else None)
        _write(target, book, rows, copy)
    return BatchSummary(
        target=target,
        totals=totals,
        columns=book.layout.names(),
        renamed=renamed_columns(book.layout.header),
        rounded=book.rounded,
        foreign=book.foreign,
        sheet=book.sheet,
        other_sheets=book.other_sheets,
        seconds=perf_counter() - started,
    )


def summary_text(summary: BatchSummary) -> str:
    """What a person wants to know after a run, ready for the terminal."""
    roles = "，".join(f"{role.value}＝{' '.join(name.split())}" for role, name in summary.columns.items())
    lines = [f"已写入 {summary.target}（{summary.seconds:.1f} 秒）", f"识别的列：{roles}"]
    if summary.sheet:
        lines.append(f"已贴标的工作表：{summary.sheet}")
    if summary.other_sheets:
        names = "、".join(summary.other_sheets)
        lines.append(f"注意：工作表 {names} 也像台账，没有贴标，请各自另存为一个文件再运行")
    if summary.foreign:
        names = "、".join(" ".join(name.split()) for name in summary.foreign)
        lines.append(f"注意：{names} 是外币，没有折算，不计入余额；请增加一列折人民币余额")
    if summary.renamed:
        pairs = "，".join(f"{old}→{new}" for old, new in summary.renamed.items())
        lines.append(f"原表已有同名列，改名保留：{pairs}")
    if summary.rounded:
        names = "、".join(summary.rounded)
        lines.append(f"注意：{names} 把超过 15 位的号码存成了数值，末几位在 Excel 中已丢失，请改为文本重新导出")
    return "\n".join([*lines, totals_text(summary.totals)])


def default_target(book: LoanBook) -> Path:
    """Where the labelled book goes if the user names no place."""
    return book.path.with_name(f"{book.path.stem}_贴标" + (".xlsx" if book.sheet else ".csv"))


def renamed_columns(header: Sequence[str]) -> dict[str, str]:
    """New names for the input columns that bear a name of ours, so that both stay and can be told apart."""
    renamed: dict[str, str] = {}
    for name in header:
        if name.strip() in ADDED_COLUMNS and name not in renamed:
            new = f"{name.strip()}（原）"
            while new in header or new in renamed.values():
                new += "（原）"
            renamed[name] = new
    return renamed


def _check_target(book: LoanBook, target: Path) -> None:
    if target.suffix.lower() not in (".csv", ".xlsx"):
        raise LoanBookError(f"不知道按什么格式写 {target.name}。输出文件名请以 .csv 或 .xlsx 结尾。")
    if target.is_dir() or not target.parent.is_dir():
        raise LoanBookError(f"无法写到 {target}：文件夹不存在，或同名的是文件夹。请换一个位置。")
    if target.exists() and target.samefile(book.path):
        raise LoanBookError(f"输出文件就是输入文件 {book.path.name}，为免覆盖没有运行。请用 -o 换一个文件名。")
    if _is_xlsx(target) and len(book.titles) + 1 + book.size > MOST_ROWS:
        raise LoanBookError(f"共 {book.size:,} 行，一张 Excel 工作表放不下。请用 -o 把输出改为 .csv 文件。")


def _is_xlsx(target: Path) -> bool:
    return target.suffix.lower() == ".xlsx"


def _write(target: Path, book: LoanBook, labelled: Iterable[list[Cell]], copy: Path | None) -> None:
    rows = _with_head(book, labelled)
    try:
        with closing(copy_csv(copy, rows) if copy else rows) as written:
            if _is_xlsx(target):
                write_sheets(target, {book.sheet or "贴标": ([_short(cell) for cell in row] for row in written)})
            else:
                write_csv(target, written)
    except OSError as error:
        reason = error.strerror or error
        raise LoanBookError(f"无法写入 {target}：{reason}。请看磁盘空间和权限，或先在 Excel 中关闭它。") from error


def _short(cell: Cell) -> Cell:
    """A cell that fits into a workbook; the row of a longer one has a problem anyway."""
    return f"{cell[: LONGEST_TEXT - 1]}…" if isinstance(cell, str) and len(cell) > LONGEST_TEXT else cell


def _with_head(book: LoanBook, labelled: Iterable[list[Cell]]) -> Generator[Sequence[Cell]]:
    header = book.layout.header
    width = len(header) + len(ADDED_COLUMNS)
    for row in book.titles:
        yield [*row.cells, *[""] * (width - len(row.cells))]
    renamed = renamed_columns(header)
    yield [*(renamed.get(name, name) for name in header), *ADDED_COLUMNS]
    yield from labelled


def _counted(chunks: Iterable[_Labelled], totals: LoanTotals, tell: Callable[[], None]) -> Iterator[list[Cell]]:
    for rows, labels in chunks:
        for row, label in zip(rows, labels, strict=True):
            if label.outcome:
                totals.add_label(label.outcome, label.category, label.route, label.balance)
            else:
                totals.add_problem()
            yield [*row.cells, *label.cells]
        tell()


def _watched(chunks: Iterable[_Labelled], watch: Watch) -> Iterator[_Labelled]:
    for rows, labels in chunks:
        pairs = list(zip(rows, labels, strict=True))
        loans = [
            LabelledLoan(row.number, label.loan, replace(label.prediction, application_id=label.loan.id), label.balance)
            for row, label in pairs
            if label.loan and label.prediction
        ]
        problems = [ProblemRow(row.number, cell_text(label.cells[-1])) for row, label in pairs if not label.outcome]
        watch(Chunk(loans, problems))
        yield rows, labels


def _hire(workers: int, dask: str | None) -> Hire | None:
    if dask is None:
        return partial(local_crew, count=workers) if workers > 1 else None
    from classifier.cluster import cluster_crew

    return partial(cluster_crew, address=dask)


class Labeller:
    """Labels the rows of a book; loans with the same texts are predicted once, also if they stand far apart.

    ``whole`` adds what a watcher is told. One travels to each worker, where it remembers answers of its own.
    """

    def __init__(self, classifier: Classifier, layout: Layout, *, whole: bool = False) -> None:
        self._classifier = classifier
        self._layout = layout
        self._whole = whole
        self._answers: dict[tuple[str, ...], RowLabel] = {}

    @without_collection()
    def label(self, rows: Sequence[Row]) -> list[RowLabel]:
        """The labels of some rows, in order."""
        loans = [_read(row, self._layout) for row in rows]
        answers = self._answers_for({loan.texts: loan for loan in reversed(loans) if isinstance(loan, Application)})
        return [
            answers[loan.texts]._replace(balance=loan.amount, loan=loan if self._whole else None)
            if isinstance(loan, Application)
            else RowLabel(problem_cells(str(loan)))
            for loan in loans
        ]

    def _answers_for(self, loans: Mapping[tuple[str, ...], Application]) -> dict[tuple[str, ...], RowLabel]:
        """An answer for all texts; the latest used are remembered longest."""
        answers = {texts: known for texts in loans if (known := self._answers.pop(texts, None))}
        new = {texts: loan for texts, loan in loans.items() if texts not in answers}
        answers |= zip(new, map(self._answer, self._classifier.predict_many(list(new.values()))), strict=True)
        self._answers |= answers
        for texts in list(self._answers)[:-_MOST_ANSWERS]:
            self._answers.pop(texts, None)
        return answers

    def _answer(self, prediction: Prediction) -> RowLabel:
        """What all loans with the same texts have in common; no balance yet."""
        return RowLabel(
            cells=prediction_cells(prediction, self._classifier.catalogue),
            outcome=prediction.outcome.value,
            category=self._classifier.catalogue.path(prediction.code)[0].name if prediction.code else "",
            route=prediction.route.value,
            prediction=prediction if self._whole else None,
        )


def _read(row: Row, layout: Layout) -> Application | RowError:
    try:
        return read_application(row, layout)
    except RowError as error:
        return error
