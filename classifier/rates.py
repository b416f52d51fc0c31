"""Shares counted from cases, with how sure they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

_Z = 1.959964  # 97.5 % quantile of the normal distribution: all intervals are 95 % ones


def wilson(share: float, rows: float) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927), which holds for small counts and near 0 or 1; 0 to 1 without rows."""
    if not rows:
        return 0.0, 1.0
    spread = _Z * _Z / rows
    centre = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / rows + spread / rows / 4) / (1 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``rows``, with Wilson's interval."""

    hits: int
    rows: int

    @property
    def value(self) -> float:
        """The share, 0 where nothing was measured."""
        return self.hits / self.rows if self.rows else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval; 0 to 1 where nothing was measured."""
        return wilson(self.value, self.rows)

    def __str__(self) -> str:
        if not self.rows:
            return "未测"
        low, high = self.interval
        return f"{self.value:6.1%}  [{low:.1%}, {high:.1%}]  {self.hits}/{self.rows}"


@dataclass(frozen=True, slots=True)
class WeightedRate:
    """A share in a population, from rows of which each stands for ``weight`` of its members.

    ``effective`` is how many rows of equal weight would tell as much: (sum w)^2 / sum w^2 (Kish 1965). The interval is
    Wilson's with that many rows, a form that Dean and Pagano (2015) evaluate for surveys. What stratification and a
    finite population gain is left out, so the interval is rather too wide than too narrow.
    """

    hits: int
    rows: int
    value: float
    effective: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval; 0 to 1 where nothing was measured."""
        return wilson(self.value, self.effective)

    @classmethod
    def of(cls, rows: Iterable[tuple[float, bool]]) -> "WeightedRate":
        """From the weight of each row and whether it is a hit."""
        pairs = list(rows)
        total = sum(weight for weight, _ in pairs)
        if not total:
            return cls(0, 0, 0.0, 0.0)
        hits = [weight for weight, is_hit in pairs if is_hit]
        effective = total * total / sum(weight * weight for weight, _ in pairs)
        return cls(len(hits), len(pairs), sum(hits) / total, effective)
