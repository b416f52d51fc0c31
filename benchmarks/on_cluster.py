"""Goals measured on a Dask cluster: what it costs beside as many processes without one."""

from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

from benchmarks.corpus import Corpus, product_words, write_book
from benchmarks.goals import FILE_ROWS, Finding
from benchmarks.measure import interleave, ratio
from benchmarks.product import reference
from benchmarks.rounds import Plan
from classifier.batch import label_book

_PROCESSES = 2
# Without Dask's own MALLOC_TRIM_THRESHOLD_, which makes glibc map every numpy array anew (see docs/scale.md).
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def dask(plan: Plan) -> Iterator[Finding]:
    """One loan book by two processes and by a cluster of two workers, both warm; the model travels anew in each run."""
    import dask.config
    from distributed import LocalCluster

    corpus = Corpus(product_words())
    book = write_book(plan.folder / "book-cluster.csv", corpus, plan.file_rows)
    label = partial(label_book, reference(), book, plan.folder / "labelled-cluster.csv")
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": _ENVIRONMENT}),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=_PROCESSES, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
    ):
        tasks = {
            "processes": partial(label, workers=_PROCESSES, rows_for_workers=0),
            "cluster": partial(label, dask=cluster.scheduler_address),
        }
        interleave(tasks, 1)
        processor: dict[str, list[float]] = {name: [] for name in tasks}
        counted = {name: partial(_count, task, processor[name]) for name, task in tasks.items()}
        spent = interleave(counted, plan.rounds, perf_counter)
    cpu = ratio(processor["cluster"], processor["processes"]).middle
    note = f"wall, {plan.file_rows:,} rows; CPU time of all processes {cpu:.2f}"
    yield Finding("dask", ratio(spent["cluster"], spent["processes"]), note, plan.file_rows >= FILE_ROWS)


def _count(task: Callable[[], object], spent: list[float]) -> None:
    before = _tree_seconds()
    task()
    spent.append(_tree_seconds() - before)


def _tree_seconds() -> float:
    """CPU seconds so far of this process and of those it started and that still live."""
    from psutil import Process

    own = Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))
