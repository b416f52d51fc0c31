"""The catalogue as a picture, a list and files: pure functions behind the catalogue's page."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.exchange import export_catalogue
from classifier.records import Outcome
from classifier.web.look import COLOURS, SYMBOLS, TIERS
from taxonomy import Catalogue, Entry, Hit, Provenance, Tier

MOST_HITS = 12
_LEAST_SCORE = 0.3  # of the best hit's
MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
}
_UPPER = {1: "#2c5f86", 2: "#86b3d1"}


def preorder(catalogue: Catalogue) -> tuple[str, ...]:
    """The codes as a chart counts them: every entry before those below it."""
    return tuple(code for category in catalogue.categories for code in _below(catalogue, category))


def _below(catalogue: Catalogue, entry: Entry) -> Iterator[str]:
    yield entry.code
    for child in catalogue.children(entry.code):
        yield from _below(catalogue, child)


def chosen_code(catalogue: Catalogue, selected: Sequence[Mapping[str, Any]]) -> str | None:
    """The code of a selected slice; the chart counts its unseen centre as number 0."""
    codes = preorder(catalogue)
    numbers = [number for group in selected for number in group["data_indices"]]
    return codes[numbers[0] - 1] if numbers and 0 < numbers[0] <= len(codes) else None


def tier_counts(catalogue: Catalogue, entry: Entry) -> dict[Tier, int]:
    """How many items of each tier stand at or below an entry."""
    items = [catalogue[code] for code in _below(catalogue, entry) if catalogue[code].level == 3]
    return {tier: sum(item.tier is tier for item in items) for tier in Tier}


def sunburst(catalogue: Catalogue, chosen: str | None = None) -> dict[str, Any]:
    """The chart of all entries; a slice can be selected, the chosen one has a thick edge."""
    rings = [
        {"r0": "12%", "r": "40%", "label": {"rotate": "tangential", "fontSize": 11}},
        {"r0": "40%", "r": "66%", "label": {"rotate": 0, "fontSize": 11}},
        {"r0": "66%", "r": "96%", "label": {"rotate": "radial", "fontSize": 10}},
    ]
    return {
        "tooltip": {"show": True, "formatter": "{b}", "confine": True},
        "series": [
            {
                "type": "sunburst",
                "data": [_slice(catalogue, entry, chosen) for entry in catalogue.categories],
                "radius": ["12%", "96%"],
                "nodeClick": False,
                "selectedMode": "single",
                "sort": None,
                "emphasis": {"focus": "ancestor"},
                "levels": [{}, *rings],
            }
        ],
    }


def _slice(catalogue: Catalogue, entry: Entry, chosen: str | None) -> dict[str, Any]:
    """One entry with all below it; its label is the code (light blue has its sign before it), the tooltip has the full name."""
    outcome = TIERS[entry.tier] if entry.tier else None
    style: dict[str, Any] = {"color": COLOURS[outcome] if outcome else _UPPER[entry.level], "borderWidth": 1}
    if entry.code == chosen:
        style |= {"borderWidth": 4, "borderColor": "#d1602b"}
    light_blue = outcome is Outcome.LIGHT_BLUE
    light = light_blue or entry.level == 2
    node: dict[str, Any] = {
        "name": f"{entry.code} {entry.name}" + (f"（{entry.tier.value}）" if entry.tier else ""),
        "itemStyle": style,
        "label": {
            "formatter": f"{SYMBOLS[Outcome.LIGHT_BLUE]} {entry.code}" if light_blue else entry.code,
            "color": "#0b1d2b" if light else "#ffffff",
            "textBorderWidth": 0,
        },
    }
    children = catalogue.children(entry.code)
    return node | ({"children": [_slice(catalogue, child, chosen) for child in children]} if children else {"value": 1})


def alternative_text(catalogue: Catalogue) -> str:
    """What the chart says, for those who do not see it."""
    parts = []
    for category in catalogue.categories:
        counts = tier_counts(catalogue, category)
        items = "、".join(f"{tier.value} {count} 条" for tier, count in counts.items() if count)
        parts.append(f"{category.code} {category.name}：{items}")
    return f"目录旭日图，{counts_text(catalogue)}。" + "；".join(parts) + "。旁边的目录树内容相同。"


def counts_text(catalogue: Catalogue) -> str:
    """How many entries each level has."""
    levels = (len(catalogue.categories), len(catalogue.subcategories), len(catalogue.items))
    return "{} 个一级分类、{} 个二级分类、{} 个三级条目".format(*levels)


def found(catalogue: Catalogue, words: str, synonyms: Mapping[str, Sequence[str]]) -> list[Hit]:
    """What a reader looks for: an entry by its code, otherwise items by everyday words, best first."""
    asked = words.strip()
    exact = catalogue.get(asked.strip("。."))
    if exact is not None:
        return [Hit(exact, 1.0, "编码")]
    hits = catalogue.search(asked[:200], synonyms)[:MOST_HITS] if asked else []
    return [hit for hit in hits if hit.score >= _LEAST_SCORE * hits[0].score]


def is_rebuilt(catalogue: Catalogue) -> bool:
    """Whether any entry is reconstructed rather than official."""
    return any(entry.provenance is not Provenance.OFFICIAL for entry in catalogue.entries)


def export_bytes(catalogue: Catalogue, kind: str) -> bytes:
    """The catalogue as a file of one kind, to be downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"catalogue.{kind}"
        export_catalogue(catalogue, kind, target)
        return target.read_bytes()
