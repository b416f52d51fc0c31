"""Where the time of a whole batch goes: the running code is looked at every millisecond of CPU time, and counted by stage.

A look counts for the module at work: the innermost one named below, on whose behalf tables and sums are worked.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from types import FrameType

from benchmarks.baselines import jieba_alone
from benchmarks.product import STAGES, explained
from benchmarks.rounds import Batch, Plan, Task, batches, in_turns

_LOOK = 0.001  # seconds of CPU time between two looks
_MODULE = {module: stage for stage, modules in STAGES.items() for module in modules}
_REST = "objects freed, texts given twice, and the rest"


def stages(plan: Plan) -> list[str]:
    """A Markdown table: of each stage the CPU time a record, its share of the whole, and its ratio to ``jieba.lcut`` alone."""
    found = Counter[str]()
    cut = jieba_alone()

    def watched(given: Batch) -> None:
        with _looking(found):
            explained(given.applications)

    tasks: dict[str, Task] = {"ours": watched, "jieba": lambda given: cut(given.fields)}
    given = batches("stages", plan.rows, plan.rounds)
    explained(given[0].applications)  # loads what it needs, unwatched
    spent = in_turns(tasks, given)
    return list(_table(found, median(spent["ours"]) / plan.rows, median(spent["jieba"]) / plan.rows))


def _table(found: Counter[str], ours: float, jieba: float) -> Iterator[str]:
    yield "| stage | us a record | share | / `jieba.lcut` alone |"
    yield "|---|---|---|---|"
    looks = found.total()  # none in a run too short for any
    for stage in (*STAGES, _REST):
        share = found[stage] / max(1, looks)
        yield f"| {stage} | {share * ours * 1e6:.1f} | {share:.0%} | {share * ours / jieba:.3f} |"


@contextmanager
def _looking(found: Counter[str]) -> Iterator[None]:
    """Count the stages at work into ``found`` while the block runs."""

    def look(_signal: int, frame: FrameType | None) -> None:
        while frame and frame.f_globals["__name__"] not in _MODULE:
            frame = frame.f_back
        found[_MODULE[frame.f_globals["__name__"]] if frame else _REST] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _LOOK, _LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
