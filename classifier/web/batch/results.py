"""The labelled rows of a book as the page shows them: read at once, narrowed and paged without the texts."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from classifier.files import whole_file

_CENTS = Decimal(100)
_WORDS = ("outcome", "code", "entry", "category", "route")
CONFIDENCE_STEPS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class LoanRow:
    """One labelled row without its texts; ``cents`` is the balance."""

    row: int
    loan_id: str
    outcome: str
    code: str
    entry: str
    category: str
    confidence: float
    route: str
    cents: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows to show; what is empty does not narrow. ``loan_id`` may stand anywhere in the id."""

    outcomes: Sequence[str] = ()
    routes: Sequence[str] = ()
    categories: Sequence[str] = ()
    confidence: tuple[float, float] = (0.0, 1.0)
    loan_id: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a book: how many loans and their balance in yuan."""

    name: str
    count: int
    balance: Decimal


def write_rows(path: Path, rows: Iterable[LoanRow]) -> None:
    """Keep the rows for the page."""
    names = [part.name for part in fields(LoanRow)]
    frame = pd.DataFrame.from_records([astuple(row) for row in rows], columns=names)
    kinds = dict.fromkeys(_WORDS, "category") | {"row": "int32", "loan_id": "str", "confidence": "float32"}
    with whole_file(path) as part:
        frame.astype({**kinds, "cents": "Int64"}).to_parquet(part, index=False)


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a book, one column a field of ``LoanRow``, in the book's order."""
    return pd.read_parquet(path)


def narrowed(rows: pd.DataFrame, wanted: Filter) -> pd.DataFrame:
    """The rows that a filter leaves."""
    least, most = wanted.confidence
    keep = np.ones(len(rows), dtype=bool)
    if (least, most) != (0.0, 1.0):
        keep &= rows["confidence"].between(np.float32(least), np.float32(most)).to_numpy()
    for column, values in (
        ("outcome", wanted.outcomes),
        ("route", wanted.routes),
        ("category", wanted.categories),
    ):
        if values:
            keep &= rows[column].isin(list(values)).to_numpy()
    if wanted.loan_id:
        keep &= rows["loan_id"].str.contains(wanted.loan_id, regex=False).to_numpy(dtype=bool)
    return rows[keep]


def shares(rows: pd.DataFrame, column: str, order: Sequence[str] = ()) -> list[Share]:
    """Counts and balances by the values of a column: in the order given, then the largest count first."""
    grouped = rows.groupby(column, observed=True)["cents"].agg(["size", "sum"])
    found = [
        Share(str(name), int(size), Decimal(int(cents)) / _CENTS)
        for name, size, cents in zip(grouped.index, grouped["size"], grouped["sum"], strict=True)
        if name != ""
    ]
    places = {name: place for place, name in enumerate(order)}
    return sorted(found, key=lambda share: (places.get(share.name, len(places)), -share.count, share.name))


def confidence_shares(rows: pd.DataFrame) -> list[Share]:
    """Counts and balances by steps of confidence, every step named even where it is empty."""
    steps = pd.cut(rows["confidence"], list(CONFIDENCE_STEPS), include_lowest=True, labels=False)
    sizes = np.bincount(steps, minlength=len(CONFIDENCE_STEPS) - 1)
    sums = rows["cents"].groupby(steps).sum()
    return [
        Share(f"{least:.2f}–{most:.2f}", int(sizes[step]), Decimal(int(sums.get(step, 0))) / _CENTS)
        for step, (least, most) in enumerate(pairwise(CONFIDENCE_STEPS))
    ]


def total(rows: pd.DataFrame) -> Share:
    """All rows together."""
    return Share("合计", len(rows), Decimal(int(rows["cents"].sum())) / _CENTS)
