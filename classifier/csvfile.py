"""CSV text: which encoding it is in, its rows one by one in little memory, and cells that no program executes."""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from classifier.errors import LoanBookError
from classifier.files import whole_file
from classifier.table import Cell, Row, cell_text

DELIMITERS = ",\t;|"
_BLOCK = 1 << 18
_LONGEST_LINE = 8_000_000
_MOST_LINES = 1_000

_INVISIBLE = r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
_ACTIVE = re.compile(rf"[^\S\t\r]*[\t\r]|{_INVISIBLE}*[=+\-@＝＋－＠﹦﹢﹣﹫]")
_PLAIN_NUMBER = re.compile(r" *(?:-|[-+]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?%?) *")
_TEXT_FORMULA = re.compile(r'="([^"]*)"')  # how some systems keep a spreadsheet from taking an id for a number

csv.field_size_limit(_LONGEST_LINE * 2)


def decide_encoding(path: Path) -> str:
    """The encoding that the whole file is valid in: by its mark, else UTF-8, else GB18030; no guess from a part."""
    with path.open("rb") as file:
        start = file.read(3)
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif start == BOM_UTF8:
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "gb18030"]
    faults = []
    for encoding in candidates:
        fault = _first_fault(path, encoding)
        if fault is None:
            return encoding
        line = "" if encoding == "utf-16" else f"第 {_line_of(path, fault)} 行、"
        faults.append(f"按 {encoding.upper()} 在{line}第 {fault + 1} 字节处读不通")
    raise LoanBookError(
        f"无法识别文件编码：{path.name}（{'，'.join(faults)}）。请在 Excel 中打开后另存为“CSV UTF-8”或 .xlsx 再试。"
    )


def _first_fault(path: Path, encoding: str) -> int | None:
    """About where the bytes stop being text of an encoding; None if the whole file is."""
    decoder = getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return max(done + error.start, 0)
            done += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return done
    return None


def _line_of(path: Path, place: int) -> int:
    """The number of the line that a byte stands in."""
    with path.open("rb") as file:
        return sum(file.read(min(_BLOCK, place - done)).count(b"\n") for done in range(0, place, _BLOCK)) + 1


def read_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """The rows of a file in order, wholly blank lines left out.

    A quote that is never closed costs the one row it stands in, not the rest of the file.
    """
    with path.open(encoding=encoding, newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        number = 0
        while True:
            lines.taken.clear()
            problem = ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _OpenQuoteError) as error:
                first, *rest = lines.taken
                lines.give_back(rest)
                is_open = bool(rest) or isinstance(error, _OpenQuoteError)
                cells = _read_line(first, delimiter, with_quotes=not is_open)
                problem = "引号没有成对，单元格的界线不明"
            number += 1
            if cells:
                yield Row(number, [_unwrapped(cell) for cell in cells], problem)


def _unwrapped(cell: str) -> str:
    """The text of a formula that is nothing but a text: 00123 for ="00123"."""
    match = _TEXT_FORMULA.fullmatch(cell) if cell.startswith('="') else None
    return match[1] if match else cell


def _read_line(line: str, delimiter: str, *, with_quotes: bool) -> list[str]:
    quoting: int = csv.QUOTE_MINIMAL if with_quotes else csv.QUOTE_NONE
    return next(csv.reader([line], delimiter=delimiter, quoting=quoting))  # type: ignore[arg-type]


class _OpenQuoteError(Exception):
    """A quoted cell goes on for too long, or to the end of the file."""


class _Lines:
    """The lines of a file; ``taken`` are those of the row being read, which can be given back."""

    def __init__(self, file: TextIO) -> None:
        self.taken: list[str] = []
        self._file = file
        self._returned: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._file.readline(_LONGEST_LINE)
        if len(line) >= _LONGEST_LINE:
            raise LoanBookError(f"文件中有一行超过 {_LONGEST_LINE} 个字符，不像表格。请核对是否选错了文件。")
        if self.taken and (not line or len(self.taken) >= _MOST_LINES):
            self._returned.extendleft([line] if line else [])
            raise _OpenQuoteError
        if not line:
            raise StopIteration
        self.taken.append(line)
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        """Put lines before those still to come."""
        self._returned.extendleft(reversed(lines))


def safe_cell(text: str) -> str:
    """The text as a cell that a spreadsheet shows and never runs: one that it might run gets a leading quote mark.

    >>> safe_cell("=1+1"), safe_cell("-12.5")
    ("'=1+1", '-12.5')
    """
    if text[:1].isalnum() or not _ACTIVE.match(text) or _PLAIN_NUMBER.fullmatch(text):
        return text
    return "'" + text


def write_csv(target: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows of safe cells as UTF-8 with the mark that Excel needs; the file appears only when whole."""
    deque(copy_csv(target, rows), maxlen=0)


def copy_csv(target: Path, rows: Iterable[Sequence[Cell]]) -> Generator[Sequence[Cell]]:
    """Write rows as ``write_csv`` does, and pass them on; the file appears when the last one was taken."""
    with whole_file(target) as part, part.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for row in rows:
            writer.writerow([safe_cell(cell_text(cell)) for cell in row])
            yield row
