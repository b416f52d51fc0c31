"""How cases are found and shown: queries, orders, and what a second reader must not see yet."""

from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, false, func, or_, select, true

from classifier.errors import ReviewError
from classifier.records import Application, Outcome, Prediction
from classifier.review.cases import Case, Kind, Label, Note, Order, Query, Status, Verdict
from classifier.review.days import day_range
from classifier.review.filing import cents
from classifier.review.permissions import Action, Actor, DeniedError, require
from classifier.review.schema import cases, notes, verdicts
from classifier.review.stored import load

READINGS = (Kind.CONFIRM, Kind.CORRECT, Kind.DISSENT)
LABELLINGS = (*READINGS, Kind.APPROVE, Kind.SETTLE)
FRESH_STARTS = (Kind.RETURN, Kind.REOPEN)
_MOST_ROWS = 10_000
_LAST_CHARACTER = "\U0010ffff"

_ORDERS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    Order.UNCERTAIN: (cases.c.confidence, cases.c.id),
    Order.CONFLICT: (cases.c.conflict.desc(), cases.c.confidence, cases.c.id),
    Order.BALANCE: (cases.c.balance_cents.desc().nulls_last(), cases.c.id),
    Order.OLDEST: (cases.c.submitted_at, cases.c.id),
}


def open_to(person: str) -> ColumnElement[bool]:
    """The cases that a person may decide: not one's own, and not one that the person read in this round already."""
    waiting = cases.c.status.in_((Status.PENDING.value, Status.DECIDED.value))
    return and_(waiting, cases.c.submitted_by != person, ~_read_by(person))


def _read_by(person: str) -> ColumnElement[bool]:
    """Whether the person read the case since it was last returned or reopened."""
    later = verdicts.alias()
    started_afresh = exists().where(
        later.c.case_id == verdicts.c.case_id,
        later.c.version > verdicts.c.version,
        later.c.kind.in_([kind.value for kind in FRESH_STARTS]),
    )
    return exists().where(
        verdicts.c.case_id == cases.c.id,
        verdicts.c.actor == person,
        verdicts.c.kind.in_([kind.value for kind in READINGS]),
        ~started_afresh,
    )


def hidden_from(actor: Actor) -> ColumnElement[bool]:
    """The blind cases whose readings by others the actor must not see, being free to read them.

    That a case was returned or reopened opens nothing: or a second reader would return it to see the first reading.
    """
    if not actor.may(Action.DECIDE):
        return false()
    unapproved = cases.c.status.in_((Status.PENDING.value, Status.DECIDED.value, Status.RETURNED.value))
    unread = and_(unapproved, cases.c.blind, ~cases.c.disputed, cases.c.submitted_by != actor.name)
    read_by_others = exists().where(
        verdicts.c.case_id == cases.c.id,
        verdicts.c.actor != actor.name,
        verdicts.c.kind.in_([kind.value for kind in LABELLINGS]),
    )
    return and_(unread, read_by_others, ~_read_by(actor.name))


def condition(query: Query, actor: Actor) -> ColumnElement[bool]:
    """What the query and the actor's roles leave; raises DeniedError when they leave nothing on principle."""
    wanted = [*_plain_conditions(query), *_label_conditions(query, actor)]
    if not actor.may(Action.READ):
        require(actor, Action.READ_OWN)
        wanted.append(cases.c.submitted_by == actor.name)
    if query.person:
        decided = exists().where(verdicts.c.case_id == cases.c.id, verdicts.c.actor == query.person)
        shown = true() if query.person == actor.name else ~hidden_from(actor)
        wanted.append(or_(cases.c.submitted_by == query.person, and_(decided, shown)))
    if query.open_to:
        wanted.append(open_to(query.open_to))
    return and_(True, *wanted)


def _plain_conditions(query: Query) -> list[ColumnElement[bool]]:
    first, after = day_range(query.first_day, query.last_day)
    exact = {"batch_id": query.batch_id, "conflict": query.conflict, "disputed": query.disputed}
    wanted = [cases.c[name] == value for name, value in exact.items() if value is not None]
    if query.balance_from is not None:
        wanted.append(cases.c.balance_cents >= cents(query.balance_from))
    if query.submitted_by:
        wanted.append(cases.c.submitted_by == query.submitted_by)
    if query.completed is not None:
        later = cases.alias()
        wanted.append(exists().where(later.c.follows == cases.c.id) == query.completed)
    if query.route is not None:
        wanted.append(cases.c.route == query.route.value)
    if query.statuses:
        wanted.append(cases.c.status.in_([status.value for status in query.statuses]))
    if query.loan_id:
        wanted += [cases.c.loan_id >= query.loan_id, cases.c.loan_id < query.loan_id + _LAST_CHARACTER]
    if first:
        wanted.append(cases.c.submitted_at >= first)
    if after:
        wanted.append(cases.c.submitted_at < after)
    return wanted


