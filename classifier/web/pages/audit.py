"""审计: find a case and its whole life, prove the log, read a sample again, compare readers, see what is outdated."""

from collections.abc import Callable

import streamlit as st

from classifier.errors import AuditError
from classifier.records import Outcome
from classifier.review import agreement, outdated
from classifier.review.cases import Status
from classifier.review.permissions import Action, Actor
from classifier.review.store import ReviewStore
from classifier.web import context, identity, screen
from classifier.web.audit import drawing, resample, trail
from classifier.web.audit.trail import LogSearch, Search
from classifier.web.review import queue
from taxonomy import Catalogue

PAGE = 100
MOST_EXPORT = 50_000
MOST_OUTDATED = 2_000


def draw() -> None:
    """The page."""
    actor = identity.require_page(Action.AUDIT)
    store, catalogue = context.store(), context.classifier().catalogue
    sections: dict[str, Callable[[ReviewStore, Actor, Catalogue], None]] = {
        "查件": draw_search,
        "留痕核验": draw_proof,
        "抽样重判": resample.draw,
        "复核一致性": draw_agreement,
        "旧版标签": draw_outdated,
        "操作日志": draw_log,
    }
    chosen = st.segmented_control(
        "审计内容",
        list(sections),
        default="查件",
        required=True,
        key="part",
        bind="query-params",
        label_visibility="collapsed",
    )
    sections[str(chosen)](store, actor, catalogue)


def draw_search(store: ReviewStore, actor: Actor, catalogue: Catalogue) -> None:
    """A search, its table, and the case that was chosen."""
    wanted = st.query_params.get("case", "")
    if wanted.isdecimal():
        st.button("回到查找结果", on_click=_close_case, key="back")
        draw_life(store, actor, catalogue, int(wanted))
        return
    query = _search(catalogue).query()
    total = store.count(actor, query)
    if not total:
        drawing.note("没有符合条件的件。请放宽条件；还没有任何件时，先由经办人识别并送复核。")
        return
    offset = drawing.page_offset(total, PAGE, "found")
    cases = store.cases(actor, query, limit=PAGE, offset=offset)
    st.caption(f"共 {total:,} 件，显示第 {offset + 1:,}–{offset + len(cases):,} 件。点选一行查看全过程。")
    picked = drawing.picking_table(screen.case_table(cases, catalogue), "cases_table")
    if picked is not None:
        st.query_params["case"] = str(cases[picked].id)
        st.rerun()
    drawing.downloads(
        lambda: trail.every(lambda limit, start: store.cases(actor, query, limit=limit, offset=start), MOST_EXPORT),
        lambda found: screen.case_table(found, catalogue),
        "蓝目件清单",
    )


def _close_case() -> None:
    st.query_params.pop("case", None)


def _search(catalogue: Catalogue) -> Search:
    """The fields of the search; each stands in the address."""
    first, second = st.columns(4), st.columns(4)
    loan_id = first[0].text_input("借据号（开头几位即可）", key="loan", bind="query-params", persist_state="session")
    batch = first[1].text_input("台账批次", key="batch", bind="query-params", persist_state="session")
    person = first[2].text_input("人员（提交或复核）", key="who", bind="query-params", persist_state="session")
    codes = [entry.code for entry in catalogue.entries]
    code = first[3].selectbox(
        "条目（含其下各级）",
        codes,
        index=None,
        key="code",
        bind="query-params",
        placeholder="全部",
        format_func=lambda code: f"{code} {catalogue[code].name}",
    )
    first_day = second[0].date_input(
        "提交日期从", None, format="YYYY-MM-DD", key="from", bind="query-params", persist_state="session"
    )
    last_day = second[1].date_input(
        "到", None, format="YYYY-MM-DD", key="to", bind="query-params", persist_state="session"
    )
    outcome = second[2].selectbox(
        "结论",
        [outcome.value for outcome in Outcome],
        index=None,
        key="outcome",
        bind="query-params",
        placeholder="全部",
    )
    statuses = second[3].multiselect(
        "状态",
        [status.value for status in Status],
        key="status",
        bind="query-params",
        persist_state="session",
        placeholder="全部",
    )
    return Search(
        loan_id=loan_id or "",
        batch_id=int(batch) if batch and batch.strip().isdecimal() else None,
        person=person or "",
        first_day=first_day,
        last_day=last_day,
        code=code or "",
        outcome=Outcome(outcome) if outcome else None,
        statuses=tuple(Status(status) for status in statuses),
    )


def draw_life(store: ReviewStore, actor: Actor, catalogue: Catalogue, case_id: int) -> None:
    """One case's whole life on one screen, and its export."""
    life = store.life(actor, case_id)
    case, events = life.case, trail.events_of(store, actor, life.case)
    with st.container(border=True, key="life"):
        with st.container(key="case_head"):
            st.html(screen.case_head(case, case.status.value))
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.html(screen.case_text(case, queue.machine_label(case), catalogue))
            if case.prediction.reasons:
                st.html(screen.sentences("机器的理由", case.prediction.reasons))
        with right:
            st.html(f"<b>现结论</b>{screen.label_html(case.label, catalogue)}")
            st.html("<b>机器</b>" + screen.facts(screen.prediction_facts(case, catalogue), wide=True))
        drawing.titled_table(
            "意见（后来的取代先前的，先前的仍在）", trail.verdict_table(life, catalogue), "还没有人作出判定。"
        )
        drawing.titled_table("备注", trail.note_table(life), "")
        drawing.titled_table("机器的依据", trail.evidence_table(case, catalogue), "没有依据。")
        drawing.titled_table("留痕", trail.event_table(events), "没有留痕。")
        drawing.sheet_download(trail.life_sheets(life, events, catalogue), f"蓝目第{case_id}件全过程")


