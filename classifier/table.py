"""What every table is made of, whatever its file: rows of cells, and the text of a cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

Cell: TypeAlias = str | int | float | Decimal | bool | date | datetime | time | timedelta | None

_EXACT_INTEGERS = 10**15  # Excel keeps 15 digits of a number
_LONGEST_INTEGERS = 10**21


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as Excel counts, its cells, and what made it unreadable, if anything."""

    number: int
    cells: Sequence[Cell]
    problem: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether no cell shows anything."""
        return not any(cell_text(cell).strip() for cell in self.cells)


def cell_text(cell: Cell) -> str:
    """The text a person sees in a cell: whole numbers without ``.0``, dates as 2025-06-30."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _LONGEST_INTEGERS:
        return str(int(cell))
    return str(cell)


def is_rounded(cell: Cell) -> bool:
    """Whether a cell is a number so long, like an id card's, that Excel has lost its last digits."""
    return isinstance(cell, (int, float)) and abs(cell) >= _EXACT_INTEGERS
