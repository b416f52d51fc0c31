"""Background jobs: loan books that are labelled by processes of their own while the server goes on answering.

The server keeps who waits and who runs; everything else about a job stands in its folder and in the store, so that any tab
at any time sees the same. A job whose server died is found at the next start and marked as interrupted.
"""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Thread

from classifier.errors import LoanBookError, ReviewError
from classifier.review.cases import Batch, BatchState
from classifier.review.permissions import Actor
from classifier.review.store import ReviewStore
from classifier.settings import Settings
from classifier.web.batch.jobfolder import JobFolder, Order, Phase, Progress, safe_name
from classifier.web.batch.labelling import Task

MOST_RUNNING = 2
_STAGED_SECONDS = 86_400
_TEXT_SECONDS = 86_400  # how long a bank that keeps no texts can fetch its results
_LOOK_SECONDS = 3_600
_ROOT = Path(__file__).parents[3]
_LOST = "贴标进程意外中止，没有留下结果。请重新开始；如果再次中止，请告诉管理员。"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its owner sees it: ``ahead`` counts the jobs that wait before it."""

    batch: Batch
    folder: JobFolder
    progress: Progress
    ahead: int

    @property
    def is_running(self) -> bool:
        """Whether something will still happen without anybody's doing."""
        return self.batch.state is BatchState.RUNNING


