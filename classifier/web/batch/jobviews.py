"""The second half of 批量识别: a running job with its progress, what became of one that ended early, and earlier books."""

from collections.abc import Sequence
from functools import cache
from threading import Lock

import streamlit as st

from classifier.review.cases import Batch, BatchState
from classifier.review.permissions import Action, Actor
from classifier.settings import Settings
from classifier.web import context, screen
from classifier.web.batch.jobfolder import Phase, Progress
from classifier.web.batch.jobs import Job, Jobs
from classifier.web.evidence import escape_text
from classifier.web.look import note_badge, plain
from classifier.web.look import row as row_html

_REFRESH = 1.0
_SHOWN_BATCHES = 20
_STATES = {
    BatchState.RUNNING: "◔ 进行中",
    BatchState.DONE: "● 已完成",
    BatchState.CANCELLED: "□ 已取消",
    BatchState.INTERRUPTED: "△ 已中断",
}


def the_jobs() -> Jobs:
    """The jobs of this server; the first call marks what a dead server left running."""
    with _opening:
        return _jobs(context.settings())


_opening = Lock()


@cache
def _jobs(settings: Settings) -> Jobs:
    return Jobs(context.store(), settings)


def number_in_address(name: str) -> int | None:
    """A number that the address gives; None where it gives none, or one that no record has."""
    asked = st.query_params.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else None


def open_batch(batch_id: int | None) -> None:
    """Go to a job, or back to the upload; the address says so, for reloads and other tabs."""
    for key in ("batch", "row"):
        st.query_params.pop(key, None)
    if batch_id is not None:
        st.query_params["batch"] = str(batch_id)
    st.rerun()


@st.fragment(run_every=_REFRESH)
def draw_progress(actor: Actor, batch_id: int) -> None:
    """Progress, drawn anew each second without the rest of the page; the whole page when the job ends."""
    jobs = the_jobs()
    with context.show_errors():
        job = jobs.job(actor, batch_id)
        if not job.is_running:
            st.rerun()
        st.progress(done_share(job.progress), progress_text(job))
        if job.batch.opened_by == actor.name:
            _draw_cancel(jobs, actor, job)
    st.caption("可以离开本页、刷新或关闭浏览器，贴标会继续；回到本页的网址即可查看。")


def _draw_cancel(jobs: Jobs, actor: Actor, job: Job) -> None:
    if job.folder.is_asked_to_stop:
        st.caption("正在停下……")
    elif st.button("取消贴标", key=f"cancel-{job.batch.id}"):
        jobs.cancel(actor, job.batch.id)
        st.rerun()


def done_share(progress: Progress) -> float:
    """How much of a bar to fill."""
    return min(1.0, progress.done / progress.total) if progress.total else 0.0


def progress_text(job: Job) -> str:
    """What a job is doing, in one line."""
    progress = job.progress
    if progress.phase is Phase.WAITING:
        return f"排队中：前面还有 {job.ahead} 个台账在等，轮到时自动开始。" if job.ahead else "排队中：轮到时自动开始。"
    if progress.phase is Phase.STARTING:
        return "准备中：正在读取台账、加载模型……"
    if progress.phase is Phase.WRITING:
        return "写结果文件……"
    left = progress.seconds_left
    rest = f"，每秒 {progress.rate:,.0f} 行，还需{duration(left)}" if left is not None else ""
    return f"已贴标 {progress.done:,} / {progress.total:,} 行{rest}"


def duration(seconds: float) -> str:
    """A length of time as a person says it.

    >>> duration(42), duration(754), duration(9000)
    ('约 42 秒', '约 13 分钟', '约 2.5 小时')
    """
    if seconds < 60:
        return f"约 {max(1, round(seconds))} 秒"
    return f"约 {round(seconds / 60)} 分钟" if seconds < 5400 else f"约 {seconds / 3600:.1f} 小时"


def draw_ended_early(jobs: Jobs, actor: Actor, job: Job) -> None:
    """Why there is no result, and the way to one."""
    if job.batch.state is BatchState.CANCELLED:
        st.info(f"已取消，没有结果文件。取消前已贴标的 {job.batch.filed:,} 行只留痕，不计入概览。")
    else:
        st.warning(plain(job.progress.error or "贴标时服务停止了，没有留下结果文件。原文件还在，可以重新开始。"))
    if job.batch.opened_by == actor.name and actor.may(Action.SUBMIT):
        if st.button("重新开始", type="primary"):
            open_batch(jobs.again(actor, job.batch.id))
        st.caption("用同一份原文件再贴一次，另成一批。")


def draw_batches(batches: Sequence[Batch], actor: Actor) -> None:
    """Earlier books, newest first, each with a way to open it."""
    newest = sorted(batches, key=lambda batch: batch.id, reverse=True)[:_SHOWN_BATCHES]
    all_mine = all(batch.opened_by == actor.name for batch in newest)
    st.header("我的台账" if all_mine else "已贴标的台账", anchor=False)
    if not newest:
        st.caption("还没有台账。上传一份 CSV 或 XLSX，贴标后会列在这里。")
    for batch in newest:
        _draw_batch(batch, with_person=not all_mine)
    if len(batches) > len(newest):
        st.caption(f"只列最近 {len(newest)} 批，共 {len(batches):,} 批；更早的可用网址中的批号打开。")


def _draw_batch(batch: Batch, *, with_person: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"line-{batch.id}"):
        st.html(screen.facts([(f"第 {batch.id} 批", batch.name)]), width="stretch")
        person = [("", batch.opened_by)] if with_person else []
        rows = f"{batch.size:,} 行" + (f"，问题 {batch.problems:,}" if batch.problems else "")
        facts = [("", _STATES[batch.state]), ("", rows), *person, ("", screen.local_time(batch.opened_at)[:16])]
        st.html(row_html([f"<span>{escape_text(value)}</span>" for _, value in facts]), width="content")
        if st.button("打开", key=f"open-{batch.id}", help=f"打开第 {batch.id} 批"):
            open_batch(batch.id)


def draw_head(batch: Batch) -> None:
    """Which book this is."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            row_html(
                [
                    f'<b style="font-size:1.15em;overflow-wrap:anywhere">{escape_text(batch.name)}</b>',
                    note_badge(_STATES[batch.state]),
                    f"<span>第 {batch.id} 批，{escape_text(batch.opened_by)} 上传于 "
                    f"{screen.local_time(batch.opened_at)}</span>",
                ]
            ),
            width="stretch",
        )
        if st.button("返回台账列表", key="back"):
            open_batch(None)
