"""How labelled applications enter the store: one by one, or a loan book in chunks; and how they are sent to review."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from classifier.errors import ReviewError
from classifier.records import Application, Prediction, Route
from classifier.review import audit
from classifier.review.audit import Deed
from classifier.review.cases import Batch, BatchState, Policy, Status, Submission
from classifier.review.permissions import Actor
from classifier.review.schema import batches, cases, drafts
from classifier.review.stored import canonical, clean, dump, sha256

# How the engine opens the reason that tells of terms speaking for another label.
CONFLICT_REASONS = ("规则与模型不一致", "规则指向")
_MOST_YUAN = Decimal(10) ** 15


def text_digest(application: Application) -> str:
    """The SHA-256 of the five texts of an application, as given."""
    return sha256(canonical(application.texts))


def without_texts(application: Application) -> Application:
    """An application with its id and amount only, for a bank that keeps no texts."""
    return Application(application.id, amount=application.amount)


def is_blind(policy: Policy, digest: str, balance: Decimal | None) -> bool:
    """Whether the policy asks for a second reading that does not see the first."""
    if policy.blind_balance is not None and balance is not None and balance >= policy.blind_balance:
        return True
    return int(digest[:12], 16) < policy.blind_share * 16**12


def case_row(submission: Submission, *, policy: Policy, keep_text: bool) -> dict[str, Any]:
    """The row of a new case, before it has an id, a batch, a submitter and a digest."""
    application, prediction = submission.application, submission.prediction
    digest = text_digest(application)
    return {
        "row": submission.row,
        "loan_id": clean(application.id),
        "text_digest": digest,
        "outcome": prediction.outcome.value,
        "code": prediction.code,
        "confidence": float(prediction.confidence),
        "route": prediction.route.value,
        "conflict": any(reason.startswith(CONFLICT_REASONS) for reason in prediction.reasons),
        "balance_cents": cents(submission.balance),
        "edition": prediction.versions.edition,
        "lexicon": prediction.versions.lexicon,
        "model": prediction.versions.model,
        "follows": submission.follows,
        "version": 0,
        "blind": is_blind(policy, digest, submission.balance),
        "disputed": False,
        "label_outcome": prediction.outcome.value,
        "label_code": prediction.code,
        "application": dump(application if keep_text else without_texts(application)),
        "prediction": dump(prediction),
    }


def cents(yuan: Decimal | None) -> int | None:
    """Yuan as whole cents; refuses what is no amount of money."""
    if yuan is None:
        return None
    try:
        if abs(yuan) < _MOST_YUAN:
            return int((yuan * 100).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation:
        pass
    raise ReviewError(f"余额“{yuan}”不是合理的金额：请核对后再提交。")


def insert_case(connection: Connection, row: Mapping[str, Any], *, actor: Actor, at: str) -> int:
    """File one case as pending, with its event; links the officer's draft of the same result."""
    (values,) = _placed(connection, [row], batch_id=None, actor=actor, at=at, status=Status.PENDING)
    _check_followed(connection, values["follows"], actor)
    connection.execute(cases.insert().values(values))
    content = {"digest": values["digest"], "text_digest": values["text_digest"], "state": audit.state(values)}
    audit.append(connection, actor=actor.name, action=Deed.SUBMIT.value, at=at, case_id=values["id"], content=content)
    same = (drafts.c.owner == actor.name, drafts.c.text_digest == values["text_digest"])
    unsent = (drafts.c.prediction == values["prediction"], drafts.c.case_id.is_(None))
    connection.execute(update(drafts).where(*same, *unsent).values(case_id=values["id"]))
    return int(values["id"])


def insert_chunk(
    connection: Connection, rows: Sequence[Mapping[str, Any]], *, batch: Batch, actor: Actor, at: str, problems: int
) -> None:
    """File a chunk of a loan book as labelled, with one event over all its cases."""
    placed = _placed(connection, rows, batch_id=batch.id, actor=actor, at=at, status=Status.LABELLED)
    if placed:
        connection.execute(cases.insert(), placed)
    content = {
        "first": placed[0]["id"] if placed else None,
        "count": len(placed),
        "problems": problems,
        "digest": chunk_digest((values["digest"], values["blind"]) for values in placed),
    }
    connection.execute(
        update(batches)
        .where(batches.c.id == batch.id)
        .values(filed=batches.c.filed + len(placed), problems=batches.c.problems + problems)
    )
    audit.append(connection, actor=actor.name, action=Deed.FILE.value, at=at, batch_id=batch.id, content=content)


def chunk_digest(filed: Any) -> str:
    """SHA-256 over the lines of a chunk: each case's digest, a space, 1 for a blind second reading or 0."""
    return sha256("\n".join(f"{digest} {int(blind)}" for digest, blind in filed))


