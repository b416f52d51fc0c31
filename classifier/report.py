"""Totals over a labelled loan book, whoever labelled it and whatever a person changed in it since."""

from pathlib import Path

from classifier.errors import LoanBookError
from classifier.loanbook.amounts import AmountError
from classifier.loanbook.book import Layout, open_book
from classifier.loanbook.columns import ColumnNames, MissingColumnError
from classifier.loanbook.loans import read_balance
from classifier.loanbook.outputs import CATEGORY, OUTCOME, ROUTE
from classifier.loanbook.totals import LoanTotals
from classifier.table import Row, cell_text


def total_book(path: Path, amount: str | None = None) -> LoanTotals:
    """The totals of a labelled loan book; ``amount`` names the column to add up, if it is not one banks usually have.

    A row without 结论, or with an unreadable amount, counts as one with a problem. LoanBookError if the book has no
    column 结论.
    """
    try:
        book = open_book(path, ColumnNames(text=OUTCOME, amount=amount))
    except MissingColumnError as error:
        if f"“{OUTCOME}”" not in str(error).partition("。")[0]:
            raise
        raise LoanBookError(f"{path.name} 尚未贴标（没有“{OUTCOME}”列），请先运行 lanmu batch。") from error
    totals = LoanTotals()
    for row in book.rows():
        _add(totals, row, book.layout)
    return totals


def _add(totals: LoanTotals, row: Row, layout: Layout) -> None:
    outcome, category, route = (_text(row, layout, column) for column in (OUTCOME, CATEGORY, ROUTE))
    try:
        balance = read_balance(row, layout)
    except AmountError:
        outcome = ""
    if outcome:
        totals.add_label(outcome, category, route, balance)
    else:
        totals.add_problem()


def _text(row: Row, layout: Layout, column: str) -> str:
    return cell_text(row.cells[layout.header.index(column)]).strip() if column in layout.header else ""
