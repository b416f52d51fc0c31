"""Links of an item to the items of other standards: which one, how the two relate, and how sure that is.

``relation`` is seen from our item, as ``skos:broadMatch`` does: *broader* means that the standard's item holds more.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "standards"

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


class Status(Enum):
    """How far the stored table of a standard may be trusted; whatever is not official is shown with this mark."""

    OFFICIAL = "official"
    DERIVED = "derived"
    RECALLED = "recalled"

    @property
    def chinese(self) -> str:
        """The word a reader sees."""
        return {"official": "官方", "derived": "推定", "recalled": "凭记忆整理，未核对原文"}[self.value]


@dataclass(frozen=True, slots=True)
class Standard:
    """One edition of a standard: its document number, how sure the table is, and the names of its codes."""

    name: str
    edition: str
    document: str
    status: Status
    names: Mapping[str, str]


@cache
def load_standards() -> Mapping[tuple[str, str], Standard]:
    """The standards kept beside the catalogue, by name and edition."""
    standards = [_read_standard(path) for path in sorted(_FOLDER.glob("*.csv"))]
    return {(standard.name, standard.edition): standard for standard in standards}


def _read_standard(path: Path) -> Standard:
    """Read one table: a comment line with name, edition, document and status, then the rows."""
    with path.open(encoding="utf-8", newline="") as lines:
        name, edition, document, status = next(csv.reader([next(lines).removeprefix("#").strip()]))
        names = {row["code"]: row["name"] for row in csv.DictReader(lines)}
    return Standard(name, edition, document, Status(status), names)
