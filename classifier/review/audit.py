"""The audit log: events chained by their digests, one for each write, appended in the write's own transaction.

An event vouches for rows: its content names each row that the write inserted, with the row's digest. ``proof`` walks the
chain and the rows, and names what is not as it was written.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, Select, Table, select

from classifier.errors import AuditError, ReviewError
from classifier.review.cases import Event
from classifier.review.database import may_write
from classifier.review.days import day_range, local_time
from classifier.review.permissions import check_name
from classifier.review.schema import CHANGING, cases, events
from classifier.review.stored import canonical, dump, load, sha256

ZERO = "0" * 64
_DIGEST = re.compile("[0-9a-f]{64}")


class Deed(Enum):
    """What an event says was done, where no verdict's kind says it."""

    SUBMIT = "送复核"
    OPEN = "开始台账"
    FILE = "台账入库"
    CLOSE = "结束台账"
    SEND = "整批送复核"
    SEND_ONE = "单件送复核"
    NOTE = "备注"
    DRAFT = "存为链接"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of the chain at one moment; kept outside the database, it shows a later rewrite or cut."""

    sequence: int
    digest: str
    at: str

    def to_json(self) -> str:
        """The anchor as one line for a file."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str) -> "Anchor":
        """An anchor from its line; raises AuditError when it is none."""
        try:
            anchor = load(cls, text)
        except ReviewError as error:
            raise AuditError("锚点文件读不懂：应为导出的一行 JSON，请用原件。") from error
        whole = type(anchor.sequence) is int and anchor.sequence >= 0 and _DIGEST.fullmatch(str(anchor.digest))
        if not whole or (anchor.sequence == 0) != (anchor.digest == ZERO):
            raise AuditError("锚点文件读不懂：缺少序号或摘要，请用原件。")
        return anchor


@dataclass(frozen=True, slots=True)
class Verification:
    """What the walk over the chain found: how many events, the head, and each fault as a Chinese sentence."""

    events: int
    head: Anchor
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return not self.faults


def utc_now() -> datetime:
    """The clock the store uses outside tests."""
    return datetime.now(UTC)


def time_text(moment: datetime) -> str:
    """A moment as the store writes it: UTC, ISO 8601, microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def append(
    connection: Connection,
    *,
    actor: str,
    action: str,
    at: str,
    case_id: int | None = None,
    batch_id: int | None = None,
    content: Mapping[str, object] | None = None,
) -> Event:
    """Add the next event; the connection must come from ``database.writing``, which holds the tip's lock."""
    if not may_write(connection):
        raise RuntimeError("an event needs the write lock: open the connection with database.writing(engine)")
    check_name(actor)
    last = tip(connection)
    values: dict[str, Any] = {
        "sequence": last.sequence + 1,
        "at": at,
        "actor": actor,
        "action": action,
        "case_id": case_id,
        "batch_id": batch_id,
        "content": canonical(content or {}),
        "previous": last.digest,
    }
    values["digest"] = event_digest(values)
    connection.execute(events.insert().values(values))
    return _event(values)


def event_digest(row: Mapping[str, Any] | RowMapping) -> str:
    """SHA-256 of the JSON array of an event's columns in the order of the table, without the digest."""
    return sha256(canonical([row[column.name] for column in events.c if column.name != "digest"]))


def row_digest(table: Table, row: Mapping[str, Any] | RowMapping) -> str:
    """SHA-256 of the JSON array of a row's columns in the order of the table."""
    return sha256(canonical([row[column.name] for column in table.c]))


def case_digest(row: Mapping[str, Any] | RowMapping) -> str:
    """SHA-256 of the JSON array of a case's columns that never change, in the order of the table."""
    return sha256(canonical([row[name] for name in FIXED]))


FIXED = tuple(column.name for column in cases.c if column.name not in (*CHANGING, "id", "digest"))


def state(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    """The columns of a case that change, as an event states them."""
    return {name: row[name] for name in CHANGING}


def vouch(*rows: tuple[Table, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The part of an event's content that vouches for inserted rows: table, key, digest of the row."""
    vouched: dict[str, dict[str, str]] = {}
    for table, row in rows:
        vouched.setdefault(table.name, {})[row_key(table, row)] = row_digest(table, row)
    return vouched


def row_key(table: Table, row: Mapping[str, Any] | RowMapping) -> str:
    """The primary key of a row as an event writes it."""
    return "/".join(str(row[column.name]) for column in table.primary_key)


def tip(connection: Connection) -> Anchor:
    """The last event's number, digest and time; number 0 and a digest of zeros before the first."""
    last = connection.execute(
        select(events.c.sequence, events.c.digest, events.c.at).order_by(events.c.sequence.desc()).limit(1)
    ).first()
    return Anchor(last.sequence, last.digest, last.at) if last else Anchor(0, ZERO, "")


@dataclass(frozen=True, slots=True)
class Search:
    """Which events are meant; what is None or empty does not narrow. Days are ISO dates in China, both included."""

    case_id: int | None = None
    batch_id: int | None = None
    person: str = ""
    action: str = ""
    first_day: str = ""
    last_day: str = ""
    limit: int = field(default=200, kw_only=True)
    offset: int = field(default=0, kw_only=True)


def found(connection: Connection, search: Search, *, hidden: ColumnElement[bool]) -> list[Event]:
    """The events of a search, in order, without the hidden ones."""
    query = (
        _narrowed(select(events), search)
        .where(~hidden)
        .order_by(events.c.sequence)
        .limit(search.limit)
        .offset(search.offset)
    )
    return [_event(row._mapping) for row in connection.execute(query)]


def _narrowed(query: Select[Any], search: Search) -> Select[Any]:
    exact = {"case_id": search.case_id, "batch_id": search.batch_id, "actor": search.person, "action": search.action}
    for name, wanted in exact.items():
        if wanted not in (None, ""):
            query = query.where(events.c[name] == wanted)
    first, after = day_range(search.first_day, search.last_day)
    if first:
        query = query.where(events.c.at >= first)
    if after:
        query = query.where(events.c.at < after)
    return query


def _event(row: Mapping[str, Any] | RowMapping) -> Event:
    return Event(**{**row, "content": read_content(row["content"])})


def read_content(text: str) -> Mapping[str, Any]:
    """An event's content; empty when it is no JSON object any more, which ``proof`` reports by its digest."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def named(row: Row[Any]) -> str:
    """An event as a message names it."""
    return f"第 {row.sequence} 条记录（{local_time(row.at)[:10]} {row.actor} {row.action}）"


def runs(numbers: Iterable[object]) -> str:
    """Numbers as a message lists them: the first three, then how many."""
    listed = list(numbers)
    shown = "、".join(str(number) for number in listed[:3])
    return shown if len(listed) <= 3 else f"{shown} 等 {len(listed)} 个"
