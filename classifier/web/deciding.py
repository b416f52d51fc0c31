"""What the buttons of the review page do: callbacks that write to the store and say in one sentence what happened.

They are given the case as the person saw it, so that a decision never lands on a version that nobody looked at. What
was typed is kept when the store refuses.
"""

import time
from dataclasses import dataclass
from enum import Enum

import streamlit as st

from classifier.errors import ReviewError
from classifier.review.cases import CaseLife, Label
from classifier.review.permissions import Actor
from classifier.review.store import ReviewStore
from classifier.web import queue
from taxonomy import Catalogue

NOTICE, UNRECORDED, SKIPPED, LAST = "notice", "unrecorded", "skipped", "last_decided"


class Tone(Enum):
    """How a notice is meant."""

    DONE = "done"
    LOOK = "look"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence to the person after a key or a click."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A person with a case in front of them."""

    store: ReviewStore
    actor: Actor
    catalogue: Catalogue
    life: CaseLife

    @property
    def id(self) -> int:
        """The number of the case."""
        return self.life.case.id


def choice_key(case_id: int) -> str:
    """Where the label chosen for a case is kept."""
    return f"choice_{case_id}"


def reason_key(case_id: int) -> str:
    """The key of the field for reason and note."""
    return f"reason_{case_id}"


def search_key(case_id: int) -> str:
    """The key of the search over the catalogue."""
    return f"search_{case_id}"


def chosen(case_id: int) -> Label | None:
    """The label that is chosen and not recorded yet."""
    label = st.session_state.get(choice_key(case_id))
    return label if isinstance(label, Label) else None


def choose(case_id: int, label: Label) -> None:
    """Choose a label; nothing is written yet."""
    st.session_state[choice_key(case_id)] = label
    st.session_state.pop(NOTICE, None)


def choose_found(case_id: int, catalogue: Catalogue) -> None:
    """Choose the item that was looked up."""
    code = st.session_state.get(search_key(case_id))
    if code:
        choose(case_id, queue.label_of(catalogue, code))


def give_reason(case_id: int, reason: str) -> None:
    """Put a common reason into the field, after what is there; a second press takes it out again."""
    said = [part for part in str(st.session_state.get(reason_key(case_id)) or "").split("；") if part.strip()]
    said = [part for part in said if part != reason] if reason in said else [*said, reason]
    st.session_state[reason_key(case_id)] = "；".join(said)


def confirm(desk: Desk) -> None:
    """Agree to the label that stands: the machine's, or the first person's."""
    label = queue.standing(desk.life)
    assert label is not None
    _decide(desk, label)


def record(desk: Desk) -> None:
    """Decide for the chosen label."""
    label = chosen(desk.id)
    if label is None:
        _say(Tone.LOOK, "请先选定结论：按 1–5、0、9，或查找其他条目。")
    else:
        _decide(desk, label)


def send_back(desk: Desk) -> None:
    """Return the case to the officer."""
    reason = _typed(desk.id)
    if not reason:
        _say(Tone.LOOK, "退回须写明理由：请告诉经办人缺什么材料。")
        return
    try:
        desk.store.send_back(desk.actor, desk.id, desk.life.case.version, reason)
    except ReviewError as error:
        _refused(desk, error)
    else:
        _done(desk, f"第 {desk.id} 件已退回 {desk.life.case.submitted_by}。")


def reopen(desk: Desk) -> None:
    """Put a finished case into the queue again."""
    reason = _typed(desk.id)
    if not reason:
        _say(Tone.LOOK, "重开须写明理由。")
        return
    try:
        desk.store.reopen(desk.actor, desk.id, desk.life.case.version, reason)
    except ReviewError as error:
        _refused(desk, error)
    else:
        _done(desk, f"第 {desk.id} 件已重开，回到待复核。")


def note(desk: Desk) -> None:
    """Keep what is typed as a remark; the case stays."""
    text = _typed(desk.id)
    if not text:
        _say(Tone.LOOK, "请先写下备注的内容。")
        return
    try:
        desk.store.note(desk.actor, desk.id, text)
    except ReviewError as error:
        _say(Tone.REFUSED, str(error))
    else:
        st.session_state[reason_key(desk.id)] = ""
        _say(Tone.DONE, f"第 {desk.id} 件已记备注。")


def skip(case_id: int) -> None:
    """Leave the case for another time; it comes back in a new session."""
    st.session_state.setdefault(SKIPPED, []).append(case_id)
    _say(Tone.DONE, f"第 {case_id} 件已跳过（仅本次登录内）。")
    leave()


def unskip() -> None:
    """Bring the skipped cases back."""
    st.session_state.pop(SKIPPED, None)
    leave()


def leave() -> None:
    """Turn away from the case in the address, so that the next one is drawn."""
    st.query_params.pop("case", None)


def _typed(case_id: int) -> str:
    return str(st.session_state.get(reason_key(case_id)) or "").strip()


def _decide(desk: Desk, label: Label) -> None:
    case, reason = desk.life.case, _typed(desk.id)
    if st.session_state.get(LAST) == (case.id, case.version):
        return  # the same key struck twice before the next case came
    if queue.needs_reason(desk.life, label) and not reason:
        blind = queue.reading_of(case) is queue.Reading.BLIND
        _say(Tone.LOOK, "盲读一律写明理由。" if blind else "改判须写明理由：按 A S D F G 选常用理由，或按 W 自己写。")
        return
    try:
        queue.check_pace(time.monotonic() - st.session_state.get(shown_key(case.id), 0.0))
        after = desk.store.decide(desk.actor, case.id, case.version, label, reason)
    except ReviewError as error:
        _refused(desk, error)
    else:
        st.session_state[LAST] = (case.id, case.version)
        _done(desk, queue.recorded(case, after, label, desk.catalogue))


def shown_key(case_id: int) -> str:
    """Where the moment is kept at which a case was first drawn."""
    return f"shown_{case_id}"


def mark_shown(case_id: int) -> None:
    """Remember when a case came before the person's eyes."""
    st.session_state.setdefault(shown_key(case_id), time.monotonic())


def _done(desk: Desk, text: str) -> None:
    for key in (choice_key(desk.id), reason_key(desk.id), search_key(desk.id), shown_key(desk.id), UNRECORDED):
        st.session_state.pop(key, None)
    _say(Tone.DONE, text)
    leave()


def _refused(desk: Desk, error: ReviewError) -> None:
    """Say why; if the case has moved on, keep what was typed in sight and go to the next one."""
    _say(Tone.REFUSED, str(error))
    fresh = desk.store.case(desk.actor, desk.id)
    if fresh.version != desk.life.case.version:
        if typed := _typed(desk.id):
            st.session_state[UNRECORDED] = (desk.id, typed)
        leave()


def _say(tone: Tone, text: str) -> None:
    st.session_state[NOTICE] = Notice(tone, text)
