"""单笔识别: paste a text, see its label with the evidence, answer the one question, send it to review."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import streamlit as st

from classifier.review import ReviewStore, days
from classifier.review.cases import Case, Order, Query, Status
from classifier.review.permissions import Action, Actor
from classifier.web import context, identity
from classifier.web.look import label_text, plain, section
from classifier.web.single import outcomeview
from classifier.web.single.pasted import EXAMPLES, LONGEST_TEXT, Paste
from classifier.web.single.question import Question, ask
from classifier.web.single.sheet import LINK, Sheet, Shown, paste_of, widget
from taxonomy import Catalogue

_AGAIN = "single_again"
_OWN = "single_own_words"
MOST_CASES = 20


def _then_classify(change: Callable[[], None]) -> None:
    """Change the form in a callback and label it in the run that follows."""
    change()
    st.session_state[_AGAIN] = True


def _text_input(label: str, name: str, placeholder: str | None = None, hint: str | None = None) -> None:
    st.text_input(label, key=widget(name), placeholder=placeholder, help=hint, persist_state="session")


def _form(sheet: Sheet) -> bool:
    """Draw the form; whether the person asks for a label."""
    st.text_area(
        "项目描述或贷款用途",
        key=widget("description"),
        persist_state="session",
        height=150,
        placeholder=f"粘贴贷款申请、项目简介或用途说明的原文（{LONGEST_TEXT:,} 字以内），按 Ctrl+Enter 识别",
    )
    with st.expander("补充信息（可不填）", key="single_more"):
        left, right = st.columns(2)
        with left:
            _text_input("项目名称", "name")
            _text_input("贷款用途", "purpose", hint="填写后以它为准，项目描述作为背景")
            _text_input("业务编号", "id", placeholder="不填则自动编号")
        with right:
            _text_input("借款人经营范围", "scope")
            _text_input("国标行业", "industry", placeholder="GB/T 4754 代码或名称")
            _text_input("金额（元）", "amount", placeholder="例如 3000万元")
    _supplements(sheet)
    with st.container(horizontal=True):
        asked = st.button("识别", type="primary", shortcut="Ctrl+Enter", key="classify")
        st.button("清空", on_click=sheet.fill, args=(Paste(),), key="clear")
    return asked


def _supplements(sheet: Sheet) -> None:
    """The answers that count with the text, each with a way to take it back."""
    if sheet.follows is not None:
        st.info(f"正在补充被退回的第 {sheet.follows} 件：改好后识别，再送复核。")
    for number, sentence in enumerate(sheet.supplements):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"补充说明：{sentence}", width="stretch")
            st.button(
                "撤回",
                key=f"withdraw {number}",
                help="撤回后按原文重新识别",
                on_click=_then_classify,
                args=(partial(sheet.withdraw, number),),
            )


def _examples(sheet: Sheet) -> None:
    """What to do on an empty page."""
    st.text("把贷款材料中写明“钱用来做什么”的文字贴进来即可，不必整理格式。也可以先看一个例子：")
    with st.container(horizontal=True):
        for title, paste in EXAMPLES.items():
            st.button(
                title,
                key=f"example {title}",
                on_click=_then_classify,
                args=(partial(sheet.fill, paste),),
            )


def _result(sheet: Sheet, shown: Shown, actor: Actor, catalogue: Catalogue) -> None:
    if sheet.is_stale():
        st.warning("文字已经改动，下面还是改动前的结果：请再按“识别”。")
    with st.container(border=True):
        outcomeview.headline(shown.prediction, catalogue)
        with st.container(horizontal=True):
            _actions(sheet, shown, actor)
    question = ask(shown.application, shown.prediction, catalogue) if shown.text_kept else None
    if question and shown.case_id is None:
        _question(sheet, shown, question)
    outcomeview.text_and_entry(shown, catalogue)
    outcomeview.versions(shown.prediction)


def _actions(sheet: Sheet, shown: Shown, actor: Actor) -> None:
    """Send to review, and the link that opens this result again."""
    if shown.case_id is not None:
        st.success(f"已送复核：第 {shown.case_id} 件。进度见本页最下方“我送复核的件”；复核人员在“复核”页看到它。")
    may_send = shown.case_id is None and shown.text_kept and actor.may(Action.SUBMIT)
    if may_send and st.button("送复核", key="submit", disabled=sheet.is_stale()):
        sheet.submit(context.store(), actor)
        st.rerun()
    with st.popover("本结果的链接"):
        st.caption("只有您本人登录后能打开；链接里没有原文。")
        st.code(f"{(st.context.url or '').split('?')[0]}?{LINK}={shown.token}", language=None, wrap_lines=True)


def _question(sheet: Sheet, shown: Shown, question: Question) -> None:
    with st.container(border=True):
        st.html(section("一个问题就能分清"))
        st.text(question.text)
        how = "请选与事实相符的一项。" if question.answers else "请用一句话写明。"
        st.caption(f"{how}回答作为“补充说明”写进申请，重新识别，并随件保存，复核人员看得到。")
        with st.container(horizontal=True, gap="small"):
            for number, answer in enumerate(question.answers):
                st.button(
                    plain(answer.what),
                    key=f"answer {shown.token} {number}",
                    help=plain(f"见 {answer.source}"),
                    on_click=_then_classify,
                    args=(partial(sheet.answer, answer.sentence),),
                )
        with st.form(f"own words {shown.token}", border=False, clear_on_submit=True):
            other = "都不是：用一句话写明资金用途" if question.answers else "资金用途"
            st.text_input(other, key=_OWN, max_chars=300, placeholder="例如：购置海水养殖网箱和投饵设备")
            st.form_submit_button("补充并重新识别", on_click=_own_words, args=(sheet,))
        if question.rules:
            with st.expander("判断依据的口径"):
                for rule in question.rules:
                    st.text(f"{rule.number} {rule.title}：{rule.text}")


def _own_words(sheet: Sheet) -> None:
    sentence = str(st.session_state.get(_OWN) or "").strip()
    if sentence:
        _then_classify(partial(sheet.answer, sentence))


def _my_cases(sheet: Sheet, store: ReviewStore, actor: Actor, catalogue: Catalogue) -> None:
    """Where the person's own newest cases stand; those that were returned and wait for more come before them."""
    waiting = Query(submitted_by=actor.name, statuses=(Status.RETURNED,), completed=False)
    returned = store.cases(actor, waiting, order=Order.OLDEST, limit=MOST_CASES)
    if returned:
        st.warning(f"被退回、等您补充的件：{store.count(actor, waiting):,} 件。请按退回原因补充后重送。")
        for one in returned:
            _my_case(sheet, one, label_text(catalogue, str(one.label)), _return_reason(store, actor, one))
    sent = Query(submitted_by=actor.name, statuses=tuple(one for one in Status if one is not Status.LABELLED))
    number = store.count(actor, sent)
    older = max(number - MOST_CASES, 0)
    cases = store.cases(actor, sent, order=Order.OLDEST, limit=MOST_CASES, offset=older)[::-1]
    if not cases:
        return
    with st.expander(f"我送复核的件（{f'最近 {len(cases)} 件，共 {number:,} 件' if older else f'{number} 件'}）"):
        for one in cases:
            if one not in returned:
                _my_case(sheet, one, label_text(catalogue, str(one.label)), "")


