"""A loan book as a table: what kind of file it is, where its header stands, which column is what, and its rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, partial
from itertools import islice
from pathlib import Path

from classifier.csvfile import DELIMITERS, decide_encoding, read_rows
from classifier.errors import LoanBookError
from classifier.loanbook.amounts import header_unit, is_foreign, title_unit
from classifier.loanbook.columns import (
    MONEY_ROLES,
    ColumnNames,
    Role,
    assign_roles,
    header_score,
)
from classifier.table import Cell, Row, cell_text, is_rounded
from classifier.workbook import Sheet, open_sheets

_HEADER_WITHIN = 30
_LOOKS_LIKE_A_BOOK = 5  # the score of 借据号, 贷款用途, 余额
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_OTHER_FILES = {
    b"%PDF": "PDF 文件",
    b"\x1f\x8b": "压缩包",
    b"Rar!": "压缩包",
    b"7z\xbc\xaf": "压缩包",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"{\\rtf": "RTF 文档",
    b"<html": "网页（有的系统把网页导出成 .xls）",
    b"<!doc": "网页（有的系统把网页导出成 .xls）",
    b"<table": "网页（有的系统把网页导出成 .xls）",
    b"<?xml": "XML 文件",
}

_ReadRows = Callable[[], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a book are read: which column has which role, and how many yuan a number in it stands for."""

    header: tuple[str, ...]
    columns: Mapping[Role, int]
    units: Mapping[Role, Decimal]

    def names(self) -> dict[Role, str]:
        """The column name of each role that is there."""
        return {role: self.header[index] for role, index in self.columns.items()}

    def text(self, row: Row, role: Role) -> str:
        """The text of a row in the column of a role; empty where the book has no such column."""
        return cell_text(row.cells[self.columns[role]]) if role in self.columns else ""


@dataclass(frozen=True, slots=True)
class LoanBook:
    """A loan book that was opened: ``titles`` are the rows above its header, ``size`` counts those below.

    ``sheet`` is the name of the sheet in a workbook, None for CSV; ``other_sheets`` are those that look like a loan
    book too and are left out; ``foreign`` are the amounts in another currency; ``rounded`` are its columns with numbers so long
    that Excel has lost their last digits.
    """

    path: Path
    sheet: str | None
    titles: tuple[Row, ...]
    layout: Layout
    size: int
    rounded: tuple[str, ...]
    other_sheets: tuple[str, ...]
    foreign: tuple[str, ...]
    _read: _ReadRows

    def rows(self) -> Iterator[Row]:
        """The rows below the header, each as wide as the header; one that was not says so in its problem."""
        for row in islice(self._read(), len(self.titles) + 1, None):
            yield _fitted(row, len(self.layout.header))


def open_book(path: Path, named: ColumnNames | None = None) -> LoanBook:
    """Open a loan book, CSV or XLSX by its content; LoanBookError says why a file is none."""
    named = named or ColumnNames()
    try:
        source = _csv_source(path, named) if _is_text(path) else _sheet_source(path, named)
        return _with_header(path, source, named)
    except OSError as error:
        raise LoanBookError(f"无法读取 {path}：{error.strerror or error}。请核对路径和权限。") from error


