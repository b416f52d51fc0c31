"""How outcomes, tiers and confidences look on every page: a shape, a colour and a word, never colour alone.

Everything returned as HTML is escaped and carries its own style, so that it works with ``st.html`` anywhere. Tints are
translucent and text keeps the theme's colour: the same HTML is readable in light and dark.
"""

from collections.abc import Mapping, Sequence
from html import escape

from classifier.records import Outcome, Route
from taxonomy import Catalogue, Entry, Provenance, Tier

# Told apart by lightness as well as by hue: the order stays visible to the colour-blind and in a grey print.
COLOURS: Mapping[Outcome, str] = {
    Outcome.BLUE: "#1f70b8",
    Outcome.LIGHT_BLUE: "#62aee6",
    Outcome.OUTSIDE: "#7b8794",
    Outcome.INSUFFICIENT: "#b7791f",
}
SYMBOLS: Mapping[Outcome, str] = {
    Outcome.BLUE: "●",
    Outcome.LIGHT_BLUE: "◐",
    Outcome.OUTSIDE: "□",
    Outcome.INSUFFICIENT: "?",
}
TIERS: Mapping[Tier, Outcome] = {Tier.BLUE: Outcome.BLUE, Tier.LIGHT_BLUE: Outcome.LIGHT_BLUE}
ROUTES: Mapping[Route, str] = {Route.ACCEPT: "自动通过", Route.REVIEW: "需人工复核"}
REBUILT = "重建"

_SHAPES: Mapping[Outcome, str] = {
    Outcome.BLUE: "border-radius:50%;background:{0};border:2px solid {0}",
    Outcome.LIGHT_BLUE: "border-radius:50%;background:linear-gradient(90deg,{0} 50%,transparent 50%);border:2px solid {0}",
    Outcome.OUTSIDE: "border-radius:2px;border:2px solid {0}",
    Outcome.INSUFFICIENT: "border-radius:50%;border:2px dashed {0}",
}
_CONFIDENCE = ((0.95, "很有把握"), (0.8, "有把握"), (0.6, "较有把握"), (0.4, "把握不大"), (0.0, "没有把握"))
_PILL = "display:inline-block;white-space:nowrap;border-radius:1em;padding:.1em .7em;line-height:1.5"


def outcome_text(outcome: Outcome) -> str:
    """Symbol and word, for tables and other places without HTML."""
    return f"{SYMBOLS[outcome]} {outcome.value}"


def outcome_badge(outcome: Outcome) -> str:
    """The outcome as a pill of HTML: a shape of its own, its colour and its word."""
    colour = COLOURS[outcome]
    shape = (
        f"display:inline-block;box-sizing:border-box;width:.85em;height:.85em;vertical-align:-.06em;{_SHAPES[outcome]}"
    )
    return (
        f'<span style="{_PILL};border:1px solid {colour};background:{colour}22;font-weight:600">'
        f'<span aria-hidden="true" style="{shape.format(colour)};margin-right:.45em"></span>{escape(outcome.value)}</span>'
    )


def tier_badge(tier: Tier) -> str:
    """The badge of an item's tier, the same as that of the outcome it leads to."""
    return outcome_badge(TIERS[tier])


def note_badge(text: str) -> str:
    """A quiet pill with any short text, such as 需人工复核 or 重建."""
    return f'<span style="{_PILL};border:1px dashed rgba(128,128,128,.9);font-size:.85em">{escape(text)}</span>'


def confidence_number(confidence: float) -> str:
    """Two digits that never claim certainty: 0.998 reads ``>0.99``."""
    if confidence > 0.99:
        return ">0.99"
    return "<0.01" if confidence < 0.01 else f"{confidence:.2f}"


def confidence_text(confidence: float) -> str:
    """Words and number: 很有把握（0.97）."""
    words = next(words for least, words in _CONFIDENCE if round(confidence, 2) >= least or least == 0.0)
    return f"{words}（{confidence_number(confidence)}）"


def path_text(catalogue: Catalogue, code: str) -> str:
    """The names from the category down to the entry."""
    return " / ".join(entry.name for entry in catalogue.path(code))


def label_text(catalogue: Catalogue, label: str) -> str:
    """Code and name of a label; an outcome without code, or a code the edition does not know, as it is."""
    entry = catalogue.get(label)
    return f"{entry.code} {entry.name}" if entry else label


def rebuilt_badge(entry: Entry) -> str:
    """The mark of an entry that is reconstructed; empty HTML for an official one."""
    return "" if entry.provenance is Provenance.OFFICIAL else note_badge(f"{REBUILT}，非官方文本")


def row(parts: Sequence[str]) -> str:
    """Pieces of HTML beside each other, wrapping on a narrow screen; empty ones are left out."""
    inner = "".join(part for part in parts if part)
    return f'<div style="display:flex;flex-wrap:wrap;gap:.4em .6em;align-items:center">{inner}</div>'


def section(title: str) -> str:
    """The heading of a part of a page, one level below its title."""
    return f'<h2 style="font-size:1.35rem;margin:.4em 0 0;padding:0">{escape(title)}</h2>'


def plain(text: str) -> str:
    """Any text as a label of a Streamlit widget, where markdown signs would otherwise change it."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|~$:<>" else sign for sign in " ".join(text.split()))
