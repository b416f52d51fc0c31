"""Which part of a text the money goes to: amounts (or shares) beside the terms of each label (boundary rule B2)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from classifier.lexicon import OUTSIDE, Strength
from classifier.rules import Hit, Reading, Span

_AMOUNT = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)(?:多|余)?(?:个)?(亿|千万|百万|万|%)(?:元|人民币)?")
_UNITS = {"亿": 1e8, "千万": 1e7, "百万": 1e6, "万": 1e4, "%": 1.0}
# Sums that belong to no single part; what is counted in 万 but is no money.
_TOTAL = re.compile(
    r"(?:总投资|总额|合计|共计|共需|总概算|申请贷款|申请|贷款|借款|授信|银团|资本金|自筹|注册资本|收入|产值|销售额|年供电|年发电)[^,。;、0-9]{0,6}$"
)
_COUNTED = re.compile(
    r"^(?:吨|立方|平|千瓦|kW|尾|只|粒|株|套|亩|户|头|米|人|TEU|箱|标|公顷|空方|方|度|个|载重|件|支|台|口|座|枚|斤|公斤)"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """An amount and the stretch of text that says what it is for: what stands before it, else what follows."""

    amount: float
    before: Span
    after: Span


def money_shares(reading: Reading) -> dict[str, float]:
    """For each item with an amount of its own its share of all such amounts; empty unless two items have one."""
    sums: dict[str, float] = defaultdict(float)
    for number, passage in enumerate(reading.passages):
        hits = [hit for hit in reading.hits if hit.passage == number and _counts(hit)]
        for part in _parts(passage.normal.text):
            labels = _labels_in(hits, part.before) or _labels_in(hits, part.after)
            for label in labels:
                sums[label] += part.amount / len(labels)
    total = sum(sums.values())
    return {label: amount / total for label, amount in sums.items()} if len(sums) > 1 and total > 0 else {}


def first_item(reading: Reading) -> str | None:
    """The item whose fully counting strong term stands first, the field of the use before the others."""
    hits = [hit for hit in reading.hits if _counts(hit)]
    return min(hits, key=lambda hit: (hit.passage, hit.spans[0])).term.label if hits else None


def _counts(hit: Hit) -> bool:
    return hit.term.strength is Strength.STRONG and hit.term.label != OUTSIDE and hit.weight >= 0.9


def _parts(text: str) -> Iterator[_Part]:
    matches = [match for match in _AMOUNT.finditer(text) if _is_money(text, match)]
    shares = [match for match in matches if match[2] == "%"]
    kind = shares if len(shares) > 1 and len(matches) == len(shares) else [m for m in matches if m[2] != "%"]
    ends = [0, *(match.end() for match in kind), len(text)]
    starts = [*(match.start() for match in kind), len(text)]
    for number, match in enumerate(kind):
        amount = float(match[1].replace(",", "")) * _UNITS[match[2]]
        yield _Part(amount, (ends[number], match.start()), (match.end(), starts[number + 1]))


def _is_money(text: str, match: re.Match[str]) -> bool:
    return not _TOTAL.search(text[: match.start()]) and not _COUNTED.match(text[match.end() :])


def _labels_in(hits: list[Hit], span: Span) -> list[str]:
    inside = (hit for hit in hits if all(span[0] <= start and end <= span[1] for start, end in hit.spans))
    return list(dict.fromkeys(hit.term.label for hit in inside))
