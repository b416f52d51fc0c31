"""A real Dask cluster of two worker processes: same bytes as one process, also when a worker is killed in mid-run."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from classifier import Application, Classifier, Prediction
from classifier.batch import BatchSummary, Chunk, label_book
from classifier.cli import main
from classifier.cluster import difference, versions_here
from classifier.errors import LoanBookError

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "samples" / "loan_book.csv"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", *arguments, "--no-dashboard"]
    with subprocess.Popen(
        command, env={**ENVIRONMENT, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@dataclass
class Cluster:
    """A scheduler and its workers, all processes of their own."""

    address: str
    stack: ExitStack
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self, **environment: str) -> None:
        command = ("distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny")
        self.workers.append(self.stack.enter_context(process(*command, **environment)))

    def wait(self) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=60)


@contextmanager
def scheduler(**environment: str) -> Iterator[Cluster]:
    port = free_port()
    with ExitStack() as stack:
        command = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port))
        stack.enter_context(process(*command, **environment))
        yield Cluster(f"tcp://127.0.0.1:{port}", stack)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with scheduler() as started:
        for _ in range(2):
            started.add_worker()
        started.wait()
        yield started


def label(classifier: Classifier, folder: Path, cluster: Cluster | None = None, **options: object) -> BatchSummary:
    target = folder / ("cluster.csv" if cluster else "alone.csv")
    return label_book(
        classifier,
        SAMPLE,
        target,
        dask=cluster.address if cluster else None,
        **{"chunk_rows": 10, **options},  # type: ignore[arg-type]
    )


def test_a_cluster_writes_the_same_bytes_also_when_a_worker_is_killed_in_mid_run(
    classifier: Classifier, cluster: Cluster, tmp_path: Path
) -> None:
    alone = label(classifier, tmp_path)
    seen: list[int] = []

    def watch(chunk: Chunk) -> None:
        seen.extend(sorted([loan.row for loan in chunk.loans] + [problem.row for problem in chunk.problems]))

    def kill(done: int, _: int) -> None:
        cluster.workers[0].kill()

    whole = label(classifier, tmp_path, cluster, watch=watch)
    assert whole.target.read_bytes() == alone.target.read_bytes()
    wounded = label(classifier, tmp_path, cluster, progress=kill, watch=watch)
    assert cluster.workers[0].wait() < 0
    assert wounded.target.read_bytes() == alone.target.read_bytes()
    assert wounded.totals == whole.totals == alone.totals
    assert seen == [*range(2, alone.totals.rows + 2)] * 2
    assert label(classifier, tmp_path, cluster, chunk_rows=None).target.read_bytes() == alone.target.read_bytes()


class StopError(Exception):
    """Whoever watches has had enough."""


class DeadlyClassifier(Classifier):
    """Ends any worker that asks it."""

    def predict_many(self, applications: Sequence[Application]) -> list[Prediction]:
        os._exit(1)


def stop(chunk: Chunk) -> None:
    raise StopError


def test_a_run_that_is_stopped_leaves_the_cluster_ready_and_no_file(
    classifier: Classifier, cluster: Cluster, tmp_path: Path
) -> None:
    with pytest.raises(StopError):
        label(classifier, tmp_path, cluster, watch=stop)
    assert list(tmp_path.iterdir()) == []
    assert label(classifier, tmp_path, cluster).totals.rows


def test_rows_that_kill_every_worker_end_the_run(classifier: Classifier, tmp_path: Path) -> None:
    deadly = DeadlyClassifier(classifier.catalogue, classifier.rules, classifier.model, classifier.manifest)
    with scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as cluster:
        cluster.add_worker()
        with pytest.raises(LoanBookError, match="接连中止，已停止重试"):
            label(deadly, tmp_path, cluster)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_of_another_version_is_refused(classifier: Classifier, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for package in ("classifier", "taxonomy"):
        shutil.copytree(ROOT / package, other / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "classifier" / "engine.py").open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    with scheduler() as cluster:
        cluster.add_worker(PYTHONPATH=str(other))
        with pytest.raises(LoanBookError, match=r"与本机版本不同（lanmu [0-9a-f]+，本机 [0-9a-f]+）"):
            label(classifier, tmp_path, cluster)


def test_what_differs_is_named() -> None:
    ours = versions_here()
    assert difference("tcp://甲:1", ours, ours) is None
    assert "numpy 1.0，本机 " in str(difference("tcp://甲:1", {**ours, "numpy": "1.0"}, ours))
    assert "lanmu None，本机 " in str(difference("tcp://甲:1", {}, ours))


@pytest.mark.parametrize("address", [lambda: f"tcp://127.0.0.1:{free_port()}", lambda: "nonsense://甲"])
def test_a_cluster_that_is_not_there_is_one_plain_line(
    address: Callable[[], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", str(SAMPLE), "-o", str(tmp_path / "out.csv"), "--dask", address()]) == 1
    assert capsys.readouterr().err.startswith("错误：连不上 Dask 集群")


def test_workers_without_lanmu_installed_are_told_apart() -> None:
    command = [sys.executable, "-c", "import sys; sys.modules['distributed'] = None; import classifier.cluster"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert "没有安装 Dask，不能用 --dask。请运行 pip install 'lanmu[dask]'" in run.stderr


def test_local_workers_end_when_the_main_process_is_killed(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    code = (
        "from pathlib import Path; from classifier import Classifier; from classifier.batch import label_book; "
        f"label_book(Classifier.load(), Path({str(SAMPLE)!r}), Path({str(tmp_path / 'out.csv')!r}), workers=2, "
        "rows_for_workers=0, chunk_rows=10, progress=lambda done, _: (print(done, flush=True), input()))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as main_process:
        assert main_process.stdout
        main_process.stdout.readline()
        workers = psutil.Process(main_process.pid).children(recursive=True)
        main_process.kill()
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=30)[1] == []
