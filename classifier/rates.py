"""Shares counted from cases, with how sure they are."""

from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # 97.5 % quantile of the normal distribution: intervals are 95 % ones


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``rows``, with Wilson's score interval (Wilson 1927), which holds for small counts and near 0 or 1."""

    hits: int
    rows: int

    @property
    def value(self) -> float:
        """The share, 0 where nothing was measured."""
        return self.hits / self.rows if self.rows else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval; 0 to 1 where nothing was measured."""
        if not self.rows:
            return 0.0, 1.0
        spread = Z * Z / self.rows
        centre = (self.value + spread / 2) / (1 + spread)
        half = Z * sqrt(self.value * (1 - self.value) / self.rows + spread / self.rows / 4) / (1 + spread)
        return max(centre - half, 0.0), min(centre + half, 1.0)

    def __str__(self) -> str:
        if not self.rows:
            return "未测"
        low, high = self.interval
        return f"{self.value:6.1%}  [{low:.1%}, {high:.1%}]  {self.hits}/{self.rows}"