def _label_conditions(query: Query, actor: Actor) -> list[ColumnElement[bool]]:
    """Conditions on the label as this actor sees it: a search must not tell what the screen hides."""
    hidden = hidden_from(actor)
    code: ColumnElement[Any] = cases.c.label_code
    outcome: ColumnElement[Any] = cases.c.label_outcome
    if actor.may(Action.DECIDE):
        code = case((hidden, cases.c.code), else_=cases.c.label_code)
        outcome = case((hidden, cases.c.outcome), else_=cases.c.label_outcome)
    wanted = []
    if query.code:
        wanted.append(or_(code == query.code, code.startswith(f"{query.code}.", autoescape=True)))
    if query.outcome is not None:
        wanted.append(outcome == query.outcome.value)
    return wanted


def find(connection: Connection, query: Query, actor: Actor, *, order: Order, limit: int, offset: int) -> list[Case]:
    """One page of the cases of a query."""
    matching = select(cases.c.id).where(condition(query, actor)).order_by(*_ORDERS[order])
    ids = connection.scalars(matching.limit(min(limit, _MOST_ROWS)).offset(offset)).all()
    rows = connection.execute(select(cases, hidden_from(actor).label("hidden")).where(cases.c.id.in_(ids)))
    shown = {row.id: case_of(row) for row in rows}
    return [shown[number] for number in ids]


def count(connection: Connection, query: Query, actor: Actor) -> int:
    """How many cases a query means."""
    return connection.scalar(select(func.count()).select_from(cases).where(condition(query, actor))) or 0


def row_of(connection: Connection, case_id: int, actor: Actor) -> Row[Any]:
    """A case's row with ``hidden``, for an actor who may read it."""
    if not actor.may(Action.READ):
        require(actor, Action.READ_OWN)
    row = connection.execute(select(cases, hidden_from(actor).label("hidden")).where(cases.c.id == case_id)).first()
    if row is None:
        raise ReviewError(f"没有第 {case_id} 件：请核对编号。")
    if not actor.may(Action.READ) and row.submitted_by != actor.name:
        raise DeniedError(f"第 {case_id} 件不是“{actor.name}”提交的：只能查看本人提交的件。")
    return row


def case_of(row: Row[Any], now: Mapping[str, Any] | None = None) -> Case:
    """A case from its row, or as a write just made it; the label is the machine's where the standing one is hidden."""
    case_row = SimpleNamespace(**{**row._mapping, **({**now, "hidden": False} if now else {})})
    standing = label_of(case_row.label_outcome, case_row.label_code)
    return Case(
        id=case_row.id,
        batch_id=case_row.batch_id,
        row=case_row.row,
        application=load(Application, case_row.application),
        text_digest=case_row.text_digest,
        prediction=load(Prediction, case_row.prediction),
        balance=None if case_row.balance_cents is None else Decimal(case_row.balance_cents).scaleb(-2),
        conflict=case_row.conflict,
        submitted_by=case_row.submitted_by,
        submitted_at=case_row.submitted_at,
        follows=case_row.follows,
        status=Status(case_row.status),
        version=case_row.version,
        blind=case_row.blind,
        disputed=case_row.disputed,
        label=label_of(case_row.outcome, case_row.code) if case_row.hidden else standing,
    )


def label_of(outcome: str, code: str | None) -> Label:
    """A label from its two columns."""
    return Label(Outcome(outcome), code)


def verdicts_of(connection: Connection, case_id: int) -> list[Verdict]:
    """All verdicts of a case, oldest first."""
    rows = connection.execute(select(verdicts).where(verdicts.c.case_id == case_id).order_by(verdicts.c.version))
    return [
        Verdict(
            id=row.id,
            case_id=row.case_id,
            kind=Kind(row.kind),
            label=label_of(row.outcome, row.code) if row.outcome else None,
            reason=row.reason,
            actor=row.actor,
            at=row.at,
            supersedes=row.supersedes,
        )
        for row in rows
    ]


def this_round(given: list[Verdict]) -> list[Verdict]:
    """The verdicts since the case was last returned or reopened."""
    starts = [number for number, verdict in enumerate(given, 1) if verdict.kind in FRESH_STARTS]
    return given[starts[-1] :] if starts else given


def notes_of(connection: Connection, case_id: int) -> list[Note]:
    """All notes of a case, oldest first."""
    rows = connection.execute(select(notes).where(notes.c.case_id == case_id).order_by(notes.c.id))
    return [Note(row.case_id, row.actor, row.at, row.text) for row in rows]
