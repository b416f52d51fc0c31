"""One row of a loan book as an application, or everything that keeps it from being one."""

from decimal import Decimal

from classifier.loanbook.amounts import AmountError, parse_amount
from classifier.loanbook.book import Layout
from classifier.loanbook.columns import MONEY_ROLES, TEXT_ROLES, Role
from classifier.records import Application
from classifier.table import Row, cell_text

_LONGEST_CELL = 20_000


class RowError(Exception):
    """A row cannot be labelled; the message says which row and column, and what kind of thing stands there."""


def read_application(row: Row, layout: Layout) -> Application:
    """The application in a row, its amount the balance (or, in a book without balances, the amount) in yuan."""
    if row.problem:
        raise RowError(f"第 {row.number} 行{row.problem}")
    amounts, unreadable = _amounts(row, layout)
    problems = [*_overlong(row, layout), *_without_text(row, layout), *unreadable]
    if problems:
        raise RowError(f"第 {row.number} 行" + "；".join(problems))
    return Application(
        id=layout.text(row, Role.ID).strip() or str(row.number),
        description=layout.text(row, Role.DESCRIPTION),
        name=layout.text(row, Role.NAME),
        purpose=layout.text(row, Role.PURPOSE),
        scope=layout.text(row, Role.SCOPE),
        industry=layout.text(row, Role.INDUSTRY),
        amount=next(iter(amounts), None),
    )


def read_balance(row: Row, layout: Layout) -> Decimal | None:
    """The balance of a loan in yuan, in a book without balances its amount; AmountError where it is unreadable."""
    return next((_amount(row, layout, role) for role in MONEY_ROLES if role in layout.columns), None)


def _amounts(row: Row, layout: Layout) -> tuple[list[Decimal | None], list[str]]:
    """The amounts of a row, the balance first if the book has any, and what cannot be read as one."""
    amounts, unreadable = [], []
    for role in MONEY_ROLES:
        if role in layout.columns:
            try:
                amounts.append(_amount(row, layout, role))
            except AmountError as error:
                unreadable.append(f"“{_shown(layout.header[layout.columns[role]])}”不是能读懂的金额（{error}）")
    return amounts, unreadable


def _amount(row: Row, layout: Layout, role: Role) -> Decimal | None:
    cell = row.cells[layout.columns[role]]
    if isinstance(cell, bool):
        raise AmountError("是／否值")
    return parse_amount(cell_text(cell), layout.units[role])


def _without_text(row: Row, layout: Layout) -> list[str]:
    if any(layout.text(row, role).strip() for role in TEXT_ROLES):
        return []
    names = "、".join(_shown(layout.header[layout.columns[role]]) for role in TEXT_ROLES if role in layout.columns)
    return [f"文本为空（{names}）"]


def _overlong(row: Row, layout: Layout) -> list[str]:
    return [
        f"“{_shown(name)}”过长（{len(cell):,} 字，最多 {_LONGEST_CELL:,} 字）"
        for name, cell in zip(layout.header, row.cells, strict=True)
        if isinstance(cell, str) and len(cell) > _LONGEST_CELL
    ]


def _shown(header: str) -> str:
    return " ".join(header.split())[:30]
