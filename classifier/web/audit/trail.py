"""What the audit page shows and exports: searches, tables of the trail, anchors, and files that run nothing in Excel."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from classifier.csvfile import write_csv
from classifier.errors import AuditError
from classifier.rates import WeightedRate
from classifier.records import Outcome
from classifier.review.agreement import Agreement
from classifier.review.audit import Anchor, Deed, Verification
from classifier.review.cases import Case, CaseLife, Event, Query, Status
from classifier.review.estimates import ErrorRate, Reading
from classifier.review.outdated import Outdated
from classifier.review.permissions import Actor, Role
from classifier.review.store import ReviewStore
from classifier.table import Cell, cell_text
from classifier.web import screen
from classifier.web.evidence import evidence_text, way
from classifier.web.look import label_text, outcome_text
from classifier.workbook import write_sheets
from taxonomy import Catalogue

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ANCHOR_BYTES = 10_000
_PAGE = 1_000
_MOST_EVENTS = 10_000
# What of an event's content people read, in this order; the rest are digests.
_SAID: Mapping[str, str] = {
    "account": "账号",
    "label": "标签",
    "state": "状态",
    "roles": "岗位",
    "size": "数量",
    "count": "件数",
    "problems": "问题行",
    "sample": "样本",
    "position": "样本中第",
    "seed": "种子",
    "population": "总体",
}

Record = TypeVar("Record")
Table = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Search:
    """What an auditor looks for; what is empty does not narrow. Codes mean the entry and all below it."""

    loan_id: str = ""
    batch_id: int | None = None
    person: str = ""
    first_day: date | None = None
    last_day: date | None = None
    code: str = ""
    outcome: Outcome | None = None
    statuses: tuple[Status, ...] = ()

    def query(self) -> Query:
        """The same as the store understands it."""
        return Query(
            statuses=self.statuses,
            batch_id=self.batch_id,
            loan_id=self.loan_id.strip(),
            person=self.person.strip(),
            first_day=self.first_day.isoformat() if self.first_day else "",
            last_day=self.last_day.isoformat() if self.last_day else "",
            code=self.code,
            outcome=self.outcome,
        )


def event_table(events: Iterable[Event]) -> list[dict[str, object]]:
    """One row an event of the log."""
    return [
        {
            "序号": event.sequence,
            "时间": screen.local_time(event.at),
            "操作人": event.actor,
            "动作": event.action,
            "件号": event.case_id,
            "批次": event.batch_id,
            "内容": event_text(event),
            "前一摘要": event.previous,
            "摘要": event.digest,
            "原始内容": json.dumps(dict(event.content), ensure_ascii=False, sort_keys=True, default=str),
        }
        for event in events
    ]


def event_text(event: Event) -> str:
    """What an event says, for people: the digests by which it vouches stay in its original content."""
    said = ((name, _value_text(key, event.content.get(key))) for key, name in _SAID.items())
    return "；".join(f"{name} {value}" for name, value in said if value)


def _value_text(key: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"{value.get('status', '')}{'（有争议）' if value.get('disputed') else ''}"
    if key == "roles":
        known = {role.name: role.value for role in Role}
        return "、".join(known.get(name, name) for name in str(value or "").split(",") if name)
    if key == "seed":
        return str(value or "")
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def verdict_table(life: CaseLife, catalogue: Catalogue) -> list[dict[str, object]]:
    """One row a verdict; a later one supersedes, none is overwritten."""
    return [
        {
            "编号": verdict.id,
            "时间": screen.local_time(verdict.at),
            "操作人": verdict.actor,
            "动作": verdict.kind.value,
            "结论": outcome_text(verdict.label.outcome) if verdict.label else "",
            "条目": label_text(catalogue, verdict.label.code) if verdict.label and verdict.label.code else "",
            "理由": verdict.reason,
            "取代": verdict.supersedes,
        }
        for verdict in life.verdicts
    ]


def note_table(life: CaseLife) -> list[dict[str, object]]:
    """One row a note."""
    return [{"时间": screen.local_time(note.at), "操作人": note.actor, "备注": note.text} for note in life.notes]


def evidence_table(case: Case, catalogue: Catalogue) -> list[dict[str, object]]:
    """One row an evidence of the machine's prediction."""
    return [
        {
            "字段": one.field.value,
            "起": one.start,
            "止": one.end,
            "词": one.text,
            "来源": one.source.value,
            "作用": way(one).value,
            "权重": one.weight,
            "说明": evidence_text(one, catalogue),
        }
        for one in case.prediction.evidence
    ]


