"""How the figures of an evaluation read in a terminal, in Chinese."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from classifier.engine import Classifier
from classifier.evaluation import (
    Figures,
    RuleWorth,
    ablation,
    confusions,
    judge,
    measure,
    outcome_counts,
    recall_per_item,
    right_by_kind,
    rule_worth,
)
from classifier.examples import Example
from classifier.rates import Rate

_LONGEST_RULE = 60
_FIGURES = {
    "category": "一级分类正确",
    "subcategory": "二级分类正确",
    "item": "三级条目正确（首选）",
    "item_top3": "三级条目在前三",
    "missed_blue": "漏判（目录内判为不属于）",
    "false_blue": "误判蓝色（目录外判为蓝）",
    "false_blue_automatic": "  其中自动通过",
    "insufficient": "信息不足判对",
    "automatic": "自动通过占比",
    "automatic_precision": "自动通过判对",
    "overall": "全部行判对",
}


def figures_text(figures: Figures) -> Iterator[str]:
    """One line a figure, with its interval and counts."""
    for name, title in _FIGURES.items():
        rate: Rate = getattr(figures, name)
        yield f"  {_padded(title, 26)} {rate}"
    yield f"  {_padded('校准误差(ECE)', 26)} {figures.calibration_error:6.3f}"


def _padded(title: str, width: int) -> str:
    return title + " " * max(width - cell_len(title), 1)


def rules_text(worth: Sequence[RuleWorth], most: int) -> Iterator[str]:
    """The rules that were wrong: strong ones first, least precise first."""
    for one in [rule for rule in worth if rule.wrong][:most]:
        rule = one.rule if len(one.rule) <= _LONGEST_RULE else one.rule[: _LONGEST_RULE - 1] + "…"
        yield f"  {rule}：命中 {one.precision.rows}，准确 {one.precision.value:.0%}，有误的文本 {'、'.join(one.wrong[:6])}"


def evaluation_text(
    classifier: Classifier, examples: Sequence[Example], most_rules: int, *, show_wrong: bool
) -> Iterator[str]:
    """The whole report of ``lanmu evaluate``: figures on clear and on all rows, ablation, items, confusions, rules."""
    judged = judge(classifier, examples)
    clear = [one for one in judged if one.example.grade == "clear"]
    counts = "、".join(f"{outcome.value} {count}" for outcome, count in outcome_counts(judged).items())
    yield f"{len(judged)} 行，其中明确的 {len(clear)} 行；机器结论：{counts}"
    yield "明确的行（括号内为 95% 区间）："
    yield from figures_text(measure(clear, classifier.catalogue))
    yield "全部行："
    yield from figures_text(measure(judged, classifier.catalogue))
    yield "各类文本判对："
    yield from (f"  {_padded(kind or '未注明', 26)} {rate}" for kind, rate in right_by_kind(judged).items())
    yield "对照实验（明确的行）：首选条目 | 目录外误判蓝色 | 漏判 | 全部判对"
    for half, figures in ablation(classifier, [one.example for one in clear]).items():
        rates = (figures.item, figures.false_blue, figures.missed_blue, figures.overall)
        yield f"  {_padded(half, 10)} " + " | ".join(f"{rate.value:.1%}" for rate in rates)
    yield "各条目查全（少于 5 行的未测）："
    recalls = recall_per_item(judged, classifier.catalogue)
    yield from (f"  {code} {rate}" for code, rate in recalls.items() if rate.rows)
    yield f"  未测：{sum(not rate.rows for rate in recalls.values())} 个条目"
    yield "混淆（标准 → 机器）："
    yield from (f"  {gold} → {label}:{count}" for gold, label, count in confusions(judged)[:25])
    yield f"准确率最低的规则（至多 {most_rules} 条）："
    yield from rules_text(rule_worth(classifier, examples), most_rules)
    if show_wrong:
        yield "判错的行："
        yield from (
            f"  {one.example.id} {one.example.label} → {one.label}({one.prediction.confidence:.2f})"
            for one in judged
            if not one.is_right
        )
