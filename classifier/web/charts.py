"""Bars with their figures beside them: every chart has a text for screen readers and the same numbers as a table."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from classifier.records import Outcome
from classifier.web.batch.results import Share
from classifier.web.look import COLOURS, outcome_text

COUNT, BALANCE = "笔数", "余额（万元）"
PLAIN = "#3b82b8"
_ROW_HEIGHT = 30
_SMALL_ROWS = 12
_SMALL_ROW_HEIGHT = 22
_LABEL_PIXELS = 190


def measure(key: str) -> str:
    """Whether the bars of a page show counts or balances, as the person chose."""
    chosen = st.segmented_control(
        "图表按", [COUNT, BALANCE], default=COUNT, required=True, key=key, label_visibility="collapsed"
    )
    return str(chosen)


def outcome_name(value: str) -> str:
    """An outcome with its sign, as everywhere."""
    return outcome_text(Outcome(value))


def outcome_colours(shares: Sequence[Share]) -> list[str]:
    """The colour of each bar of outcomes."""
    colours = {outcome_text(outcome): colour for outcome, colour in COLOURS.items()}
    return [colours.get(share.name, PLAIN) for share in shares]


def bars(title: str, shares: Sequence[Share], shown: str, colours: Sequence[str] = ()) -> None:
    """Horizontal bars in the order given, with their numbers at the end, and the table below."""
    if not shares:
        st.caption(f"{title}：没有可以统计的行。")
        return
    st.html(f"<b>{escape(title)}</b>")
    st.altair_chart(_bars(shares, shown, colours), alt=text_of(title, shares))
    with st.expander(f"{title}：以表格查看"):
        share_table(title, shares)


def metrics(figures: Sequence[tuple[str, str, str]]) -> None:
    """Names, values and what stands below them, side by side as far as there is room."""
    with st.container(horizontal=True, gap="medium"):
        for name, value, below in figures:
            st.metric(name, value, below, delta_color="off", delta_arrow="off", width="content")


def share_table(title: str, shares: Sequence[Share]) -> None:
    """Counts, balances and shares as a table."""
    whole = sum(share.count for share in shares)
    balance = sum((share.balance for share in shares), Decimal(0))
    table = [
        {
            title: share.name,
            COUNT: share.count,
            "笔数占比": f"{share.count / whole:.1%}" if whole else "",
            BALANCE: f"{share.balance / 10_000:,.2f}",
            "余额占比": f"{share.balance / balance:.1%}" if balance else "",
        }
        for share in shares
    ]
    st.dataframe(table, hide_index=True, alt=text_of(title, shares))


def text_of(title: str, shares: Sequence[Share]) -> str:
    """The numbers of a chart in a sentence."""
    return f"{title}：" + "；".join(
        f"{share.name} {share.count:,} 笔、{_ten_thousands(share)} 万元" for share in shares
    )


def over_time(title: str, counts: Mapping[str, Mapping[Outcome, int]]) -> None:
    """Columns of counts a day or month, stacked by outcome, and their table."""
    rows = [
        {"时间": when, "结论": outcome_text(outcome), COUNT: count, "层": place}
        for when, by_outcome in counts.items()
        for place, outcome in enumerate(Outcome)
        if (count := by_outcome.get(outcome, 0))
    ]
    table = [
        {"时间": when, **{outcome.value: by_outcome.get(outcome, 0) for outcome in Outcome}}
        for when, by_outcome in counts.items()
    ]
    st.html(f"<b>{escape(title)}</b>")
    st.altair_chart(_columns(rows, len(counts)), alt=f"{title}，按结论堆叠，共 {len(counts)} 段时间；数字见下表。")
    with st.expander(f"{title}：以表格查看"):
        st.dataframe(table, hide_index=True, alt=title)


def _columns(rows: Sequence[Mapping[str, object]], number: int) -> Any:
    names = [outcome_text(outcome) for outcome in Outcome]
    colours = [COLOURS[outcome] for outcome in Outcome]
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(size=max(4, min(36, 700 // max(1, number))))
        .encode(
            x=alt.X(
                "时间:N", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, labelColor=_ink(), grid=False)
            ),
            y=alt.Y(f"{COUNT}:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1, labelColor=_ink())),
            color=alt.Color(
                "结论:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(title=None, orient="top", labelColor=_ink()),
            ),
            order=alt.Order("层:Q"),
            tooltip=["时间", "结论", alt.Tooltip(f"{COUNT}:Q", format=",d")],
        )
        .properties(height=240)
    )


def _bars(shares: Sequence[Share], shown: str, colours: Sequence[str]) -> Any:
    values = [share.count if shown == COUNT else float(share.balance / 10_000) for share in shares]
    number = ",d" if shown == COUNT else ",.2f"
    frame = pd.DataFrame(
        {
            "名称": [share.name for share in shares],
            "数": values,
            "字": [format(value, number) for value in values],
            "色": list(colours) or [PLAIN] * len(shares),
        }
    )
    ink = _ink()
    axis = alt.Axis(labelLimit=_LABEL_PIXELS, labelColor=ink, ticks=False, domain=False)
    names = alt.Y("名称:N", sort=None, title=None, axis=axis)
    room = max([*values, 1]) * 1.18  # for the numbers at the ends
    base = alt.Chart(frame).encode(
        y=names,
        x=alt.X("数:Q", title=None, axis=None, scale=alt.Scale(domain=[0, room])),
        tooltip=[alt.Tooltip("名称:N", title="　"), alt.Tooltip("字:N", title=shown)],
    )
    columns = base.mark_bar(height={"band": 0.62}).encode(color=alt.Color("色:N", scale=None))
    numbers = base.mark_text(align="left", dx=5, color=ink).encode(text="字:N")
    height = _ROW_HEIGHT if len(shares) <= _SMALL_ROWS else _SMALL_ROW_HEIGHT
    return (columns + numbers).properties(height=height * len(shares) + 12)


def _ink() -> str:
    """The colour of text in the theme that is on; charts do not take it by themselves."""
    return "#E8EEF3" if st.context.theme.type == "dark" else "#16242F"


def _ten_thousands(share: Share) -> str:
    return f"{share.balance / 10_000:,.2f}"