class Jobs:
    """The jobs of one server; make one only, at its start, for it takes every running job for a dead one's."""

    def __init__(self, store: ReviewStore, settings: Settings, *, most_running: int = MOST_RUNNING) -> None:
        self._store = store
        self._settings = settings
        self._home = settings.home / "jobs"
        self._most_running = most_running
        self._lock = Lock()
        self._waiting: deque[int] = deque()
        self._running: set[int] = set()
        self._recover()
        if not settings.keep_text:
            self._forget_texts()
            Thread(target=self._forget_hourly, name="forget-texts", daemon=True).start()

    def stage(self, name: str, data: bytes | memoryview) -> Path:
        """Put an upload down for a look at it; it becomes a job by ``start`` or is removed by ``discard``."""
        self._forget_staged()
        folder = self._home / "staged" / secrets.token_hex(8)
        folder.mkdir(mode=0o700, parents=True)
        path = folder / safe_name(name)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
        return path

    def _forget_staged(self) -> None:
        """Remove uploads that somebody looked at and left."""
        for folder in (self._home / "staged").glob("*"):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _STAGED_SECONDS:
                    shutil.rmtree(folder)

    def discard(self, staged: Path) -> None:
        """Remove an upload that nobody wants labelled."""
        if staged.is_relative_to(self._home / "staged"):
            shutil.rmtree(staged.parent, ignore_errors=True)

    def start(self, staged: Path, order: Order) -> int:
        """Label a staged upload as soon as there is room; the number of its batch."""
        if not staged.exists():
            raise LoanBookError("上传的文件已不在服务器上（服务重新启动过）。请重新上传。")
        batch_id = self._store.open_batch(order.owner, order.name, order.digest, order.size)
        self._folder(batch_id).create(order, staged)
        self.discard(staged)
        with self._lock:
            self._waiting.append(batch_id)
        self._start_next()
        return batch_id

    def job(self, actor: Actor, batch_id: int) -> Job:
        """How a job stands; the store says whether the actor may know."""
        batch = self._store.batch(actor, batch_id)
        folder = self._folder(batch_id)
        with self._lock:
            ahead = self._waiting.index(batch_id) if batch_id in self._waiting else 0
        progress = folder.progress() if folder.path.exists() else Progress(Phase.ENDED, total=batch.size)
        return Job(batch, folder, progress, ahead)

    def cancel(self, actor: Actor, batch_id: int) -> None:
        """End the actor's own job; what is filed stays under the cancelled batch, and no file is left."""
        job = self._own(actor, batch_id)
        with self._lock:
            waits = batch_id in self._waiting
            if waits:
                self._waiting.remove(batch_id)
        if waits:
            self._store.close_batch(actor, batch_id, BatchState.CANCELLED)
            job.folder.tell(replace(job.progress, phase=Phase.ENDED))
        elif job.is_running:
            job.folder.ask_to_stop()

    def again(self, actor: Actor, batch_id: int) -> int:
        """Label the kept upload of the actor's own job once more, as a new batch."""
        job = self._own(actor, batch_id)
        if not job.folder.can_start_again:
            raise LoanBookError("这一批的原文件已不在服务器上。请重新上传。")
        order = job.folder.order()
        staged = self.stage(order.name, b"")
        job.folder.copy_upload(staged)
        return self.start(staged, replace(order, owner=actor))

    def _own(self, actor: Actor, batch_id: int) -> Job:
        job = self.job(actor, batch_id)
        if job.batch.opened_by != actor.name:
            raise ReviewError(f"第 {batch_id} 批是“{job.batch.opened_by}”的，只有本人可以取消或重新开始。")
        return job

    def _folder(self, batch_id: int) -> JobFolder:
        return JobFolder(self._home / str(batch_id))

    def _recover(self) -> None:
        """Mark what a dead server left running, and remove what is half."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(self._home / "staged", ignore_errors=True)
        self._store.interrupt_batches()
        for path in self._home.iterdir():
            folder = JobFolder(path)
            if path.name.isdecimal() and folder.progress().phase is not Phase.ENDED:
                if not self._is_done(folder.order().owner, int(path.name)):
                    folder.clear()
                folder.tell(replace(folder.progress(), phase=Phase.ENDED, rate=0.0))

    def _is_done(self, owner: Actor, batch_id: int) -> bool:
        """Whether the store has the whole book; after a restore it may not know of it."""
        try:
            return self._store.batch(owner, batch_id).state is BatchState.DONE
        except ReviewError:
            return False

    def _forget_hourly(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with suppress(OSError):
                self._forget_texts()
                self._forget_staged()

    def _forget_texts(self) -> None:
        """Remove uploads and results of jobs that ended a day ago: the store keeps no text, nor may the folders."""
        for path in self._home.iterdir():
            is_old = path.name.isdecimal() and time.time() - path.stat().st_mtime > _TEXT_SECONDS
            if is_old and JobFolder(path).progress().phase is Phase.ENDED:
                JobFolder(path).forget()

    def _start_next(self) -> None:
        with self._lock:
            while self._waiting and len(self._running) < self._most_running:
                batch_id = self._waiting.popleft()
                self._running.add(batch_id)
                Thread(target=self._attend, args=(batch_id,), name=f"batch-{batch_id}", daemon=True).start()

    def _attend(self, batch_id: int) -> None:
        """Start the process of a job and stay until it ends, whatever way."""
        try:
            self._label(batch_id)
        finally:
            try:
                self._close_if_lost(batch_id)
            finally:
                with self._lock:
                    self._running.discard(batch_id)
                self._start_next()

    def _label(self, batch_id: int) -> None:
        folder = self._folder(batch_id)
        task = Task(folder.path, batch_id, self._settings, os.getpid(), os.cpu_count() or 1)
        # Its own session: a Ctrl-C at the server's terminal is the server's; the job ends when the server is gone.
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "classifier.web.batch.labelling"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": _python_path()},
        ) as process:
            process.communicate(task.to_text() + "\n")

    def _close_if_lost(self, batch_id: int) -> None:
        """A process that was killed, or met a fault, has not closed its batch."""
        folder = self._folder(batch_id)
        owner = folder.order().owner
        if self._store.batch(owner, batch_id).state is BatchState.RUNNING:
            folder.clear()
            self._store.close_batch(owner, batch_id, BatchState.INTERRUPTED)
            folder.tell(replace(folder.progress(), phase=Phase.ENDED, rate=0.0, error=_LOST))


def digest_of(path: Path) -> str:
    """SHA-256 of a file: the same for the same bytes under any name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
