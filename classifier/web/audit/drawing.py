"""Pieces that the audit page is drawn from: remarks, tables with their titles, one row to pick, files to take away."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from classifier.web import screen
from classifier.web.audit import trail
from classifier.web.audit.trail import Table
from classifier.web.evidence import escape_text

Record = TypeVar("Record")
WIDE = 210


def note(text: str) -> None:
    """A quiet remark on what the section is, or what to do next."""
    st.html(screen.aside(text))


def notice(text: str, *, refused: bool) -> None:
    """What came out."""
    st.html(screen.notice(text, refused=refused))


def page_offset(total: int, size: int, key: str) -> int:
    """Where the shown page starts; a choice of pages only when there is more than one."""
    pages = -(-total // size)
    if pages < 2:
        return 0
    page = st.number_input(f"页（共 {pages:,} 页）", 1, pages, key=key, width=160)
    return (int(page) - 1) * size


def picking_table(table: Table, key: str) -> int | None:
    """A table of which one row can be picked; its number, or None."""
    picked = st.dataframe(
        list(table),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        placeholder="",
        column_config={
            **{name: st.column_config.Column(width=WIDE) for name in ("机器条目", "现条目")},
            "余额（万元）": st.column_config.NumberColumn(format="accounting"),
        },
    )
    rows: Sequence[int] = picked["selection"]["rows"]
    return rows[0] if rows else None


def titled_table(title: str, table: Table, empty: str) -> None:
    """A table under its title; a remark instead of an empty one, or nothing when there is no remark."""
    if not table and not empty:
        return
    st.html(f"<b>{escape_text(title)}</b>")
    if table:
        wide = {"内容": st.column_config.Column(width=WIDE)}
        st.dataframe(list(table), hide_index=True, alt=title, placeholder="", column_config=wide)
    else:
        note(empty)


def downloads(fetch: Callable[[], Sequence[Record]], rows: Callable[[Sequence[Record]], Table], name: str) -> None:
    """Everything found as CSV and XLSX; fetched when asked for."""
    with st.container(horizontal=True):
        st.download_button(
            "下载全部（CSV）",
            lambda: trail.csv_bytes(rows(fetch())),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"{name}.csv",
        )
        st.download_button(
            "下载全部（XLSX）",
            lambda: trail.xlsx_bytes({name: rows(fetch())}),
            file_name=f"{name}.xlsx",
            mime=trail.XLSX,
            on_click="ignore",
            key=f"{name}.xlsx",
        )


def table_downloads(table: Table, name: str) -> None:
    """A table that is already there, as CSV and XLSX."""
    if table:
        downloads(lambda: table, lambda rows: rows, name)


def sheet_download(sheets: dict[str, Table], name: str) -> None:
    """Several tables as one workbook."""
    if any(sheets.values()):
        st.download_button(
            "下载（XLSX）",
            lambda: trail.xlsx_bytes({title: table for title, table in sheets.items() if table}),
            file_name=f"{name}.xlsx",
            mime=trail.XLSX,
            on_click="ignore",
            key=f"{name}.xlsx",
        )
