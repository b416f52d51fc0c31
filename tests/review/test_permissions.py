"""The table of permissions, walked completely: every function of the store, tried by every role and by none."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from classifier import Application, Prediction
from classifier.errors import ReviewError
from classifier.review import (
    PERMISSIONS,
    Action,
    Actor,
    BatchState,
    DeniedError,
    Label,
    Query,
    ReviewStore,
    Role,
    Submission,
    require,
)
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]


@dataclass(frozen=True)
class Ground:
    """A store with something of everything, for one actor to try one function on."""

    store: ReviewStore
    pair: tuple[Application, Prediction]
    running: int
    done: int
    labelled: int
    pending: int
    decided: int
    label: Label


@pytest.fixture
def ground(store: ReviewStore, bank: Bank, labelled: Labelled) -> Ground:
    done = store.open_batch(bank.officer, "甲", "0" * 64, 1)
    store.file(bank.officer, done, [Submission(*labelled[0])])
    store.close_batch(bank.officer, done, BatchState.DONE)
    running = store.open_batch(bank.officer, "乙", "0" * 64, 1)
    label = Label(labelled[0][1].outcome, labelled[0][1].code)
    pending, decided = (store.submit(bank.officer, Submission(*labelled[0])) for _ in range(2))
    store.decide(bank.first, decided, 0, label)
    return Ground(store, labelled[0], running, done, 1, pending, decided, label)


Try = Callable[[Ground, Actor], object]

# Each function of the store, the action it asks for, and a call that is right in everything but perhaps the actor.
FUNCTIONS: dict[str, tuple[Action, Try]] = {
    "submit": (Action.SUBMIT, lambda on, who: on.store.submit(who, Submission(*on.pair))),
    "open_batch": (Action.SUBMIT, lambda on, who: on.store.open_batch(who, "丙", "0" * 64, 1)),
    "file": (Action.SUBMIT, lambda on, who: on.store.file(who, on.running, [Submission(*on.pair)])),
    "close_batch": (Action.SUBMIT, lambda on, who: on.store.close_batch(who, on.running, BatchState.DONE)),
    "send_to_review": (Action.SUBMIT, lambda on, who: on.store.send_to_review(who, on.done)),
    "batches": (Action.READ_OWN, lambda on, who: on.store.batches(who)),
    "batch": (Action.READ_OWN, lambda on, who: on.store.batch(who, on.done)),
    "case": (Action.READ_OWN, lambda on, who: on.store.case(who, on.pending)),
    "life": (Action.READ_OWN, lambda on, who: on.store.life(who, on.pending)),
    "cases": (Action.READ_OWN, lambda on, who: on.store.cases(who, Query())),
    "count": (Action.READ_OWN, lambda on, who: on.store.count(who, Query())),
    "decide": (Action.DECIDE, lambda on, who: on.store.decide(who, on.pending, 0, on.label)),
    "send_back": (Action.DECIDE, lambda on, who: on.store.send_back(who, on.pending, 0, "理由")),
    "reopen": (Action.DECIDE, lambda on, who: on.store.reopen(who, on.decided, 1, "理由")),
    "note": (Action.DECIDE, lambda on, who: on.store.note(who, on.pending, "备注")),
    "keep_draft": (Action.LABEL, lambda on, who: on.store.keep_draft(who, *on.pair)),
    "draft": (Action.LABEL, lambda on, who: on.store.draft(who, on.store.keep_draft(who, *on.pair))),
    "events": (Action.AUDIT, lambda on, who: on.store.events(who)),
    "verify": (Action.AUDIT, lambda on, who: on.store.verify(who)),
    "head": (Action.AUDIT, lambda on, who: on.store.head(who)),
}
# Two roles may, each by its own action; the events of one case go with reading it.
EITHER: dict[str, tuple[frozenset[Role], Try]] = {
    "send_case": (
        frozenset({Role.OFFICER, Role.REVIEWER}),
        lambda on, who: on.store.send_case(who, on.labelled),
    ),
    "events of a case": (
        frozenset({Role.OFFICER, Role.REVIEWER, Role.AUDITOR}),
        lambda on, who: on.store.events(who, case_id=on.pending),
    ),
}
# No actor: opening and closing, the start of a server, and the doors for the neighbours, which ask for themselves.
WITHOUT_ACTOR = {"open", "close", "interrupt_batches", "writing", "reading", "now"}
WITHOUT_ACTOR |= {"engine", "policy", "keep_text", "clock"}


def test_the_walk_leaves_no_function_of_the_store_out() -> None:
    public = {name for name in dir(ReviewStore) if not name.startswith("_")}
    assert public == FUNCTIONS.keys() | {"send_case"} | WITHOUT_ACTOR


def actors(bank: Bank) -> list[Actor]:
    """One person of each role, with the officer whose cases they are, and one without any role."""
    return [bank.officer, bank.second, bank.auditor, bank.admin, Actor("无岗", frozenset())]


def test_every_function_asks_for_its_permission(ground: Ground, bank: Bank) -> None:
    tried = {name: (PERMISSIONS[action], attempt) for name, (action, attempt) in FUNCTIONS.items()} | EITHER
    for name, (roles, attempt) in tried.items():
        for actor in actors(bank):
            before = ground.store.head(bank.auditor)
            if actor.roles & roles:
                continue
            with pytest.raises(DeniedError):
                attempt(ground, actor)
                pytest.fail(f"{actor.name} may {name}")
            assert ground.store.head(bank.auditor) == before, name


@pytest.mark.parametrize("name", [*FUNCTIONS, *EITHER])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_has_the_role_may(ground: Ground, bank: Bank, name: str) -> None:
    tried = {name: (PERMISSIONS[action], attempt) for name, (action, attempt) in FUNCTIONS.items()} | EITHER
    roles, attempt = tried[name]
    allowed = [actor for actor in actors(bank) if actor.roles & roles]
    assert allowed
    attempt(ground, allowed[0])
    assert ground.store.verify(bank.auditor).ok


def test_an_auditor_changes_nothing(ground: Ground, bank: Bank) -> None:
    before = ground.store.head(bank.auditor)
    for action, attempt in FUNCTIONS.values():
        try:
            attempt(ground, bank.auditor)
        except DeniedError:
            assert not bank.auditor.may(action)
    assert ground.store.head(bank.auditor) == before


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_the_table_is_what_require_asks(action: Action, role: Role) -> None:
    actor = Actor("某人", frozenset({role}))
    if role in PERMISSIONS[action]:
        require(actor, action)
        return
    with pytest.raises(DeniedError, match=action.value) as refused:
        require(actor, action)
    assert all(other.value in str(refused.value) for other in PERMISSIONS[action])


EXPECTED = {
    Role.OFFICER: {Action.LABEL, Action.SUBMIT, Action.READ_OWN, Action.OVERVIEW},
    Role.REVIEWER: {
        Action.LABEL,
        Action.READ_OWN,
        Action.READ,
        Action.DECIDE,
        Action.OVERVIEW,
        Action.LEARN,
    },
    Role.AUDITOR: {Action.READ_OWN, Action.READ, Action.OVERVIEW, Action.AUDIT, Action.SAMPLE},
    Role.ADMIN: {Action.OVERVIEW, Action.ACCOUNTS},
}


def test_each_role_may_what_the_issue_says() -> None:
    found = {role: {action for action in Action if role in PERMISSIONS[action]} for role in Role}
    assert found == EXPECTED


@pytest.mark.parametrize("name", ["", "  ", "甲\n乙", "甲\0", "\ud800", "长" * 201])
def test_a_name_that_cannot_stand_in_the_trail_is_refused(name: str) -> None:
    with pytest.raises(ReviewError, match="姓名"):
        require(Actor(name, frozenset(Role)), Action.READ)
