"""Any people doing anything in any order: the store agrees with a model of four eyes in twenty lines."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from classifier import Application, Outcome, Prediction
from classifier.errors import ReviewError
from classifier.review import Actor, Label, Policy, Query, ReviewStore, Role, Status, Submission
from tests.review.conftest import Clock

PEOPLE = [Actor(name, frozenset({Role.OFFICER, Role.REVIEWER})) for name in ("甲", "乙", "丙", "丁")]
AUDITOR = Actor("审计", frozenset({Role.AUDITOR}))
LABELS = [Label(Outcome.BLUE, "1.1"), Label(Outcome.OUTSIDE), Label(Outcome.INSUFFICIENT)]


@dataclass
class Model:
    """What a case must be, by the rules as people know them."""

    officer: str
    machine: Label
    status: Status = Status.PENDING
    version: int = 0
    readers: list[str] = field(default_factory=list)
    label: Label | None = None
    disputed: bool = False
    labelled_by: list[str] = field(default_factory=list)

    def hides_from(self, person: str) -> bool:
        """Whether the person may still read, and others have: of a blind case that shows nothing of theirs."""
        open_ = self.status in (Status.PENDING, Status.DECIDED, Status.RETURNED) and not self.disputed
        return open_ and person not in (self.officer, *self.readers) and self.read_by_others(person) > 0

    def read_by_others(self, person: str) -> int:
        return sum(name != person for name in self.labelled_by)

    def may_decide(self, person: str) -> bool:
        return self.status in (Status.PENDING, Status.DECIDED) and person not in (self.officer, *self.readers)

    def decide(self, person: str, label: Label) -> None:
        if self.status is Status.PENDING:
            self.status, self.label = Status.DECIDED, label
        elif self.disputed:
            self.status, self.label, self.disputed = Status.APPROVED, label, False
        elif label == self.label:
            self.status = Status.APPROVED
        else:
            self.disputed = True
        self.readers.append(person)
        self.labelled_by.append(person)
        self.version += 1

    def restart(self, status: Status) -> None:
        self.status, self.readers, self.label, self.disputed = status, [], None, False
        self.version += 1


class Desk(RuleBasedStateMachine):
    """The store and the model, side by side."""

    pair: tuple[Application, Prediction]
    cases = Bundle("cases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        place = f"sqlite:///{Path(self.folder.name) / 'desk.db'}"
        self.store = ReviewStore.open(place, policy=Policy(blind_share=0.5), clock=Clock())
        self.models: dict[int, Model] = {}

    @rule(target=cases, officer=st.sampled_from(PEOPLE), text=st.text(max_size=5))
    def submit(self, officer: Actor, text: str) -> int:
        prediction = self.pair[1]
        number = self.store.submit(officer, Submission(Application("L", text), prediction))
        self.models[number] = Model(officer.name, Label(prediction.outcome, prediction.code))
        return number

    @rule(number=cases, person=st.sampled_from(PEOPLE), label=st.sampled_from(LABELS), late=st.integers(0, 4))
    def decide(self, number: int, person: Actor, label: Label, late: int) -> None:
        model = self.models[number]
        version = model.version - (late == 4)
        if late == 4 or not model.may_decide(person.name):
            with pytest.raises(ReviewError):
                self.store.decide(person, number, version, label, "理由")
            return
        self.store.decide(person, number, version, label, "理由")
        model.decide(person.name, label)

    @rule(number=cases, person=st.sampled_from(PEOPLE), status=st.sampled_from([Status.PENDING, Status.RETURNED]))
    def restart(self, number: int, person: Actor, status: Status) -> None:
        model = self.models[number]
        change = self.store.reopen if status is Status.PENDING else self.store.send_back
        allowed = {Status.PENDING: "APPROVED DECIDED RETURNED", Status.RETURNED: "PENDING DECIDED"}[status]
        is_party = model.disputed and person.name in model.readers
        if person.name == model.officer or is_party or model.status.name not in allowed.split():
            with pytest.raises(ReviewError):
                change(person, number, model.version, "理由")
            return
        change(person, number, model.version, "理由")
        model.restart(status)

    @rule(number=cases, person=st.sampled_from(PEOPLE))
    def read(self, number: int, person: Actor) -> None:
        """Who may still read blind sees the machine's label and no reading of others, of this round or before."""
        model, life = self.models[number], self.store.life(person, number)
        if life.case.blind and model.hides_from(person.name):
            assert life.case.label == model.machine
            assert len(life.verdicts) == model.version - model.read_by_others(person.name)
        else:
            assert life.case.label == (model.label or model.machine)
            assert len(life.verdicts) == model.version

    @invariant()
    def the_store_agrees(self) -> None:
        for case in self.store.cases(AUDITOR, Query()):
            model = self.models[case.id]
            assert (case.status, case.version, case.disputed) == (model.status, model.version, model.disputed)
            assert case.label == (model.label or model.machine)
        for person in PEOPLE:
            open_ones = {case.id for case in self.store.cases(AUDITOR, Query(open_to=person.name))}
            assert open_ones == {number for number, one in self.models.items() if one.may_decide(person.name)}

    def teardown(self) -> None:
        verification = self.store.verify(AUDITOR)
        assert verification.faults == ()
        self.store.close()
        self.folder.cleanup()


def test_any_course_of_events_keeps_the_rules(labelled: list[tuple[Application, Prediction]]) -> None:
    Desk.pair = labelled[0]
    run_state_machine_as_test(Desk, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))
