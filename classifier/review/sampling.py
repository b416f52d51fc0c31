"""A sample of standing labels read again without seeing them, and the error rate that follows from it.

The draw can be repeated: the same seed, query and store give the same cases. A reading is written once and changes no
label. Nobody reads a case that they submitted or decided.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from classifier.errors import ReviewError
from classifier.records import Application
from classifier.review import audit
from classifier.review.cases import Label, Query, Status
from classifier.review.deciding import LONGEST_TEXT
from classifier.review.estimates import ErrorRate, Reading, choose, estimate
from classifier.review.permissions import Action, Actor, require
from classifier.review.queue import label_of
from classifier.review.schema import cases, sample_readings, sampled, samples, verdicts
from classifier.review.standing import has_text, standing, stands
from classifier.review.stored import clean, dump, load

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

WHOLE = "全部"
MOST_SEED = 2**31 - 1
MOST_SIZE = 5_000
DRAW = "抽取样本"
READ = "样本重判"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn sample; ``readings`` are those given so far, in their order. The others stay unseen."""

    id: int
    drawn_by: str
    drawn_at: str
    seed: int
    stratified: bool
    query: Query
    size: int
    readings: tuple[Reading, ...]

    @property
    def is_read(self) -> bool:
        """Whether every case has its reading."""
        return len(self.readings) == self.size


@dataclass(frozen=True, slots=True)
class Unread:
    """What a reader sees of a case: what was applied for; no label, prediction, evidence, route or stratum."""

    application: Application
    left: int


def draw(
    store: "ReviewStore", actor: Actor, *, size: int, seed: int, stratified: bool = True, query: Query | None = None
) -> int:
    """Draw cases whose label stands and keep the sample; returns its id.

    The strata are the categories, and each outcome without a code.
    """
    require(actor, Action.SAMPLE)
    if not 1 <= size <= MOST_SIZE or not 0 <= seed <= MOST_SEED:
        raise ReviewError(f"抽样数应在 1 到 {MOST_SIZE:,} 之间，种子应在 0 到 {MOST_SEED:,} 之间：请改正。")
    meant = standing(query or Query())
    with store.writing() as connection:
        at = store.now()
        labels = select(cases.c.id, cases.c.label_outcome, cases.c.label_code)
        # What stands between two blind readings is left out: the sample would show it to the second reader.
        between = cases.c.blind & (cases.c.status == Status.DECIDED.value)
        rows = connection.execute(labels.where(stands(meant, actor), ~between).order_by(cases.c.id)).all()
        if not rows:
            raise ReviewError("没有可抽的件：这个范围里没有已生效的标签，请放宽条件。")
        strata = [(row.id, _stratum(row.label_code, row.label_outcome) if stratified else WHOLE) for row in rows]
        chosen = choose(strata, min(size, len(rows)), seed)
        sizes = Counter(stratum for _, stratum in strata)
        id = (connection.scalar(select(func.max(samples.c.id))) or 0) + 1
        head = {"id": id, "drawn_by": actor.name, "drawn_at": at, "seed": seed, "stratified": stratified}
        head["query"] = dump(meant)
        drawn = _drawn(connection, id, chosen, sizes)
        connection.execute(insert(samples).values(head))
        connection.execute(insert(sampled), drawn)
        content = {"sample": id, "seed": seed, "stratified": stratified, "population": len(rows), "size": len(drawn)}
        vouched = audit.vouch((samples, head), *((sampled, row) for row in drawn))
        audit.append(connection, actor=actor.name, action=DRAW, at=at, content={**content, "rows": vouched})
    return int(id)


def sample(store: "ReviewStore", actor: Actor, sample_id: int) -> Sample:
    """One sample with the readings given so far."""
    require(actor, Action.SAMPLE)
    with store.reading() as connection:
        return _sample(connection, _head(connection, sample_id))


def all_samples(store: "ReviewStore", actor: Actor) -> list[Sample]:
    """All samples, the newest first."""
    require(actor, Action.SAMPLE)
    with store.reading() as connection:
        heads = connection.execute(select(samples).order_by(samples.c.id.desc())).all()
        return [_sample(connection, head) for head in heads]


def next_reading(store: "ReviewStore", actor: Actor, sample_id: int) -> tuple[int, Unread] | None:
    """The first position that has no reading and that this person may read; None when there is none."""
    require(actor, Action.SAMPLE)
    with store.reading() as connection:
        _head(connection, sample_id)
        left = connection.execute(_open(sample_id).order_by(sampled.c.position)).all()
        for row in left:
            if actor.name not in _hands(connection, row.case_id):
                return row.position, Unread(load(Application, row.application), len(left))
    return None


