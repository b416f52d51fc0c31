"""Invented loan records with the lengths, repetitions and blemishes of real books; the same seed gives the same bytes.

Each record is a function of the seed and its number alone, so any number of rows streams into a file without being held,
and a duplicate is made by making its earlier record again. Only ``random()`` is drawn, which Python keeps the same in all
versions. Words come from the product (lexicon, catalogue) and from jieba's dictionary; nothing is copied from a loan book.
"""

import csv
import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from itertools import accumulate
from math import exp
from pathlib import Path
from random import Random
from statistics import NormalDist
from typing import TypeVar

from classifier import Application
from classifier.lexicon import INSUFFICIENT, OUTSIDE, Strength, Tie, load_lexicon
from classifier.workbook import write_sheets
from taxonomy import load_catalogue

SEED = 20261121
HEADER = ("借据号", "项目名称", "项目描述", "余额（万元）")

NOT_BLUE = 0.5
FULL_WIDTH = 0.08
LINE_BREAK = 0.03
_NEAR = 100  # half of the duplicates repeat one of so many rows before, the others any earlier row

_SHORTEST, _LONGEST = 60, 800
_EXCESS = NormalDist(3.975, 0.797)  # of the logarithm of the characters beyond the shortest: mean 133, 95 % below 257
_LENGTHS = tuple(
    min(_LONGEST, round(_SHORTEST + exp(logarithm)))
    for logarithm in (_EXCESS.inv_cdf((step + 0.5) / 2000) for step in range(2000))
)
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_IDEOGRAPHS = re.compile("[\u4e00-\u9fff]+")

_LEADS = ("本项目建设", "建设内容包括", "贷款资金用于", "计划采购", "拟投资", "新建", "实施", "配套建设", "用于支付")
_TAILS = ("及配套设施", "所需设备", "工程款", "项目", "一期工程", "材料采购", "和运营维护", "")
_STOCK = (
    "总投资{amount}万元",
    "项目位于{place}",
    "建设周期{small}个月",
    "合同编号XM-{amount}{small}",
    "占地面积{amount}平方米",
    "年产{amount}吨",
    "已取得立项备案(备案号{amount}-{small})",
    "资金来源为企业自筹及银行贷款",
    "采用PLC控制系统{small}套",
    "不涉及{other}",
    "借款人另从事{other}",
)
_NAME_ENDS = ("项目", "工程", "建设项目", "改造项目", "采购", "一期")
_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class Words:
    """What the texts are made of: for each label its terms (parts with alternatives), and words for all labels.

    ``terms`` starts with the items, whose shares follow Zipf's law in an order drawn from the seed.
    """

    terms: Mapping[str, Sequence[Sequence[Sequence[str]]]]
    places: Sequence[str]
    common: Sequence[str]
    frequencies: Sequence[int]

    @cached_property
    def sums(self) -> Sequence[int]:
        """Running sums of the frequencies."""
        return list(accumulate(self.frequencies))


@cache
def product_words() -> Words:
    """Terms of the lexicon, names and includes of the catalogue, and jieba's dictionary with its frequencies."""
    catalogue = load_catalogue()
    lexicon = load_lexicon({item.code for item in catalogue.items})
    terms: dict[str, list[Sequence[Sequence[str]]]] = {
        item.code: [((text,),) for text in (item.name, *item.includes)] for item in catalogue.items
    }
    for term in lexicon.terms:
        if term.strength is not Strength.EXCLUDING:
            terms.setdefault(term.label, []).append(term.parts)
    terms[INSUFFICIENT] = [((text,),) for text in lexicon.boilerplate]
    lines = (line.split(" ") for line in (files("jieba") / "dict.txt").read_text("utf-8").splitlines())
    common = [(word, int(count)) for word, count, _ in lines if _IDEOGRAPHS.fullmatch(word)]
    return Words(terms, lexicon.ties[Tie.COAST], [word for word, _ in common], [count for _, count in common])


