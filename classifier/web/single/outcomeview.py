"""How one result is drawn on the page 单笔识别: headline, evidence in the text, the entry beside it, alternatives."""

from html import escape

import streamlit as st

from classifier.records import Candidate, Field, Outcome, Prediction, Route
from classifier.web.entries import LEVELS, entry_panel
from classifier.web.evidence import Way, escape_text, evidence_text, highlighted
from classifier.web.look import (
    ROUTES,
    confidence_number,
    confidence_text,
    label_text,
    note_badge,
    outcome_badge,
    path_text,
    plain,
    rebuilt_badge,
    row,
    section,
)
from classifier.web.single.pasted import (
    about,
    financed_as_well,
    held_back,
    labels_with_evidence,
    needs,
    plain_reasons,
    route_text,
    shown_label,
    without_echoes,
    words,
)
from classifier.web.single.sheet import Shown
from taxonomy import Catalogue

_MOST_LINES = 12
_LONG_TEXT, _TALLEST = 1_500, 560  # characters from which on the text scrolls, and its height then
_WORTH_COMPARING = 0.005
_NO_ENTRY = {
    Outcome.OUTSIDE: "原文所写的资金用途不在目录之内。",
    Outcome.INSUFFICIENT: "原文没有写明决定归属的事实，补充后再识别。",
}


def headline(prediction: Prediction, catalogue: Catalogue) -> None:
    """Outcome, code and path, how sure, who decides and why."""
    entry = catalogue.get(prediction.code or "")
    parts = [f'<span style="font-size:1.25em">{outcome_badge(prediction.outcome)}</span>']
    if entry:
        parts.append(f'<span style="font-size:1.4em;font-weight:700">{escape(f"{entry.code} {entry.name}")}</span>')
        parts.append(note_badge(LEVELS[entry.level]) if entry.level < 3 else "")
        parts.append(rebuilt_badge(entry))
    st.html(row(parts))
    lines = [path_text(catalogue, entry.code)] if entry else [_NO_ENTRY[prediction.outcome]]
    lines.append(f"把握：{confidence_text(prediction.confidence)}")
    lines += [line for line in (held_back(prediction, catalogue),) if line]
    st.html("".join(f'<div style="margin:.15em 0">{escape(line)}</div>' for line in lines))
    with st.container(border=True):
        symbol = "✓" if prediction.route is Route.ACCEPT else "!"
        st.html(f"<strong>{symbol} {ROUTES[prediction.route]}</strong>　{escape(route_text(prediction))}")
        reasons = "".join(f"<li>{escape_text(reason)}</li>" for reason in plain_reasons(prediction, catalogue))
        if reasons:
            st.html(f'<ul style="margin:0">{reasons}</ul>')
    for line in financed_as_well(prediction, catalogue):
        st.html(f"同时支持的其他条目：<strong>{escape(line)}</strong>")


def text_and_entry(shown: Shown, catalogue: Catalogue) -> None:
    """The given text with its evidence, and beside it what the edition says of the entry."""
    left, right = st.columns([6, 5], gap="medium")
    with left:
        st.html(section("依据"))
        _evidence(shown, catalogue)
        alternatives(shown.prediction, catalogue)
    with right:
        st.html(section("界定"))
        label = shown_label(shown.prediction)
        code = label if label in catalogue else _nearest_code(shown.prediction)
        if shown.prediction.code is None and code:
            st.caption("最接近的条目（供对照，不是结论）：")
        with st.container(border=True):
            if code:
                entry_panel(catalogue, code)
            else:
                st.text(f"没有接近的条目。目录的范围：{catalogue.imprint.scope}。")


def _nearest_code(prediction: Prediction) -> str | None:
    """The likeliest item where the result is none, unless it is as good as ruled out."""
    items = (one for one in prediction.candidates if one.code and one.confidence >= _WORTH_COMPARING)
    return next((one.code for one in items), None)


def _evidence(shown: Shown, catalogue: Catalogue) -> None:
    prediction = shown.prediction
    label = st.selectbox(
        "查看哪个结论的依据",
        labels_with_evidence(prediction),
        format_func=lambda one: label_text(catalogue, one),
        key=f"evidence {shown.token}",
    )
    own = about(prediction, label)
    if shown.text_kept:
        size = sum(len(shown.application.text(field)) for field in Field)
        with st.container(height=_TALLEST if size > _LONG_TEXT else "content"):
            st.html(highlighted(shown.application, own, catalogue))
    else:
        st.info("本行设置不保存原文，这里只有结论和依据的词。要送复核，请再贴一次原文识别。")
    if not own:
        st.caption("原文里没有专门支持或反对它的词。")
        return
    lines = without_echoes(own)[:_MOST_LINES]
    with st.expander(f"依据逐条（{len(lines)} 条）"):
        items = "".join(
            f"<li>“{escape_text(one.text)}” {escape_text(evidence_text(one, catalogue))}"
            f"（{escape(one.field.value)}第 {one.start + 1}–{one.end} 字）</li>"
            for one in lines
        )
        st.html(f'<ul style="margin:0;overflow-wrap:anywhere">{items}</ul>')


def alternatives(prediction: Prediction, catalogue: Catalogue) -> None:
    """Every other candidate: how likely, what speaks for and against it, what the text would have to say."""
    label = shown_label(prediction)
    others = [one for one in prediction.candidates if one.label != label]
    if not others:
        return
    st.html(section("其他可能"))
    for one in others:
        name = plain(label_text(catalogue, one.label))
        with st.expander(f"{name} · 可能性 {plain(confidence_number(one.confidence))}"):
            _alternative(one, prediction, catalogue)


def _alternative(one: Candidate, prediction: Prediction, catalogue: Catalogue) -> None:
    st.html(row([outcome_badge(one.outcome), escape(path_text(catalogue, one.code)) if one.code else ""]))
    rivals = [other.label for other in prediction.candidates if other.label != one.label]
    lines = {
        "支持它的词": words(prediction, one.label, Way.FOR),
        "反对它的词": words(prediction, one.label, Way.AGAINST),
        "不算数的词": words(prediction, one.label, Way.VOID),
        "原文若写明以下任一内容，就会更像它": needs(catalogue, one.label, rivals),
    }
    shown = [f"<div>{escape(title)}：{escape_text('；'.join(some))}</div>" for title, some in lines.items() if some]
    st.html("".join(shown) or "原文里没有专门支持或反对它的词。")


def versions(prediction: Prediction) -> None:
    """What the result rests on."""
    own = prediction.versions
    st.caption(plain(f"目录 {own.edition}；规则 {own.lexicon}；模型 {own.model}"))
