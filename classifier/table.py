"""What every table is made of, whatever its file: rows of cells, and the text of a cell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

Cell: TypeAlias = str | int | float | Decimal | bool | date | datetime | time | timedelta | None

_EXACT_INTEGERS = 10**15  # Excel keeps 15 digits of a number


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
    """The text a person sees in a cell: whole numbers without ``.0``, no exponents, dates as 2025-06-30.

    >>> cell_text(3.702021990010112e17), cell_text(0.00001)
    ('370202199001011000', '0.00001')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (float, Decimal)) and math.isfinite(cell):
        return _digits(cell)
    return str(cell)


def _digits(number: float | Decimal) -> str:
    """All digits as Excel shows them: of a number too long for it, 15 and then zeros."""
    if isinstance(number, Decimal):
        return format(number, "f")
    digits = f"{number:.15g}" if is_rounded(number) else repr(number + 0.0)
    return format(Decimal(digits), "f").removesuffix(".0")


def is_rounded(cell: Cell) -> bool:
    """Whether a cell is a number so long, like an id card's, that Excel has lost its last digits."""
    return isinstance(cell, (int, float)) and abs(cell) >= _EXACT_INTEGERS
