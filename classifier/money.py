"""Which part of a text the money goes to: the amounts (or shares) it names, and what each is for (boundary rule B2)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from classifier.contexts import contains
from classifier.rules import Hit, Reading
from classifier.text import Passage, Span

_AMOUNT = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)(?:多|余)?(?:个)?(亿|千万|百万|万|%)(?:元|人民币)?")
_UNITS = {"亿": 1e8, "千万": 1e7, "百万": 1e6, "万": 1e4, "%": 1.0}
# Sums that belong to no single part; what is counted in 万 but is no money.
_TOTAL = re.compile(
    r"(?:总投资|总额|合计|共计|共需|总概算|申请贷款|申请|贷款|借款|授信|银团|资本金|自筹|注册资本|收入|产值|销售额|年供电|年发电)"
    r"[^,。;、0-9]{0,6}$"
)
_COUNTED = re.compile(
    r"^(?:吨|立方|平|千瓦|kW|尾|只|粒|株|套|亩|户|头|米|人|TEU|箱|标|公顷|空方|方|度|个|载重|件|支|台|口|座|枚|斤|公斤)"
)
# A text with more amounts than this is a report full of figures, not a list of uses.
MOST_PARTS = 12
_CLAUSE_ENDS = ",。;:!?"


class Part(NamedTuple):
    """A part of the money: its share of all parts (0 to 1), and where the words stand that say what it is for."""

    share: float
    passage: int
    span: Span


def money_parts(reading: Reading) -> list[Part]:
    """The parts of the passage that names two amounts or more (up to MOST_PARTS), each with its words; else none."""
    for number, passage in enumerate(reading.passages):
        if sum(map(passage.normal.text.count, "亿万%")) < 2:
            continue  # no two units of money, no two amounts
        amounts = list(_amounts(passage.normal.text))
        if 1 < len(amounts) <= MOST_PARTS:
            total = sum(amount for amount, _ in amounts) or 1.0
            return [Part(amount / total, number, span) for amount, span in amounts]
    return []


def _amounts(text: str) -> Iterator[tuple[float, Span]]:
    """Each amount with the stretch of text it ends: from the amount before it (or the sentence's start) to itself.

    An amount at the head of its stretch (投资3000万元建设冷库) belongs to the words that follow.
    """
    matches = [match for match in _AMOUNT.finditer(text) if _is_money(text, match)]
    shares = [match for match in matches if match[2] == "%"]
    kind = shares if len(shares) > 1 and len(matches) == len(shares) else [m for m in matches if m[2] != "%"]
    ends = [0, *(match.end() for match in kind)]
    starts = [*(match.start() for match in kind[1:]), len(text)]
    for match, before, after in zip(kind, ends, starts, strict=False):
        amount = float(match[1].replace(",", "")) * _UNITS[match[2]]
        has_words = len(text[before : match.start()].strip(_CLAUSE_ENDS + "、投资约")) > 3
        yield amount, (before, match.end()) if has_words else (match.end(), after)


def _is_money(text: str, match: re.Match[str]) -> bool:
    return not _TOTAL.search(text[: match.start()]) and not _COUNTED.match(text[match.end() :])


def read_alone(reading: Reading, part: Part) -> Reading:
    """The words of one part alone: all others void, their hits gone; the ties to the sea hold for the whole text."""
    passages = [
        _void_outside(passage, part.span if number == part.passage else (0, 0))
        for number, passage in enumerate(reading.passages)
    ]
    hits = [hit for hit in reading.hits if _is_of(hit, part)]
    return reading._replace(passages=tuple(passages), hits=tuple(hits))


def _is_of(hit: Hit, part: Part) -> bool:
    return hit.passage == part.passage and all(contains(part.span, span) for span in hit.spans)


def _void_outside(passage: Passage, span: Span) -> Passage:
    weights = np.zeros_like(passage.weights)
    weights[span[0] : span[1]] = passage.weights[span[0] : span[1]]
    return passage._replace(weights=weights)
