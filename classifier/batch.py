"""A loan book in, the same loan book with labels out: row by row, bad rows in place, the file only when it is whole."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

from classifier.csvfile import copy_csv, write_csv
from classifier.engine import Classifier
from classifier.errors import LoanBookError
from classifier.loanbook.book import Layout, LoanBook, open_book
from classifier.loanbook.columns import ColumnNames, Role
from classifier.loanbook.loans import RowError, read_application
from classifier.loanbook.outputs import ADDED_COLUMNS, prediction_cells, problem_cells
from classifier.loanbook.totals import LoanTotals, totals_text
from classifier.records import Application, Prediction
from classifier.table import Cell, Row, cell_text
from classifier.workbook import LONGEST_TEXT, MOST_ROWS, write_sheets
from taxonomy import Catalogue

Progress = Callable[[int, int], None]
Watch = Callable[["Chunk"], None]

_CHUNK_ROWS = 1_000
_CHUNKS_AHEAD = 4
_Item = TypeVar("_Item")


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


@dataclass(frozen=True, slots=True)
class _LabelledRow:
    """A row as it is written, and what the totals need of it; a row with a problem has no outcome.

    ``number``, ``loan`` and ``prediction`` are what a watcher is told; without one they stay with the workers.
    """

    cells: list[Cell]
    outcome: str = ""
    category: str = ""
    route: str = ""
    balance: Decimal | None = None
    number: int = 0
    loan: Application | None = None
    prediction: Prediction | None = None

    def for_writing(self) -> "_LabelledRow":
        """The row without what only a watcher needs."""
        return replace(self, loan=None, prediction=None)


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
    chunk_rows: int = _CHUNK_ROWS,
) -> BatchSummary:
    """Write the loan book with a label for each row; ``progress`` is told the rows done and the rows in all.

    ``watch`` is given the rows chunk by chunk, in order; whatever it (or ``progress``) raises stops the run, which then
    leaves no file. Without a target, the file stands beside the source as ``<name>_贴标``, of the same kind; ``copy`` gets
    the same rows as CSV. Neither ``workers`` nor ``chunk_rows`` changes what is written. LoanBookError says why a book
    cannot be read or written as a whole.
    """
    started = perf_counter()
    book = open_book(source, columns)
    target = target or default_target(book)
    try:
        _check_target(book, target)
    except OSError as error:
        raise LoanBookError(f"无法写到 {target}：{error.strerror or error}。请换一个文件名或位置。") from error
    totals = LoanTotals()
    with closing(_labelled_chunks(classifier, book, workers, chunk_rows, whole=watch is not None)) as chunks:
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


def _counted(
    chunks: Iterable[list[_LabelledRow]], totals: LoanTotals, tell: Callable[[], None]
) -> Iterator[list[Cell]]:
    for chunk in chunks:
        for row in chunk:
            if row.outcome:
                totals.add_label(row.outcome, row.category, row.route, row.balance)
            else:
                totals.add_problem()
            yield row.cells
        tell()


def _watched(chunks: Iterable[list[_LabelledRow]], watch: Watch) -> Iterator[list[_LabelledRow]]:
    for chunk in chunks:
        loans = [
            LabelledLoan(row.number, row.loan, replace(row.prediction, application_id=row.loan.id), row.balance)
            for row in chunk
            if row.loan and row.prediction
        ]
        watch(Chunk(loans, [ProblemRow(row.number, cell_text(row.cells[-1])) for row in chunk if not row.outcome]))
        yield chunk


def _labelled_chunks(
    classifier: Classifier, book: LoanBook, workers: int, chunk_rows: int, *, whole: bool
) -> Generator[list[_LabelledRow]]:
    """The rows of a book in order, labelled here or by workers; only a few chunks are in memory at any time."""
    chunks = _in_parts(book.rows(), chunk_rows)
    if workers <= 1:
        yield from (_label_rows(classifier, book.layout, rows) for rows in chunks)
        return
    from joblib import Parallel, delayed, dump

    with TemporaryDirectory() as folder, Parallel(n_jobs=workers, batch_size=1) as parallel:
        stored = Path(folder, "classifier")
        dump(classifier, stored)
        for window in _in_parts(chunks, _CHUNKS_AHEAD * workers):
            yield from parallel(
                delayed(_label_rows_in_worker)(stored, book.layout, rows, whole=whole) for rows in window
            )


def _in_parts(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _label_rows_in_worker(stored: Path, layout: Layout, rows: Sequence[Row], *, whole: bool) -> list[_LabelledRow]:
    labelled = _label_rows(_stored_classifier(stored), layout, rows)
    return labelled if whole else [row.for_writing() for row in labelled]


@lru_cache(maxsize=1)
def _stored_classifier(stored: Path) -> Classifier:
    """The classifier that the main process put down a moment ago; loaded once a worker, not sent with each chunk."""
    from joblib import load

    classifier: Classifier = load(stored)
    return classifier


def _label_rows(classifier: Classifier, layout: Layout, rows: Sequence[Row]) -> list[_LabelledRow]:
    """Label a chunk; loans with the same texts are predicted once."""
    loans = [_read(row, layout) for row in rows]
    texts = [_texts(loan) if isinstance(loan, Application) else None for loan in loans]
    unique = list(dict.fromkeys(text for text in texts if text))
    predictions = zip(unique, classifier.predict_many(unique), strict=True)
    answers = {text: _answer(prediction, classifier.catalogue) for text, prediction in predictions}
    return [
        replace(
            answers[text],
            cells=[*row.cells, *answers[text].cells],
            balance=loan.amount,
            number=row.number,
            loan=loan,
        )
        if text and isinstance(loan, Application)
        else _LabelledRow([*row.cells, *problem_cells(str(loan))], number=row.number)
        for row, loan, text in zip(rows, loans, texts, strict=True)
    ]


def _read(row: Row, layout: Layout) -> Application | RowError:
    try:
        return read_application(row, layout)
    except RowError as error:
        return error


def _texts(loan: Application) -> Application:
    """A loan without what is its own: equal for loans with the same texts."""
    return replace(loan, id="", amount=None)


def _answer(prediction: Prediction, catalogue: Catalogue) -> _LabelledRow:
    """What all loans with the same texts have in common: only the cells we add, and no balance yet."""
    return _LabelledRow(
        cells=prediction_cells(prediction, catalogue),
        outcome=prediction.outcome.value,
        category=catalogue.path(prediction.code)[0].name if prediction.code else "",
        route=prediction.route.value,
        prediction=prediction,
    )