def _placed(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    *,
    batch_id: int | None,
    actor: Actor,
    at: str,
    status: Status,
) -> list[dict[str, Any]]:
    """The rows with ids that follow the last one, and their digests; the write lock makes the ids safe."""
    first = (connection.scalar(select(func.max(cases.c.id))) or 0) + 1
    place = {"batch_id": batch_id, "submitted_by": actor.name, "submitted_at": at, "status": status.value}
    placed = [{**row, **place, "id": first + number} for number, row in enumerate(rows)]
    return [{**values, "digest": audit.case_digest(values)} for values in placed]


def _check_followed(connection: Connection, followed: int | None, actor: Actor) -> None:
    if followed is None:
        return
    before = connection.execute(select(cases.c.status, cases.c.submitted_by).where(cases.c.id == followed)).first()
    if before is None or before.submitted_by != actor.name or before.status != Status.RETURNED.value:
        raise ReviewError(f"第 {followed} 件不是退回给您的件，不能补充：请从“我的退回件”里重新打开。")
    later = connection.scalar(select(cases.c.id).where(cases.c.follows == followed))
    if later is not None:
        raise ReviewError(f"第 {followed} 件已由第 {later} 件补充：请打开第 {later} 件查看。")


def open_batch(connection: Connection, *, name: str, file_digest: str, size: int, actor: Actor, at: str) -> int:
    """Open a loan book, with its event; the name is vouched for by its digest only."""
    number = (connection.scalar(select(func.max(batches.c.id))) or 0) + 1
    values = {
        "id": number,
        "name": clean(name),
        "file_digest": file_digest,
        "size": size,
        "filed": 0,
        "problems": 0,
        "opened_by": actor.name,
        "opened_at": at,
        "closed_at": None,
        "state": BatchState.RUNNING.value,
    }
    connection.execute(batches.insert().values(values))
    content = {"name_digest": sha256(values["name"]), "file_digest": file_digest, "size": size}  # type: ignore[arg-type]
    audit.append(connection, actor=actor.name, action=Deed.OPEN.value, at=at, batch_id=number, content=content)
    return int(number)


def close_batch(connection: Connection, batch_id: int, state: BatchState, *, actor_name: str, at: str) -> None:
    """Close a running loan book, with its event."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id, batches.c.state == BatchState.RUNNING.value)
        .values(state=state.value, closed_at=at)
    )
    content = {"state": state.value}
    audit.append(connection, actor=actor_name, action=Deed.CLOSE.value, at=at, batch_id=batch_id, content=content)


def send_batch(connection: Connection, batch_id: int, *, actor: Actor, at: str) -> int:
    """Make the doubtful cases of a loan book pending, with one event over their ids; how many there were."""
    doubtful = (
        cases.c.batch_id == batch_id,
        cases.c.status == Status.LABELLED.value,
        cases.c.route == Route.REVIEW.value,
    )
    sent = connection.scalars(select(cases.c.id).where(*doubtful).order_by(cases.c.id)).all()
    if not sent:
        return 0
    connection.execute(update(cases).where(*doubtful).values(status=Status.PENDING.value, version=cases.c.version + 1))
    content = {"count": len(sent), "digest": ids_digest(sent)}
    audit.append(connection, actor=actor.name, action=Deed.SEND.value, at=at, batch_id=batch_id, content=content)
    return len(sent)


def ids_digest(numbers: Sequence[int]) -> str:
    """SHA-256 over case ids in rising order, joined by commas."""
    return sha256(",".join(str(number) for number in numbers))


def send_one(connection: Connection, case: Row[Any], *, actor: Actor, at: str) -> dict[str, Any]:
    """Make one labelled case pending, with its event; its new state."""
    now = {**audit.state(case._mapping), "status": Status.PENDING.value, "version": case.version + 1}
    connection.execute(update(cases).where(cases.c.id == case.id, cases.c.version == case.version).values(now))
    audit.append(
        connection, actor=actor.name, action=Deed.SEND_ONE.value, at=at, case_id=case.id, content={"state": now}
    )
    return now


def batch_of(row: Row[Any]) -> Batch:
    """A batch from its row."""
    return Batch(**{**row._mapping, "state": BatchState(row.state)})


def draft_row(application: Application, prediction: Prediction, *, keep_text: bool) -> dict[str, Any]:
    """What a draft keeps of a result."""
    return {
        "text_digest": text_digest(application),
        "text_kept": keep_text,
        "application": dump(application if keep_text else without_texts(application)),
        "prediction": dump(replace(prediction)),
        "case_id": None,
    }
