"""A Dask cluster as workers: joined in bounded time, checked to be of our version, given what all chunks share once.

The only module that knows ``distributed`` (extra ``dask``); imported when a cluster is asked for. A worker that dies costs
nothing but time, for Dask gives its chunks to the others; one that does so again and again ends the run.
"""

import hashlib
import multiprocessing
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from secrets import token_hex
from typing import Any

from classifier.errors import LoanBookError
from classifier.workers import Crew, forget, keep

try:
    from distributed import Client, KilledWorker, Worker, WorkerPlugin
    from joblib._dask import DaskDistributedBackend
except ImportError as error:
    raise LoanBookError("没有安装 Dask，不能用 --dask。请运行 pip install 'lanmu[dask]'，或改用 --workers。") from error

_CONNECT = 10  # seconds
_LONGEST_WAIT = 300  # seconds for the oldest chunk, wherever it waits
_DECIDING = ("numpy", "jieba", "opencc")  # libraries that take part in a prediction
_NOT_DECIDING = ("web", "review", "cli")


@cache
def versions_here() -> dict[str, str]:
    """What the answers of this process depend on beyond what it is sent: our code, Python, and libraries."""
    return {"lanmu": _code_digest(), "Python": "{}.{}".format(*sys.version_info), **dict(map(_library, _DECIDING))}


def _library(name: str) -> tuple[str, str]:
    try:
        return name, version(name)
    except PackageNotFoundError:
        return name, "（没有）"


def _code_digest() -> str:
    package = Path(__file__).parent
    folders = (package, package.parent / "taxonomy")
    paths = sorted((path.relative_to(package.parent), path) for folder in folders for path in folder.rglob("*.py"))
    texts = (f"{name}\n{path.read_text('utf-8')}" for name, path in paths if name.parts[1] not in _NOT_DECIDING)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


def difference(worker: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> LoanBookError | None:
    """Why a worker with these versions cannot take part; None if it can."""
    pairs = [f"{name} {found.get(name)}，本机 {ours}" for name, ours in wanted.items() if found.get(name) != ours]
    if not pairs:
        return None
    return LoanBookError(
        f"集群的工作进程 {worker} 与本机版本不同（{'；'.join(pairs)}），结果可能不一致，没有运行。"
        "请在所有机器上装同一版 lanmu，并按同一份 requirements.lock 安装。"
    )


class _Delivery(WorkerPlugin):
    """Brings a worker what all chunks share, whether it is there at the start or joins later."""

    def __init__(self, name: str, common: object, versions: Mapping[str, str]) -> None:
        self.name = name
        self._common = common
        self._versions = versions

    def setup(self, worker: Worker) -> None:
        keep(self.name, difference(worker.address, versions_here(), self._versions) or self._common)

    def teardown(self, worker: Worker) -> None:
        forget(self.name)


class _Failure:
    """An error in the place of an answer."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _DaskBackend(DaskDistributedBackend):  # type: ignore[misc]
    """joblib's own, but a chunk that Dask has given up is told; joblib's waits for it for ever."""

    def submit(self, func: Any, callback: Any = None) -> Any:
        future = super().submit(func, callback)
        future.add_done_callback(lambda done: callback(_Failure(done.exception())) if done.exception() else None)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        if isinstance(out, _Failure):
            raise out.error
        return super().retrieve_result_callback(out)

    def effective_n_jobs(self, n_jobs: int) -> int:
        cores: int = super().effective_n_jobs(n_jobs)
        return max(2, cores)  # with one, joblib would do the work in this process


@contextmanager
def cluster_crew(common: object, address: str) -> Iterator[Crew]:
    """The workers of a cluster, while the block runs; LoanBookError in plain words for whatever keeps it from working."""
    with _connected(address) as client:
        _check_versions(client)
        name = f"lanmu-{token_hex(8)}"
        client.register_plugin(_Delivery(name, common, versions_here()), name=name)
        try:
            with _plain_errors(address):
                options = {"n_jobs": -1, "backend": _DaskBackend(client=client), "timeout": _LONGEST_WAIT}
                yield Crew(options, name, lambda: max(1, sum(client.ncores().values())))
        finally:
            with suppress(OSError, TimeoutError):  # the cluster may be gone
                client.unregister_worker_plugin(name)


@contextmanager
def _plain_errors(address: str) -> Iterator[None]:
    try:
        yield
    except KilledWorker as error:
        raise LoanBookError(
            "集群的工作进程在同一批行上接连中止，已停止重试，没有写出文件。请看工作进程的日志（多半是内存不足）。"
        ) from error
    except (TimeoutError, multiprocessing.TimeoutError) as error:
        raise LoanBookError(
            f"集群 {address} 有 {_LONGEST_WAIT} 秒没有交回下一批行，或已没有工作进程，没有写出文件。请检查集群后再试。"
        ) from error
    except CancelledError as error:
        raise LoanBookError(f"与集群 {address} 的连接断了，没有写出文件。请检查调度进程和网络后再试。") from error


def _connected(address: str) -> Client:
    """A connection to a cluster that has workers."""
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise LoanBookError(
            f"连不上 Dask 集群 {address}。请核对地址（形如 tcp://主机:8786）、调度进程是否在运行、网络是否相通。"
        ) from error
    try:
        client.wait_for_workers(1, timeout=_CONNECT)
    except TimeoutError as error:
        client.close()  # type: ignore[no-untyped-call]
        raise LoanBookError(
            f"Dask 集群 {address} 没有工作进程。请在各台机器上用 dask worker {address} --nthreads 1 启动后再试。"
        ) from error
    return client


def _check_versions(client: Client) -> None:
    found = client.run(versions_here, on_error="return")
    for worker, versions in found.items():
        problem = difference(worker, versions if isinstance(versions, Mapping) else {}, versions_here())
        if problem:
            raise problem
