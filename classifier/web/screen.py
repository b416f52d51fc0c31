"""How cases and what people said of them look on the pages 复核 and 审计: escaped HTML and rows of tables.

Colours are translucent and text keeps the theme's colour, as in ``look``.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

from classifier.records import Evidence
from classifier.review import days
from classifier.review.audit import time_text
from classifier.review.cases import Case, CaseLife, Label, Note, Status, Verdict
from classifier.web.evidence import escape_text, evidence_text, highlighted
from classifier.web.look import (
    ROUTES,
    confidence_number,
    confidence_text,
    label_text,
    note_badge,
    outcome_badge,
    outcome_text,
    path_text,
    row,
)
from classifier.web.review.queue import machine_label
from taxonomy import Catalogue

_SCROLL = "max-height:21rem;overflow:auto;padding:.2em .1em"
STYLE = """<style>
.st-key-choices button {justify-content: flex-start; text-align: left; min-height: 2.1rem; padding: .15rem .7rem}
.st-key-choices button > div, .st-key-choices button > div > span {width: 100%; justify-content: space-between}
.st-key-case_head {margin-bottom: -.4rem}
.st-key-chosen button {border: 2px solid #2f80c2; background: #2f80c222; font-weight: 700}
.st-key-reasons button, .st-key-others button {min-height: 1.9rem; padding: .1rem .5rem; font-size: .88rem}
.st-key-anchor [data-testid="stFileUploaderDropzoneInstructions"], .st-key-anchor small {display: none}
.st-key-anchor button[data-testid="stBaseButton-secondary"] p {font-size: 0}
.st-key-anchor button[data-testid="stBaseButton-secondary"] p::after {content: "选择锚点文件"; font-size: 1rem}
</style>"""
_QUIET = "opacity:.8;font-size:.9em"


def local_time(at: str | None) -> str:
    """A time of the store (UTC) as the bank's clock shows it: 2026-11-21 16:35:07."""
    return days.local_time(at) if at else ""


def today() -> str:
    """Today's date on the bank's clock."""
    return datetime.now(days.CHINA).date().isoformat()


def midnight() -> str:
    """When today began on the bank's clock, as the store writes times."""
    return time_text(datetime.now(days.CHINA).replace(hour=0, minute=0, second=0, microsecond=0))


def money(balance: Decimal | None) -> str:
    """A balance in the unit that people say it in."""
    if balance is None:
        return ""
    return f"{balance / 10_000:,.2f} 万元"


def facts(pairs: Sequence[tuple[str, str]], *, wide: bool = False) -> str:
    """Names with their values: in a row, or below each other when ``wide``."""
    if wide:
        cells = "".join(
            f'<dt style="margin:0;font-weight:600">{escape_text(name)}</dt><dd style="margin:0;overflow-wrap:anywhere">{escape_text(value)}</dd>'
            for name, value in pairs
        )
        return f'<dl style="display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2em 1em;margin:0;padding:0">{cells}</dl>'
    return row([f"<span>{escape_text(name)} <b>{escape_text(value)}</b></span>" for name, value in pairs])


def notice(text: str, *, refused: bool) -> str:
    """One sentence that a screen reader says at once."""
    colour, role = ("#c2571a", "alert") if refused else ("#2f80c2", "status")
    return (
        f'<div role="{role}" style="border-left:4px solid {colour};background:{colour}22;padding:.45em .8em;'
        f'overflow-wrap:anywhere">{escape_text(text)}</div>'
    )


def aside(text: str) -> str:
    """A quiet remark."""
    return f'<div style="{_QUIET}">{escape_text(text)}</div>'


def sentences(title: str, texts: Sequence[str]) -> str:
    """A short list of sentences under a title."""
    lines = "".join(f"<li>{escape_text(text)}</li>" for text in texts)
    return f'<div style="{_QUIET}"><b>{escape_text(title)}</b><ul style="margin:.1em 0 0;padding-left:1.3em">{lines}</ul></div>'


def case_head(case: Case, reading: str) -> str:
    """Which case this is, on one line."""
    name = case.application.id
    parts = [
        f'<b style="font-size:1.15em">第 {case.id} 件</b>',
        note_badge(reading) if reading else note_badge(case.status.value),
        note_badge("规则与模型不一致") if case.conflict else "",
        note_badge("有争议") if case.disputed else "",
        f'<span style="overflow-wrap:anywhere">借据 {escape_text(name)}</span>' if name else "",
        f"<span>余额 <b>{money(case.balance)}</b></span>" if case.balance is not None else "",
        f"<span>台账批次 {case.batch_id}{f'，第 {case.row} 行' if case.row else ''}</span>" if case.batch_id else "",
        f"<span>{escape_text(case.submitted_by)} 送于 {local_time(case.submitted_at)}</span>",
        f"<span>补正自第 {case.follows} 件</span>" if case.follows else "",
    ]
    return row(parts)


def case_text(case: Case, label: Label | None, catalogue: Catalogue) -> str:
    """The text as given; with the evidence that concerns a label, unless None."""
    shown = evidence_of(case, label)
    if any((case.application.description, case.application.name, case.application.purpose, case.application.scope)):
        inner = highlighted(case.application, shown, catalogue)
        if label is not None and not shown:
            inner += aside(f"机器没有找到支持或反对“{label_text(catalogue, str(label))}”的词。")
        return f'<div tabindex="0" role="region" aria-label="原文" style="{_SCROLL}">{inner}</div>'
    return aside(f"本行只保存文本的摘要（{case.text_digest}），原文请向经办人调阅。") + evidence_list(shown, catalogue)


def evidence_of(case: Case, label: Label | None) -> tuple[Evidence, ...]:
    """The evidence for and against one label; none without a label.

    The machine's own label may stop at a higher entry, of which no evidence speaks by name: then all of it is shown.
    """
    if label is None:
        return ()
    own = tuple(one for one in case.prediction.evidence if one.label == str(label))
    return own or (case.prediction.evidence if label == machine_label(case) else ())


def evidence_list(evidence: Sequence[Evidence], catalogue: Catalogue) -> str:
    """Each reason with its words."""
    lines = [f"{one.field.value}“{one.text}”：{evidence_text(one, catalogue)}" for one in evidence]
    return sentences("依据", list(dict.fromkeys(lines))) if lines else ""


def label_html(label: Label, catalogue: Catalogue) -> str:
    """A label as badge, code and path."""
    path = path_text(catalogue, label.code) if label.code in catalogue and label.code else ""
    named = f"<span>{escape(f'{label.code} {path}')}</span>" if label.code else ""
    return row([outcome_badge(label.outcome), named])


def life(life: CaseLife, catalogue: Catalogue) -> str:
    """Verdicts and notes in the order of time."""
    said: list[Verdict | Note] = sorted([*life.verdicts, *life.notes], key=lambda one: one.at)
    return "".join(_said(one, catalogue) for one in said)


def _said(one: Verdict | Note, catalogue: Catalogue) -> str:
    if isinstance(one, Note):
        what, text = "备注", one.text
    else:
        what, text = one.kind.value, one.reason
        if one.label is not None:
            what += f" {label_text(catalogue, str(one.label))}"
    head = f"<b>{escape_text(one.actor)}</b> <span>{local_time(one.at)}</span> <span>{escape_text(what)}</span>"
    body = f'<div style="white-space:pre-wrap">{escape_text(text)}</div>' if text else ""
    style = "border-left:3px solid rgba(128,128,128,.5);padding:.1em .7em;margin:.35em 0;overflow-wrap:anywhere"
    return f'<div style="{style}">{head}{body}</div>'


CASE_COLUMNS = (
    "件号",
    "借据号",
    "机器结论",
    "机器条目",
    "置信度",
    "余额（万元）",
    "状态",
    "现结论",
    "现条目",
    "批次",
    "行",
    "提交人",
    "提交时间",
)


def case_table(cases: Sequence[Case], catalogue: Catalogue) -> list[dict[str, object]]:
    """One row a case, for a table on the screen and for its export."""
    return [dict(zip(CASE_COLUMNS, _case_row(case, catalogue), strict=True)) for case in cases]


def _case_row(case: Case, catalogue: Catalogue) -> tuple[object, ...]:
    machine = machine_label(case)
    return (
        case.id,
        case.application.id,
        outcome_text(machine.outcome),
        label_text(catalogue, machine.code) if machine.code else "",
        min(round(case.prediction.confidence, 4), 0.9999),
        None if case.balance is None else float(case.balance / 10_000),
        case.status.value + ("（有争议）" if case.disputed else ""),
        "" if case.status is Status.LABELLED else outcome_text(case.label.outcome),
        label_text(catalogue, case.label.code) if case.label.code and case.status is not Status.LABELLED else "",
        case.batch_id,
        case.row,
        case.submitted_by,
        local_time(case.submitted_at),
    )


def prediction_facts(case: Case, catalogue: Catalogue) -> list[tuple[str, str]]:
    """The machine's prediction with its versions, for the whole life of a case."""
    said, versions = case.prediction, case.prediction.versions
    also = "、".join(label_text(catalogue, code) for code in said.also)
    candidates = "；".join(
        f"{label_text(catalogue, one.label)} {confidence_number(one.confidence)}" for one in said.candidates
    )
    pairs = [
        ("结论", f"{outcome_text(said.outcome)} {label_text(catalogue, said.code) if said.code else ''}".strip()),
        ("置信度", confidence_text(said.confidence)),
        ("处理", ROUTES[said.route]),
        ("候选", candidates),
        ("同时支持", also),
        ("版本", f"目录 {versions.edition} · 规则 {versions.lexicon} · 模型 {versions.model}"),
        ("文本摘要", case.text_digest),
    ]
    return [(name, value) for name, value in pairs if value]
