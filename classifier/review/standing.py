"""Which labels stand and are counted for whom, and what was kept of their texts."""

from typing import Any

from sqlalchemy import ColumnElement, case, or_, select

from classifier.records import Application, Field
from classifier.review.cases import BatchState, Query, Status
from classifier.review.permissions import Action, Actor, Role, require
from classifier.review.queue import condition, hidden_from
from classifier.review.schema import batches, cases

STANDING = (Status.LABELLED, Status.DECIDED, Status.APPROVED)
"""The statuses whose label stands: nobody was asked to look, or somebody did."""


def counted(query: Query, actor: Actor) -> ColumnElement[bool]:
    """The cases of a query, without what an unfinished loan book has filed so far.

    Sums over everything are for all who may ask for them; to narrow them to a loan or another person one must be
    allowed to read those cases.
    """
    if query.loan_id or query.person not in ("", actor.name):
        require(actor, Action.READ)
    reader = actor if actor.may(Action.READ) else Actor(actor.name, frozenset({Role.AUDITOR}))
    done = select(batches.c.id).where(batches.c.state == BatchState.DONE.value)
    return condition(query, reader) & or_(cases.c.batch_id.is_(None), cases.c.batch_id.in_(done))


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
