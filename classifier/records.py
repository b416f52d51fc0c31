"""The frozen records that travel between the rooms: what comes in, what goes out, and why.

Offsets are indices into the text of the field *as it was given*, never into a normalised copy.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from taxonomy import Link


class Outcome(Enum):
    """What a text is by the catalogue. Only the first two carry a code."""

    BLUE = "蓝色"
    LIGHT_BLUE = "浅蓝"
    OUTSIDE = "目录外"
    INSUFFICIENT = "信息不足"

    @property
    def is_blue(self) -> bool:
        """True for both tiers of the catalogue."""
        return self in (Outcome.BLUE, Outcome.LIGHT_BLUE)


class Route(Enum):
    """Who decides: the machine's label stands, or a person looks at it."""

    ACCEPT = "自动"
    REVIEW = "复核"


class Field(Enum):
    """The inputs of an application that carry text; the value is what a person calls them."""

    DESCRIPTION = "项目描述"
    NAME = "项目名称"
    PURPOSE = "贷款用途"
    SCOPE = "经营范围"
    INDUSTRY = "国标行业"

    __hash__ = object.__hash__  # each member is the only one of its kind; asked for with every passage


class Source(Enum):
    """Which mind an evidence comes from."""

    RULE = "规则"
    MODEL = "模型"
    CONTEXT = "语境"


@dataclass(frozen=True, slots=True)
class Application:
    """One loan application or one row of a loan book.

    ``description`` is the text a person would paste; ``name``, ``purpose``, ``scope`` (what the borrower does)
    and ``industry`` (a GB/T 4754 code or name) are given where the bank keeps them apart. ``amount`` is in yuan.
    """

    id: str
    description: str = ""
    name: str = ""
    purpose: str = ""
    scope: str = ""
    industry: str = ""
    amount: Decimal | None = None

    @property
    def texts(self) -> tuple[str, str, str, str, str]:
        """All that a prediction is made from, in the order in which a digest of the texts takes them."""
        return self.description, self.name, self.purpose, self.scope, self.industry

    def text(self, field: Field) -> str:
        """The given text of a field, unchanged."""
        return str(getattr(self, field.name.lower()))


def four_decimals(share: float) -> float:
    """A probability or a weight as it is shown: as numpy rounds (Python's own ``round`` differs in some last digits), never -0."""
    return round(share * 10_000) / 10_000


class Evidence(NamedTuple):
    """One reason, with its place: ``text`` is ``application.text(field)[start:end]``.

    ``label`` is the entry code it speaks of, or the value of the outcome (目录外, 信息不足) it speaks of.
    ``weight`` is its part of that label's score: above 0 it spoke for the label, below 0 against it,
    and 0 means that a context rule voided it. ``note`` says in Chinese why (the rule, or the kind of word).
    """

    source: Source
    field: Field
    start: int
    end: int
    text: str
    label: str
    weight: float
    note: str = ""


class Candidate(NamedTuple):
    """One possible label; ``code`` is None for 目录外 and 信息不足. ``confidence`` is a calibrated probability."""

    outcome: Outcome
    code: str | None
    confidence: float

    @property
    def label(self) -> str:
        """The code, or the outcome's name where there is no code."""
        return self.code or self.outcome.value


@dataclass(frozen=True, slots=True)
class Versions:
    """What a prediction rests on: the catalogue's edition, the lexicon and the model."""

    edition: str
    lexicon: str
    model: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the machine says of one application, with everything needed to explain and repeat it.

    ``code`` is an item, or the subcategory or category where only that is sure (``level`` 3, 2 or 1), or None.
    ``confidence`` belongs to the label shown; ``candidates`` are items and outcomes, best first, at most five.
    ``also`` are further items that are really financed. ``reasons`` are Chinese sentences for the reader.
    """

    application_id: str
    outcome: Outcome
    code: str | None
    level: int | None
    confidence: float
    route: Route
    also: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]
    crosswalk: tuple[Link, ...]
    reasons: tuple[str, ...]
    versions: Versions
