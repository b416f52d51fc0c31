"""The review store: what officers file, what reviewers decide, what auditors see; each function asks for its permission."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, exists, select

from classifier.errors import ReviewError
from classifier.records import Application, Prediction
from classifier.review import audit, database, deciding, filing, queue
from classifier.review.audit import Anchor, Deed, Search, Verification
from classifier.review.cases import (
    Batch,
    BatchState,
    Case,
    CaseLife,
    Draft,
    Event,
    Label,
    Order,
    Policy,
    Query,
    Status,
    Submission,
)
from classifier.review.permissions import Action, Actor, DeniedError, require
from classifier.review.proof import verify
from classifier.review.schema import batches, cases, drafts, events
from classifier.review.stored import load

_DRAFT_LIFE = timedelta(days=31)
_ENDED = (BatchState.DONE, BatchState.CANCELLED, BatchState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class ReviewStore:
    """One database. Every write is one transaction with one event; every read sees one moment."""

    engine: Engine
    policy: Policy
    keep_text: bool
    clock: Callable[[], datetime]

    @classmethod
    def open(
        cls,
        url: str,
        *,
        policy: Policy | None = None,
        keep_text: bool = True,
        clock: Callable[[], datetime] = audit.utc_now,
    ) -> "ReviewStore":
        """The store at a URL; an empty database gets its tables, an older one is refused with what to run.

        Without a policy, what the bank chose in the environment is asked for.
        """
        engine = database.connect(url)
        try:
            database.prepare(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, policy or Policy.from_environment(), keep_text, clock)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that writes, for the neighbours in this package; it must append its event."""
        return database.writing(self.engine)

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that reads one moment, for the neighbours in this package."""
        return database.reading(self.engine)

    def now(self) -> str:
        """The time as it is written."""
        return audit.time_text(self.clock())

    # What officers file

    def submit(self, actor: Actor, submission: Submission) -> int:
        """Send one application to review; the case's id."""
        require(actor, Action.SUBMIT)
        row = filing.case_row(submission, policy=self.policy, keep_text=self.keep_text)
        with self.writing() as connection:
            return filing.insert_case(connection, row, actor=actor, at=self.now())

    def open_batch(self, actor: Actor, name: str, file_digest: str, size: int) -> int:
        """Begin to file a loan book of ``size`` rows; the batch's id."""
        require(actor, Action.SUBMIT)
        with self.writing() as connection:
            return filing.open_batch(
                connection, name=name, file_digest=file_digest, size=size, actor=actor, at=self.now()
            )

    def file(self, actor: Actor, batch_id: int, submissions: Sequence[Submission], problems: int = 0) -> None:
        """File a chunk of one's running loan book; ``problems`` counts the chunk's rows without a label."""
        require(actor, Action.SUBMIT)
        rows = [filing.case_row(one, policy=self.policy, keep_text=self.keep_text) for one in submissions]
        with self.writing() as connection:
            batch = self._running(connection, batch_id, actor)
            filing.insert_chunk(connection, rows, batch=batch, actor=actor, at=self.now(), problems=problems)

    def close_batch(self, actor: Actor, batch_id: int, state: BatchState) -> None:
        """End one's running loan book."""
        require(actor, Action.SUBMIT)
        if state not in _ENDED:
            raise ReviewError(f"台账不能以“{state.value}”结束：请用已完成、已取消或已中断。")
        with self.writing() as connection:
            self._running(connection, batch_id, actor)
            filing.close_batch(connection, batch_id, state, actor_name=actor.name, at=self.now())

    def interrupt_batches(self, actor_name: str = "system") -> list[int]:
        """Mark the running loan books as interrupted; call it only when the one server of this database starts."""
        with self.writing() as connection:
            running = select(batches.c.id).where(batches.c.state == BatchState.RUNNING.value).order_by(batches.c.id)
            ids = list(connection.scalars(running))
            for number in ids:
                filing.close_batch(connection, number, BatchState.INTERRUPTED, actor_name=actor_name, at=self.now())
            return ids

    def batches(self, actor: Actor) -> list[Batch]:
        """The loan books, newest first: all for readers, one's own for officers."""
        query = select(batches).order_by(batches.c.id.desc())
        if not actor.may(Action.READ):
            require(actor, Action.READ_OWN)
            query = query.where(batches.c.opened_by == actor.name)
        with self.reading() as connection:
            return [filing.batch_of(row) for row in connection.execute(query)]

    def batch(self, actor: Actor, batch_id: int) -> Batch:
        """One loan book."""
        if not actor.may(Action.READ):
            require(actor, Action.READ_OWN)
        with self.reading() as connection:
            batch = _batch(connection, batch_id)
        if not actor.may(Action.READ) and batch.opened_by != actor.name:
            raise DeniedError(f"第 {batch_id} 批不是“{actor.name}”上传的：只能查看本人的台账。")
        return batch

    def send_to_review(self, actor: Actor, batch_id: int) -> int:
        """Send the doubtful rows of one's finished loan book to review; how many were sent."""
        require(actor, Action.SUBMIT)
        with self.writing() as connection:
            batch = _batch(connection, batch_id)
            if batch.opened_by != actor.name:
                raise DeniedError(f"第 {batch_id} 批不是“{actor.name}”上传的：请由上传人送复核。")
            if batch.state is not BatchState.DONE:
                raise ReviewError(f"第 {batch_id} 批的状态是“{batch.state.value}”：完成后才能送复核。")
            return filing.send_batch(connection, batch_id, actor=actor, at=self.now())

    def send_case(self, actor: Actor, case_id: int) -> Case:
        """Send one labelled case to review: an officer one's own, a reviewer any."""
        if not actor.may(Action.DECIDE):
            require(actor, Action.SUBMIT)
        with self.writing() as connection:
            row = queue.row_of(connection, case_id, actor)
            if Status(row.status) is not Status.LABELLED:
                raise ReviewError(f"第 {case_id} 件的状态是“{row.status}”，不用再送复核。")
            return queue.case_of(row, filing.send_one(connection, row, actor=actor, at=self.now()))

    # What everybody reads

    def case(self, actor: Actor, case_id: int) -> Case:
        """One case, as the actor may see it."""
        with self.reading() as connection:
            return queue.case_of(queue.row_of(connection, case_id, actor))

    def life(self, actor: Actor, case_id: int) -> CaseLife:
        """A case with its verdicts and notes; a second reader who reads blind does not see the first's."""
        with self.reading() as connection:
            row = queue.row_of(connection, case_id, actor)
            given, remarks = queue.verdicts_of(connection, case_id), queue.notes_of(connection, case_id)
        if row.hidden:
            others = {one.actor for one in given if one.kind in queue.LABELLINGS} - {actor.name}
            given = [one for one in given if one.actor not in others or one.kind not in queue.LABELLINGS]
            remarks = [one for one in remarks if one.actor not in others]
        return CaseLife(queue.case_of(row), tuple(given), tuple(remarks))

    def cases(
        self, actor: Actor, query: Query, *, order: Order = Order.OLDEST, limit: int = 50, offset: int = 0
    ) -> list[Case]:
        """One page of the cases of a query: all for readers, one's own for officers."""
        with self.reading() as connection:
            return queue.find(connection, query, actor, order=order, limit=limit, offset=offset)

    def count(self, actor: Actor, query: Query) -> int:
        """How many cases a query means for this actor."""
        with self.reading() as connection:
            return queue.count(connection, query, actor)

    # What reviewers decide

    def decide(self, actor: Actor, case_id: int, version: int, label: Label, reason: str = "") -> Case:
        """Give one's label: the first reading, the approval of another's, a dissent, or the settlement of a dispute."""
        with self._changing(actor, case_id, version) as (connection, row):
            now = deciding.decide(connection, row, label, actor=actor, reason=reason, at=self.now())
            return queue.case_of(row, now)

    def send_back(self, actor: Actor, case_id: int, version: int, reason: str) -> Case:
        """Return a case to its officer, who may complete it by a new one that follows it."""
        with self._changing(actor, case_id, version) as (connection, row):
            return queue.case_of(row, deciding.send_back(connection, row, actor=actor, reason=reason, at=self.now()))

    def reopen(self, actor: Actor, case_id: int, version: int, reason: str) -> Case:
        """Put a decided, approved or returned case back into the queue."""
        with self._changing(actor, case_id, version) as (connection, row):
            return queue.case_of(row, deciding.reopen(connection, row, actor=actor, reason=reason, at=self.now()))

    def note(self, actor: Actor, case_id: int, text: str) -> None:
        """Write a remark that decides nothing."""
        require(actor, Action.DECIDE)
        with self.writing() as connection:
            queue.row_of(connection, case_id, actor)
            deciding.note(connection, case_id, text, actor=actor, at=self.now())

    # Links that open a result again

    def keep_draft(self, actor: Actor, application: Application, prediction: Prediction) -> str:
        """Keep a result for a month under a token that says nothing of it."""
        require(actor, Action.LABEL)
        token = secrets.token_urlsafe(32)
        row = filing.draft_row(application, prediction, keep_text=self.keep_text)
        with self.writing() as connection:
            now = self.now()
            connection.execute(delete(drafts).where(drafts.c.at < audit.time_text(self.clock() - _DRAFT_LIFE)))
            connection.execute(drafts.insert().values(**row, token=token, owner=actor.name, at=now))
            content = {"text_digest": row["text_digest"]}
            audit.append(connection, actor=actor.name, action=Deed.DRAFT.value, at=now, content=content)
        return token

    def draft(self, actor: Actor, token: str) -> Draft:
        """A result that the actor kept."""
        require(actor, Action.LABEL)
        with self.reading() as connection:
            mine = and_(drafts.c.token == token, drafts.c.owner == actor.name)
            row = connection.execute(select(drafts).where(mine)).first()
        if row is None:
            raise ReviewError("这个链接打不开：可能已过期，或者是别人的结果。请重新识别。")
        return Draft(load(Application, row.application), load(Prediction, row.prediction), row.case_id, row.text_kept)

    # What auditors check

    def events(
        self,
        actor: Actor,
        *,
        case_id: int | None = None,
        batch_id: int | None = None,
        person: str = "",
        action: str = "",
        first_day: str = "",
        last_day: str = "",
        limit: int = 200,
        offset: int = 0,
    ) -> list[Event]:
        """Events in order; who may read a case may read its events, all others are for auditors."""
        search = Search(case_id, batch_id, person, action, first_day, last_day, limit=limit, offset=offset)
        with self.reading() as connection:
            if case_id is not None and not actor.may(Action.AUDIT):
                queue.row_of(connection, case_id, actor)
            else:
                require(actor, Action.AUDIT)
            return audit.found(connection, search, hidden=_hidden_readings(actor))

    def verify(self, actor: Actor, anchor: Anchor | None = None) -> Verification:
        """Walk the whole chain and everything it vouches for, and compare with an anchor kept outside."""
        require(actor, Action.AUDIT)
        return verify(self.engine, anchor)

    def head(self, actor: Actor) -> Anchor:
        """The last event's number and digest: the anchor to keep outside the database."""
        require(actor, Action.AUDIT)
        with self.reading() as connection:
            return audit.tip(connection)

    @contextmanager
    def _changing(self, actor: Actor, case_id: int, version: int) -> Iterator[tuple[Connection, Row[Any]]]:
        """The write lock and a case that stands as the actor saw it; who comes too late does not wait for the lock."""
        require(actor, Action.DECIDE)
        with self.reading() as connection:
            deciding.check_version(connection, case_id, version)
        with self.writing() as connection:
            deciding.check_version(connection, case_id, version)
            row = queue.row_of(connection, case_id, actor)
            yield connection, row

    def _running(self, connection: Connection, batch_id: int, actor: Actor) -> Batch:
        batch = _batch(connection, batch_id)
        if batch.opened_by != actor.name:
            raise DeniedError(f"第 {batch_id} 批不是“{actor.name}”上传的：只能写入本人的台账。")
        if batch.state is not BatchState.RUNNING:
            raise ReviewError(f"第 {batch_id} 批的状态是“{batch.state.value}”，不能再写入：请重新上传。")
        return batch


def _batch(connection: Connection, batch_id: int) -> Batch:
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).first()
    if row is None:
        raise ReviewError(f"没有第 {batch_id} 批台账：请核对编号。")
    return filing.batch_of(row)


def _hidden_readings(actor: Actor) -> Any:
    """The events of others' readings that the actor, being free to read the case blind, must not see."""
    kinds = [kind.value for kind in queue.LABELLINGS]
    of_hidden = exists().where(cases.c.id == events.c.case_id, queue.hidden_from(actor))
    return and_(events.c.action.in_(kinds), events.c.actor != actor.name, of_hidden)
