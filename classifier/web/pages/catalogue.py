"""目录: the whole catalogue as a tree and a picture, search, one entry at a time, downloads."""

from collections.abc import Mapping
from functools import partial

import streamlit as st

from classifier.records import Outcome
from classifier.review.permissions import Action, Actor
from classifier.web import context, identity, tree
from classifier.web.entries import entry_panel
from classifier.web.look import TIERS, outcome_badge, outcome_text, plain, row, section
from taxonomy import Catalogue, Entry

_CHART = "catalogue_chart"
_TURN = "catalogue_turn"
_LONGEST_WHY = 30
_INDENT = "\u2003"
# On a narrow screen, where the columns lie below each other, an open entry comes before the long tree.
_STYLE = """<style>
[class*="st-key-tree-"] button, [class*="st-key-tree-"] button > div { justify-content: flex-start; text-align: left }
@media (max-width: 640px) { .st-key-entry_first > [data-testid="stHorizontalBlock"],
  .st-key-entry_first > div > [data-testid="stHorizontalBlock"] { flex-direction: column-reverse } }
</style>"""


def _choose(code: str) -> None:
    """Open an entry: its code goes into the address; a new turn frees the chart of its own selection."""
    st.query_params["code"] = code
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _chosen_in_chart(catalogue: Catalogue, key: str) -> None:
    code = tree.chosen_code(catalogue, st.session_state[key].selection.selected)
    if code:
        st.query_params["code"] = code


def _entry_button(entry: Entry, where: str, note: str = "") -> None:
    tier = f" {outcome_text(TIERS[entry.tier])}" if entry.tier else ""
    text = plain(f"{entry.code} {entry.name}{tier}{f'（{note}）' if note else ''}")
    indent = _INDENT * (entry.level - 1) if where == "tree" else ""
    st.button(
        indent + (f":primary[**{text}**]" if st.query_params.get("code") == entry.code else text),
        key=f"{where} {entry.code}",
        type="tertiary",
        wrap=True,
        on_click=_choose,
        args=(entry.code,),
    )


def _search(catalogue: Catalogue, synonyms: Mapping[str, list[str]]) -> None:
    words = st.text_input(
        "查找条目",
        placeholder="编码或日常用语，例如：岸电、养海带、海水变淡水",
        key="search",
        bind="query-params",
        max_chars=200,
    )
    if not words or not words.strip():
        return
    hits = tree.found(catalogue, words, synonyms)
    if not hits:
        st.info("没有找到。请换一个说法（写做什么、用什么设备），或在下面的目录树中逐级查看。")
    with st.container(gap="xxsmall"):
        for hit in hits:
            _entry_button(hit.entry, "hit", "" if hit.entry.name in hit.why else hit.why[:_LONGEST_WHY])


def _tree(catalogue: Catalogue) -> None:
    chosen = catalogue.get(st.query_params.get("code", ""))
    opened = catalogue.path(chosen.code)[0].code if chosen else None
    for category in catalogue.categories:
        counts = "，".join(f"{tier.value} {count}" for tier, count in tree.tier_counts(catalogue, category).items())
        label = f"{plain(f'{category.code} {category.name}')}（{counts}）"
        branch = st.expander(label, expanded=category.code == opened, key=f"branch {category.code} {opened}")
        with branch, st.container(gap="xxsmall"):
            _entry_button(category, "tree", "一级分类")
            for subcategory in catalogue.children(category.code):
                _entry_button(subcategory, "tree")
                for item in catalogue.children(subcategory.code):
                    _entry_button(item, "tree")


def _chart(catalogue: Catalogue) -> None:
    key = f"{_CHART} {st.session_state.get(_TURN, 0)}"
    st.html(row([outcome_badge(Outcome.BLUE), outcome_badge(Outcome.LIGHT_BLUE), "点击一格查看条目"]))
    st.echarts_chart(
        tree.sunburst(catalogue, st.query_params.get("code")),
        height=480,
        key=key,
        on_select=lambda: _chosen_in_chart(catalogue, key),
        alt=tree.alternative_text(catalogue),
    )


def _labels(actor: Actor, code: str) -> None:
    """How many labels stand at or below the entry."""
    if not actor.may(Action.OVERVIEW):
        return
    from classifier.review.overview import labels_per_entry

    count = labels_per_entry(context.store(), actor).get(code, 0)
    st.caption(f"现有标签：{count:,} 件归入本条目及其下级。" if count else "还没有件归入本条目。")


def _downloads(catalogue: Catalogue) -> None:
    st.html(section("下载"))
    st.caption("XLSX 同时是填写正式目录的模板；CSV、JSON 供其他系统读取。")
    with st.container(horizontal=True):
        for kind, mime in tree.MIME.items():
            st.download_button(
                kind.upper(),
                data=partial(tree.export_bytes, catalogue, kind),
                file_name=f"catalogue-{catalogue.edition}.{kind}",
                mime=mime,
                on_click="ignore",
            )


def _imprint(catalogue: Catalogue) -> None:
    imprint = catalogue.imprint
    st.caption(f"{plain(imprint.title)} · 版本 {plain(imprint.edition)} · {tree.counts_text(catalogue)}")
    if tree.is_rebuilt(catalogue):
        st.warning(plain(imprint.status))
    else:
        st.caption(plain(imprint.status))


def _tiers(catalogue: Catalogue) -> None:
    """What the two tiers mean, where no entry is open yet."""
    meanings = zip(TIERS.values(), (catalogue.imprint.blue, catalogue.imprint.light_blue), strict=True)
    for outcome, meaning in meanings:
        st.html(row([outcome_badge(outcome)]))
        st.text(meaning)
    st.caption(f"范围：{plain(catalogue.imprint.scope)}")


def _entry(catalogue: Catalogue, actor: Actor, code: str) -> None:
    with st.container(border=True):
        entry_panel(catalogue, code)
        if code in catalogue:
            _labels(actor, code)
            with st.container(gap="xxsmall"):
                for child in catalogue.children(code):
                    _entry_button(child, "child")


def _page(actor: Actor) -> None:
    classifier = context.classifier()
    catalogue = classifier.catalogue
    _imprint(catalogue)
    st.html(_STYLE)
    code = st.query_params.get("code")
    with st.container(key="entry_first" if code else "tree_first"):
        left, right = st.columns([5, 6], gap="medium")
    with left:
        _search(catalogue, classifier.rules.lexicon.synonyms())
        _tree(catalogue)
        _downloads(catalogue)
    with right:
        if code:
            _entry(catalogue, actor, code)
        _chart(catalogue)
        if not code:
            _tiers(catalogue)


st.title("目录", anchor=False)
with context.show_errors():
    _page(identity.current_actor())
