"""Which labels stand and are counted for whom, and what was kept of their texts."""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, case, or_, select

from classifier.errors import ReviewError
from classifier.records import Application, Field
from classifier.review.cases import BatchState, Query, Status
from classifier.review.permissions import Action, Actor, Role, require
from classifier.review.queue import condition, hidden_from
from classifier.review.schema import batches, cases

STANDING = (Status.LABELLED, Status.DECIDED, Status.APPROVED)
"""The statuses whose label stands, unless it is disputed: nobody was asked to look, or somebody did."""


def counted(query: Query, actor: Actor) -> ColumnElement[bool]:
    """The cases of a query, without what an unfinished loan book has filed so far.

    Sums over everything are for all who may ask for them; to narrow them to a loan or another person one must be
    allowed to read those cases. Nearly all cases count, so the condition says which do not: asked the other way,
    SQLite would walk through an index and back to each row.
    """
    if query.loan_id or query.person not in ("", actor.name):
        require(actor, Action.READ)
    reader = actor if actor.may(Action.READ) else Actor(actor.name, frozenset({Role.AUDITOR}))
    unfinished = select(batches.c.id).where(batches.c.state != BatchState.DONE.value)
    return condition(query, reader) & or_(cases.c.batch_id.is_(None), cases.c.batch_id.not_in(unfinished))


def stands(query: Query, actor: Actor) -> ColumnElement[bool]:
    """The counted cases of a query whose label stands; put in the negative for the same reason."""
    narrowed = standing(query)
    others = [status.value for status in Status if status not in narrowed.statuses]
    return counted(replace(narrowed, statuses=()), actor) & cases.c.status.not_in(others)


def standing(query: Query) -> Query:
    """The query narrowed to labels that stand: nobody is asked to decide, and no two people differ."""
    statuses = tuple(status for status in query.statuses or STANDING if status in STANDING)
    if not statuses:
        raise ReviewError("待复核和已退回的件没有生效的标签：请换一个状态。")
    return replace(query, statuses=statuses, disputed=False)


def shown_label(actor: Actor) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Outcome and code of the label as the actor may see it: the machine's where a first reading is still hidden."""
    hidden = hidden_from(actor)
    if not actor.may(Action.DECIDE):
        return cases.c.label_outcome, cases.c.label_code
    return (
        case((hidden, cases.c.outcome), else_=cases.c.label_outcome),
        case((hidden, cases.c.code), else_=cases.c.label_code),
    )


def has_text(application: Application) -> bool:
    """Whether any text was kept, not only its hash."""
    return any(application.text(field) for field in Field)
