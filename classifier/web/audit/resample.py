"""The part 抽样重判 of the audit page: draw, read again without seeing the label, and the error rate that follows."""

import streamlit as st

from classifier.errors import ReviewError
from classifier.records import Outcome
from classifier.review import sampling
from classifier.review.cases import Label, Query
from classifier.review.permissions import Actor
from classifier.review.sampling import Sample, Unread
from classifier.review.store import ReviewStore
from classifier.web import context, screen
from classifier.web.audit import drawing, trail
from classifier.web.evidence import highlighted
from classifier.web.look import label_text, outcome_text
from classifier.web.review import queue
from taxonomy import Catalogue

SAMPLE = "sample"
_NOTICE = "sample_notice"


def draw(store: ReviewStore, actor: Actor, catalogue: Catalogue) -> None:
    """The whole part: a new sample, or one that was drawn."""
    drawing.note(
        "从已生效的标签里按种子随机抽取，不看原标签重判一遍，推算全部标签的差错率和 95% 区间。"
        "同一种子、同一范围、同一时点抽到的件相同。重判只作记录，不改任何标签。"
    )
    if notice := st.session_state.pop(_NOTICE, None):
        drawing.notice(*notice[:1], refused=notice[1])
    samples = sampling.all_samples(store, actor)
    with st.expander("抽取新样本", expanded=not samples):
        _draw_new(store, actor)
    if not samples:
        return
    titles = {sample.id: _title(sample) for sample in samples}
    wanted = st.query_params.get(SAMPLE, "")
    index = list(titles).index(int(wanted)) if wanted.isdecimal() and int(wanted) in titles else 0
    chosen = st.selectbox(
        "样本", list(titles), index=index, format_func=lambda number: titles[number], key="sample_choice"
    )
    st.query_params[SAMPLE] = str(chosen)
    sample = next(sample for sample in samples if sample.id == chosen)
    following = sampling.next_reading(store, actor, sample.id)
    if following is not None:
        _draw_reading(store, actor, catalogue, sample, *following)
    elif not sample.is_read:
        st.info("剩下的件由您提交或复核过，请另一位审计人员继续。")
    _draw_rate(store, actor, catalogue, sample)


def _title(sample: Sample) -> str:
    kind = "分层" if sample.stratified else "简单随机"
    day = screen.local_time(sample.drawn_at)[:10]
    return f"第 {sample.id} 号 · {day} · {kind} {sample.size} 件 · 种子 {sample.seed} · {sample.drawn_by}"


def _draw_new(store: ReviewStore, actor: Actor) -> None:
    columns = st.columns(4)
    columns[0].number_input("抽样数", 1, sampling.MOST_SIZE, 100, key="sample_size")
    columns[1].number_input("种子", 0, sampling.MOST_SEED, 20_261_121, key="sample_seed")
    columns[2].date_input("提交日期从", None, format="YYYY-MM-DD", key="sample_from")
    columns[3].date_input("到", None, format="YYYY-MM-DD", key="sample_to")
    st.checkbox("按一级分类分层（每层至少一件）", value=True, key="sample_stratified")
    st.button("抽取", type="primary", key="sample_draw", on_click=_draw_now, args=(store, actor))


def _draw_now(store: ReviewStore, actor: Actor) -> None:
    state = st.session_state
    days = [state["sample_from"], state["sample_to"]]
    first, last = (day.isoformat() if day else "" for day in days)
    try:
        number = sampling.draw(
            store,
            actor,
            size=int(state["sample_size"]),
            seed=int(state["sample_seed"]),
            stratified=bool(state["sample_stratified"]),
            query=Query(first_day=first, last_day=last),
        )
    except ReviewError as error:
        state[_NOTICE] = (str(error), True)
    else:
        state.pop("sample_choice", None)
        st.query_params[SAMPLE] = str(number)
        state[_NOTICE] = (f"已抽取第 {number} 号样本。", False)


def _draw_reading(
    store: ReviewStore, actor: Actor, catalogue: Catalogue, sample: Sample, position: int, unread: Unread
) -> None:
    """The text alone, and the field for what the reader takes it for."""
    key = f"{sample.id}_{position}"
    lines = queue.search_texts(catalogue, context.classifier().rules.lexicon.terms)
    for outcome in (Outcome.OUTSIDE, Outcome.INSUFFICIENT):
        lines[outcome.value] = outcome_text(outcome)
    with st.container(border=True):
        st.html(f"<b>第 {position} 件</b>，还剩 {unread.left} 件")
        st.html(highlighted(unread.application, (), catalogue))
        st.selectbox(
            "您的结论（输入编码、名称或日常说法）",
            list(lines),
            index=None,
            format_func=lambda label: lines[label],
            placeholder="请选择",
            filter_mode="contains",
            key=f"read_label_{key}",
        )
        st.text_input("理由（可不填）", key=f"read_reason_{key}", max_chars=2000)
        st.button(
            "记录，下一件",
            key=f"read_{key}",
            on_click=_read_now,
            args=(store, actor, catalogue, sample.id, position),
            shortcut="Ctrl+Enter",
        )


def _read_now(store: ReviewStore, actor: Actor, catalogue: Catalogue, sample_id: int, position: int) -> None:
    state, key = st.session_state, f"{sample_id}_{position}"
    said = state.get(f"read_label_{key}")
    if said is None:
        state[_NOTICE] = ("请先选定结论。", True)
        return
    label = queue.label_of(catalogue, said) if said in catalogue else Label(Outcome(said))
    try:
        reason = str(state.get(f"read_reason_{key}") or "")
        sampling.read(store, actor, sample_id, position, label=label, reason=reason)
    except ReviewError as error:
        state[_NOTICE] = (str(error), True)
    else:
        state[_NOTICE] = (f"第 {position} 件已记录：{queue.name_of(label, catalogue)}。", False)


def _draw_rate(store: ReviewStore, actor: Actor, catalogue: Catalogue, sample: Sample) -> None:
    """What the readings so far say of all labels."""
    if not sample.readings:
        return
    rate = sampling.error_rate(store, actor, sample.id)
    readings = trail.reading_table(sample.readings, catalogue)
    with st.expander(
        "结果" if sample.is_read else f"到目前为止的结果（已判 {rate.read}/{rate.size}）", expanded=sample.is_read
    ):
        st.html(screen.facts(trail.rate_facts(rate), wide=True))
        if rate.unread:
            unread = "、".join(label_text(catalogue, stratum) for stratum in rate.unread)
            drawing.note(f"还没有判到的层：{unread}。现在的数字只代表其余各层。")
        drawing.titled_table("各层", trail.stratum_table(rate, catalogue), "")
        drawing.titled_table("逐件", readings, "")
        drawing.sheet_download(
            {
                "差错率": [{"项": name, "值": value} for name, value in trail.rate_facts(rate)],
                "各层": trail.stratum_table(rate, catalogue),
                "逐件": readings,
            },
            f"蓝目第{sample.id}号样本",
        )