def case_facts(case: Case, catalogue: Catalogue) -> list[dict[str, object]]:
    """Everything of a case that is no table, as name and value: where it came from, the texts, the prediction."""
    given = case.application
    texts = [("项目名称", given.name), ("项目描述", given.description), ("贷款用途", given.purpose)]
    texts += [("经营范围", given.scope), ("国标行业", given.industry)]
    pairs = [
        ("件号", str(case.id)),
        ("借据号", given.id),
        ("批次", str(case.batch_id or "")),
        ("行", str(case.row or "")),
        ("余额", screen.money(case.balance)),
        ("提交人", case.submitted_by),
        ("提交时间", screen.local_time(case.submitted_at)),
        ("状态", case.status.value),
        ("现结论", outcome_text(case.label.outcome)),
        ("现条目", label_text(catalogue, case.label.code) if case.label.code else ""),
        *((f"机器：{name}", value) for name, value in screen.prediction_facts(case, catalogue)),
        *((f"机器的理由 {number}", reason) for number, reason in enumerate(case.prediction.reasons, start=1)),
        *texts,
    ]
    return [{"项": name, "内容": value} for name, value in pairs if value]


def life_sheets(life: CaseLife, events: Iterable[Event], catalogue: Catalogue) -> dict[str, Table]:
    """One case's whole life, a sheet for each part that has something."""
    sheets: dict[str, Table] = {
        "件": case_facts(life.case, catalogue),
        "意见": verdict_table(life, catalogue),
        "备注": note_table(life),
        "依据": evidence_table(life.case, catalogue),
        "留痕": event_table(events),
    }
    return {name: table for name, table in sheets.items() if table}


def csv_bytes(table: Table) -> bytes:
    """A table as CSV that Excel opens and never runs."""
    return _file(lambda path: write_csv(path, ([cell_text(cell) for cell in line] for line in _lines(table))), "csv")


def xlsx_bytes(sheets: Mapping[str, Table]) -> bytes:
    """Tables as one workbook, a sheet each."""
    return _file(lambda path: write_sheets(path, {name: _lines(table) for name, table in sheets.items()}), "xlsx")


