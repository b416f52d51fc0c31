"""What the buttons of the review page do: callbacks that write to the store and say in one sentence what happened.

They are given the case as the person saw it, so that a decision never lands on a version that nobody looked at. What
was typed is kept when the store refuses. Streamlit may break a callback off wherever it touches the session (another
key was struck): so a callback fetches everything first, writes, and then only changes the ``Memory`` it was given.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import streamlit as st

from classifier.errors import ReviewError
from classifier.review.cases import Case, CaseLife, Label
from classifier.review.permissions import Actor
from classifier.review.store import ReviewStore
from classifier.review.workload import decided_since
from classifier.web import screen
from classifier.web.review import queue
from taxonomy import Catalogue

_MEMORY = "review_memory"
_COUNTS_LAST = 15.0


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


@dataclass(slots=True)
class Memory:
    """What a session remembers of its work: the labels chosen and texts begun, which cases were skipped, what was said.

    ``unrecorded`` is what was typed for a case that somebody else decided first; ``has_left`` asks for the next case.
    """

    notice: Notice | None = None
    unrecorded: tuple[int, str] | None = None
    has_left: bool = False
    counts: tuple[float, queue.Left, int] | None = None
    skipped: list[int] = field(default_factory=list)
    chosen: dict[int, Label] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    reasons: dict[int, list[str]] = field(default_factory=dict)
    shown: dict[int, float] = field(default_factory=dict)

    def say(self, tone: Tone, text: str) -> None:
        """Have one sentence shown until the next key."""
        self.notice = Notice(tone, text)

    def leave(self, case_id: int) -> None:
        """Turn away from a case and what was chosen for it."""
        self.chosen.pop(case_id, None)
        self.texts.pop(case_id, None)
        self.reasons.pop(case_id, None)
        self.shown.pop(case_id, None)
        self.has_left, self.counts = True, None


@dataclass(frozen=True, slots=True)
class Desk:
    """A person with a case in front of them."""

    store: ReviewStore
    actor: Actor
    catalogue: Catalogue
    life: CaseLife
    kept: Memory

    @property
    def id(self) -> int:
        """The number of the case."""
        return self.life.case.id


def memory() -> Memory:
    """The memory of this session."""
    if _MEMORY not in st.session_state:
        st.session_state[_MEMORY] = Memory()
    kept: Memory = st.session_state[_MEMORY]
    return kept


def reason_key(case_id: int) -> str:
    """The key of the field for reason and note."""
    return f"reason_{case_id}"


def search_key(case_id: int) -> str:
    """The key of the search over the catalogue."""
    return f"search_{case_id}"


def choose(kept: Memory, case_id: int, label: Label) -> None:
    """Choose a label; nothing is written yet."""
    kept.chosen[case_id], kept.notice = label, None


def choose_found(kept: Memory, case_id: int, catalogue: Catalogue) -> None:
    """Choose the item that was looked up."""
    code = st.session_state.get(search_key(case_id))
    if code:
        choose(kept, case_id, queue.label_of(catalogue, code))


def give_reason(kept: Memory, case_id: int, reason: str) -> None:
    """Add a common reason to what is typed; a second press takes it out again."""
    kept.reasons.setdefault(case_id, []).append(reason)
    kept.notice = None


def fill_in(kept: Memory, case_id: int) -> None:
    """Before the field is drawn: put what was typed before a skip, and the common reasons pressed, into it."""
    if reason_key(case_id) not in st.session_state:
        st.session_state[reason_key(case_id)] = kept.texts.get(case_id, "")
    if case_id in kept.reasons:
        st.session_state[reason_key(case_id)] = _typed(kept, case_id)
        del kept.reasons[case_id]


def confirm(desk: Desk) -> None:
    """Agree to the label that stands: the machine's, or the first person's."""
    label = queue.standing(desk.life)
    assert label is not None
    _decide(desk, label)


def record(desk: Desk) -> None:
    """Decide for the chosen label."""
    label = desk.kept.chosen.get(desk.id)
    if label is None:
        desk.kept.say(Tone.LOOK, "请先选定结论：按 1–5、0、9，或查找其他条目。")
    else:
        _decide(desk, label)


def send_back(desk: Desk) -> None:
    """Return the case to the officer."""
    _move(
        desk,
        desk.store.send_back,
        missing="退回须写明理由：请告诉经办人缺什么材料。",
        done=f"第 {desk.id} 件已退回 {desk.life.case.submitted_by}。",
    )


def reopen(desk: Desk) -> None:
    """Put a finished case into the queue again."""
    _move(desk, desk.store.reopen, missing="重开须写明理由。", done=f"第 {desk.id} 件已重开，回到待复核。")


def note(desk: Desk) -> None:
    """Keep what is typed as a remark; the case stays."""
    kept, text = desk.kept, _typed(desk.kept, desk.id)
    if not text:
        kept.say(Tone.LOOK, "请先写下备注的内容。")
        return
    try:
        desk.store.note(desk.actor, desk.id, text)
    except ReviewError as error:
        kept.say(Tone.REFUSED, str(error))
    else:
        kept.say(Tone.DONE, f"第 {desk.id} 件已记备注。")
        kept.reasons.pop(desk.id, None)
        st.session_state[reason_key(desk.id)] = ""


def skip(kept: Memory, case_id: int) -> None:
    """Leave the case for another time, with what was typed; it comes back when asked for, or in a new session."""
    text = _typed(kept, case_id)
    kept.leave(case_id)
    kept.skipped.append(case_id)
    kept.texts[case_id] = text
    kept.say(Tone.DONE, f"第 {case_id} 件已跳过（仅本次登录内）。")


def unskip() -> None:
    """Bring the skipped cases back."""
    memory().skipped.clear()
    turn_away()


def turn_away() -> None:
    """Let the next case be drawn, by the order and filters chosen now."""
    kept = memory()
    kept.has_left, kept.notice = True, None


def mark_shown(case_id: int) -> None:
    """Remember when a case came before the person's eyes."""
    memory().shown.setdefault(case_id, time.monotonic())


