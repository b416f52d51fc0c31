"""The first half of 批量识别: choose a file, look at what was recognised, correct it, start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from classifier.errors import ClassifierError, LoanBookError
from classifier.loanbook.columns import ColumnNames, Role
from classifier.review.cases import Batch, BatchState
from classifier.review.permissions import Actor
from classifier.review.store import ReviewStore
from classifier.web import screen
from classifier.web.batch.books import CORRECTABLE, Preview, column_names, look_at, unique_names
from classifier.web.batch.jobfolder import Order
from classifier.web.batch.jobs import Jobs, digest_of
from classifier.web.batch.uploads import MOST_BYTES, check_upload
from classifier.web.look import plain

_HINTS: Mapping[Role, str] = {
    Role.DESCRIPTION: "建设内容、项目概况等长文字",
    Role.NAME: "项目或工程的名称",
    Role.PURPOSE: "钱用来做什么",
    Role.SCOPE: "借款人的经营范围，只作参考",
    Role.INDUSTRY: "贷款投向的国标行业代码，只作参考",
    Role.ID: "没有这一列时用行号",
    Role.BALANCE: "汇总用；没有余额列时用发放金额",
}
# Streamlit's own words around the uploader are English and cannot be set; its limits stand in our label.
_CHINESE = """<style>
[data-testid="stFileUploaderDropzoneInstructions"] { display: none }
[data-testid="stFileUploaderDropzone"] > div > small, [data-testid="stFileUploaderDropzone"] > small { display: none }
[data-testid="stFileUploaderDropzone"] button[data-testid="stBaseButton-secondary"] p { font-size: 0 }
[data-testid="stFileUploaderDropzone"] button[data-testid="stBaseButton-secondary"] p::after
  { content: "选择文件，或拖到这里"; font-size: 1rem }
</style>"""
_TEXT_ROLES = (Role.DESCRIPTION, Role.NAME, Role.PURPOSE)


@dataclass(frozen=True, slots=True)
class Staged:
    """An upload that was put down for a look at it; ``file_id`` is the uploader's."""

    file_id: str
    name: str
    path: Path
    digest: str


def draw(jobs: Jobs, store: ReviewStore, actor: Actor) -> int | None:
    """Draw the upload; the number of the batch when one was started in this run."""
    staged = _staged(jobs)
    if staged is None:
        return None
    _say_if_known(store.batches(actor), staged, actor)
    recognised = _look(staged, ColumnNames())
    chosen = _choose_columns(staged, recognised)
    preview = _look(staged, chosen) if chosen != ColumnNames() else recognised
    _draw_preview(preview)
    if st.button("开始贴标", type="primary", disabled=bool(preview.problem)):
        order = Order(staged.name, staged.digest, preview.size, chosen, actor)
        batch_id = jobs.start(staged.path, order)
        _forget()
        return batch_id
    return None


def _staged(jobs: Jobs) -> Staged | None:
    """What lies in the uploader, checked and put down once."""
    st.html(_CHINESE)
    file = st.file_uploader(
        f"贷款台账：CSV 或 XLSX，最大 {MOST_BYTES // 1_000_000} MB；超过 10 万行建议用 CSV",
        type=["csv", "txt", "xlsx"],
        key=f"book-{st.session_state.get('uploads', 0)}",
    )
    kept: Staged | None = st.session_state.get("staged")
    if file is None or (kept is not None and kept.file_id != file.file_id):
        if kept is not None:
            jobs.discard(kept.path)
            _drop()
        kept = None
    if file is None:
        return None
    if kept is None or not kept.path.exists():
        with st.spinner("正在检查文件……"):
            data = file.getvalue()
            check_upload(file.name, data)
            path = jobs.stage(file.name, data)
            kept = Staged(file.file_id, file.name, path, digest_of(path))
        st.session_state["staged"] = kept
    return kept


def _forget() -> None:
    """Empty the uploader: the file belongs to a job now."""
    _drop()
    st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1


def _drop() -> None:
    for key in ("staged", "previews"):
        st.session_state.pop(key, None)


def _look(staged: Staged, columns: ColumnNames) -> Preview:
    """What is seen of the upload; read once for the same columns, and the same error told again."""
    seen: dict[tuple[str, ColumnNames], Preview | str] = st.session_state.setdefault("previews", {})
    key = (staged.digest, columns)
    if key not in seen:
        with st.spinner("正在读取台账……"):
            try:
                seen[key] = look_at(staged.path, columns)
            except ClassifierError as error:
                seen[key] = str(error)
    found = seen[key]
    if isinstance(found, str):
        raise LoanBookError(found)
    return found


def _say_if_known(batches: Sequence[Batch], staged: Staged, actor: Actor) -> None:
    same = [batch for batch in batches if batch.file_digest == staged.digest]
    if not same:
        return
    newest = max(same, key=lambda batch: batch.id)
    who = "您" if newest.opened_by == actor.name else f"“{newest.opened_by}”"
    state = "正在贴标" if newest.state is BatchState.RUNNING else newest.state.value
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            f"同一份文件{plain(who)}已在 {screen.local_time(newest.opened_at)} 上传过（第 {newest.id} 批，{state}）。"
            "再次贴标会另成一批，统计时会重复计入。"
        )
        if st.button(f"打开第 {newest.id} 批", key="open-same"):
            st.query_params["batch"] = str(newest.id)
            st.rerun()


def _choose_columns(staged: Staged, recognised: Preview) -> ColumnNames:
    chosen: dict[Role, str | None] = {}
    with st.container(border=True):
        st.header("识别出的列", anchor=False)
        st.caption("如果认错了，请在这里改选；带 * 的三列至少要有一列。")
        for start in range(0, len(CORRECTABLE), 4):
            for place, role in zip(st.columns(4), list(CORRECTABLE)[start : start + 4], strict=False):
                with place:
                    chosen[role] = _choose_column(staged, recognised, role)
    return column_names(chosen)


def _choose_column(staged: Staged, recognised: Preview, role: Role) -> str | None:
    found = recognised.taken_for(role)
    words: dict[str | None, str] = {None: f"{found}（自动识别）" if found else "没有认出", "": "不用"}
    return st.selectbox(
        f"{role.value}{' *' if role in _TEXT_ROLES else ''}",
        [None, *recognised.choices, *([""] if found else [])],
        format_func=lambda name: words.get(name, name or ""),
        help=_HINTS[role],
        key=f"column-{role.name}-{staged.digest[:12]}",
    )


def _draw_preview(preview: Preview) -> None:
    if preview.problem:
        st.warning(preview.problem)
    if not preview.size:
        return
    parts = [f"共 {preview.size:,} 行"]
    if preview.sheet:
        parts.append(f"工作表“{preview.sheet}”")
    if preview.title_rows:
        parts.append(f"表头在第 {preview.title_rows + 1} 行，其上的 {preview.title_rows} 行标题原样保留")
    st.text("；".join(parts) + f"。前 {len(preview.rows)} 行：")
    names = unique_names(preview.header)
    st.dataframe([dict(zip(names, row, strict=True)) for row in preview.rows], hide_index=True, alt="台账的前几行")
    if preview.unit:
        st.caption(plain(preview.unit))
    for warning in preview.warnings:
        st.warning(plain(warning))
