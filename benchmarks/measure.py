"""Clocks: rounds that take turns, the cost of a command with all its processes, and the machine they ran on."""

import gc
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
_PROC = Path("/proc")
_PAUSE = 0.05  # seconds between two looks at the memory
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "joblib", "jieba", "rjieba", "torch")

Clock = Callable[[], float]
Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of several rounds: its median, least and greatest."""

    middle: float
    least: float
    greatest: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> "Spread":
        """The spread of figures, one a round."""
        ordered = sorted(figures)
        return cls(median(ordered), ordered[0], ordered[-1])


def ratio(above: Sequence[float], below: Sequence[float], scale: float = 1.0) -> Spread:
    """The ratio of two costs, taken within each round, so that what slowed a whole round cancels out."""
    return Spread.of(scale * a / b for a, b in zip(above, below, strict=True))


def interleave(
    tasks: Mapping[Name, Callable[[], object]], rounds: int, clock: Clock = process_time
) -> dict[Name, list[float]]:
    """Seconds of each task in each round. All take turns, and another one begins each round."""
    seconds: dict[Name, list[float]] = {name: [] for name in tasks}
    names = list(tasks)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            gc.collect()
            started = clock()
            tasks[name]()
            seconds[name].append(clock() - started)
    return seconds


@dataclass(frozen=True, slots=True)
class Run:
    """What a command cost, with all processes it started: seconds, CPU seconds, and peak memory (PSS) in MiB if watched."""

    wall: float
    cpu: float
    peak: float
    output: str


def run_python(code: str, arguments: Sequence[str] = (), *, watch_memory: bool = False) -> Run:
    """Run Python code in a process of its own. RuntimeError with its messages if it fails."""
    started = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with process:
        watch = _MemoryWatch(process.pid) if watch_memory else None
        assert process.stdout is not None
        output = process.stdout.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = perf_counter() - started
    peak = watch.stop() if watch else 0.0
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {output[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, peak, output)


def interleave_runs(commands: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """The same turns for commands."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    tasks = {
        name: (lambda name=name, command=command: runs[name].append(command())) for name, command in commands.items()
    }
    interleave(tasks, rounds)
    return runs


class _MemoryWatch:
    """Looks at the memory of a process and all below it until told to stop."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._peak = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak in MiB."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._ended.wait(_PAUSE):
            self._peak = max(self._peak, tree_memory(self._process))


def tree_memory(process: int) -> float:
    """Memory of a process and all below it in MiB, shared pages counted once (PSS); 0 where the system does not tell."""
    return sum(_own_memory(member) for member in _tree(process)) / 1024


def _own_memory(process: int) -> int:
    try:
        lines = (_PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _tree(process: int) -> list[int]:
    parents = {int(path.name): _parent(path) for path in _PROC.glob("[0-9]*")}
    members = [process]
    for member in members:  # grows while it is read
        members += [child for child, parent in parents.items() if parent == member]
    return members


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def machine() -> list[str]:
    """The machine in general terms: processor, cores, memory, load before the run, Python and libraries."""
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_total_memory():.0f} GiB, {platform.system()}",
        f"load before the run {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}",
        *(f"{name} {found}" for name in LIBRARIES if (found := library(name))),
    ]


def library(name: str) -> str | None:
    """The version of an installed library."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    lines = (_PROC / "cpuinfo").read_text().splitlines() if (_PROC / "cpuinfo").exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _total_memory() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
