"""A progress bar with rate and time left, on standard error, for work that counts rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} 行/秒" if speed else "")


@contextmanager
def progress_bar(doing: str = "贴标") -> Iterator[Callable[[int, int], None]]:
    """Gives a function (rows done, rows in all; 0 if unknown) that draws the bar."""
    columns = (
        TextColumn(doing),
        BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,} 行"),
        _Rate(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(doing, total=0)
        yield lambda done, total: progress.update(task, completed=done, total=max(total, done))
