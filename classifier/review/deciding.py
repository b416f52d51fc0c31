"""The rules of a decision: four eyes, a third person for a dispute, and one winner when two decide at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from classifier.errors import ReviewError
from classifier.review import audit, queue
from classifier.review.audit import Deed
from classifier.review.cases import Kind, Label, Status, Verdict
from classifier.review.days import local_time
from classifier.review.permissions import Actor
from classifier.review.schema import cases, notes, verdicts
from classifier.review.stored import clean

LONGEST_TEXT = 4000
State = Mapping[str, Any]
_NEEDS_REASON = (Kind.CORRECT, Kind.DISSENT, Kind.RETURN, Kind.REOPEN)


@dataclass(frozen=True, slots=True)
class Step:
    """What a verdict makes of a case: its kind, its own label if it has one, and the case's next state."""

    kind: Kind
    label: Label | None
    status: Status
    standing: Label
    disputed: bool


def decide(connection: Connection, case: Row[Any], label: Label, *, actor: Actor, reason: str, at: str) -> State:
    """Write the verdict that the actor's label is in this case's state; the next state."""
    _check_label(label)
    given = queue.verdicts_of(connection, case.id)
    step = _next_step(case, queue.this_round(given), label, actor)
    if step.kind is Kind.SETTLE and label not in [one.label for one in queue.this_round(given)] and not reason.strip():
        raise ReviewError("裁定的结论与两位复核人都不同：请写明理由。")
    return _write(connection, case, step, given=given, actor=actor, reason=reason, at=at)


def send_back(connection: Connection, case: Row[Any], *, actor: Actor, reason: str, at: str) -> State:
    """Return a case to its officer; the next state."""
    _check_status(case, Status.PENDING, Status.DECIDED, doing="退回")
    _check_not_own(case, actor, "退回")
    given = queue.verdicts_of(connection, case.id)
    _check_not_party(case, given, actor, "退回")
    step = Step(Kind.RETURN, None, Status.RETURNED, _machine(case), False)
    return _write(connection, case, step, given=given, actor=actor, reason=reason, at=at)


def reopen(connection: Connection, case: Row[Any], *, actor: Actor, reason: str, at: str) -> State:
    """Put a case back into the queue; what was decided stays on record. The next state."""
    _check_status(case, Status.APPROVED, Status.DECIDED, Status.RETURNED, doing="重开")
    _check_not_own(case, actor, "重开")
    later = connection.scalar(select(cases.c.id).where(cases.c.follows == case.id))
    if later is not None:
        raise ReviewError(f"第 {case.id} 件已由第 {later} 件补充，不能重开：请复核第 {later} 件。")
    given = queue.verdicts_of(connection, case.id)
    _check_not_party(case, given, actor, "重开")
    step = Step(Kind.REOPEN, None, Status.PENDING, _machine(case), False)
    return _write(connection, case, step, given=given, actor=actor, reason=reason, at=at)


def note(connection: Connection, case_id: int, text: str, *, actor: Actor, at: str) -> None:
    """Write a remark, with its event."""
    if not text.strip():
        raise ReviewError("备注是空的：请写下内容。")
    number = (connection.scalar(select(func.max(notes.c.id))) or 0) + 1
    row = {"id": number, "case_id": case_id, "actor": actor.name, "at": at, "text": _bounded(text)}
    connection.execute(notes.insert().values(row))
    content = {"rows": audit.vouch((notes, row))}
    audit.append(connection, actor=actor.name, action=Deed.NOTE.value, at=at, case_id=case_id, content=content)


def check_version(connection: Connection, case_id: int, version: int) -> None:
    """Raise ReviewError when somebody wrote to the case since it was read, naming who and when."""
    now = connection.scalar(select(cases.c.version).where(cases.c.id == case_id))
    if now not in (None, version):
        raise _too_late(connection, case_id)


