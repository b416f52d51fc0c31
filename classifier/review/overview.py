"""What has been labelled: counts and balances, how much went through by itself, how often reviewers corrected.

The database does the counting; Python only sees one row a combination of label, route and status.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Row, Select, func, select

from classifier.rates import Rate
from classifier.records import Outcome, Route
from classifier.review.agreement import code_order
from classifier.review.cases import Kind, Query, Status
from classifier.review.days import HOUR, day_of
from classifier.review.permissions import Action, Actor, require
from classifier.review.queue import hidden_from
from classifier.review.schema import cases, verdicts
from classifier.review.standing import counted, shown_label, stands

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Total:
    """How many cases, and their balance in yuan; ``without_balance`` of them have none."""

    count: int = 0
    balance: Decimal = Decimal(0)
    without_balance: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(
            self.count + other.count,
            self.balance + other.balance,
            self.without_balance + other.without_balance,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and balances by the label that stands now; a mapping has no key for what does not occur.

    Tiers are the first two outcomes. ``subcategories`` leaves out labels that say a category only. ``days`` are those
    of submission, in China. ``automatic`` is the share of cases that the machine routed past the reviewers,
    ``corrections`` the share of first verdicts that changed the machine's label.
    """

    everything: Total
    outcomes: Mapping[Outcome, Total]
    categories: Mapping[str, Total]
    subcategories: Mapping[str, Total]
    routes: Mapping[Route, Total]
    statuses: Mapping[Status, Total]
    days: Mapping[str, Mapping[Outcome, Total]]
    automatic: Rate
    corrections: Rate


def totals(store: "ReviewStore", actor: Actor, query: Query | None = None) -> Totals:
    """Everything counted for a query: single submissions and loan books that were labelled to the end."""
    require(actor, Action.OVERVIEW)
    meant = counted(query or Query(), actor)
    with store.reading() as connection:
        groups = sorted((_Group.of(row) for row in connection.execute(_groups(meant, actor))), key=_as_declared)
        days: dict[str, dict[Outcome, Total]] = {}
        for row in connection.execute(_hours(meant, actor)):
            day, outcome = days.setdefault(day_of(row.hour), {}), Outcome(row.label_outcome)
            day[outcome] = day.get(outcome, Total()) + _total(row)
        first = {row.kind: row.number for row in connection.execute(_first_verdicts(meant, actor))}
    by_route = _sums(groups, lambda group: group.route)
    return Totals(
        everything=sum((group.total for group in groups), Total()),
        outcomes=_sums(groups, lambda group: group.outcome),
        categories=_by_code(groups, 1),
        subcategories=_by_code(groups, 2),
        routes=by_route,
        statuses=_sums(groups, lambda group: group.status),
        days=days,
        automatic=Rate(by_route.get(Route.ACCEPT, Total()).count, sum(total.count for total in by_route.values())),
        corrections=Rate(first.get(Kind.CORRECT.value, 0), sum(first.values())),
    )


def labels_per_entry(store: "ReviewStore", actor: Actor) -> Mapping[str, int]:
    """How many standing labels each entry has, those of the entries below it included."""
    require(actor, Action.OVERVIEW)
    meant = stands(Query(), actor) & cases.c.label_code.is_not(None)
    counts: Counter[str] = Counter()
    with store.reading() as connection:
        entry = select(cases.c.label_code, func.count().label("number")).where(meant).group_by(cases.c.label_code)
        for code, count in connection.execute(entry):
            for level in range(1, code.count(".") + 2):
                counts[_above(code, level)] += count
    return {code: counts[code] for code in sorted(counts, key=code_order)}


class _Group(NamedTuple):
    outcome: Outcome
    code: str | None
    route: Route
    status: Status
    total: Total

    @classmethod
    def of(cls, row: Row[Any]) -> "_Group":
        return cls(Outcome(row.label_outcome), row.label_code, Route(row.route), Status(row.status), _total(row))


def _as_declared(group: _Group) -> tuple[int, ...]:
    return list(Outcome).index(group.outcome), list(Route).index(group.route), list(Status).index(group.status)


_FIGURES = (
    func.count().label("number"),
    func.sum(cases.c.balance_cents).label("cents"),
    func.count(cases.c.balance_cents).label("with_balance"),
)


def _total(row: Row[Any]) -> Total:
    return Total(row.number, Decimal(row.cents or 0) / 100, row.number - row.with_balance)


def _groups(meant: ColumnElement[bool], actor: Actor) -> Select[Any]:
    outcome, code = shown_label(actor)
    keys = (outcome.label("label_outcome"), code.label("label_code"), cases.c.route, cases.c.status)
    return select(*keys, *_FIGURES).where(meant).group_by(*keys)


def _hours(meant: ColumnElement[bool], actor: Actor) -> Select[Any]:
    outcome, _ = shown_label(actor)
    keys = (func.substr(cases.c.submitted_at, 1, HOUR).label("hour"), outcome.label("label_outcome"))
    return select(*keys, *_FIGURES).where(meant).group_by(*keys).order_by(*keys)


def _first_verdicts(meant: ColumnElement[bool], actor: Actor) -> Select[Any]:
    # Aliases, because the conditions look into the verdicts themselves.
    each, given = verdicts.alias(), verdicts.alias()
    kinds = (Kind.CONFIRM.value, Kind.CORRECT.value)
    first = select(func.min(each.c.id)).where(each.c.kind.in_(kinds)).group_by(each.c.case_id)
    return (
        select(given.c.kind, func.count().label("number"))
        .join(cases, cases.c.id == given.c.case_id)
        .where(given.c.id.in_(first), meant, ~hidden_from(actor))
        .group_by(given.c.kind)
    )


def _sums(groups: Iterable[_Group], key: Callable[[_Group], Key]) -> dict[Key, Total]:
    sums: dict[Key, Total] = {}
    for group in groups:
        sums[key(group)] = sums.get(key(group), Total()) + group.total
    return sums


def _by_code(groups: Iterable[_Group], level: int) -> dict[str, Total]:
    """Sums by the entry of a level that the label is or lies below."""
    deep = [group for group in groups if group.code is not None and group.code.count(".") + 1 >= level]
    sums = _sums(deep, lambda group: _above(group.code or "", level))
    return {code: sums[code] for code in sorted(sums, key=code_order)}


def _above(code: str, level: int) -> str:
    return ".".join(code.split(".")[:level])
