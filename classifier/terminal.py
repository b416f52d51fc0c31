"""How catalogue entries and predictions read in a terminal, in Chinese; colour never carries meaning alone.

What has colour comes as pieces: a text and its style, as the terminal library names styles.
"""

from collections.abc import Iterable, Iterator, Sequence

from classifier.records import Application, Evidence, Field, Prediction, Source
from taxonomy import Catalogue, Entry, Link, Provenance

Piece = tuple[str, str]

LEVELS = {1: "一级分类", 2: "二级分类", 3: "三级条目"}
_STYLES = {Source.RULE: "bold green", Source.MODEL: "cyan", Source.CONTEXT: "yellow"}
MOST_EVIDENCE = 14
_LONGEST_NOTE = 36
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


def prediction_text(application: Application, prediction: Prediction, catalogue: Catalogue) -> Iterator[Piece]:
    """A prediction as a person reads it: the label, the given text with its evidence marked, the reasons."""
    outcome, route = prediction.outcome.value, prediction.route.value
    yield from _line("结论", f"{outcome}  处理：{route}  置信度 {prediction.confidence:.2f}", "bold")
    if prediction.code:
        entry = catalogue[prediction.code]
        yield from _line(LEVELS[entry.level], f"{entry.code} {entry.name}{_mark(entry)}", "bold")
        yield from _line("路径", " / ".join(step.name for step in catalogue.path(prediction.code)))
    if prediction.also:
        yield from _line("其他条目", ";".join(f"{code} {catalogue[code].name}" for code in prediction.also))
    yield from _line("候选", ";".join(f"{one.label} {one.confidence:.2f}" for one in prediction.candidates))
    for field in Field:
        if application.text(field):
            yield f"{field.value}：", ""
            yield from _marked(application.text(field), [one for one in prediction.evidence if one.field is field])
            yield "\n", ""
    if prediction.evidence:
        yield "依据（【】规则词，〔〕模型词；+ 支持，- 反对，0 语境不算数）：\n", ""
    for one in _worth_showing(prediction.evidence):
        yield from evidence_line(one)
    for reason in prediction.reasons:
        yield from _line("提示", reason, "yellow")
    for link in prediction.crosswalk[:3]:
        yield from _line("对照", link_text(link))
    versions = prediction.versions
    yield from _line("版本", f"目录 {versions.edition}；规则 {versions.lexicon}；模型 {versions.model}", "dim")


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


def _line(title: str, content: str, style: str = "") -> Iterator[Piece]:
    yield f"{title}：", ""
    yield content + "\n", style


def evidence_line(one: Evidence) -> Iterator[Piece]:
    """``+2.10 规则 “海洋牧场” → 编码 (项目描述 5-9) 强词``."""
    sign = "0" if one.weight == 0 else f"{one.weight:+.2f}"
    note = one.note if len(one.note) <= _LONGEST_NOTE else one.note[: _LONGEST_NOTE - 1] + "…"
    yield f"  {sign:>6} ", ""
    yield one.source.value, _STYLES[one.source]
    yield f" “{one.text}” → {one.label}（{one.field.value} {one.start}-{one.end}）{note}\n", ""


def _marked(original: str, evidence: Sequence[Evidence]) -> Iterator[Piece]:
    """The given text with brackets around evidence; rules win over the model where both stand."""
    sources: list[Source | None] = [None] * len(original)
    for source in (Source.MODEL, Source.RULE):
        for one in evidence:
            if one.source is source and one.weight != 0:
                sources[one.start : one.end] = [source] * (one.end - one.start)
    brackets = {Source.RULE: ("【", "】"), Source.MODEL: ("〔", "〕"), None: ("", "")}
    start = 0
    for end in range(1, len(original) + 1):
        if end == len(original) or sources[end] is not sources[start]:
            own = sources[start]
            opening, closing = brackets[own]
            yield f"{opening}{original[start:end]}{closing}", _STYLES[own] if own else ""
            start = end