def draw_proof(store: ReviewStore, actor: Actor, _catalogue: Catalogue) -> None:
    """Walk the chain; keep its head; compare with a head that was kept."""
    drawing.note(
        "每次写入都在日志里留一条记录，记录首尾相扣。核验会从头走一遍，并核对每件、每条意见与日志所记是否一致。"
        "每天下载一次锚点，存到数据库以外的地方：有人整库重写或截短，也能发现。"
    )
    st.html(screen.STYLE)
    kept = st.file_uploader("以前下载的锚点（可选，JSON，不超过 10 KB）", type="json", max_upload_size=1, key="anchor")
    if st.button("核验全部留痕", type="primary", key="verify"):
        anchor = trail.read_anchor(kept.getvalue()) if kept else None
        with st.spinner("正在核验……"):
            st.session_state["verification"] = (store.verify(actor, anchor), anchor)
    if "verification" in st.session_state:
        verification, anchor = st.session_state["verification"]
        drawing.notice(trail.verdict_on(verification, anchor), refused=not verification.ok)
        if verification.faults:
            drawing.titled_table("问题", [{"序": n, "问题": text} for n, text in enumerate(verification.faults, 1)], "")
        st.html(screen.facts(trail.head_facts(verification.events, verification.head), wide=True))
    head = store.head(actor)
    st.download_button(
        "下载今天的锚点",
        head.to_json(),
        file_name=f"蓝目锚点_{screen.today()}_{head.sequence}.json",
        mime="application/json",
        on_click="ignore",
    )


def draw_agreement(store: ReviewStore, actor: Actor, catalogue: Catalogue) -> None:
    """How far first and second readings agree, per label."""
    columns = st.columns([1, 1, 2], vertical_alignment="bottom")
    first_day = columns[0].date_input("提交日期从", None, format="YYYY-MM-DD", key="read_from", bind="query-params")
    last_day = columns[1].date_input("到", None, format="YYYY-MM-DD", key="read_to", bind="query-params")
    blind_only = columns[2].toggle("只看盲读（第二人没有看到首次意见）", key="blind", bind="query-params")
    query = Search(first_day=first_day, last_day=last_day).query()
    table = trail.agreement_table(agreement.agreement(store, actor, query, blind_only=blind_only), catalogue)
    drawing.note(
        "首次与第二次判定的一致程度。κ（Cohen）扣除碰巧一致的部分：1 为完全一致，0 相当于碰巧。件数少时只供参考。"
    )
    drawing.titled_table("一致性", table, "还没有经过两人判定的件。")
    drawing.table_downloads(table, "蓝目复核一致性")


def draw_outdated(store: ReviewStore, actor: Actor, catalogue: Catalogue) -> None:
    """Labels that rest on an older edition, lexicon or model; on demand, which would come out differently."""
    compare = st.toggle("用现在的版本重判，找出结论会变的（需要文本，较慢）", key="compare")
    found = outdated.outdated(store, actor, context.classifier(), compare=compare, limit=MOST_OUTDATED)
    drawing.note(
        f"现在的版本：目录 {found.current.edition} · 规则 {found.current.lexicon} · 模型 {found.current.model}。"
        f"出自旧版的标签 {found.count:,} 个。"
    )
    tables = trail.outdated_tables(found, catalogue)
    drawing.titled_table("旧版标签", tables["旧版标签"], "没有：全部标签都出自现在的版本。")
    drawing.titled_table("现目录没有的条目", tables["现目录没有的条目"], "")
    if compare:
        drawing.note(f"重判 {found.compared:,} 件；另有 {found.without_text:,} 件只存摘要，无法重判。")
        drawing.titled_table("结论会变的件", tables["结论会变的件"], "没有结论会变的件。")
    drawing.sheet_download(tables, "蓝目旧版标签")


def draw_log(store: ReviewStore, actor: Actor, _catalogue: Catalogue) -> None:
    """The events: all of them newest first, or those of a search in their order."""
    columns = st.columns(5)
    numbers = [columns[0].text_input("件号", key="log_case"), columns[1].text_input("台账批次", key="log_batch")]
    person = columns[2].text_input("操作人", key="log_who")
    first_day = columns[3].date_input("日期从", None, format="YYYY-MM-DD", key="log_from")
    last_day = columns[4].date_input("到", None, format="YYYY-MM-DD", key="log_to")
    if any(text and not text.strip().isdecimal() for text in numbers):
        raise AuditError("件号和台账批次请填数字。")
    case_id, batch_id = (int(text) if text else None for text in numbers)
    wanted = LogSearch(case_id, batch_id, person.strip(), first_day, last_day)
    if wanted == LogSearch():
        total = store.head(actor).sequence
        after = max(total - PAGE - drawing.page_offset(total, PAGE, "log_page"), 0)
        events = wanted.found(store, actor, PAGE, after)[::-1]
    else:
        page = int(st.number_input("页", 1, key="log_found", width=160))
        events = wanted.found(store, actor, PAGE, (page - 1) * PAGE)
    drawing.titled_table("日志", trail.event_table(events), "没有符合条件的记录。")
    drawing.downloads(
        lambda: trail.every(lambda limit, offset: wanted.found(store, actor, limit, offset), MOST_EXPORT),
        trail.event_table,
        "蓝目操作日志",
    )


with context.show_errors():
    draw()
