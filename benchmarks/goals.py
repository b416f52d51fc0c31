"""The goals, in the order of the table, and what a run found about each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.measure import Spread


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit that a figure must keep: ``at_most`` it, or else at least it. ``group`` is measured together."""

    group: str
    key: str
    title: str
    limit: float
    at_most: bool = True
    unit: str = ""

    def is_reached(self, figure: float) -> bool:
        """Whether a figure keeps the limit."""
        return figure <= self.limit if self.at_most else figure >= self.limit


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured for the goal of a key; no figure if it was not, and then the note says why.

    ``is_whole`` is False where fewer rows were measured than the goal speaks of, so that nothing is said of reaching it.
    """

    key: str
    figure: Spread | None
    note: str = ""
    is_whole: bool = True


FILE_ROWS = 100_000  # what the goals on files speak of
LARGE_ROWS = 1_000_000

GOALS = (
    Goal("batch", "explained", "whole batch with explanation / `jieba.lcut` alone", 0.30),
    Goal("batch", "unexplained", "without explanation / `jieba.lcut` alone", 0.22),
    Goal("batch", "uncompiled", "whole batch, no compiled tokeniser / `jieba.lcut` alone", 0.75),
    Goal("batch", "naive", "fair naive per-row pipeline / whole batch", 25, at_most=False),
    Goal("batch", "conventional", "conventional scikit-learn batch / whole batch", 8, at_most=False),
    Goal("encoder", "encoder 4 x 312", "transformer encoder 4 x 312 / whole batch", 150, at_most=False),
    Goal("encoder", "encoder 12 x 768", "transformer encoder 12 x 768 / whole batch", 2000, at_most=False),
    Goal("normalise", "normalise", "normalisation / `unicodedata` per record", 0.10),
    Goal("match", "match", "matching 5,000 terms / 500 terms", 2),
    Goal("duplicates", "10% in memory", "gain by 10 % duplicates, in memory", 1.08, at_most=False),
    Goal("duplicates", "50% in memory", "gain by 50 % duplicates, in memory", 1.9, at_most=False),
    Goal("duplicates", "10% of a file", "gain by 10 % duplicates, CSV to CSV", 1.08, at_most=False),
    Goal("duplicates", "50% of a file", "gain by 50 % duplicates, CSV to CSV", 1.9, at_most=False),
    Goal("single", "single", "one warm record / `jieba.lcut` of it", 2),
    Goal("cold", "cold", "cold `lanmu predict` / bare import of scikit-learn's linear model and text", 0.35),
    Goal("cold", "modules", "modules it imports that it must not", 0),
    Goal("workers", "workers in memory", "gain by 2 processes, warm, in memory", 1.6, at_most=False),
    Goal("files", "workers on a file", "gain by 2 processes, CSV to CSV with start", 1.4, at_most=False),
    Goal("files", "gb18030", "GB18030 input / UTF-8 input, whole run", 1.10),
    Goal("dask", "dask", "Dask cluster of 2 workers / 2 processes, CSV to CSV", 1.15),
    Goal("large", "peak", "peak memory of the process tree, CSV to CSV, 2 processes", 600, unit=" MiB"),
    Goal("large", "growth", "that peak / the peak for a tenth of the rows", 1.1),
    Goal("large", "exponent", "cost exponent over a hundredfold of rows, net of start", 1.03),
    Goal("xlsx", "xlsx", "peak memory XLSX to XLSX, in sizes of the book held as Python rows", 2),
)
GROUPS = tuple(dict.fromkeys(goal.group for goal in GOALS))


def skipped(group: str, note: str) -> Iterator[Finding]:
    """The findings of a group that was not measured."""
    return (Finding(goal.key, None, note) for goal in GOALS if goal.group == group)


def table(findings: Iterable[Finding], goals: Iterable[Goal] = GOALS) -> list[str]:
    """A Markdown table with one row a goal; a goal that nothing was found about is left out."""
    found = {finding.key: finding for finding in findings}
    lines = ["| measured | goal | ratio (least to greatest) | reached | note |", "|---|---|---|---|---|"]
    return lines + [_row(goal, found[goal.key]) for goal in goals if goal.key in found]


def _row(goal: Goal, finding: Finding) -> str:
    limit = f"{'<=' if goal.at_most else '>='} {goal.limit:g}{goal.unit}"
    if finding.figure is None:
        return f"| {goal.title} | {limit} | - | - | {finding.note} |"
    figure = finding.figure
    shown = f"**{_short(figure.middle)}**{goal.unit}"
    if figure.least != figure.greatest:
        shown += f" ({_short(figure.least)} to {_short(figure.greatest)})"
    reached = "yes" if goal.is_reached(figure.middle) else "no"
    return f"| {goal.title} | {limit} | {shown} | {reached if finding.is_whole else 'too few rows'} | {finding.note} |"


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
