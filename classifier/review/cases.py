"""The frozen records of what people decide: cases, verdicts, notes, batches and the ways to look for them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import Enum

from classifier.errors import ReviewError
from classifier.records import Application, Outcome, Prediction, Route


class Status(Enum):
    """Where a case stands. A labelled one has the machine's label only; nobody was asked to look."""

    LABELLED = "已贴标"
    PENDING = "待复核"
    DECIDED = "已判定"
    APPROVED = "已审定"
    RETURNED = "已退回"


class Kind(Enum):
    """What a verdict did."""

    CONFIRM = "确认"
    CORRECT = "改判"
    APPROVE = "审定"
    DISSENT = "异议"
    SETTLE = "裁定"
    RETURN = "退回"
    REOPEN = "重开"


class Order(Enum):
    """How the queue is ordered."""

    UNCERTAIN = "最没把握"
    CONFLICT = "规则与模型不一致"
    BALANCE = "余额最大"
    OLDEST = "最早送来"


class BatchState(Enum):
    """How far a loan book has come."""

    RUNNING = "进行中"
    DONE = "已完成"
    CANCELLED = "已取消"
    INTERRUPTED = "已中断"


@dataclass(frozen=True, slots=True)
class Label:
    """What a text is taken for: an outcome, with a code where the outcome has one."""

    outcome: Outcome
    code: str | None = None

    def __str__(self) -> str:
        return self.code or self.outcome.value


@dataclass(frozen=True, slots=True)
class Submission:
    """What is filed: the application as given, the machine's prediction of it, and its place in a loan book.

    ``balance`` is in yuan; ``row`` counts as Excel does; ``follows`` is the returned case that this one completes.
    """

    application: Application
    prediction: Prediction
    balance: Decimal | None = None
    row: int | None = None
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision of one person; ``supersedes`` is the id of the verdict it replaces, which stays."""

    id: int
    case_id: int
    kind: Kind
    label: Label | None
    reason: str
    actor: str
    at: str
    supersedes: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that decides nothing."""

    case_id: int
    actor: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One application on its way to a label.

    ``application`` has empty texts when the bank keeps hashes only; ``label`` is the label that stands now: the
    machine's until a person decided. ``version`` counts the writes: give it back with a decision, so that the second
    of two people is told. ``blind`` asks for a second reading that does not see the first; ``disputed`` for a third
    person. Times are UTC in ISO 8601.
    """

    id: int
    batch_id: int | None
    row: int | None
    application: Application
    text_digest: str
    prediction: Prediction
    balance: Decimal | None
    conflict: bool
    submitted_by: str
    submitted_at: str
    follows: int | None
    status: Status
    version: int
    blind: bool
    disputed: bool
    label: Label


@dataclass(frozen=True, slots=True)
class CaseLife:
    """Everything that ever happened to a case, in order; a verdict still hidden from the reader is left out."""

    case: Case
    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A loan book that was labelled; ``size`` counts its rows, ``filed`` those with a label, ``problems`` the others."""

    id: int
    name: str
    file_digest: str
    size: int
    filed: int
    problems: int
    opened_by: str
    opened_at: str
    closed_at: str | None
    state: BatchState


@dataclass(frozen=True, slots=True)
class Draft:
    """A result that its owner's link opens again; without ``text_kept`` the application's texts are empty.

    ``case_id`` is the case it became when its owner sent exactly this result to review.
    """

    application: Application
    prediction: Prediction
    case_id: int | None
    text_kept: bool


@dataclass(frozen=True, slots=True)
class Query:
    """Which cases are meant; what is None or empty does not narrow. Days are ISO dates in China, both included.

    ``code`` means the entry and all below it; ``person`` anyone who submitted or decided; ``loan_id``
    the beginning of one. ``open_to`` leaves what this person may decide (four eyes). ``balance_from`` is in yuan.
    ``submitted_by`` is one officer; ``completed`` whether a later case follows.
    """

    statuses: tuple[Status, ...] = ()
    batch_id: int | None = None
    loan_id: str = ""
    person: str = ""
    first_day: str = ""
    last_day: str = ""
    code: str = ""
    outcome: Outcome | None = None
    route: Route | None = None
    conflict: bool | None = None
    disputed: bool | None = None
    open_to: str = ""
    submitted_by: str = ""
    completed: bool | None = None
    balance_from: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the bank asks for beyond four eyes.

    ``blind_balance`` (yuan): cases with at least this balance get a blind second reading; ``blind_share``: so does
    this share of all others, chosen by the text's digest, so that nobody can foresee or influence the choice.
    """

    blind_balance: Decimal | None = None
    blind_share: float = 0.1

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Policy":
        """LANMU_BLIND_BALANCE (yuan) and LANMU_BLIND_SHARE (0 to 1); ReviewError for what is no such number."""
        balance = _number(environment, "LANMU_BLIND_BALANCE")
        share = _number(environment, "LANMU_BLIND_SHARE")
        if share is not None and share > 1:
            raise ReviewError(f"LANMU_BLIND_SHARE 是 {share}：应为 0 至 1 的小数，例如 0.1。")
        return cls(balance, cls().blind_share if share is None else float(share))


def _number(environment: Mapping[str, str], name: str) -> Decimal | None:
    text = environment.get(name, "").strip()
    try:
        number = Decimal(text) if text else None
    except InvalidOperation:
        number = Decimal("NaN")
    if number is not None and not (number.is_finite() and number >= 0):
        raise ReviewError(f"{name} 是“{text}”：应为不小于 0 的数。")
    return number


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the audit log; ``digest`` covers everything else, ``previous`` is the digest of the one before."""

    sequence: int
    at: str
    actor: str
    action: str
    case_id: int | None
    batch_id: int | None
    content: Mapping[str, object] = field(hash=False)
    previous: str
    digest: str
