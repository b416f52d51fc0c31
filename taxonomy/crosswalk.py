"""Links of an item to the items of other standards: which one, how the two relate, and how sure that is.

``relation`` is seen from our item, as ``skos:broadMatch`` does: *broader* means that the standard's item holds more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

# Standards by name and edition; use as ``codes(entry.links, *GREEN_INDUSTRY_2019)``.
GREEN_INDUSTRY_2019 = ("绿色产业指导目录", "2019")
GREEN_LOWCARBON_2024 = ("绿色低碳转型产业指导目录", "2024")
GREEN_FINANCE_2025 = ("绿色金融支持项目目录", "2025")
GREEN_FINANCING_STATISTICS_2020 = ("绿色融资统计制度", "2020")
INDUSTRY_2017 = ("GB/T 4754", "2017")
OCEAN_INDUSTRY_2021 = ("GB/T 20794", "2021")


class Relation(Enum):
    """What the standard's item is, seen from ours."""

    EXACT = "exact"
    BROADER = "broader"
    NARROWER = "narrower"
    PARTIAL = "partial"

    @property
    def chinese(self) -> str:
        """The word a reader sees."""
        return {"exact": "一致", "broader": "更宽", "narrower": "更窄", "partial": "部分重合"}[self.value]


class Confidence(Enum):
    """How sure the link itself is; it says nothing of a loan."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def chinese(self) -> str:
        """The word a reader sees."""
        return {"high": "高", "medium": "中", "low": "低"}[self.value]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an item: to ``code`` ``name`` of ``standard`` in its ``edition``; ``basis`` says on what it rests."""

    standard: str
    edition: str
    code: str
    name: str
    relation: Relation
    confidence: Confidence
    basis: str


def codes(links: Iterable[Link], standard: str, edition: str) -> tuple[str, ...]:
    """The codes that links have in one edition of one standard, in the order of the links."""
    return tuple(link.code for link in links if (link.standard, link.edition) == (standard, edition))
