"""How catalogue entries, predictions and figures read in a terminal, in Chinese; colour never carries meaning alone."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

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
from classifier.records import Application, Evidence, Field, Prediction, Source
from taxonomy import Catalogue, Entry, Link, Provenance

LEVELS = {1: "一级分类", 2: "二级分类", 3: "三级条目"}
_STYLES = {Source.RULE: "bold green", Source.MODEL: "cyan", Source.CONTEXT: "yellow"}
MOST_EVIDENCE = 14
_LONGEST_NOTE = 36
_LONGEST_RULE = 60
_REBUILT = "〔重建稿，非官方文本〕"


def entry_text(catalogue: Catalogue, code: str) -> Iterator[str]:
    """Everything the edition says of one entry, line by line."""
    entry = catalogue[code]
    tier = f" · {entry.tier.value}" if entry.tier else ""
    yield f"{entry.code} {entry.name}（{LEVELS[entry.level]}{tier}）{_mark(entry)}"
    yield "路径：" + " / ".join(step.name for step in catalogue.path(code))
    yield f"界定：{entry.definition}"
    yield from _listed("包括", entry.includes)
    yield from _listed("不包括", (f"{one.what} → {_goes_to(catalogue, one.goes_to)}" for one in entry.excludes))
    yield from _listed("边界口径", (f"{rule.number} {rule.title}:{rule.text}" for rule in entry.boundaries))
    yield f"通用口径：{'、'.join(rule.number for rule in catalogue.general_boundaries)} 对所有条目有效"
    yield from _listed("对照", map(link_text, entry.links))
    yield from _listed("下级", (f"{child.code} {child.name}" for child in catalogue.children(code)))
    yield f"来源：{entry.provenance.chinese}；依据：{entry.basis}"
    if entry.note:
        yield f"备注：{entry.note}"


def _mark(entry: Entry) -> str:
    return "" if entry.provenance is Provenance.OFFICIAL else _REBUILT


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == 0:
            yield f"{title}："
        yield f"  - {line}"


def _goes_to(catalogue: Catalogue, code: str | None) -> str:
    return f"{code} {catalogue[code].name}" if code else "目录外"


def link_text(link: Link) -> str:
    """One line for a link to another standard."""
    return f"{link.standard}({link.edition}) {link.code} {link.name} — {link.relation.chinese}，把握{link.confidence.chinese}；{link.basis}"


def tree_text(catalogue: Catalogue) -> Iterator[str]:
    """The whole catalogue, one line an entry, indented by level."""
    yield f"{catalogue.title}  版本 {catalogue.edition} {_REBUILT if _is_rebuilt(catalogue) else ''}".rstrip()
    for code in catalogue:
        entry = catalogue[code]
        tier = f"  [{entry.tier.value}]" if entry.tier else ""
        yield f"{'  ' * (entry.level - 1)}{entry.code} {entry.name}{tier}"


def _is_rebuilt(catalogue: Catalogue) -> bool:
    return any(catalogue[code].provenance is not Provenance.OFFICIAL for code in catalogue)


def prediction_text(application: Application, prediction: Prediction, catalogue: Catalogue) -> Text:
    """A prediction as a person reads it: the label, the given text with its evidence marked, the reasons."""
    text = Text()
    _line(
        text,
        "结论",
        f"{prediction.outcome.value}  处理：{prediction.route.value}  置信度 {prediction.confidence:.2f}",
        "bold",
    )
    if prediction.code:
        entry = catalogue[prediction.code]
        _line(text, LEVELS[entry.level], f"{entry.code} {entry.name}{_mark(entry)}", "bold")
        _line(text, "路径", " / ".join(step.name for step in catalogue.path(prediction.code)))
    if prediction.also:
        _line(text, "其他条目", ";".join(f"{code} {catalogue[code].name}" for code in prediction.also))
    _line(text, "候选", ";".join(f"{one.label} {one.confidence:.2f}" for one in prediction.candidates))
    for field in Field:
        if application.text(field):
            text.append(f"{field.value}：")
            text.append_text(
                _marked(application.text(field), [one for one in prediction.evidence if one.field is field])
            )
            text.append("\n")
    if prediction.evidence:
        text.append("依据（【】规则词，〔〕模型词；+ 支持，- 反对，0 语境不算数）：\n")
    for one in _worth_showing(prediction.evidence):
        text.append_text(evidence_line(one))
    for reason in prediction.reasons:
        _line(text, "提示", reason, "yellow")
    for link in prediction.crosswalk[:3]:
        _line(text, "对照", link_text(link))
    versions = prediction.versions
    _line(text, "版本", f"目录 {versions.edition}；规则 {versions.lexicon}；模型 {versions.model}", "dim")
    return text


def _worth_showing(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The strongest evidence of each source; a word inside another one that says the same is left out."""
    once = {(one.source, one.field, one.start, one.end, one.weight and one.label): one for one in reversed(evidence)}
    distinct = [one for one in once.values() if not any(_says_less(one, other) for other in once.values())]
    return sorted(distinct, key=lambda one: (one.source.value, -abs(one.weight), one.start))[:MOST_EVIDENCE]


def _says_less(one: Evidence, other: Evidence) -> bool:
    same = (one.source, one.field, one.label, one.weight > 0) == (
        other.source,
        other.field,
        other.label,
        other.weight > 0,
    )
    inside = other.start <= one.start and one.end <= other.end and len(one.text) < len(other.text)
    return same and inside


def _line(text: Text, title: str, content: str, style: str = "") -> None:
    text.append(f"{title}：")
    text.append(content + "\n", style)


def evidence_line(one: Evidence) -> Text:
    """``+2.10 规则 “海洋牧场” → 编码 (项目描述 5-9) 强词``."""
    sign = "0" if one.weight == 0 else f"{one.weight:+.2f}"
    note = one.note if len(one.note) <= _LONGEST_NOTE else one.note[: _LONGEST_NOTE - 1] + "…"
    place = f"{one.field.value} {one.start}-{one.end}"
    line = Text(f"  {sign:>6} {one.source.value} “{one.text}” → {one.label}（{place}）{note}\n")
    line.stylize(_STYLES[one.source], 9, 11)
    return line


def _marked(original: str, evidence: Sequence[Evidence]) -> Text:
    """The given text with brackets around evidence; rules win over the model where both stand."""
    sources: list[Source | None] = [None] * len(original)
    for source in (Source.MODEL, Source.RULE):
        for one in evidence:
            if one.source is source and one.weight != 0:
                sources[one.start : one.end] = [source] * (one.end - one.start)
    text = Text()
    brackets = {Source.RULE: ("【", "】"), Source.MODEL: ("〔", "〕"), None: ("", "")}
    start = 0
    for end in range(1, len(original) + 1):
        if end == len(original) or sources[end] is not sources[start]:
            own = sources[start]
            opening, closing = brackets[own]
            text.append(f"{opening}{original[start:end]}{closing}", _STYLES[own] if own else "")
            start = end
    return text


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