def counts(store: ReviewStore, actor: Actor) -> tuple[queue.Left, int]:
    """What is left and what this person did today; counted anew after each case, and when the figures grow old."""
    kept, now = memory(), time.monotonic()
    if kept.counts is None or now - kept.counts[0] > _COUNTS_LAST:
        kept.counts = (now, queue.count_left(store, actor), decided_since(store, actor, screen.midnight()))
    return kept.counts[1:]


def _typed(kept: Memory, case_id: int) -> str:
    """What stands in the field, with the common reasons pressed since it was drawn."""
    said = [part for part in str(st.session_state.get(reason_key(case_id)) or "").strip().split("；") if part.strip()]
    for reason in kept.reasons.get(case_id, ()):
        said = [part for part in said if part != reason] if reason in said else [*said, reason]
    return "；".join(said)


def pressed_together(case: Case) -> bool:
    """Whether a choice or a reason was pressed so shortly before that the screen does not show it yet."""
    keys = [*(f"key{digit}" for digit in range(10)), *(f"reason{letter}" for letter in queue.REASONS)]
    return any(st.session_state.get(f"{key}_{case.id}_{case.version}") for key in keys)


def _decide(desk: Desk, label: Label) -> None:
    kept, case, reason = desk.kept, desk.life.case, _typed(desk.kept, desk.id)
    if pressed_together(case):
        kept.say(Tone.LOOK, "几个键按得太近，没有记录：请看清所选，再按一次。")
        return
    if queue.needs_reason(desk.life, label) and not reason:
        blind = queue.reading_of(case) is queue.Reading.BLIND
        need = "盲读一律写明理由" if blind else "改判须写明理由"
        kept.say(Tone.LOOK, f"{need}：按 A S D F G 选常用理由，或按 W 自己写。")
        return
    try:
        queue.check_pace(time.monotonic() - kept.shown.get(case.id, 0.0))
        after = desk.store.decide(desk.actor, case.id, case.version, label, reason)
    except ReviewError as error:
        _refused(desk, kept, error, reason)
    else:
        kept.leave(case.id)
        kept.unrecorded = None
        kept.say(Tone.DONE, queue.recorded(case, after, label, desk.catalogue))


def _move(desk: Desk, write: Callable[[Actor, int, int, str], Case], *, missing: str, done: str) -> None:
    """Return or reopen, which both need a reason."""
    kept, reason = desk.kept, _typed(desk.kept, desk.id)
    if not reason:
        kept.say(Tone.LOOK, missing)
        return
    try:
        write(desk.actor, desk.id, desk.life.case.version, reason)
    except ReviewError as error:
        _refused(desk, kept, error, reason)
    else:
        kept.leave(desk.id)
        kept.say(Tone.DONE, done)


def _refused(desk: Desk, kept: Memory, error: ReviewError, typed: str) -> None:
    """Say why; if the case has moved on, keep what was typed in sight and go to the next one."""
    now = desk.store.life(desk.actor, desk.id)
    moved = now.case.version != desk.life.case.version
    if moved and now.verdicts and now.verdicts[-1].actor == desk.actor.name:
        kept.leave(desk.id)  # the same key struck twice: the first stroke was recorded, and its sentence still stands
        return
    kept.say(Tone.REFUSED, str(error))
    if moved:
        kept.unrecorded = (desk.id, typed) if typed else None
        kept.leave(desk.id)
