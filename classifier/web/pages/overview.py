"""概览: what has been labelled, how much of it went by itself, how often reviewers disagreed, and the model in use."""

import streamlit as st

from classifier import Classifier
from classifier.review import overview
from classifier.review.cases import Query, Status
from classifier.review.overview import Totals
from classifier.review.permissions import Action, Actor
from classifier.web import charts, context, figures, identity, screen
from classifier.web.look import plain
from taxonomy import Catalogue


def draw(actor: Actor) -> None:
    """The page."""
    classifier = context.classifier()
    query = _span()
    totals = overview.totals(context.store(), actor, query)
    if totals.everything.count:
        draw_figures(totals)
        draw_distribution(totals, classifier.catalogue)
    elif query.first_day or query.last_day:
        st.info("这段时间没有贴标的件。请放宽日期。")
    else:
        st.info("还没有贴标的件。经办人员可以在“单笔识别”送复核一笔，或在“批量识别”上传一份台账；完成后这里会有统计。")
    draw_model(classifier)


def _span() -> Query:
    with st.container(horizontal=True):
        first = st.date_input("提交日期从", None, key="from", bind="query-params", format="YYYY-MM-DD", width=180)
        last = st.date_input("到", None, key="to", bind="query-params", format="YYYY-MM-DD", width=180)
    return figures.query_of(first, last)


def draw_figures(totals: Totals) -> None:
    """The five numbers that matter most."""
    whole, blue = totals.everything, figures.blue_total(totals)
    pending = totals.statuses.get(Status.PENDING, overview.Total())
    shown = [
        ("贴标总数", f"{whole.count:,} 件", screen.money(whole.balance)),
        ("蓝色与浅蓝", f"{blue.count:,} 件", screen.money(blue.balance)),
        ("自动通过", figures.rate_text(totals.automatic), f"{totals.automatic.hits:,} 件"),
        ("复核改判", figures.rate_text(totals.corrections), f"共复核 {totals.corrections.rows:,} 件"),
        ("待复核", f"{pending.count:,} 件", screen.money(pending.balance)),
    ]
    charts.metrics(shown)
    notes = [
        f"自动通过：{figures.interval_text(totals.automatic, '还没有件')}",
        f"复核改判（首次意见与机器不同）：{figures.interval_text(totals.corrections, '还没有复核过的件')}",
    ]
    if whole.without_balance:
        notes.append(f"{whole.without_balance:,} 件没有余额，只计件数")
    st.caption(plain("；".join(notes) + "。只统计单笔送复核的件和已完成的台账，按现在的标签。"))


def draw_distribution(totals: Totals, catalogue: Catalogue) -> None:
    """Counts and balances by everything that has few values, and over time."""
    st.header("分布", anchor=False)
    shown = charts.measure("overview-measure")
    left, right = st.columns(2, gap="medium")
    with left:
        outcomes = figures.outcome_shares(totals)
        charts.bars("结论", outcomes, shown, charts.outcome_colours(outcomes))
        charts.bars("处理", figures.route_shares(totals), shown)
        charts.bars("状态", figures.status_shares(totals), shown)
        unit, counts = figures.counts_over_time(totals)
        charts.over_time(f"每{unit}件数", counts)
    with right:
        charts.bars("一级分类", figures.entry_shares(totals.categories, catalogue), shown)
        charts.bars("二级分类", figures.entry_shares(totals.subcategories, catalogue), shown)


def draw_model(classifier: Classifier) -> None:
    """Which model, catalogue and lexicon are in use, and how good the model was found to be."""
    st.header("正在使用的模型", anchor=False)
    versions = classifier.versions
    st.html(screen.facts([("模型", versions.model), ("目录", versions.edition), ("规则", versions.lexicon)]))
    manifest = classifier.manifest
    if manifest is None:
        st.info("现在只用规则，没有装载模型。")
        return
    scores = [(name, manifest.scores[name]) for name in figures.SCORES if name in manifest.scores]
    if scores:
        with st.container(horizontal=True, gap="medium"):
            for name, score in scores:
                st.metric(name, f"{score:.1%}", help=figures.SCORES[name], width="content")
        st.caption("以上是训练文本上按撰写者分组的交叉验证；真实台账会有出入，以“审计”的抽样重判为准。")
    card = figures.model_card(context.settings(), versions.model)
    if card:
        with st.expander("模型卡"):
            st.markdown(card)


st.title("概览", anchor=False)
with context.show_errors():
    draw(identity.require_page(Action.OVERVIEW))
