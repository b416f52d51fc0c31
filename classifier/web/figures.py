"""What the overview shows, as plain values: shares in the catalogue's order, spans of time, figures of the model."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

from classifier.rates import Rate
from classifier.records import Outcome, Route
from classifier.review.cases import Query, Status
from classifier.review.overview import Total, Totals
from classifier.settings import Settings
from classifier.web.batch.results import Share
from classifier.web.look import ROUTES, outcome_text
from taxonomy import Catalogue

MOST_DAYS = 62
# How the model's cross-validated scores are named for people, and whether more is better.
SCORES: Mapping[str, str] = {
    "全部判对": "结论与条目都对的占比",
    "首选条目": "目录内文本首选条目正确的占比",
    "前三条目": "正确条目在前三个候选中的占比",
    "目录外误判蓝色": "目录外文本被判为蓝色的占比，越低越好",
    "漏判": "目录内文本被判为目录外或信息不足的占比，越低越好",
}
_Key = TypeVar("_Key")


def query_of(first: date | None, last: date | None) -> Query:
    """The cases of a span of days, both included; None is open."""
    return Query(first_day=first.isoformat() if first else "", last_day=last.isoformat() if last else "")


def outcome_shares(totals: Totals) -> list[Share]:
    """By outcome, the blue ones first."""
    return [
        _share(outcome_text(outcome), totals.outcomes[outcome]) for outcome in Outcome if outcome in totals.outcomes
    ]


def route_shares(totals: Totals) -> list[Share]:
    """By what the machine said of who decides."""
    return [_share(ROUTES[route], totals.routes[route]) for route in Route if route in totals.routes]


def status_shares(totals: Totals) -> list[Share]:
    """By where the cases stand."""
    return [_share(status.value, totals.statuses[status]) for status in Status if status in totals.statuses]


def entry_shares(by_code: Mapping[str, Total], catalogue: Catalogue) -> list[Share]:
    """By entry, the largest count first; a code of an older edition stays a code."""
    found = [_share(_entry_name(catalogue, code), total) for code, total in by_code.items()]
    return sorted(found, key=lambda share: (-share.count, share.name))


def blue_total(totals: Totals) -> Total:
    """Both tiers together."""
    return sum((total for outcome, total in totals.outcomes.items() if outcome.is_blue), Total())


def counts_over_time(totals: Totals) -> tuple[str, dict[str, dict[Outcome, int]]]:
    """Counts a day, or a month where there are too many days to draw; and which of both."""
    length, unit = (10, "日") if len(totals.days) <= MOST_DAYS else (7, "月")
    counts: dict[str, dict[Outcome, int]] = {}
    for day, outcomes in totals.days.items():
        sums = counts.setdefault(day[:length], {})
        for outcome, total in outcomes.items():
            sums[outcome] = sums.get(outcome, 0) + total.count
    return unit, counts


def rate_text(rate: Rate) -> str:
    """A share as a metric shows it; what was never measured says so."""
    return f"{rate.value:.1%}" if rate.rows else "—"


def interval_text(rate: Rate, none: str) -> str:
    """How many of how many cases, and how sure the share is; ``none`` where nothing was counted."""
    if not rate.rows:
        return none
    low, high = rate.interval
    return f"{rate.hits:,} / {rate.rows:,} 件，95% 区间 {low:.1%}–{high:.1%}"


def model_card(settings: Settings, version: str) -> str:
    """The card of a model, without its own title; empty if it has none."""
    path: Path = settings.models / version / "card.md"
    if not path.exists():
        return ""
    lines = path.read_text("utf-8").splitlines()
    return "\n".join(lines[1:] if lines and lines[0].startswith("# ") else lines).strip()


def _share(name: str, total: Total) -> Share:
    return Share(name, total.count, total.balance)


def _entry_name(catalogue: Catalogue, code: str) -> str:
    entry = catalogue.get(code)
    return f"{code} {entry.name}" if entry else code
