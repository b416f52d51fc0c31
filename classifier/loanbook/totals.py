"""Counts and balances of labelled loans, and how a terminal shows them."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

_TEN_THOUSAND = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Total:
    """How many loans, and their balance in yuan."""

    count: int = 0
    balance: Decimal = Decimal(0)


@dataclass(slots=True)
class LoanTotals:
    """The totals of a loan book, row by row: every row is either labelled or has a problem.

    Rows with a problem are in no total but their own number. A label without a category (目录外, 信息不足) is not
    in ``by_category``; a loan without a balance counts with 0.
    """

    labelled: int = 0
    problems: int = 0
    by_outcome: dict[str, Total] = field(default_factory=dict)
    by_category: dict[str, Total] = field(default_factory=dict)
    by_route: dict[str, Total] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows counted."""
        return self.labelled + self.problems

    def add_problem(self) -> None:
        """Count a row that could not be labelled."""
        self.problems += 1

    def add_label(self, outcome: str, category: str, route: str, balance: Decimal | None) -> None:
        """Count a labelled row; an empty category is none."""
        self.labelled += 1
        for totals, key in ((self.by_outcome, outcome), (self.by_category, category), (self.by_route, route)):
            if key:
                before = totals.get(key, Total())
                totals[key] = Total(before.count + 1, before.balance + (balance or 0))


def totals_text(totals: LoanTotals) -> str:
    """The totals for a terminal: one line of numbers and three small tables, the largest balance first."""
    line = f"共 {totals.rows:,} 行＝已贴标 {totals.labelled:,}＋有问题 {totals.problems:,}"
    tables = {"结论": totals.by_outcome, "一级分类": totals.by_category, "处理": totals.by_route}
    return "\n\n".join([line, *(_table(title, part) for title, part in tables.items() if part)])


def _table(title: str, totals: Mapping[str, Total]) -> str:
    rows = [(title, "笔数", "余额（万元）")]
    for key, total in sorted(totals.items(), key=lambda pair: (-pair[1].balance, -pair[1].count, pair[0])):
        rows.append((key, f"{total.count:,}", f"{total.balance / _TEN_THOUSAND:,.2f}"))
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([_padding(key, widths[0], after=True), _padding(count, widths[1]), _padding(balance, widths[2])])
        for key, count, balance in rows
    )


def _padding(text: str, width: int, *, after: bool = False) -> str:
    blanks = " " * (width - _width(text))
    return text + blanks if after else blanks + text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
