"""What a labelled loan book says of each loan: the columns we add, and how a prediction fills them."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from classifier.records import Evidence, Prediction
from classifier.table import Cell
from taxonomy import Catalogue, Link
from taxonomy.crosswalk import GREEN_FINANCE_2025, GREEN_INDUSTRY_2019

OUTCOME, CATEGORY, ROUTE, PROBLEM = "结论", "一级分类", "处理", "问题"
ADDED_COLUMNS = (
    OUTCOME,
    "条目编码",
    "条目名称",
    "二级分类",
    CATEGORY,
    "判定层级",
    "置信度",
    ROUTE,
    "其他条目",
    "候选",
    "依据",
    "绿色目录2019",
    "绿色金融目录2025",
    "目录版本",
    "规则版本",
    "模型版本",
    PROBLEM,
)
_LEVELS = {None: "", 1: "一级分类", 2: "二级分类", 3: "三级条目"}
_MOST_FOR, _MOST_AGAINST, _LONGEST_WORDS = 4, 2, 40


def problem_cells(problem: str) -> list[Cell]:
    """The added cells of a row that could not be labelled."""
    return [*[""] * (len(ADDED_COLUMNS) - 1), problem]


def prediction_cells(prediction: Prediction, catalogue: Catalogue) -> list[Cell]:
    """The added cells of a labelled row, in the order of ``ADDED_COLUMNS``."""
    path = catalogue.path(prediction.code) if prediction.code else ()
    names = {entry.level: entry.name for entry in path}
    return [
        prediction.outcome.value,
        prediction.code or "",
        path[-1].name if path else "",
        names.get(2, ""),
        names.get(1, ""),
        _LEVELS[prediction.level],
        Decimal(confidence_text(prediction.confidence)),
        prediction.route.value,
        ";".join(prediction.also),
        ";".join(f"{candidate.label}:{confidence_text(candidate.confidence)}" for candidate in prediction.candidates),
        grounds(prediction, catalogue),
        _links(prediction.crosswalk, GREEN_INDUSTRY_2019),
        _links(prediction.crosswalk, GREEN_FINANCE_2025),
        prediction.versions.edition,
        prediction.versions.lexicon,
        prediction.versions.model,
        "",
    ]


def confidence_text(confidence: float) -> str:
    """Two to four decimals.

    >>> confidence_text(0.93), confidence_text(0.00314)
    ('0.93', '0.0031')
    """
    text = f"{confidence:.4f}"
    return text[:-2] + text[-2:].rstrip("0")


def grounds(prediction: Prediction, catalogue: Catalogue) -> str:
    """In short: the strongest words for the label, those against it, those that a context voided, and the reasons."""
    label = prediction.code or prediction.outcome.value
    own: list[Evidence] = []
    other: list[Evidence] = []
    about = {label, *_items_below(label, catalogue)}
    for item in prediction.evidence:
        (own if item.label in about else other).append(item)
    parts = {
        "支持": _strongest((item for item in own if item.weight > 0), _MOST_FOR),
        "反对": _strongest((item for item in own if item.weight < 0), _MOST_AGAINST),
        "另指": _strongest((item for item in other if item.weight > 0), _MOST_AGAINST, with_label=True),
        "不计": _strongest((item for item in prediction.evidence if item.weight == 0), _MOST_AGAINST),
        "说明": "；".join(reason.rstrip("。") for reason in prediction.reasons),
    }
    return "。".join(f"{title}：{text}" for title, text in parts.items() if text)


def _items_below(label: str, catalogue: Catalogue) -> Iterator[str]:
    """The items of a subcategory or category; none of anything else."""
    if label in catalogue and catalogue[label].level < 3:
        for item in catalogue.items:
            if any(entry.code == label for entry in catalogue.path(item.code)):
                yield item.code


def _strongest(evidence: Iterable[Evidence], most: int, *, with_label: bool = False) -> str:
    """The words that weigh most, longer ones first between equals, none that is part of another one named."""
    named: list[str] = []
    phrases: list[str] = []
    for item in sorted(evidence, key=lambda item: (-abs(item.weight), -len(item.text))):
        if len(named) == most:
            break
        words = " ".join(item.text.split())[:_LONGEST_WORDS]
        if not any(words in longer for longer in named):
            named.append(words)
            place = f"{item.field.value}，指向 {item.label}" if with_label else item.field.value
            phrases.append(f"“{words}”（{place}）")
    return "、".join(phrases)


def _links(links: Iterable[Link], standard: tuple[str, str]) -> str:
    return "；".join(
        f"{link.code} {link.name}（{link.relation.chinese}）"
        for link in links
        if (link.standard, link.edition) == standard
    )
