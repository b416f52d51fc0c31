"""Reviewed cases as training examples. Somebody has to export them: training never reads the store by itself."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, select

from classifier.examples import Example
from classifier.records import Application, Field
from classifier.review.cases import Kind, Status
from classifier.review.permissions import Action, Actor, require
from classifier.review.schema import cases, verdicts
from classifier.review.stored import load

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

KIND = "reviewed"


def reviewed_examples(store: "ReviewStore", actor: Actor, labels: Collection[str] | None = None) -> Iterator[Example]:
    """One example for each text whose label two people approved; of equal texts the last approved case.

    ``labels`` leaves others out, such as a category only, or a code that the catalogue does not have any more. A label
    that was disputed is borderline. ``source`` says which case it comes from and when that was approved.
    """
    require(actor, Action.LEARN)
    approvals = select(verdicts.c.case_id, func.max(verdicts.c.at).label("at")).group_by(verdicts.c.case_id).subquery()
    latest = select(func.max(cases.c.id)).where(cases.c.status == Status.APPROVED.value).group_by(cases.c.text_digest)
    columns = (cases.c.id, cases.c.label_outcome, cases.c.label_code, cases.c.application, approvals.c.at)
    disputed = select(verdicts.c.case_id).where(verdicts.c.kind == Kind.DISSENT.value)
    entry = (
        select(*columns, cases.c.id.in_(disputed).label("disputed"))
        .join(approvals, approvals.c.case_id == cases.c.id)
        .where(cases.c.id.in_(latest))
        .order_by(cases.c.id)
    )
    with store.reading() as connection:
        rows = connection.execute(entry).all()
    examples = (_example(row, load(Application, row.application)) for row in rows)
    return (one for one in examples if one.text and (labels is None or one.label in labels))


def whole_text(application: Application) -> str:
    """The texts of an application as one: a bare description stays as it is, other fields say what they are."""
    given = {field: application.text(field).strip() for field in Field}
    if not any(text for field, text in given.items() if field is not Field.DESCRIPTION):
        return application.description
    return "。".join(f"{field.value}：{text.rstrip('。')}" for field, text in given.items() if text) + "。"


def _example(row: Row[Any], application: Application) -> Example:
    return Example(
        id=f"case-{row.id}",
        text=whole_text(application),
        label=row.label_code or row.label_outcome,
        grade="borderline" if row.disputed else "clear",
        kind=KIND,
        source=f"case {row.id}, approved {row.at[:10]}",
    )
