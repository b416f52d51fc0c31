"""复核: one case after another, decided by keyboard."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from classifier.lexicon import Term
from classifier.records import Outcome, Route
from classifier.review.cases import Case, CaseLife, Label, Order, Query
from classifier.review.permissions import Action
from classifier.web import context, identity, screen
from classifier.web.audit import drawing
from classifier.web.entries import boundary_html, definition_html, heading_html
from classifier.web.look import confidence_number, outcome_text
from classifier.web.review import deciding, keyboard, queue
from classifier.web.review.deciding import Desk
from classifier.web.review.queue import Reading, Wish, Work
from taxonomy import Catalogue

MOST_OWN = 200
VIEWS = ["待办", "我的件"]


def draw() -> None:
    """The page."""
    actor = identity.require_page(Action.DECIDE)
    store, classifier = context.store(), context.classifier()
    catalogue = classifier.catalogue
    left, done = deciding.counts(store, actor)
    st.html(screen.STYLE)
    head = st.container(horizontal=True, vertical_alignment="center", gap="medium", key="counts")
    with head:
        view = draw_counts(left, done)
    with st.container(
        key="notice"
    ):  # always there: what comes and goes in it does not make the fields below begin anew
        draw_notice()
    if view == VIEWS[1]:
        total = store.count(actor, Query(person=actor.name))
        own = store.cases(actor, Query(person=actor.name), limit=MOST_OWN, offset=max(0, total - MOST_OWN))
        draw_own(own[::-1], total, catalogue)
        return
    with head:
        wish = draw_filters([(batch.id, batch.name) for batch in store.batches(actor)], catalogue)
    kept = deciding.memory()
    wanted = "" if kept.has_left else st.query_params.get("case", "")
    if wanted.isdecimal():
        case: Case | None = store.case(actor, int(wanted))
    else:
        case = queue.next_case(store, actor, wish, kept.skipped)
    if case is None:
        st.query_params.pop("case", None)
        draw_empty(left, wish)
        return
    st.query_params["case"] = str(case.id)
    kept.has_left = False
    draw_case(Desk(store, actor, catalogue, store.life(actor, case.id), kept), classifier.rules.lexicon.terms)


def draw_counts(left: queue.Left, done: int) -> str:
    """Counts of what is left, and the choice between the queue and one's own cases."""
    view = st.segmented_control(
        "视图", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    counts = {"待首次复核": left.first, "待第二人复核": left.second, "有争议": left.disputed, "我今天已办": done}
    st.html(screen.facts([(name, f"{number:,}") for name, number in counts.items()]), width="content")
    return str(view)


def draw_notice() -> None:
    """What the last key did, and what was typed if it could not be recorded."""
    kept = deciding.memory()
    if kept.notice is not None:
        st.html(screen.notice(kept.notice.text, refused=kept.notice.tone is not deciding.Tone.DONE))
    if kept.unrecorded is not None:
        st.text(f"第 {kept.unrecorded[0]} 件您写的内容没有记录，可从这里复制：")
        st.code(kept.unrecorded[1], language=None, wrap_lines=True)


def draw_filters(batches: Sequence[tuple[int, str]], catalogue: Catalogue) -> Wish:
    """Order and filters; each stands in the address."""
    names = dict(batches)
    with st.popover("排序与筛选", width="content", key="filters"):
        first, second = st.columns(4), st.columns(4)
        order = _one_of(first[0], "排序", [order.value for order in Order], "order", Order.UNCERTAIN.value)
        work = _one_of(first[1], "工作", [work.value for work in Work], "work", Work.ALL.value)
        outcome = _one_of(first[2], "机器结论", [outcome.value for outcome in Outcome], "outcome")
        route = _one_of(first[3], "处理", [route.value for route in Route], "route")
        category = _one_of(
            second[0], "一级分类", [f"{entry.code} {entry.name}" for entry in catalogue.categories], "category"
        )
        batch = _one_of(second[1], "台账批次", [f"{number} {name}" for number, name in names.items()], "batch")
        least = second[2].number_input(
            "余额不低于（万元）", 0, value=0, step=100, key="balance", bind="query-params", on_change=deciding.turn_away
        )
        if deciding.memory().skipped:
            second[3].button("找回跳过的件", on_click=deciding.unskip)
    return Wish(
        order=Order(order or Order.UNCERTAIN.value),
        work=Work(work or Work.ALL.value),
        batch_id=int(batch.split()[0]) if batch else None,
        outcome=Outcome(outcome) if outcome else None,
        route=Route(route) if route else None,
        code=category.split()[0] if category else "",
        balance_from=Decimal(least) * 10_000 if least else None,
    )


def _one_of(place: DeltaGenerator, name: str, options: list[str], key: str, default: str = "") -> str:
    """A choice that stands in the address; a filter starts with 全部, which does not narrow."""
    options = options if default else ["全部", *options]
    chosen = place.selectbox(name, options, key=key, bind="query-params", on_change=deciding.turn_away)
    return "" if chosen in (None, "全部") and not default else str(chosen)


def draw_empty(left: queue.Left, wish: Wish) -> None:
    """Say why nothing is shown and what to do next."""
    if deciding.memory().skipped:
        st.info("剩下的件都已跳过。")
        st.button("找回跳过的件", on_click=deciding.unskip, key="unskip_empty")
    elif wish != Wish() and (left.first or left.second or left.disputed):
        st.info("按现在的筛选没有待办的件。请放宽“排序与筛选”里的条件。")
    else:
        st.info("没有待复核的件。经办人从“单笔识别”或“批量识别”送来的件会出现在这里。")


def draw_case(desk: Desk, terms: Sequence[Term]) -> None:
    """One case on one screen: what to read on the left, what to do on the right."""
    case, reading = desk.life.case, queue.reading_of(desk.life.case)
    refusal = queue.obstacle(desk.life, desk.actor)
    deciding.mark_shown(case.id)
    with st.container(key="case_head"):
        st.html(screen.case_head(case, "" if refusal or reading is None else reading.value))
    left, right = st.columns([3, 2], gap="medium")
    blind = reading is Reading.BLIND and not refusal
    with right:
        if refusal:
            draw_refusal(desk, refusal)
        else:
            draw_choices(desk, terms)
    label = desk.kept.chosen.get(case.id) or (None if blind else queue.standing(desk.life) or queue.machine_label(case))
    with left:
        draw_text(case, label, desk.catalogue, blind=blind)
        draw_life(desk.life, desk.catalogue)
        if label is not None and label.code in desk.catalogue:
            draw_entry(desk.catalogue, str(label.code))
    place = f"{case.id}.{case.version}"
    fields = {keyboard.SEARCH: ".st-key-search input", keyboard.REASON: ".st-key-words textarea"}
    looked = f"{place} {st.session_state.get(deciding.search_key(case.id)) or ''}".strip()
    keyboard.listen(place, looked if " " in looked else "", ".st-key-case_head", fields)


def draw_text(case: Case, label: Label | None, catalogue: Catalogue, *, blind: bool) -> None:
    """The given text with what speaks for and against a label, and the machine's reasons."""
    st.html(screen.case_text(case, None if blind else label, catalogue))
    if blind:
        st.html(screen.aside("盲读：不显示首次意见、机器结论和依据；候选按目录编码排列。"))
    elif case.prediction.reasons:
        st.html(screen.sentences("机器的理由", case.prediction.reasons))


def draw_entry(catalogue: Catalogue, code: str) -> None:
    """What the catalogue says of the chosen entry."""
    entry = catalogue[code]
    with st.container(border=True, key="entry"):
        st.html(heading_html(catalogue, entry) + definition_html(catalogue, entry))
        if entry.boundaries:
            with st.expander(f"边界口径（{len(entry.boundaries)} 条）"):
                st.html("".join(boundary_html(rule) for rule in entry.boundaries))


def draw_life(life: CaseLife, catalogue: Catalogue) -> None:
    """What people said of the case so far, as far as this person may see it."""
    if life.verdicts or life.notes:
        st.html(screen.life(life, catalogue))


def draw_choices(desk: Desk, terms: Sequence[Term]) -> None:
    """The keys: candidates, search, reason, and what to do."""
    case, picked = desk.life.case, desk.kept.chosen.get(desk.id)
    suffix = f"{case.id}_{case.version}"
    with st.container(key="choices", gap="xxsmall"):
        for choice in queue.choices(desk.life, desk.catalogue):
            is_chosen = choice.label == picked
            with st.container(key="chosen" if is_chosen else f"open{choice.key}"):
                st.button(
                    choice_text(choice, desk.catalogue, is_chosen=is_chosen),
                    key=f"key{choice.key}_{suffix}",
                    on_click=deciding.choose,
                    args=(desk.kept, case.id, choice.label),
                    shortcut=choice.key,
                    width="stretch",
                )
        draw_lookup(desk, terms)
        draw_reason(desk, suffix)
        draw_actions(desk, suffix)


def draw_lookup(desk: Desk, terms: Sequence[Term]) -> None:
    """The search over the catalogue, which narrows as one types."""
    found = queue.search_texts(desk.catalogue, terms)
    with st.container(key="search"):
        st.selectbox(
            "其他条目",
            list(found),
            index=None,
            key=deciding.search_key(desk.id),
            format_func=lambda code: found[code],
            placeholder="其他条目：编码、名称或日常说法（按 L）",
            filter_mode="contains",
            label_visibility="collapsed",
            on_change=deciding.choose_found,
            args=(desk.kept, desk.id, desk.catalogue),
        )


def choice_text(choice: queue.Choice, catalogue: Catalogue, *, is_chosen: bool) -> str:
    """What stands on a choice's button."""
    entry = catalogue.get(choice.label.code) if choice.label.code else None
    name = (
        f"{entry.code} {entry.name} · {outcome_text(choice.label.outcome)}"
        if entry
        else outcome_text(choice.label.outcome)
    )
    parts = [
        part
        for part in (choice.mark, "" if choice.confidence is None else confidence_number(choice.confidence))
        if part
    ]
    return ("✓ " if is_chosen else "") + name + (f"（{'，'.join(parts)}）" if parts else "")


def draw_reason(desk: Desk, suffix: str) -> None:
    """The field for reason and note, with common reasons by one key."""
    deciding.fill_in(desk.kept, desk.id)
    with st.container(key="words"):
        st.text_area(
            "理由或备注",
            key=deciding.reason_key(desk.id),
            height=68,
            max_chars=2000,
            placeholder="理由或备注（按 W）",
            label_visibility="collapsed",
        )
    with st.container(horizontal=True, gap="xxsmall", key="reasons"):
        for key, reason in queue.REASONS.items():
            st.button(
                reason,
                key=f"reason{key}_{suffix}",
                on_click=deciding.give_reason,
                args=(desk.kept, desk.id, reason),
                shortcut=key,
            )


def draw_actions(desk: Desk, suffix: str) -> None:
    """Confirm, record, send back, note, skip."""
    label, picked = queue.standing(desk.life), desk.kept.chosen.get(desk.id)
    if label is not None:
        word = "确认" if queue.reading_of(desk.life.case) is Reading.FIRST else "同意"
        st.button(
            f"{word}：{queue.name_of(label, desk.catalogue)}",
            key=f"confirm_{suffix}",
            on_click=deciding.confirm,
            args=(desk,),
            shortcut=keyboard.CONFIRM,
            width="stretch",
        )
    text = f"记录：{queue.name_of(picked, desk.catalogue)}" if picked else "记录所选"
    st.button(
        text, key=f"record_{suffix}", on_click=deciding.record, args=(desk,), shortcut=keyboard.RECORD, width="stretch"
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "退回经办", key=f"return_{suffix}", on_click=deciding.send_back, args=(desk,), shortcut=keyboard.RETURN
        )
        st.button("记备注", key=f"note_{suffix}", on_click=deciding.note, args=(desk,), shortcut=keyboard.NOTE)
        st.button(
            "跳过", key=f"skip_{suffix}", on_click=deciding.skip, args=(desk.kept, desk.id), shortcut=keyboard.SKIP
        )
        with st.popover("键盘", width=92):
            st.html(screen.facts(list(keyboard.KEYS.items()), wide=True))


def draw_refusal(desk: Desk, refusal: str) -> None:
    """A case that this person cannot decide: why, and the way on."""
    suffix = f"{desk.id}_{desk.life.case.version}"
    st.html(screen.notice(refusal, refused=True))
    st.button("去下一件待办", key=f"next_{suffix}", on_click=deciding.turn_away, shortcut=keyboard.SKIP)
    if queue.may_reopen(desk.life.case):
        with st.container(key="words"):
            st.text_area("重开的理由", key=deciding.reason_key(desk.id), height=68, max_chars=2000)
        st.button("重开本件", key=f"reopen_{suffix}", on_click=deciding.reopen, args=(desk,), shortcut=keyboard.REOPEN)


def draw_own(cases: Sequence[Case], total: int, catalogue: Catalogue) -> None:
    """The cases this person decided or submitted, newest first."""
    if not cases:
        st.info("您还没有办过件。回到“待办”从第一件开始。")
        return
    if total > len(cases):
        st.caption(f"共 {total:,} 件，显示最近 {len(cases):,} 件。")
    picked = drawing.picking_table(screen.case_table(cases, catalogue), "own")
    if picked is not None:
        case = cases[picked]
        with st.container(key="case_head"):
            st.html(screen.case_head(case, ""))
        life = context.store().life(identity.current_actor(), case.id)
        draw_text(case, queue.machine_label(case), catalogue, blind=False)
        draw_life(life, catalogue)


with context.show_errors():
    draw()
