"""The evidence of a prediction, highlighted in the text as it was given: pure functions that return escaped HTML.

Two things are told apart without colour: the place of a line says which way a word spoke (below: for, above: against,
through: voided by its context), the kind of line says who said so (solid: rule, dashed: model, dotted: context).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from itertools import pairwise

from classifier.records import Application, Evidence, Field, Source
from classifier.web.look import label_text
from taxonomy import Catalogue

MOST_IN_A_TITLE = 4
_LOUDEST = (Source.RULE, Source.MODEL, Source.CONTEXT)
_LINES = {Source.RULE: "3px solid", Source.MODEL: "2px dashed", Source.CONTEXT: "2px dotted"}
_STRENGTHS = ("强词", "弱词", "排除词")
_BASE = "color:inherit;border-radius:2px;padding:0"
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;line-height:1.9"


class Way(Enum):
    """Which way a word spoke; the value is the reader's word for it."""

    FOR = "支持"
    AGAINST = "反对"
    VOID = "不算数"


_COLOURS = {Way.FOR: "#2f80c2", Way.AGAINST: "#d1602b", Way.VOID: "#8a8f98"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of characters under the same evidence, strongest first; none where nothing spoke."""

    start: int
    end: int
    evidence: tuple[Evidence, ...]


def way(one: Evidence) -> Way:
    """For, against or voided, by the sign of the weight."""
    if one.weight == 0:
        return Way.VOID
    return Way.FOR if one.weight > 0 else Way.AGAINST


def highlighted(application: Application, evidence: Sequence[Evidence], catalogue: Catalogue) -> str:
    """The given fields with their evidence marked, and a legend of the marks that occur. Escaped HTML, one line.

    Pass the evidence of one label to show what spoke for and against that one; with the evidence of several labels
    a word's title names each.
    """
    fields = [field for field in Field if application.text(field)]
    parts = []
    for field in fields:
        own = [one for one in evidence if one.field is field]
        heading = f'<div style="opacity:.75;font-size:.85em">{escape(field.value)}</div>' if len(fields) > 1 else ""
        parts.append(
            f'{heading}<div style="{_TEXT};margin-bottom:.6em">{marked(application.text(field), own, catalogue)}</div>'
        )
    return "".join(parts) + legend(one for one in evidence if one.field in fields)


def marked(text: str, evidence: Iterable[Evidence], catalogue: Catalogue) -> str:
    """One text with its evidence as ``<mark>``; the HTML's text content is the given text."""
    return "".join(_stretch_html(text, stretch, catalogue) for stretch in stretches(len(text), evidence))


def stretches(length: int, evidence: Iterable[Evidence]) -> Iterator[Stretch]:
    """The whole of a text in order, cut wherever evidence begins or ends; overlapping evidence shares a stretch."""
    begins: dict[int, list[Evidence]] = defaultdict(list)
    ends: dict[int, list[Evidence]] = defaultdict(list)
    for one in dict.fromkeys(evidence):
        start, end = max(one.start, 0), min(one.end, length)
        if start < end:
            begins[start].append(one)
            ends[end].append(one)
    active: dict[Evidence, None] = {}
    places = sorted({0, length, *begins, *ends})
    for start, end in pairwise(places):
        for gone in ends[start]:
            active.pop(gone)
        active.update(dict.fromkeys(begins[start]))
        yield Stretch(start, end, tuple(sorted(active, key=_loudness)))


def _loudness(one: Evidence) -> tuple[bool, int, float]:
    """What decides how a stretch looks: what counted before what was voided, rules before the model."""
    return one.weight == 0 and one.source is not Source.CONTEXT, _LOUDEST.index(one.source), -abs(one.weight)


def _stretch_html(text: str, stretch: Stretch, catalogue: Catalogue) -> str:
    inner = escape_text(text[stretch.start : stretch.end])
    if not stretch.evidence:
        return inner
    return f'<mark style="{_style(stretch.evidence[0])}" title="{_title(stretch.evidence, catalogue)}">{inner}</mark>'


def escape_text(text: str) -> str:
    """Any text as HTML on one line; what HTML cannot carry (NUL, half a surrogate pair) becomes U+FFFD."""
    carried = "".join("\ufffd" if one == "\0" or "\ud800" <= one <= "\udfff" else one for one in text)
    return escape(carried).replace("\r", "&#13;").replace("\n", "&#10;")


def _style(one: Evidence) -> str:
    return _mark_style(one.source, way(one))


def _mark_style(source: Source, spoke: Way) -> str:
    colour, line = _COLOURS[spoke], _LINES[source]
    if source is Source.CONTEXT:
        return f"{_BASE};background:transparent;border:{line} {colour}"
    tint = f"{_BASE};background:{colour}{'38' if source is Source.RULE else '1c'}"
    if spoke is Way.VOID:
        return f"{tint};text-decoration:line-through;border-bottom:{line} {colour}"
    return f"{tint};border-{'bottom' if spoke is Way.FOR else 'top'}:{line} {colour}"


def _title(evidence: Sequence[Evidence], catalogue: Catalogue) -> str:
    lines = list(dict.fromkeys(evidence_text(one, catalogue) for one in evidence))
    more = [f"等 {len(lines)} 条"] if len(lines) > MOST_IN_A_TITLE else []
    return escape_text("；".join(lines[:MOST_IN_A_TITLE] + more))


def evidence_text(one: Evidence, catalogue: Catalogue) -> str:
    """One reason in plain words: ``规则·强词 支持 编码 名称（+4.97）``."""
    label = label_text(catalogue, one.label)
    if one.source is Source.CONTEXT:
        return f"{one.note or one.source.value} 使 {label} 的词不算数或减弱"
    kind = next((f"·{word}" for word in _STRENGTHS if word in one.note), "")
    sign = "" if one.weight == 0 else f"（{one.weight:+.2f}）"
    weakened = "，语境中减弱" if "语境中减弱" in one.note else ""
    return f"{one.source.value}{kind} {way(one).value} {label}{sign}{weakened}"


def legend(evidence: Iterable[Evidence]) -> str:
    """What the marks mean, only those that occur; empty without evidence."""
    seen = {(one.source, way(one)) for one in evidence}
    order = [(source, spoke) for source in _LOUDEST for spoke in Way if (source, spoke) in seen]
    parts = [f'<mark style="{_mark_style(*pair)}">{escape(_LEGEND[pair])}</mark>' for pair in order]
    if not parts:
        return ""
    inner = "".join(f"<span>{part}</span>" for part in parts)
    return f'<div style="display:flex;flex-wrap:wrap;gap:.3em 1em;font-size:.85em">{inner}</div>'


_LEGEND = {
    **{
        (source, spoke): f"{source.value}：{spoke.value}"
        for source in (Source.RULE, Source.MODEL, Source.CONTEXT)
        for spoke in Way
    },
    (Source.CONTEXT, Way.VOID): "语境：使词不算数或减弱",
    (Source.RULE, Way.VOID): "规则：被语境取消",
}
