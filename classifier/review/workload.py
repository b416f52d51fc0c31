"""How much one reviewer has done."""

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from classifier.review.cases import Kind
from classifier.review.database import reading
from classifier.review.permissions import Action, Actor, require
from classifier.review.schema import verdicts

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore


def decided_since(store: "ReviewStore", actor: Actor, since: str) -> int:
    """How many cases this person decided or returned since a moment (UTC, ISO 8601)."""
    require(actor, Action.DECIDE)
    done = select(func.count(verdicts.c.case_id.distinct())).where(
        verdicts.c.actor == actor.name, verdicts.c.at >= since, verdicts.c.kind != Kind.REOPEN.value
    )
    with reading(store.engine) as connection:
        return int(connection.execute(done).scalar_one())