def read_anchor(content: bytes) -> Anchor:
    """An anchor that was kept outside; AuditError if the file is none."""
    if len(content) > MOST_ANCHOR_BYTES:
        raise AuditError("这不是锚点文件：它太大。请选择以前在本页下载的 JSON 文件。")
    return Anchor.from_json(content.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class LogSearch:
    """What an auditor looks for in the log; what is empty does not narrow."""

    case_id: int | None = None
    batch_id: int | None = None
    person: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def found(self, store: ReviewStore, actor: Actor, limit: int, offset: int) -> list[Event]:
        """The events from ``offset`` on, in order."""
        return store.events(
            actor,
            case_id=self.case_id,
            batch_id=self.batch_id,
            person=self.person,
            first_day=self.first_day.isoformat() if self.first_day else "",
            last_day=self.last_day.isoformat() if self.last_day else "",
            limit=limit,
            offset=offset,
        )


def events_of(store: ReviewStore, actor: Actor, case: Case) -> list[Event]:
    """The events that concern a case: its own, and those of its loan book that filed it or sent it to review."""
    events = store.events(actor, case_id=case.id, limit=_MOST_EVENTS)
    if case.batch_id is not None:
        batch = store.events(actor, batch_id=case.batch_id, limit=_MOST_EVENTS)
        events += [event for event in batch if _holds(event, case.id)]
    return sorted({event.sequence: event for event in events}.values(), key=lambda event: event.sequence)


def _holds(event: Event, case_id: int) -> bool:
    """Whether an event of a loan book is about all of it, or about the chunk that a case was filed with."""
    if event.action != Deed.FILE.value:
        return True
    first, count = event.content.get("first"), event.content.get("count")
    return isinstance(first, int) and isinstance(count, int) and first <= case_id < first + count


def every(fetch: Callable[[int, int], Sequence[Record]], most: int) -> list[Record]:
    """All records of a search, page by page (limit, offset), up to ``most``; AuditError when there are more."""
    found: list[Record] = []
    while page := fetch(_PAGE, len(found)):
        found += page
        if len(found) > most:
            raise AuditError(f"超过 {most:,} 条，一次导不完：请按日期或批次分开导出。")
    return found


def verdict_on(verification: Verification, anchor: Anchor | None) -> str:
    """What a verification found, in one sentence."""
    if not verification.ok:
        return f"核验没有通过：{len(verification.faults):,} 处与所记不符。请保留数据库原样，并与备份和锚点比对。"
    kept = f"，并与第 {anchor.sequence:,} 条处的锚点一致" if anchor else ""
    return f"核验通过：{verification.events:,} 条留痕首尾相扣，件与意见同所记一致{kept}。"


def head_facts(events: int, head: Anchor) -> list[tuple[str, str]]:
    """The head of the log for reading and comparing."""
    return [("留痕条数", f"{events:,}"), ("末条时间", screen.local_time(head.at)), ("末条摘要", head.digest)]


def agreement_table(found: Iterable[Agreement], catalogue: Catalogue) -> list[dict[str, object]]:
    """One row a label, overall first."""
    return [
        {
            "条目": "全部" if one.label is None else label_text(catalogue, one.label),
            "件数": one.n,
            "一致": one.agreeing,
            "一致率": f"{one.rate.value:.1%}",
            "95% 区间": _interval(one.rate.interval),
            "κ": "" if one.kappa is None else f"{one.kappa:.3f}",
        }
        for one in found
    ]


def outdated_tables(found: Outdated, catalogue: Catalogue) -> dict[str, Table]:
    """What rests on older versions, what the catalogue in use no longer has, and what would come out differently."""
    old = [
        {"目录": one.versions.edition, "规则": one.versions.lexicon, "模型": one.versions.model, "标签数": one.count}
        for one in found.old
    ]
    gone = [{"条目": code, "标签数": count} for code, count in found.gone.items()]
    changed = [
        {
            "件号": one.case_id,
            "借据号": one.loan_id,
            "状态": one.status.value,
            "当时机器": label_text(catalogue, str(one.before)),
            "现在机器": label_text(catalogue, str(one.now)),
            "现行标签": label_text(catalogue, str(one.standing)),
        }
        for one in found.changed
    ]
    return {"旧版标签": old, "现目录没有的条目": gone, "结论会变的件": changed}


def rate_facts(rate: ErrorRate) -> list[tuple[str, str]]:
    """The error rates with their intervals, and on how many readings they rest."""
    return [
        ("差错率", _measured(rate.wrong)),
        ("蓝色、浅蓝标签中应为目录外或信息不足的", _measured(rate.false_blue)),
        ("已判", f"{rate.read:,} / {rate.size:,} 件"),
    ]


def _measured(rate: WeightedRate) -> str:
    return f"{rate.value:.1%}，95% 区间 {_interval(rate.interval)}" if rate.rows else "还没有判到这样的标签"


def stratum_table(rate: ErrorRate, catalogue: Catalogue) -> list[dict[str, object]]:
    """One row a stratum."""
    return [
        {
            "层": label_text(catalogue, one.stratum),
            "全部标签": one.size,
            "抽取": one.drawn,
            "已判": one.wrong.rows,
            "有差错": one.wrong.hits,
        }
        for one in rate.strata
    ]


def reading_table(readings: Iterable[Reading], catalogue: Catalogue) -> list[dict[str, object]]:
    """One row a reading, with the label that stood when the sample was drawn."""
    return [
        {
            "序": one.position,
            "件号": one.case_id,
            "原标签": label_text(catalogue, str(one.stood)),
            "重判": label_text(catalogue, str(one.read)),
            "相符": "是" if one.bears_out else "否",
            "理由": one.reason,
            "重判人": one.reader,
            "时间": screen.local_time(one.at),
        }
        for one in readings
    ]


def _interval(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.1%}–{interval[1]:.1%}"


def _lines(table: Table) -> list[list[Cell]]:
    """Head and rows; columns in the order in which they first occur."""
    names = list(dict.fromkeys(name for line in table for name in line))
    return [list(names), *([_cell(line.get(name)) for name in names] for line in table)]


def _cell(value: object) -> Cell:
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _file(write: Callable[[Path], None], ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"export.{ending}"
        write(path)
        return path.read_bytes()