class _Dice:
    """Choices made from ``random()`` alone."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def number(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[int(self._random() * len(choices))]

    def weighed(self, choices: Sequence[_Choice], sums: Sequence[float]) -> _Choice:
        return choices[bisect(sums, self._random() * sums[-1])]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a loan book; ``label`` is what its words were taken from, no claim about the right answer."""

    number: int
    label: str
    name: str
    description: str
    balance: int

    def application(self) -> Application:
        """The record as the product takes it."""
        return Application(str(self.number), self.description, self.name)

    def cells(self) -> list[str]:
        """The record as a row of a file."""
        return [f"{self.number:010d}", self.name, self.description, str(self.balance)]


@dataclass(frozen=True)
class Corpus:
    """Loan records without end, a share of them exact duplicates of earlier ones."""

    words: Words
    duplicates: float = 0.1
    seed: int = SEED

    @cached_property
    def _items(self) -> Sequence[str]:
        items = [label for label in self.words.terms if label not in (OUTSIDE, INSUFFICIENT)]
        dice = _Dice(self.seed)
        return sorted(items, key=lambda _: dice.number(0, 10**9))

    @cached_property
    def _shares(self) -> Sequence[float]:
        return list(accumulate(1 / rank for rank in range(1, len(self._items) + 1)))

    def records(self, rows: int) -> Iterator[Record]:
        """The first records, one by one."""
        return map(self.record, range(rows))

    def record(self, number: int) -> Record:
        """The record of a number, always the same."""
        dice = _Dice(self.seed * 2**32 + number)
        if number and dice.chance(self.duplicates):
            reach = min(number, _NEAR) if dice.chance(0.5) else number
            return replace(self.record(number - dice.number(1, reach)), number=number)
        label = self._label(dice)
        name, description = self._name(dice, label), self._description(dice, label)
        if dice.chance(FULL_WIDTH):
            name, description = name.translate(_WIDE), description.translate(_WIDE)
        if dice.chance(LINE_BREAK):
            description = description.replace("，", "\n", dice.number(1, 3))
        return Record(number, label, name, description, dice.number(10, 50_000))

    def _label(self, dice: _Dice) -> str:
        if dice.chance(NOT_BLUE):
            return INSUFFICIENT if dice.chance(0.08) else OUTSIDE
        return dice.weighed(self._items, self._shares)

    def _name(self, dice: _Dice, label: str) -> str:
        length, end = dice.number(9, 23), dice.pick(_NAME_ENDS)
        name = dice.pick(self.words.places)
        while len(name) + len(end) < length:
            name += self._phrase(dice, label) if dice.chance(0.5) else self._free(dice, 1)
        return name[: length - len(end)] + end

    def _description(self, dice: _Dice, label: str) -> str:
        length = dice.pick(_LENGTHS)
        text = self._clause(dice, label)
        while len(text) < length:
            text += ("，" if dice.chance(0.7) else "。") + self._clause(dice, label)
        return text[: length - 1] + "。"

    def _clause(self, dice: _Dice, label: str) -> str:
        """A third each: words of the label, free text, and phrases that stand in every book."""
        kind = dice.number(0, 2)
        if kind == 0:
            return dice.pick(_LEADS) + self._phrase(dice, label) + dice.pick(_TAILS)
        if kind == 1:
            return self._free(dice, dice.number(3, 9))
        return dice.pick(_STOCK).format(
            amount=dice.number(100, 99_999),
            small=dice.number(3, 48),
            place=dice.pick(self.words.places),
            other=self._phrase(dice, dice.pick(self._items)),
        )

    def _phrase(self, dice: _Dice, label: str) -> str:
        return "".join(dice.pick(part) for part in dice.pick(self.words.terms[label]))

    def _free(self, dice: _Dice, words: int) -> str:
        return "".join(dice.weighed(self.words.common, self.words.sums) for _ in range(words))


def write_book(path: Path, corpus: Corpus, rows: int, encoding: str = "utf-8") -> Path:
    """Stream rows into a loan book: XLSX by its suffix, else CSV in ``encoding``; in no moment are they all in memory."""
    cells = (record.cells() for record in corpus.records(rows))
    if path.suffix == ".xlsx":
        write_sheets(path, {"台账": _with_header(cells)})
        return path
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(_with_header(cells))
    return path


def _with_header(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield list(HEADER)
    yield from rows
