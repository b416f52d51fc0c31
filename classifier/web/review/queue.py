"""The reviewer's desk: what waits and in which order, how a case is to be read, and what a decision says afterwards."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from classifier.errors import ReviewError
from classifier.lexicon import Strength, Term
from classifier.records import Outcome, Route
from classifier.review.cases import Case, CaseLife, Label, Order, Query, Status, Verdict
from classifier.review.permissions import Action, Actor
from classifier.review.queue import this_round
from classifier.review.store import ReviewStore
from taxonomy import Catalogue, Tier

_TIERS = {Tier.BLUE: Outcome.BLUE, Tier.LIGHT_BLUE: Outcome.LIGHT_BLUE}
_PAGE = 50
MOST_CHOICES = 5
# Nobody reads a case in this time: a decision that comes sooner is a key held down or struck twice.
LEAST_SECONDS = 0.6

# They hold in every reading: none says whose label was wrong.
REASONS = {
    "A": "按资金用途判定",
    "S": "属于界定中的排除情形",
    "D": "按相邻条目的界线",
    "F": "不涉海或不在支持范围",
    "G": "没有写明资金用途",
}


class Reading(Enum):
    """How a case is read by the person in front of it."""

    FIRST = "首次复核"
    SECOND = "第二人复核"
    BLIND = "第二人盲读"
    THIRD = "第三人裁定"


class Work(Enum):
    """Which part of the queue a reviewer takes."""

    ALL = "全部"
    FIRST = "首次复核"
    SECOND = "第二人复核"
    DISPUTED = "有争议"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reviewer wants to see, and in which order; what is empty does not narrow. ``balance_from`` is in yuan."""

    order: Order = Order.UNCERTAIN
    work: Work = Work.ALL
    batch_id: int | None = None
    outcome: Outcome | None = None
    route: Route | None = None
    code: str = ""
    balance_from: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One label that a key chooses; ``mark`` says whose it is, ``confidence`` is the machine's if it may be shown."""

    key: str
    label: Label
    mark: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """How much is left for a person to do."""

    first: int
    second: int
    disputed: int


def query_of(wish: Wish, actor: Actor) -> Query:
    """The cases of a wish that this person may decide."""
    statuses = {
        Work.ALL: (Status.PENDING, Status.DECIDED),
        Work.FIRST: (Status.PENDING,),
        Work.SECOND: (Status.DECIDED,),
        Work.DISPUTED: (Status.DECIDED,),
    }
    disputed = {Work.SECOND: False, Work.DISPUTED: True}
    return Query(
        statuses=statuses[wish.work],
        batch_id=wish.batch_id,
        code=wish.code,
        outcome=wish.outcome,
        route=wish.route,
        disputed=disputed.get(wish.work),
        open_to=actor.name,
        balance_from=wish.balance_from,
    )


def waiting(store: ReviewStore, actor: Actor, wish: Wish) -> Iterator[Case]:
    """The cases of a wish in its order, fetched as they are asked for."""
    query, offset = query_of(wish, actor), 0
    while found := store.cases(actor, query, order=wish.order, limit=_PAGE, offset=offset):
        yield from found
        offset += len(found)


def next_case(store: ReviewStore, actor: Actor, wish: Wish, skipped: Collection[int] = ()) -> Case | None:
    """The first waiting case that was not skipped; None when there is none."""
    return next((case for case in waiting(store, actor, wish) if case.id not in skipped), None)


def count_left(store: ReviewStore, actor: Actor) -> Left:
    """How many cases wait for this person, by kind of reading."""
    first, second, disputed = (
        store.count(actor, query_of(Wish(work=work), actor)) for work in (Work.FIRST, Work.SECOND, Work.DISPUTED)
    )
    return Left(first, second, disputed)


def reading_of(case: Case) -> Reading | None:
    """How a case is to be read next; None when nobody is asked."""
    if case.status is Status.PENDING:
        return Reading.FIRST
    if case.status is not Status.DECIDED:
        return None
    if case.disputed:
        return Reading.THIRD
    return Reading.BLIND if case.blind else Reading.SECOND


def readings(life: CaseLife) -> tuple[Verdict, ...]:
    """The verdicts of the present round: what was said since the case was last put into the queue."""
    return tuple(this_round(list(life.verdicts)))


def obstacle(life: CaseLife, actor: Actor) -> str:
    """Why this person cannot decide the case, in plain words; empty if nothing stands in the way."""
    case, said = life.case, {verdict.actor for verdict in readings(life)}
    if not actor.may(Action.DECIDE):
        return "您的岗位只能查看，不能复核。"
    if reading_of(case) is None:
        return f"本件{case.status.value}，现在无需复核。"
    if case.submitted_by == actor.name:
        return "本件由您提交，须由他人复核。"
    if actor.name in said:
        return "您已就本件作出判定，须由另一人复核。"
    return ""


