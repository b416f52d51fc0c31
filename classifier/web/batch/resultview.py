"""The result of a labelled book: totals, charts, the rows with filters, problems, downloads, and the way to review."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from classifier.records import Outcome, Route
from classifier.review.cases import Batch, Case, Query, Status
from classifier.review.permissions import Action, Actor
from classifier.review.store import ReviewStore
from classifier.web import charts, context, screen
from classifier.web.batch import results
from classifier.web.batch.books import remarks_text
from classifier.web.batch.jobfolder import JobFolder
from classifier.web.batch.jobviews import number_in_address
from classifier.web.batch.results import Filter, Share
from classifier.web.look import ROUTES, confidence_number, confidence_text, outcome_text, plain
from classifier.web.review.queue import machine_label
from taxonomy import Catalogue

PAGE_ROWS = 50
MOST_PROBLEMS = 200
_TABLE_HEIGHT = 560
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROUTE_NAMES = {route.value: name for route, name in ROUTES.items()}


def draw(store: ReviewStore, actor: Actor, batch: Batch, folder: JobFolder, catalogue: Catalogue) -> None:
    """Everything about a finished book."""
    if not folder.rows.exists():
        st.warning("结果文件已不在服务器上。各行的结论仍在库中，可在“审计”或“复核”中按批次查看。")
        return
    rows = _rows(str(folder.rows), folder.rows.stat().st_mtime_ns)
    _draw_totals(batch, rows)
    _draw_remarks(folder)
    _draw_downloads(batch, folder)
    _draw_send(store, actor, batch)
    if len(rows):
        _draw_charts(rows)
        _draw_rows(store, actor, batch, catalogue, rows=rows)
    _draw_problems(batch, folder)


@st.cache_resource(max_entries=4, show_spinner="正在打开结果……")
def _rows(path: str, _changed: int) -> pd.DataFrame:
    """The rows of a result, kept for the tabs that look at it; nobody changes them."""
    return results.read_rows(Path(path))


def _draw_totals(batch: Batch, rows: pd.DataFrame) -> None:
    whole = results.total(rows)
    blue = results.total(results.narrowed(rows, Filter(outcomes=(Outcome.BLUE.value, Outcome.LIGHT_BLUE.value))))
    doubtful = results.total(results.narrowed(rows, Filter(routes=(Route.REVIEW.value,))))
    automatic = 1 - doubtful.count / whole.count if whole.count else 0.0
    figures = [
        ("已贴标", f"{whole.count:,} 行", screen.money(whole.balance) or "0"),
        ("蓝色与浅蓝", f"{blue.count:,} 行", screen.money(blue.balance)),
        ("自动通过", f"{automatic:.1%}", f"{whole.count - doubtful.count:,} 行"),
        ("需人工复核", f"{doubtful.count:,} 行", screen.money(doubtful.balance)),
        ("有问题", f"{batch.problems:,} 行", "没有贴标" if batch.problems else "各行都读懂了"),
    ]
    charts.metrics(figures)


def _draw_remarks(folder: JobFolder) -> None:
    record: dict[str, Any] = json.loads(folder.remarks.read_text("utf-8"))
    told = {key: record[key] for key in ("other_sheets", "foreign", "rounded")}
    for text in remarks_text(**told):
        st.warning(plain(text))
    if record["renamed"]:
        pairs = "，".join(f"{old}→{new}" for old, new in record["renamed"].items())
        st.info(plain(f"原表已有同名列，改名保留：{pairs}"))


def _draw_downloads(batch: Batch, folder: JobFolder) -> None:
    stem = f"{Path(batch.name).stem[:60]}_贴标_第{batch.id}批"
    with st.container(horizontal=True):
        _download("下载结果（CSV）", folder.result_csv, f"{stem}.csv", "text/csv")
        if folder.result_xlsx.exists():
            _download("下载结果（XLSX）", folder.result_xlsx, f"{stem}.xlsx", XLSX)
        if batch.problems:
            _download("下载问题行（CSV）", folder.problems, f"{stem}_问题行.csv", "text/csv")
    if not folder.result_xlsx.exists():
        st.caption("行数较多，只提供 CSV；用 Excel 可以直接打开。")


def _download(label: str, path: Path, name: str, mime: str) -> None:
    read: Callable[[], bytes] = path.read_bytes
    st.download_button(label, read, file_name=name, mime=mime, on_click="ignore", key=f"download-{path.name}")


def _draw_send(store: ReviewStore, actor: Actor, batch: Batch) -> None:
    told = st.session_state.pop("sent", None)
    if told is not None:
        st.success(f"已送复核 {told:,} 件。复核人员在“复核”页会看到它们，最没把握的在前。")
    if not actor.may(Action.SUBMIT) or batch.opened_by != actor.name:
        return
    left = store.count(actor, Query(batch_id=batch.id, statuses=(Status.LABELLED,), route=Route.REVIEW))
    if left and st.button(f"把拿不准的 {left:,} 行送复核", type="primary"):
        with st.spinner("正在送出……"):
            st.session_state["sent"] = store.send_to_review(actor, batch.id)
        st.rerun()
    if not left and told is None:
        st.caption(_nothing_to_send(store, actor, batch))


def _nothing_to_send(store: ReviewStore, actor: Actor, batch: Batch) -> str:
    sent = tuple(status for status in Status if status is not Status.LABELLED)
    number = store.count(actor, Query(batch_id=batch.id, statuses=sent))
    return f"拿不准的行都已送复核，共送出 {number:,} 件。" if number else "各行都有把握，没有要送复核的行。"


def _draw_charts(rows: pd.DataFrame) -> None:
    st.header("分布", anchor=False)
    shown = charts.measure("chart-measure")
    left, right = st.columns(2, gap="medium")
    with left:
        outcomes = [
            Share(charts.outcome_name(share.name), share.count, share.balance)
            for share in results.shares(rows, "outcome", [outcome.value for outcome in Outcome])
        ]
        charts.bars("结论", outcomes, shown, charts.outcome_colours(outcomes))
        charts.bars("置信度", results.confidence_shares(rows), shown)
    with right:
        charts.bars("一级分类", results.shares(rows, "category"), shown)


@st.fragment
def _draw_rows(store: ReviewStore, actor: Actor, batch: Batch, catalogue: Catalogue, *, rows: pd.DataFrame) -> None:
    """The rows with their filters: a part of its own, so that a filter does not draw the rest of the page again."""
    with context.show_errors():
        _draw_found(store, actor, batch, catalogue, rows=rows)


def _draw_found(store: ReviewStore, actor: Actor, batch: Batch, catalogue: Catalogue, *, rows: pd.DataFrame) -> None:
    st.header("逐行结果", anchor=False)
    wanted = _filter(rows)
    found = results.narrowed(rows, wanted)
    if found.empty:
        st.info("没有符合条件的行。请放宽筛选条件。")
        return
    pages = -(-len(found) // PAGE_ROWS)
    whole = results.total(found)
    st.caption(f"{whole.count:,} 行，余额 {screen.money(whole.balance)}。点选一行查看依据。")
    page = st.pagination(pages, key=f"rows-page-{hash(wanted)}") if pages > 1 else 1
    shown = found.iloc[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    picked = st.dataframe(
        _table(shown),
        hide_index=True,
        height=_TABLE_HEIGHT,
        column_config={"余额（万元）": st.column_config.NumberColumn(format="accounting")},
        on_select="rerun",
        selection_mode="single-row",
        key=f"rows-{page}-{hash(wanted)}",
        alt="逐行结果",
    )
    chosen = picked["selection"]["rows"]
    if chosen:
        st.query_params["row"] = str(shown.iloc[chosen[0]]["row"])
    _draw_case(store, actor, batch, catalogue, rows=rows)


def _filter(rows: pd.DataFrame) -> Filter:
    places = st.columns([2, 2, 3, 3, 2])
    outcomes = places[0].multiselect(
        "结论", [outcome.value for outcome in Outcome], format_func=charts.outcome_name, placeholder="全部"
    )
    routes = places[1].multiselect(
        "处理", list(_ROUTE_NAMES), format_func=lambda name: _ROUTE_NAMES[name], placeholder="全部"
    )
    categories = sorted(name for name in rows["category"].cat.categories if name)
    chosen = places[2].multiselect("一级分类", categories, placeholder="全部")
    confidence = places[3].slider("置信度", 0.0, 1.0, (0.0, 1.0), 0.05)
    loan_id = places[4].text_input("借据号含有")
    return Filter(tuple(outcomes), tuple(routes), tuple(chosen), confidence, (loan_id or "").strip())


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    balances = rows["cents"].astype("Float64") / 1_000_000
    return pd.DataFrame(
        {
            "行": rows["row"],
            "借据号": rows["loan_id"],
            "结论": [charts.outcome_name(value) for value in rows["outcome"]],
            "条目": [f"{code} {entry}".strip() for code, entry in zip(rows["code"], rows["entry"], strict=True)],
            "一级分类": rows["category"].astype(str),
            "置信度": [confidence_number(float(value)) for value in rows["confidence"]],
            "处理": [_ROUTE_NAMES[value] for value in rows["route"]],
            "余额（万元）": balances,
        }
    )


def _draw_case(store: ReviewStore, actor: Actor, batch: Batch, catalogue: Catalogue, *, rows: pd.DataFrame) -> None:
    asked = number_in_address("row")
    if asked is None:
        return
    found = rows[rows["row"] == asked]
    case = _case(store, actor, batch, row=asked, loan_id=str(found.iloc[0]["loan_id"])) if len(found) else None
    if case is None:
        st.info(f"第 {asked} 行没有结论：可能不在台账里，或有问题没有贴标。")
        return
    with st.container(border=True, key="row-detail"):
        st.html(screen.case_head(case, case.status.value))
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.html(screen.case_text(case, machine_label(case), catalogue))
            if case.prediction.reasons:
                st.html(screen.sentences("机器的理由", case.prediction.reasons))
        with right:
            st.html(screen.label_html(machine_label(case), catalogue))
            st.text(confidence_text(case.prediction.confidence))
            facts = screen.facts(screen.prediction_facts(case, catalogue), wide=True)
            st.html(f'<div style="overflow-wrap:anywhere">{facts}</div>')
            if case.status is not Status.LABELLED:
                st.text(f"现结论：{outcome_text(case.label.outcome)} {case.label.code or ''}")
        _draw_send_one(store, actor, case)


def _draw_send_one(store: ReviewStore, actor: Actor, case: Case) -> None:
    mine = case.submitted_by == actor.name and actor.may(Action.SUBMIT)
    if case.status is Status.LABELLED and mine and st.button("把这一行送复核", key=f"send-{case.id}"):
        store.send_case(actor, case.id)
        st.session_state["sent"] = 1
        st.rerun()


def _case(store: ReviewStore, actor: Actor, batch: Batch, *, row: int, loan_id: str) -> Case | None:
    """The case of a row; loans of one book may share an id, or its beginning."""
    query, offset, size = Query(batch_id=batch.id, loan_id=loan_id), 0, 200
    while found := store.cases(actor, query, limit=size, offset=offset):
        for case in found:
            if case.row == row:
                return case
        offset += size
    return None


def _draw_problems(batch: Batch, folder: JobFolder) -> None:
    if not batch.problems:
        return
    st.header("有问题的行", anchor=False)
    with folder.problems.open(encoding="utf-8-sig", newline="") as file:
        table = [dict(row) for _, row in zip(range(MOST_PROBLEMS), csv.DictReader(file), strict=False)]
    st.caption("这些行没有贴标，在结果文件的“问题”列里也有说明。改好后把它们另存为一个文件上传即可。")
    st.dataframe(table, hide_index=True, alt="有问题的行")
    if batch.problems > MOST_PROBLEMS:
        st.caption(f"只显示前 {MOST_PROBLEMS} 行，全部 {batch.problems:,} 行请下载问题行。")
