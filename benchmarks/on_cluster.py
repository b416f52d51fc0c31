"""Goals measured on a Dask cluster: what it costs beside as many processes without one."""

from collections.abc import Iterator
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
        spent = interleave(tasks, plan.rounds, perf_counter)
    note = f"wall, {plan.file_rows:,} rows"
    yield Finding("dask", ratio(spent["cluster"], spent["processes"]), note, plan.file_rows >= FILE_ROWS)
