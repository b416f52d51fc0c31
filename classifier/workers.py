"""Many processes: chunks go out, to this machine or to a Dask cluster, and the answers come back in their order.

This is the only module that knows joblib; ``cluster`` adds what Dask needs beyond it. What all chunks have in common travels
once: here as a file that each process reads, on a cluster through the scheduler, never as a path of another machine.
"""

import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep
from typing import Any, TypeVar
from warnings import catch_warnings, simplefilter

from classifier.errors import LoanBookError

_AHEAD = 8  # chunks for each process that are in memory at the worst moment
_MAPPED = 1 << 16  # bytes of an array that is worth sharing
_LOOK = 2  # seconds between two looks whether the main process still lives
_KEPT: dict[str, Any] = {}

_Common = TypeVar("_Common")
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers that are ready: options for joblib, the name of what all chunks have in common, and how many work now."""

    options: dict[str, Any]
    common: Path | str
    size: Callable[[], int]


Hire = Callable[[object], AbstractContextManager[Crew]]


def in_order(
    task: Callable[[_Common, _Item], _Answer], common: _Common, chunks: Iterable[_Item], hire: Hire | None
) -> Generator[tuple[_Item, _Answer]]:
    """Each chunk with its answer, in the order given; chunks are taken from the iterable as they are needed.

    ``hire`` gets workers ready for what all chunks have in common; None leaves the work to this process. The task and its
    answers must be picklable. Closing the generator ends the work; what a task raises is raised here.
    """
    if hire is None:
        yield from ((chunk, task(common, chunk)) for chunk in chunks)
        return
    with hire(common) as crew, _parallel(crew) as parallel:
        from joblib import delayed

        rest = iter(chunks)
        while window := list(islice(rest, _AHEAD * crew.size())):
            with closing(parallel(delayed(_answer)(task, crew.common, _packed(chunk)) for chunk in window)) as answers:
                yield from zip(window, map(_unpacked, answers), strict=True)


@contextmanager
def local_crew(common: object, count: int) -> Iterator[Crew]:
    """So many processes of this machine, while the block runs."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _put_down(common, Path(folder))
        try:
            yield Crew({"n_jobs": count, "backend": "loky"}, Path(folder), lambda: count)
        except TerminatedWorkerError as error:
            raise LoanBookError(
                "一个贴标进程被系统中止（多半是内存不足），没有写出文件。请减小 --workers 或关闭其他程序再试。"
            ) from error


def in_parts(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """The items in lists of a size; the last one may be shorter."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def keep(name: str, common: Any) -> None:
    """Remember in this process what the chunks of a run have in common."""
    _KEPT[name] = common


def forget(name: str) -> None:
    """Free what was kept under a name."""
    _KEPT.pop(name, None)


def _answer(task: Callable[[Any, Any], object], common: Path | str, chunk: bytes) -> bytes:
    """What a worker does with a chunk."""
    return _packed(task(_stored(common) if isinstance(common, Path) else _kept(common), _unpacked(chunk)))


def _packed(rows: object) -> bytes:
    """Rows as one thing: joblib and Dask would look into each of them, again and again."""
    return pickle.dumps(rows, 5)


def _unpacked(rows: bytes) -> Any:
    return pickle.loads(rows)  # noqa: S301 -- packed by the other end of the same run


def _put_down(common: object, folder: Path) -> None:
    """Write an object for the processes of this machine; its arrays apart, so that all of them share one copy in memory."""
    arrays: list[pickle.PickleBuffer] = []
    (folder / "common").write_bytes(pickle.dumps(common, 5, buffer_callback=arrays.append))
    for number, array in enumerate(arrays):
        (folder / f"{number:06d}.array").write_bytes(array.raw())


@lru_cache(maxsize=1)
def _stored(folder: Path) -> Any:
    """What the main process put down a moment ago; read once a worker, not sent with each chunk."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    arrays = map(_mapped, sorted(folder.glob("*.array")))
    return pickle.loads((folder / "common").read_bytes(), buffers=arrays)  # noqa: S301 -- ours, nobody else can open it


def _end_with(parent: int) -> None:
    """End this worker when the process that started it is gone: one that was killed cannot tell its workers."""
    while os.getppid() == parent:
        sleep(_LOOK)
    os._exit(1)


def _mapped(path: Path) -> mmap | bytes:
    if path.stat().st_size < _MAPPED:
        return path.read_bytes()
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def _kept(name: str) -> Any:
    kept = _KEPT[name]
    if isinstance(kept, LoanBookError):  # the worker came late and does not fit
        raise kept
    return kept


@contextmanager
def _parallel(crew: Crew) -> Iterator[Any]:
    from joblib import Parallel

    with catch_warnings():
        simplefilter("ignore", UserWarning)  # a run that is stopped leaves answers unused, and means to
        with Parallel(batch_size=1, pre_dispatch="all", return_as="generator", **crew.options) as parallel:
            yield parallel
