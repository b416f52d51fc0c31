"""The one door to XLSX files: reads all sheets of a workbook, and writes one that cannot run anything in Excel."""

import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from python_calamine import (
    CalamineError,
    CalamineSheet,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    XmlError,
    ZipError,
    load_workbook,
)

from classifier.errors import WorkbookError
from classifier.files import whole_file
from classifier.table import Cell, cell_text

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
EXACT_INTEGERS = 10**15  # Excel keeps 15 digits of a number

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MOST_UNPACKED = 500_000_000
_MOST_RATIO = 200
_SMALL = 20_000_000  # below this, unpacking does no harm whatever the ratio
_MOST_CELLS = 50_000_000  # the reader takes memory for every cell of the used range, filled or not
_BLOCK = 1 << 20
_ROW = re.compile(rb"""<(?:\w+:)?row\s[^>]*?\br\s*=\s*["']\s*(\d+)""")
_CELL = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']\s*([A-Za-z]+)(\d+)""")
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_FORMATS = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss", timedelta: "[hh]:mm:ss"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was read: its rows, equally wide, as often as wanted; in memory it stays in the reader's own, smaller form."""

    _sheet: CalamineSheet

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        yield from self._sheet.iter_rows()


def read_sheets(path: Path) -> dict[str, Sequence[Sequence[Cell]]]:
    """The rows of every visible sheet by its name, from the first row and column on; WorkbookError if it is none."""
    return {name: list(sheet) for name, sheet in open_sheets(path).items()}


def open_sheets(path: Path) -> dict[str, Sheet]:
    """The same, for sheets too large to have all rows in memory."""
    with path.open("rb") as file:
        check_workbook(file, path.name)
    try:
        with load_workbook(path) as book:
            shown = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible
            ]
            return {name: Sheet(book.get_sheet_by_name(name)) for name in shown}
    except PasswordError as error:
        raise _protected(path.name) from error
    except (ZipError, XmlError, CalamineError) as error:
        raise _unreadable(path.name) from error


def check_workbook(file: IO[bytes], name: str) -> None:
    """Raise WorkbookError for what is no workbook, is protected, or would take all memory when it is read."""
    file.seek(0)
    if file.read(len(_OLE2)) == _OLE2:
        raise _protected(name) if _ENCRYPTED in file.read() else _old(name)
    try:
        with zipfile.ZipFile(file) as archive:
            _check_parts(archive, name)
            _check_range(archive, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise _unreadable(name) from error


def _check_parts(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse what must not be unpacked, before anything is."""
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise _protected(name)
    unpacked, packed = sum(part.file_size for part in parts), max(1, sum(part.compress_size for part in parts))
    if unpacked > _MOST_UNPACKED or (unpacked > _SMALL and unpacked > _MOST_RATIO * packed):
        raise WorkbookError(
            f"{name} 解压后有 {unpacked / 1e6:,.0f} MB，超出安全限度，没有打开。请另存为 CSV 或拆成几个文件再试。"
        )


def _check_range(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a sheet whose outermost cells span far more than it can hold."""
    for rows, columns in [_area(archive, part) for part in archive.infolist() if not part.is_dir()]:
        if rows * columns > _MOST_CELLS:
            raise WorkbookError(
                f"{name} 有工作表的范围到了第 {rows:,} 行、第 {columns:,} 列，超出安全限度，没有打开。"
                "请在 Excel 中删去表外的空行空列，或另存为 CSV 再试。"
            )


def _area(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int]:
    """The largest row and column that the cells of a part name."""
    rows, columns = 0, 0
    for text in _tags(archive, part):
        cells = _CELL.findall(text)
        numbers = {*_ROW.findall(text), *(row for _, row in cells)}
        rows = max(rows, *map(_row_number, numbers)) if numbers else rows
        columns = max([columns, *map(_column_number, {letters.upper() for letters, _ in cells})])
    return rows, columns


def _row_number(digits: bytes) -> int:
    return int(digits[:9])


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number


def _tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part in blocks that end between two tags."""
    rest = b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            whole, mark, start = (rest + block).rpartition(b"<")
            yield whole
            rest = (mark + start)[:_BLOCK]
    yield rest


def _protected(name: str) -> WorkbookError:
    return WorkbookError(f"{name} 有密码保护。请在 Excel 中打开，去掉密码后另存再试。")


def _old(name: str) -> WorkbookError:
    return WorkbookError(f"{name} 是旧式的 .xls 文件。请在 Excel 中另存为 .xlsx 再试。")


def _unreadable(name: str) -> WorkbookError:
    return WorkbookError(f"{name} 不是 Excel 工作簿，或已损坏。请在 Excel 中打开后另存为 .xlsx 再试。")


def write_sheets(
    path: Path,
    sheets: Mapping[str, Iterable[Sequence[Cell]]],
    *,
    widths: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Write a workbook, which appears only when whole: texts stay texts, numbers numbers.

    A sheet with ``widths`` of its columns is a form to fill in: its first row is bold and stays in sight, texts wrap,
    and what is typed into it stays text.
    """
    with whole_file(path) as part, xlsxwriter.Workbook(str(part), _OPTIONS) as book:
        for name, rows in sheets.items():
            _write_sheet(book, name, rows, (widths or {}).get(name, ()))


def _write_sheet(book: Any, name: str, rows: Iterable[Sequence[Cell]], widths: Sequence[int]) -> None:
    sheet = book.add_worksheet(name)
    looks = {kind: book.add_format({"num_format": shown}) for kind, shown in _FORMATS.items()}
    plain = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}) if widths else None
    head = book.add_format({"bold": True, "valign": "top"}) if widths else None
    if widths:
        sheet.freeze_panes(1, 0)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width, plain)
    for number, row in enumerate(rows):
        _check_fits(name, number, row)
        for column, cell in enumerate(row):
            if cell is not None and cell != "":
                _write_cell(sheet, (number, column), cell, looks.get(type(cell), plain if number else head))


def _check_fits(name: str, number: int, row: Sequence[Cell]) -> None:
    if number >= MOST_ROWS or len(row) > MOST_COLUMNS:
        raise WorkbookError(f"工作表“{name}”放不下：Excel 最多 {MOST_ROWS:,} 行、{MOST_COLUMNS:,} 列。请改为输出 CSV。")
    for column, cell in enumerate(row, start=1):
        if isinstance(cell, str) and len(cell) > LONGEST_TEXT:
            raise WorkbookError(
                f"工作表“{name}”第 {number + 1} 行第 {column} 列有 {len(cell):,} 个字符，"
                f"Excel 一格最多 {LONGEST_TEXT:,} 个。请改为输出 CSV。"
            )


def _write_cell(sheet: Any, place: tuple[int, int], cell: Cell, look: Any) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(*place, cell, look)
    elif isinstance(cell, (int, float, Decimal)) and math.isfinite(cell) and abs(float(cell)) < EXACT_INTEGERS:
        sheet.write_number(*place, cell, look)
    elif isinstance(cell, (date, time, timedelta)):
        sheet.write_datetime(*place, cell, look)
    else:
        sheet.write_string(*place, cell_text(cell), look)
