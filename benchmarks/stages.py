"""Where the time of a whole batch goes: a clock of CPU time interrupts the running code again and again.

The time since the last interruption counts for the module at work: the innermost one named in ``product.STAGES``, on whose behalf
tables and sums are worked.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time
from types import FrameType

from benchmarks.baselines import jieba_alone
from benchmarks.measure import Spread, ratio
from benchmarks.product import STAGES, explained
from benchmarks.rounds import Batch, Plan, Task, batches, in_turns

_LOOK = 0.001  # seconds of CPU time between two looks, or more: the system's own tick may be longer
_MODULE = {module: stage for stage, modules in STAGES.items() for module in modules}
REST = "objects freed, texts given twice, and the rest"


def stages(plan: Plan) -> list[str]:
    """A Markdown table: of each stage the CPU time a record, its share of the whole, and its ratio to ``jieba.lcut`` alone."""
    spent_in = Counter[str]()
    cut = jieba_alone()
    warming, *given = batches("stages", plan.rows, plan.rounds)

    def watched(batch: Batch) -> None:
        with looking(Counter() if batch is warming else spent_in):
            explained(batch.applications)

    tasks: dict[str, Task] = {"ours": watched, "jieba": lambda batch: cut(batch.fields)}
    spent = in_turns(tasks, [warming, *given])
    return list(table(spent_in, median(spent["ours"]) / plan.rows, ratio(spent["ours"], spent["jieba"])))


def table(spent_in: Counter[str], each: float, whole: Spread) -> Iterator[str]:
    """The rows: ``each`` are the seconds a record, ``whole`` the ratio of all stages together to jieba alone."""
    yield "| stage | us a record | share | / `jieba.lcut` alone |"
    yield "|---|---|---|---|"
    total = spent_in.total() or 1.0  # nothing in a run too short for a look
    for stage in (*STAGES, REST):
        share = spent_in[stage] / total
        yield f"| {stage} | {share * each * 1e6:.0f} | {share:.0%} | {share * whole.middle:.2f} |"


@contextmanager
def looking(spent_in: Counter[str]) -> Iterator[None]:
    """Add the seconds of CPU time of each stage to ``spent_in`` while the block runs.

    A look waits until a call of numpy returns, so each is worth the time since the one before.
    """
    last = process_time()

    def look(_signal: int, frame: FrameType | None) -> None:
        nonlocal last
        while frame and frame.f_globals.get("__name__") not in _MODULE:
            frame = frame.f_back
        now = process_time()
        spent_in[_MODULE[frame.f_globals["__name__"]] if frame else REST] += now - last  # type: ignore[assignment]
        last = now

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _LOOK, _LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
