"""A first look at an uploaded loan book: its columns, its first rows, and what the person should know before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

from classifier.errors import LoanBookError
from classifier.loanbook.amounts import header_unit
from classifier.loanbook.book import LoanBook, open_book
from classifier.loanbook.columns import (
    MONEY_ROLES,
    ColumnNames,
    ForeignColumnError,
    NoTextColumnError,
    Role,
    assign_roles,
)
from classifier.table import cell_text

_SHOWN_ROWS = 8
_LONGEST_SHOWN = 60
# Stands for a column of text in a header that has none.
_SPARE = "（文字）"
_UNITS = {
    Decimal(1): "元",
    Decimal(1000): "千元",
    Decimal(10**4): "万元",
    Decimal(10**6): "百万元",
    Decimal(10**8): "亿元",
}

# The roles a person can set, and the field of ``ColumnNames`` that says so; AMOUNT stands in where there is no balance.
CORRECTABLE: Mapping[Role, str] = {
    Role.DESCRIPTION: "text",
    Role.NAME: "name",
    Role.PURPOSE: "purpose",
    Role.SCOPE: "scope",
    Role.INDUSTRY: "industry",
    Role.ID: "id",
    Role.BALANCE: "amount",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What is seen of a book before it is labelled.

    ``header`` are the names of its columns, ``columns`` what each role was taken from; without one that holds a text,
    ``problem`` says so and the book cannot be labelled yet. ``rows`` are the first ones, cut short; ``unit`` says in
    what the balances are read.
    """

    header: tuple[str, ...]
    columns: Mapping[Role, str]
    rows: tuple[tuple[str, ...], ...] = ()
    size: int = 0
    title_rows: int = 0
    sheet: str | None = None
    unit: str = ""
    warnings: tuple[str, ...] = ()
    problem: str = ""

    @property
    def choices(self) -> list[str]:
        """The column names that can be chosen, each once."""
        return list(dict.fromkeys(name for name in self.header if name.strip()))

    def taken_for(self, role: Role) -> str | None:
        """The column of a role; the amount's where there is no balance."""
        if role is Role.BALANCE:
            return next((self.columns[money] for money in MONEY_ROLES if money in self.columns), None)
        return self.columns.get(role)


def look_at(path: Path, columns: ColumnNames) -> Preview:
    """Open a book and describe it; LoanBookError where it is no table at all, in words for a page."""
    try:
        return _preview(open_book(path, columns))
    except NoTextColumnError as error:
        return _without_text(path, columns, error.header)
    except ForeignColumnError as error:
        raise LoanBookError(f"“{columns.amount}”是外币列，不能当作人民币相加。请改选折人民币的列。") from error


def _without_text(path: Path, columns: ColumnNames, header: tuple[str, ...]) -> Preview:
    """A book whose columns of text were not recognised, with its rows all the same: a person chooses by looking at them."""
    problem = "没有认出写明贷款用途、项目名称或项目描述的列。请看下面的前几行，在上面带 * 的三项中至少指明一列。"
    known = assign_roles([*header, _SPARE], replace(columns, text=_SPARE))
    free = [name for index, name in enumerate(header) if index not in known.values() and name.strip()]
    if not free:
        return Preview(header=header, columns={}, problem=problem)
    found = look_at(path, replace(columns, text=free[0]))
    names: Mapping[Role, str] = {role: header[index] for role, index in known.items() if index < len(header)}
    return replace(found, columns=names, problem=found.problem or problem)


def _preview(book: LoanBook) -> Preview:
    rows = tuple(tuple(_short(cell_text(cell)) for cell in row.cells) for row in islice(book.rows(), _SHOWN_ROWS))
    return Preview(
        header=book.layout.header,
        columns=book.layout.names(),
        rows=rows,
        size=book.size,
        title_rows=len(book.titles),
        sheet=book.sheet,
        unit=_unit_text(book),
        warnings=tuple(_warnings(book)),
        problem="" if book.size else "表头下面没有数据行。请核对是否选错了文件，或重新导出台账。",
    )


def _unit_text(book: LoanBook) -> str:
    """In which unit the balances are read; where the book does not say, how it could. Empty without a column of money."""
    role = next((money for money in MONEY_ROLES if money in book.layout.columns), None)
    if role is None:
        return ""
    column, unit = book.layout.names()[role], book.layout.units[role]
    name = _listed([column])
    if unit != 1 or header_unit(column) is not None:
        return f"{name}按{_UNITS.get(unit, f'{unit:f} 元')}计。"
    return f"{name}按元计。如果台账的单位是万元，请把列名改成“余额（万元）”一类的写法再上传，否则汇总会差一万倍。"


def _warnings(book: LoanBook) -> list[str]:
    return remarks_text(other_sheets=book.other_sheets, foreign=book.foreign, rounded=book.rounded)


def remarks_text(*, other_sheets: Sequence[str], foreign: Sequence[str], rounded: Sequence[str]) -> list[str]:
    """What was noticed in a book and is easily missed."""
    texts = []
    if other_sheets:
        texts.append(f"工作表{_listed(other_sheets)}也像台账，不会贴标；请各自另存为一个文件再上传。")
    if foreign:
        texts.append(f"{_listed(foreign)}是外币，没有折算，不计入余额；请增加一列折人民币余额。")
    if rounded:
        texts.append(f"{_listed(rounded)}把超过 15 位的号码存成了数值，末几位在 Excel 中已丢失；请改为文本重新导出。")
    return texts


def column_names(chosen: Mapping[Role, str | None]) -> ColumnNames:
    """What a person chose for each role: a column's name, "" for none at all, None to leave it to us."""
    named = {CORRECTABLE[role]: name for role, name in chosen.items() if name}
    unused = {role for role, name in chosen.items() if name == ""}
    if Role.BALANCE in unused:
        unused.add(Role.AMOUNT)
    return ColumnNames(**named, unused=frozenset(unused))


def unique_names(header: Sequence[str]) -> list[str]:
    """Column names for a table on the screen, where no two may be the same.

    >>> unique_names(["余额", "", "余额"])
    ['余额', '（无名列）', '余额 2']
    """
    names: dict[str, None] = {}
    last: dict[str, int] = {}  # the number that a name got last, as a sheet may have thousands of nameless columns
    for given in header:
        name = base = " ".join(given.split())[:40] or "（无名列）"
        while name in names:
            last[base] = last.get(base, 1) + 1
            name = f"{base} {last[base]}"
        names[name] = None
    return list(names)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _listed(names: Sequence[str]) -> str:
    return "、".join(f"“{' '.join(name.split())[:30]}”" for name in names)
