"""How far two readings of the same cases agree: reader with reader, and the machine with what stood in the end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, over, select

from classifier.rates import Rate
from classifier.review.cases import Kind, Query, Status
from classifier.review.permissions import Action, Actor, require
from classifier.review.queue import condition
from classifier.review.schema import cases, verdicts

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

Pairs = Mapping[tuple[str, str], int]
"""How often a first and a second label met."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one label, or of all together (``label`` is None).

    ``n`` counts the pairs in which at least one side gave the label, ``agreeing`` those in which both did. ``kappa`` is
    Cohen's (1960): the label against all others; None where chance alone makes every pair agree.
    """

    label: str | None
    n: int
    agreeing: int
    kappa: float | None

    @property
    def rate(self) -> Rate:
        """The share of agreeing pairs, with its interval."""
        return Rate(self.agreeing, self.n)


def agreements(pairs: Pairs) -> list[Agreement]:
    """Overall first, then each label: entries in the order of their codes, outcomes without a code last."""
    total = sum(pairs.values())
    if not total:
        return []
    agreeing = {label: count for (label, other), count in pairs.items() if label == other}
    first, second = _marginal(pairs, 0), _marginal(pairs, 1)
    chance = sum(first[label] * second[label] for label in first) / total**2
    overall = sum(agreeing.values())
    found = [Agreement(None, total, overall, kappa(overall / total, chance))]
    for label in sorted({*first, *second}, key=code_order):
        both, one, other = agreeing.get(label, 0), first[label], second[label]
        observed = (total - one - other + 2 * both) / total
        expected = (one * other + (total - one) * (total - other)) / total**2
        found.append(Agreement(label, one + other - both, both, kappa(observed, expected)))
    return found


def agreement(
    store: "ReviewStore", actor: Actor, query: Query | None = None, *, blind_only: bool = False
) -> list[Agreement]:
    """First against second reading of the same case. Overall first, then each label; nothing before the first pair.

    Who sees the first reading tends to follow it: ``blind_only`` counts the second readings that did not see it.
    """
    require(actor, Action.AUDIT)
    label = func.coalesce(verdicts.c.code, verdicts.c.outcome)
    turn = over(func.lag(label), partition_by=verdicts.c.case_id, order_by=verdicts.c.id)
    read = select(verdicts.c.case_id, verdicts.c.kind, label.label("second"), turn.label("first")).subquery()
    entry = (
        select(read.c.first, read.c.second, func.count())
        .join(cases, cases.c.id == read.c.case_id)
        .where(read.c.kind.in_([Kind.APPROVE.value, Kind.DISSENT.value]), condition(query or Query(), actor))
        .group_by(read.c.first, read.c.second)
    )
    return _counted(store, entry.where(cases.c.blind) if blind_only else entry)


def machine_agreement(store: "ReviewStore", actor: Actor, query: Query | None = None) -> list[Agreement]:
    """The machine's label against the one approved in the end; of approved cases only."""
    require(actor, Action.AUDIT)
    machine = func.coalesce(cases.c.code, cases.c.outcome)
    final = func.coalesce(cases.c.label_code, cases.c.label_outcome)
    meant = condition(query or Query(), actor) & (cases.c.status == Status.APPROVED.value)
    return _counted(store, select(machine, final, func.count()).where(meant).group_by(machine, final))


def _counted(store: "ReviewStore", entry: Select[str, str, int]) -> list[Agreement]:
    with store.reading() as connection:
        return agreements({(first, second): count for first, second, count in connection.execute(entry)})


def kappa(observed: float, expected: float) -> float | None:
    """Agreement beyond chance as a share of what chance leaves (Cohen 1960); None where it leaves nothing."""
    return (observed - expected) / (1 - expected) if expected < 1 else None


def code_order(label: str) -> tuple[int, tuple[str, ...]]:
    """A sorting key: codes by their numbers, 1.10 after 1.9, and words after all codes."""
    return (0 if label[:1].isdigit() else 1, tuple(part.zfill(4) for part in label.split(".")))


def _marginal(pairs: Pairs, side: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for pair, count in pairs.items():
        counts[pair[side]] += count
    return counts