def _is_text(path: Path) -> bool:
    """Whether a file may be CSV; False for a workbook, an error for anything that is clearly neither."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise LoanBookError(f"{path.name} 是空文件。请核对是否选错了文件，或重新导出台账。")
    beginning = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, kind in _OTHER_FILES.items():
        if beginning.startswith(mark) or beginning[:6].lower().startswith(mark):
            raise LoanBookError(f"{path.name} 是{kind}，不是贷款台账。请另存为 .xlsx 或“CSV UTF-8”再试。")
    return not start.startswith((_ZIP, _OLE))


@dataclass(frozen=True, slots=True)
class _Source:
    """Where rows come from, and the best header among the first of them: its index and how sure it is."""

    read: _ReadRows
    index: int
    score: int
    sheet: str | None = None
    others: tuple[str, ...] = ()


def _source(read: _ReadRows, named: ColumnNames, sheet: str | None = None) -> _Source:
    scores = [_row_score(row, named) for row in islice(read(), _HEADER_WITHIN)]
    score = max(scores, default=-1)
    return _Source(read, scores.index(score) if scores else 0, score, sheet)


def _row_score(row: Row, named: ColumnNames) -> int:
    """0 for a row that might be a header with unknown names, -1 for one that cannot be: a single cell, or none."""
    cells = [cell_text(cell) for cell in row.cells]
    return header_score(cells, named) or (0 if sum(bool(cell.strip()) for cell in cells) > 1 else -1)


def _csv_source(path: Path, named: ColumnNames) -> _Source:
    """The delimiter under which a header is found; between equals, the one that all rows of the file agree on."""
    encoding = decide_encoding(path)
    sources = [_source(partial(read_rows, path, encoding, mark), named) for mark in DELIMITERS]
    best = max(source.score for source in sources)
    equals = [source for source in sources if source.score == best]
    return equals[0] if len(equals) == 1 or best < 0 else max(equals, key=_agreement)


def _agreement(source: _Source) -> int:
    """How many cells stand in rows as wide as the header."""
    widths = [len(row.cells) for row in source.read()]
    width = widths[source.index]
    return width * widths.count(width) if width > 1 else 0


def _sheet_source(path: Path, named: ColumnNames) -> _Source:
    """The sheet with the best header; the first between equals."""
    sheets = [_source(partial(_sheet_rows, rows), named, sheet=name) for name, rows in open_sheets(path).items()]
    if not sheets:
        raise LoanBookError(f"{path.name} 里没有工作表。请核对是否选错了文件。")
    best = max(sheets, key=lambda source: source.score)
    others = [source for source in sheets if source is not best and source.score >= _LOOKS_LIKE_A_BOOK]
    return replace(best, others=tuple(source.sheet or "" for source in others))


def _sheet_rows(sheet: Sheet) -> Iterator[Row]:
    """The rows of a sheet without the blank ones at its end (formatted but never filled)."""
    waiting: list[Row] = []
    for number, cells in enumerate(sheet, start=1):
        row = Row(number, cells)
        if row.is_blank:
            waiting.append(row if any(cells) else _blank(number, len(cells)))
            continue
        yield from waiting
        waiting.clear()
        yield row


def _blank(number: int, width: int) -> Row:
    return Row(number, _nothing(width))


@cache
def _nothing(width: int) -> Sequence[Cell]:
    """Blank cells, one object for all the blank rows that may follow the last loan."""
    return ("",) * width


def _with_header(path: Path, source: _Source, named: ColumnNames) -> LoanBook:
    if source.score < 0:
        raise LoanBookError(f"{path.name} 的前 {_HEADER_WITHIN} 行里没有表头，不像表格。请核对是否选错了文件。")
    *titles, header_row = islice(source.read(), source.index + 1)
    header = tuple(cell_text(cell).removeprefix("\ufeff") for cell in header_row.cells)
    layout = book_layout(header, named, _unit_above(titles))
    size, rounded = 0, set[int]()
    for row in islice(source.read(), len(titles) + 1, None):
        size += 1
        rounded.update(index for index, cell in enumerate(row.cells[: len(header)]) if is_rounded(cell))
    return LoanBook(
        path=path,
        sheet=source.sheet,
        titles=tuple(titles),
        layout=layout,
        size=size,
        rounded=tuple(header[index] for index in sorted(rounded)),
        other_sheets=source.others,
        foreign=tuple(name for name in header if "额" in name and is_foreign(name)),
        _read=source.read,
    )


def book_layout(header: tuple[str, ...], named: ColumnNames, unit: Decimal = Decimal(1)) -> Layout:
    """How rows below a header are read; ``unit`` holds for the money columns that name none. LoanBookError if it is no header."""
    columns = assign_roles(header, named)
    units = {role: header_unit(header[columns[role]]) or unit for role in MONEY_ROLES if role in columns}
    return Layout(header, columns, units)


def _unit_above(titles: Sequence[Row]) -> Decimal:
    units = (title_unit(cell_text(cell)) for row in titles for cell in row.cells)
    return next((unit for unit in units if unit is not None), Decimal(1))


def _fitted(row: Row, width: int) -> Row:
    """A row as wide as the header; the cells beyond are told in the problem, so that nothing is lost unseen."""
    missing, surplus = width - len(row.cells), [cell_text(cell) for cell in row.cells[width:]]
    if missing > 0:
        short = f"字段过少：表头 {width} 列，本行只有 {len(row.cells)} 列"
        return Row(row.number, [*row.cells, *[""] * missing], row.problem or short)
    if any(text.strip() for text in surplus):
        long = f"字段过多：表头 {width} 列，本行 {len(row.cells)} 列，多出“{'｜'.join(surplus)}”"
        return Row(row.number, row.cells[:width], row.problem or long)
    return row if not surplus else Row(row.number, row.cells[:width], row.problem)
