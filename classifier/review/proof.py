"""The proof: walk the chain of events, then compare every case, batch, verdict and note with what the chain vouches for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, text
from sqlalchemy.exc import DatabaseError

from classifier.review import audit
from classifier.review.audit import Anchor, Verification, event_digest, named, read_content, runs
from classifier.review.database import reading
from classifier.review.replay import Replay
from classifier.review.schema import PROTECTED, events

_MOST_FAULTS = 200
_MOST_TRIED = 50


def verify(engine: Engine, anchor: Anchor | None = None) -> Verification:
    """Everything that is not as it was written; ``anchor`` is a head kept outside the database."""
    try:
        with reading(engine) as connection:
            return verify_seen(connection, anchor)
    except DatabaseError as error:
        fault = f"数据库读不出来（{type(error.orig).__name__}）：文件可能已损坏，或连接中断；请用备份核对。"
        return Verification(0, Anchor(0, audit.ZERO, ""), (fault,))


def verify_seen(connection: Connection, anchor: Anchor | None = None) -> Verification:
    """The same for what one transaction sees."""
    faults: list[str] = []
    count = 0
    head = Anchor(0, audit.ZERO, "")
    with _undecodable_kept(connection):
        replay = Replay(connection)
        chain = _Chain(anchor)
        walk = connection.execute(select(events).order_by(events.c.sequence), execution_options={"yield_per": 1000})
        for row in walk:
            faults += chain.follow(row)
            replay.event(row, read_content(row.content))
            count, head = count + 1, Anchor(row.sequence, row.digest, row.at)
        faults += [*chain.end(), *replay.end(), *_unprotected(connection)]
    more = len(faults) - _MOST_FAULTS
    shown = faults[:_MOST_FAULTS] + ([f"另有 {more} 处，未一一列出。"] if more > 0 else [])
    return Verification(count, head, tuple(shown))


class _Chain:
    """The chain as it is followed from event to event."""

    def __init__(self, anchor: Anchor | None) -> None:
        self._anchor = anchor
        self._sequence = 0
        self._digest = audit.ZERO
        self._broken: list[Row[Any]] = []
        self._missing: list[int] = []

    def follow(self, row: Row[Any]) -> Iterator[str]:
        """The faults that the next event shows at once."""
        if row.sequence != self._sequence + 1:
            missing = range(self._sequence + 1, int(row.sequence))
            self._missing += missing[:_MOST_TRIED]
            place = str(missing[0]) if len(missing) == 1 else f"{self._sequence + 1} 至 {row.sequence - 1}"
            yield f"第 {place} 条记录缺失：被删除。"
        if event_digest(row._mapping) != row.digest:
            self._broken.append(row)
        elif row.previous != self._digest and row.sequence == self._sequence + 1:
            before = "开头" if row.sequence == 1 else f"第 {row.sequence - 1} 条"
            yield f"{named(row)}与{before}不衔接：{before}被改写，或其间有记录被删除、插入。"
        if self._anchor and row.sequence == self._anchor.sequence and row.digest != self._anchor.digest:
            yield f"{named(row)}与锚点不符：锚点导出之后，此条或之前的记录被整体改写。"
        self._sequence, self._digest = row.sequence, row.digest

    def end(self) -> Iterator[str]:
        """The faults that only the whole chain shows."""
        numbers = [row.sequence for row in self._broken]
        others = (numbers if len(numbers) <= _MOST_TRIED else []) + self._missing
        for row in self._broken:
            origin = _origin(row, others)
            if origin is None:
                yield f"{named(row)}内容被改动：与其摘要不符。"
            else:
                yield f"{named(row)}原是第 {origin} 条：次序被改动，或其前有记录被插入、删除。"
        if self._anchor and self._sequence < self._anchor.sequence:
            yield f"只有 {self._sequence} 条记录，锚点是第 {self._anchor.sequence} 条：末尾的记录被截去。"


def _origin(row: Row[Any], others: list[int]) -> int | None:
    """The number under which an event's digest is right, when it was only moved."""
    for number in (row.sequence - 1, row.sequence + 1, *others):
        if event_digest({**row._mapping, "sequence": number}) == row.digest:
            return int(number)
    return None


_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE tgenabled IN ('O', 'A') AND relnamespace = current_schema()::regnamespace",
}
_OWN = {"sqlite": "replace", "postgresql": "truncate"}


def _unprotected(connection: Connection) -> Iterator[str]:
    """The tables whose triggers are gone: somebody could change them now, or has done so."""
    dialect = connection.dialect.name
    there = set(connection.scalars(text(_TRIGGERS[dialect])))
    needed = {f"{table}_no_{verb}" for table in PROTECTED for verb in ("update", "delete", _OWN[dialect])}
    if missing := sorted({*needed, "events_no_order"} - there):
        yield f"数据库的保护被拆除（触发器 {runs(missing)}）：请查明是谁，并由备份恢复。"


@contextmanager
def _undecodable_kept(connection: Connection) -> Iterator[None]:
    """Read bytes that are no UTF-8 as lone surrogates, so that the row with the damage can be named."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str