def _return_reason(store: ReviewStore, actor: Actor, case: Case) -> str:
    reasons = [one.reason for one in store.life(actor, case.id).verdicts if one.reason]
    return reasons[-1] if reasons else "没有写明"


def _my_case(sheet: Sheet, case: Case, label: str, reason: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"第 {case.id} 件 · {case.application.id} · {label} · {case.status.value}", width="stretch")
        if reason:
            st.text(f"退回原因：{reason}")
            st.button(
                "补充后重送",
                key=f"complete {case.id}",
                on_click=sheet.fill,
                args=(paste_of(case.application), case.id),
            )


def _page(actor: Actor) -> None:
    store, classifier = context.store(), context.classifier()
    sheet = Sheet(st.session_state, st.query_params)
    with context.show_errors():
        sheet.reopen(store, actor)
    asked = _form(sheet)
    again = st.session_state.pop(_AGAIN, False)
    with context.show_errors():
        if asked or again:
            sheet.classify(store, actor, classifier, datetime.now(days.CHINA))
        if sheet.shown is not None:
            _result(sheet, sheet.shown, actor, classifier.catalogue)
        elif not asked:
            _examples(sheet)
        if actor.may(Action.SUBMIT):
            _my_cases(sheet, store, actor, classifier.catalogue)


st.title("单笔识别", anchor=False)
with context.show_errors():
    _page(identity.require_page(Action.LABEL))
