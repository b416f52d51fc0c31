"""The rows as the events say they must be, compared with the rows as they are."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, select

from classifier.records import Route
from classifier.review import audit
from classifier.review.audit import Deed, named, row_digest, row_key, runs
from classifier.review.cases import BatchState, Kind, Status
from classifier.review.filing import chunk_digest, ids_digest
from classifier.review.schema import (
    CHANGING,
    accounts,
    batches,
    cases,
    notes,
    sample_readings,
    sampled,
    samples,
    verdicts,
)
from classifier.review.stored import sha256

VOUCHED = (verdicts, notes, samples, sampled, sample_readings)
_CHINESE = {
    "verdicts": "复核意见",
    "notes": "备注",
    "samples": "抽样",
    "sampled": "样本",
    "sample_readings": "抽样判读",
}
_DISABLED = {"停用账号": True, "启用账号": False}
_ROLES = ("新增账号", "改变岗位", "登录")
_STATUS, _VERSION = CHANGING.index("status"), CHANGING.index("version")

_State = tuple[Any, ...]


class _Filed(NamedTuple):
    """A case as it is in its table."""

    digest: str
    submitted: tuple[str, str]
    first_state: _State
    state: _State
    doubtful: bool


class Replay:
    """What the events vouch for, gathered event by event; ``end`` tells what differs."""

    def __init__(self, connection: Connection) -> None:
        self._faults: list[str] = []
        self._cases = dict(_read_cases(connection, self._faults))
        self._batches = {row.id: row._mapping for row in connection.execute(select(batches))}
        self._rows = {table.name: _read_rows(connection, table) for table in VOUCHED}
        self._accounts = {row.name: (row.roles, row.disabled) for row in connection.execute(select(accounts))}
        self._people: dict[str, tuple[str, bool]] = {}
        self._states: dict[int, _State] = {}
        self._members: dict[int, list[int]] = {}
        self._loan_books: dict[int, dict[str, Any]] = {}
        decided: dict[str, Callable[[Row[Any], Mapping[str, Any]], None]] = {kind.value: self._state for kind in Kind}
        self._deeds = {
            **decided,
            **dict.fromkeys((*_DISABLED, *_ROLES), self._account),
            Deed.SUBMIT.value: self._submitted,
            Deed.OPEN.value: self._opened,
            Deed.FILE.value: self._filed,
            Deed.CLOSE.value: self._closed,
            Deed.SEND.value: self._sent,
            Deed.SEND_ONE.value: self._state,
        }

    def event(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        """Take in one event."""
        try:
            if row.action in self._deeds:
                self._deeds[row.action](row, content)
            for table, vouched in content.get("rows", {}).items():
                self._vouched(row, table, vouched)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._faults.append(f"{named(row)}的内容读不懂：被改动，或由别的程序写入。")

    def end(self) -> Iterator[str]:
        """Everything that differs."""
        yield from self._faults
        yield from self._case_faults()
        yield from self._batch_faults()
        yield from self._account_faults()
        for name, left in self._rows.items():
            if left:
                yield f"{_CHINESE[name]} {runs(left)} 没有记录可证：不经系统写入。"

    def _submitted(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        case = self._cases.get(row.case_id)
        if case is None:
            self._faults.append(f"第 {row.case_id} 件被删除：{named(row)}说它已入库。")
        elif case.digest != content["digest"] or case.submitted != (row.actor, row.at):
            self._faults.append(f"第 {row.case_id} 件与{named(row)}所证的不符：件被改动。")
        self._state(row, content)

    def _filed(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        book = self._loan_books[row.batch_id]
        book["filed"] += content["count"]
        book["problems"] += content["problems"]
        numbers = range(content["first"] or 0, (content["first"] or 0) + content["count"])
        filed = [(number, self._cases[number]) for number in numbers if number in self._cases]
        blind = CHANGING.index("blind")
        if chunk_digest((case.digest, case.state[blind]) for _, case in filed) != content["digest"]:
            self._faults.append(
                f"第 {numbers.start} 至 {numbers.stop - 1} 件中有被改动、删除或换位的：与{named(row)}不符。"
            )
        self._states.update((number, case.first_state) for number, case in filed)
        self._members.setdefault(row.batch_id, []).extend(number for number, _ in filed)

    def _sent(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        sent = [number for number in self._members.get(row.batch_id, []) if self._is_doubtful(number)]
        if len(sent) != content["count"] or ids_digest(sent) != content["digest"]:
            self._faults.append(f"第 {row.batch_id} 批送复核的件与{named(row)}不符。")
        for number in sent:
            state = list(self._states[number])
            state[_STATUS], state[_VERSION] = Status.PENDING.value, state[_VERSION] + 1
            self._states[number] = tuple(state)

    def _is_doubtful(self, number: int) -> bool:
        return self._cases[number].doubtful and self._states[number][_STATUS] == Status.LABELLED.value

    def _state(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        self._states[row.case_id] = tuple(content["state"][name] for name in CHANGING)

    def _opened(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        self._loan_books[row.batch_id] = {
            **content,
            "opened_by": row.actor,
            "opened_at": row.at,
            "closed_at": None,
            "filed": 0,
            "problems": 0,
            "state": BatchState.RUNNING.value,
        }

    def _closed(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        self._loan_books[row.batch_id] |= {"state": content["state"], "closed_at": row.at}

    def _account(self, row: Row[Any], content: Mapping[str, Any]) -> None:
        """Who signs in through an identity provider brings the roles along; who signs in here does not."""
        name = content.get("account", row.actor)
        roles, disabled = self._people.get(name, ("", False))
        self._people[name] = (content.get("roles", roles), _DISABLED.get(row.action, disabled))

    def _vouched(self, row: Row[Any], table: str, vouched: Mapping[str, str]) -> None:
        for key, digest in vouched.items():
            found = self._rows[table].pop(key, None)
            if found is None:
                self._faults.append(f"{_CHINESE[table]} {key} 被删除：{named(row)}说它写过。")
            elif found != digest:
                self._faults.append(f"{_CHINESE[table]} {key} 被改动：与{named(row)}不符。")

    def _case_faults(self) -> Iterator[str]:
        unknown = [number for number in self._cases if number not in self._states]
        if unknown:
            yield f"第 {runs(unknown)} 件没有入库记录：不经系统写入，或其记录被删去。"
        for number, state in self._states.items():
            case = self._cases.get(number)
            if case is not None and case.state != state:
                yield f"第 {number} 件的状态被改动：库中是{_shown(case.state)}，记录是{_shown(state)}。"

    def _batch_faults(self) -> Iterator[str]:
        for number in sorted(self._batches.keys() | self._loan_books.keys()):
            row, book = self._batches.get(number), self._loan_books.get(number)
            if row is None:
                yield f"第 {number} 批台账被删除。"
            elif book is None:
                yield f"第 {number} 批台账没有记录可证：不经系统写入。"
            elif {**row, "name_digest": sha256(row["name"])} != {**book, "id": number, "name": row["name"]}:
                yield f"第 {number} 批台账被改动：与记录不符。"

    def _account_faults(self) -> Iterator[str]:
        for name in sorted(self._accounts.keys() | self._people.keys()):
            found, told = self._accounts.get(name), self._people.get(name)
            if found is None:
                yield f"账号“{name}”被删除。"
            elif told is None:
                yield f"账号“{name}”没有记录可证：不经系统写入。"
            elif found != told:
                yield f"账号“{name}”的岗位或停用状态被改动：与记录不符。"


def _shown(state: _State) -> str:
    values = dict(zip(CHANGING, state, strict=True))
    return f"“{values['status']} {values['label_code'] or values['label_outcome']} 第 {values['version']} 版”"


def _read_cases(connection: Connection, faults: list[str]) -> Iterator[tuple[int, _Filed]]:
    query = select(cases).order_by(cases.c.id)
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        if audit.case_digest(row._mapping) != row.digest:
            faults.append(f"第 {row.id} 件的内容被改动：与其摘要不符。")
        state = tuple(row._mapping[name] for name in CHANGING)
        yield (
            row.id,
            _Filed(
                digest=row.digest,
                submitted=(row.submitted_by, row.submitted_at),
                first_state=(Status.LABELLED.value, 0, row.blind, False, row.outcome, row.code),
                state=state,
                doubtful=row.route == Route.REVIEW.value,
            ),
        )


def _read_rows(connection: Connection, table: Table) -> dict[str, str]:
    rows = connection.execute(select(table), execution_options={"yield_per": 1000})
    return {row_key(table, row._mapping): row_digest(table, row._mapping) for row in rows}