def machine_label(case: Case) -> Label:
    """What the machine took the case for."""
    return Label(case.prediction.outcome, case.prediction.code)


def label_of(catalogue: Catalogue, code: str) -> Label:
    """The label of an item: its tier decides the outcome."""
    tier = catalogue[code].tier
    assert tier is not None
    return Label(_TIERS[tier], code)


def standing(life: CaseLife) -> Label | None:
    """The label that a single key agrees to: the machine's, or the first person's; None where none may be shown."""
    reading = reading_of(life.case)
    if reading is Reading.FIRST:
        return machine_label(life.case)
    return life.case.label if reading is Reading.SECOND else None


def choices(life: CaseLife, catalogue: Catalogue) -> tuple[Choice, ...]:
    """The labels to choose from by one key.

    Who reads blind gets the codes in the catalogue's order and no confidence, so that nothing leads to an answer.
    """
    case, reading = life.case, reading_of(life.case)
    confidences = {
        Label(candidate.outcome, candidate.code): candidate.confidence for candidate in case.prediction.candidates
    }
    confidences[machine_label(case)] = case.prediction.confidence
    marks = {} if reading is Reading.BLIND else _marks(life)
    coded = [label for label in dict.fromkeys([*marks, machine_label(case), *confidences]) if label.code]
    coded += [label_of(catalogue, code) for code in case.prediction.also if code in catalogue]
    coded = list(dict.fromkeys(label for label in coded if label.code in catalogue))[:MOST_CHOICES]
    if reading is Reading.BLIND:
        order = {code: number for number, code in enumerate(catalogue)}
        coded.sort(key=lambda label: order[str(label.code)])
        confidences = {}
    keyed = [(str(number), label) for number, label in enumerate(coded, start=1)]
    keyed += [("0", Label(Outcome.OUTSIDE)), ("9", Label(Outcome.INSUFFICIENT))]
    return tuple(Choice(key, label, marks.get(label, ""), confidences.get(label)) for key, label in keyed)


def _marks(life: CaseLife) -> dict[Label, str]:
    """Whose label each is; persons before the machine."""
    marks: dict[Label, str] = {}
    if reading_of(life.case) is not Reading.FIRST:
        for number, verdict in enumerate(readings(life), start=1):
            if verdict.label is not None:
                name = f"第{'一二三四五六七八九'[min(number, 9) - 1]}人"
                marks[verdict.label] = f"{marks[verdict.label]}、{name}" if verdict.label in marks else name
    machine = machine_label(life.case)
    marks[machine] = f"{marks[machine]}、机器" if machine in marks else "机器"
    return marks


def needs_reason(life: CaseLife, label: Label) -> bool:
    """Whether a decision for this label must say why.

    Who reads blind always says why: a question only at a different label would give the first reading away.
    """
    reading = reading_of(life.case)
    return reading in (Reading.BLIND, Reading.THIRD) or label != standing(life)


def name_of(label: Label, catalogue: Catalogue) -> str:
    """A label as a person says it: code, name and tier, or the outcome."""
    entry = catalogue.get(label.code) if label.code else None
    return f"{label.code} {entry.name}（{label.outcome.value}）" if entry else str(label)


def recorded(before: Case, after: Case, label: Label, catalogue: Catalogue) -> str:
    """One sentence on what a decision did."""
    name, number = name_of(label, catalogue), f"第 {before.id} 件"
    if after.status is Status.APPROVED:
        return f"{number}已审定：{name}。"
    if after.disputed:
        return f"{number}已记录您的意见：{name}。与首次意见不同，转第三人裁定。"
    verb = "确认为" if label == machine_label(before) else "改判为"
    return f"{number}已{verb} {name}，等第二人复核。"


def check_pace(seconds: float) -> None:
    """Refuse a decision made sooner than anyone can read."""
    if seconds < LEAST_SECONDS:
        raise ReviewError("按键太快：这一件刚刚打开，没有记录。请看过后再按一次。")


def may_reopen(case: Case) -> bool:
    """Whether a finished case can be put into the queue again."""
    return case.status in (Status.DECIDED, Status.APPROVED, Status.RETURNED)


def search_texts(catalogue: Catalogue, terms: Iterable[Term]) -> dict[str, str]:
    """For each item the line that a search looks through: code, name, path, and how people say it."""
    words: dict[str, list[str]] = {item.code: [] for item in catalogue.items}
    for term in terms:
        if term.strength is Strength.STRONG and len(term.parts) == 1 and term.label in words:
            words[term.label] += term.parts[0]
    lines = {}
    for item in catalogue.items:
        path = " / ".join(entry.name for entry in catalogue.path(item.code)[:-1])
        said = "、".join(dict.fromkeys(words[item.code]))
        lines[item.code] = f"{item.code} {item.name}｜{path}" + (f"｜{said}" if said else "")
    return lines