def _next_step(case: Row[Any], given: list[Verdict], label: Label, actor: Actor) -> Step:
    _check_status(case, Status.PENDING, Status.DECIDED, doing="复核")
    _check_not_own(case, actor, "复核")
    if Status(case.status) is Status.PENDING:
        kind = Kind.CONFIRM if label == _machine(case) else Kind.CORRECT
        return Step(kind, label, Status.DECIDED, label, False)
    if actor.name in [one.actor for one in given]:
        needed = "裁定须由第三人作出" if case.disputed else "第二次复核须由另一人作出"
        raise ReviewError(f"“{actor.name}”已复核过第 {case.id} 件：{needed}。")
    if case.disputed:
        return Step(Kind.SETTLE, label, Status.APPROVED, label, False)
    standing = queue.label_of(case.label_outcome, case.label_code)
    if label == standing:
        return Step(Kind.APPROVE, label, Status.APPROVED, standing, False)
    return Step(Kind.DISSENT, label, Status.DECIDED, standing, True)


def _write(
    connection: Connection, case: Row[Any], step: Step, *, given: list[Verdict], actor: Actor, reason: str, at: str
) -> State:
    """The conditional UPDATE that only one of two writers can make, the verdict, and the event."""
    if step.kind in _NEEDS_REASON and not reason.strip():
        raise ReviewError(f"{step.kind.value}须写明理由：请填写后再提交。")
    now = _state_after(case, step)
    same = (cases.c.id == case.id, cases.c.version == case.version, cases.c.status == case.status)
    if connection.execute(update(cases).where(*same).values(now)).rowcount != 1:
        raise _too_late(connection, case.id)
    row = {
        "id": (connection.scalar(select(func.max(verdicts.c.id))) or 0) + 1,
        "case_id": case.id,
        "version": now["version"],
        "kind": step.kind.value,
        "outcome": step.label.outcome.value if step.label else None,
        "code": step.label.code if step.label else None,
        "reason": _bounded(reason),
        "actor": actor.name,
        "at": at,
        "supersedes": given[-1].id if given else None,
    }
    connection.execute(verdicts.insert().values(row))
    content = {"rows": audit.vouch((verdicts, row)), "state": now, "label": str(step.label) if step.label else None}
    audit.append(connection, actor=actor.name, action=step.kind.value, at=at, case_id=case.id, content=content)
    return now


def _state_after(case: Row[Any], step: Step) -> State:
    return {
        "status": step.status.value,
        "version": case.version + 1,
        "blind": case.blind,
        "disputed": step.disputed,
        "label_outcome": step.standing.outcome.value,
        "label_code": step.standing.code,
    }


def _too_late(connection: Connection, case_id: int) -> ReviewError:
    last = connection.execute(
        select(verdicts.c.actor, verdicts.c.at, verdicts.c.kind)
        .where(verdicts.c.case_id == case_id)
        .order_by(verdicts.c.version.desc())
    ).first()
    if last is None:
        return ReviewError(f"第 {case_id} 件的状态已变：请重新打开再决定。")
    return ReviewError(
        f"第 {case_id} 件已由“{last.actor}”于 {local_time(last.at)} 先行处理，您这次没有保存：请重新打开再决定。"
    )


def _machine(case: Row[Any]) -> Label:
    return queue.label_of(case.outcome, case.code)


def _check_label(label: Label) -> None:
    if label.outcome.is_blue != bool(label.code):
        raise ReviewError(
            f"结论“{label.outcome.value}”与条目“{label.code or '无'}”不相称：蓝色、浅蓝须选条目，其余不选。"
        )


def _check_status(case: Row[Any], *allowed: Status, doing: str) -> None:
    if Status(case.status) not in allowed:
        states = "、".join(status.value for status in allowed)
        raise ReviewError(f"第 {case.id} 件的状态是“{case.status}”，不能{doing}：只有{states}的件可以。")


def _check_not_own(case: Row[Any], actor: Actor, doing: str) -> None:
    if case.submitted_by == actor.name:
        raise ReviewError(f"第 {case.id} 件是“{actor.name}”提交的，不能由本人{doing}：请由另一位复核人员处理。")


def _check_not_party(case: Row[Any], given: list[Verdict], actor: Actor, doing: str) -> None:
    """Or two people who differ would start anew and agree on something without a third."""
    if case.disputed and actor.name in [one.actor for one in queue.this_round(given)]:
        raise ReviewError(f"第 {case.id} 件有争议，争议双方不能{doing}：请由第三人裁定。")


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ReviewError(f"文字超过 {LONGEST_TEXT} 字：请写得短些。")
    return clean(text.strip())