def read(store: "ReviewStore", actor: Actor, sample_id: int, position: int, *, label: Label, reason: str = "") -> None:
    """Keep one reading, once and for ever."""
    require(actor, Action.SAMPLE)
    if label.outcome.is_blue != bool(label.code):
        raise ReviewError(f"结论“{label}”不完整：蓝色、浅蓝须选条目，其余不选。")
    if len(reason) > LONGEST_TEXT:
        raise ReviewError(f"理由超过 {LONGEST_TEXT} 字：请写得短些。")
    with store.writing() as connection:
        at = store.now()
        _head(connection, sample_id)
        row = connection.execute(_open(sample_id).where(sampled.c.position == position)).first()
        if row is None:
            raise ReviewError(f"样本 {sample_id} 的第 {position} 件不存在或已有人判过：请继续下一件。")
        if actor.name in _hands(connection, row.case_id):
            raise ReviewError("这一件由您提交或复核过，不能由您盲判：请由另一位审计人员判。")
        values = {
            "sample_id": sample_id,
            "position": position,
            "outcome": label.outcome.value,
            "code": label.code,
            "reason": clean(reason),
            "reader": actor.name,
            "at": at,
        }
        connection.execute(insert(sample_readings).values(values))
        content = {"sample": sample_id, "position": position, "rows": audit.vouch((sample_readings, values))}
        audit.append(connection, actor=actor.name, action=READ, at=at, content=content)


def error_rate(store: "ReviewStore", actor: Actor, sample_id: int) -> ErrorRate:
    """What the readings given so far say of all labels the sample was drawn from."""
    require(actor, Action.SAMPLE)
    of_sample = sampled.c.sample_id == sample_id
    strata = select(sampled.c.stratum, func.max(sampled.c.stratum_size), func.count()).where(of_sample)
    with store.reading() as connection:
        known = _sample(connection, _head(connection, sample_id))
        rows = connection.execute(strata.group_by(sampled.c.stratum))
        return estimate(known.readings, {stratum: (size, drawn) for stratum, size, drawn in rows})


def _stratum(code: str | None, outcome: str) -> str:
    return code.split(".")[0] if code else outcome


def _drawn(
    connection: Connection, sample_id: int, chosen: Sequence[tuple[int, str]], sizes: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The rows of ``sampled``; refuses cases of which only the hash was kept."""
    columns = (cases.c.id, cases.c.label_outcome, cases.c.label_code, cases.c.application)
    known: dict[int, Row[*tuple[Any, ...]]] = {}
    for first in range(0, len(chosen), _CHUNK):
        ids = [id for id, _ in chosen[first : first + _CHUNK]]
        known |= {row.id: row for row in connection.execute(select(*columns).where(cases.c.id.in_(ids)))}
    if not all(has_text(load(Application, row.application)) for row in known.values()):
        raise ReviewError("抽到的件里有的没有保存原文，不能盲判：请按日期或批次把范围限于保存了原文的件。")
    return [
        {
            "sample_id": sample_id,
            "position": position,
            "case_id": id,
            "outcome": known[id].label_outcome,
            "code": known[id].label_code,
            "stratum": stratum,
            "stratum_size": sizes[stratum],
        }
        for position, (id, stratum) in enumerate(chosen, 1)
    ]


def _head(connection: Connection, sample_id: int) -> Row[Any]:
    head = connection.execute(select(samples).where(samples.c.id == sample_id)).first()
    if head is None:
        raise ReviewError(f"没有第 {sample_id} 号样本：请从样本列表里选。")
    return head


def _sample(connection: Connection, head: Row[Any]) -> Sample:
    size = connection.scalar(select(func.count()).where(sampled.c.sample_id == head.id)) or 0
    both = (sample_readings.c.sample_id == sampled.c.sample_id) & (sample_readings.c.position == sampled.c.position)
    given = sample_readings.c
    entry = (
        select(
            sampled, given.outcome.label("read"), given.code.label("read_code"), given.reason, given.reader, given.at
        )
        .join(sample_readings, both)
        .where(sampled.c.sample_id == head.id)
        .order_by(sampled.c.position)
    )
    readings = tuple(_reading(row) for row in connection.execute(entry))
    query = load(Query, head.query)
    return Sample(head.id, head.drawn_by, head.drawn_at, head.seed, head.stratified, query, size, readings)


def _reading(row: Row[Any]) -> Reading:
    return Reading(
        position=row.position,
        case_id=row.case_id,
        stratum=row.stratum,
        stood=label_of(row.outcome, row.code),
        read=label_of(row.read, row.read_code),
        reason=row.reason,
        reader=row.reader,
        at=row.at,
    )


def _open(sample_id: int) -> Select[Any]:
    """The positions without a reading, with what their reader may see."""
    done = select(sample_readings.c.position).where(sample_readings.c.sample_id == sample_id)
    return (
        select(sampled.c.position, sampled.c.case_id, cases.c.application)
        .join(cases, cases.c.id == sampled.c.case_id)
        .where(sampled.c.sample_id == sample_id, sampled.c.position.not_in(done))
    )


def _hands(connection: Connection, case_id: int) -> set[str]:
    """Everyone who submitted or decided a case."""
    decided = connection.scalars(select(verdicts.c.actor).where(verdicts.c.case_id == case_id))
    return {*decided, *connection.scalars(select(cases.c.submitted_by).where(cases.c.id == case_id))}
