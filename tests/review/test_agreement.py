"""First against second readings, and the machine against what stood, on SQLite and on PostgreSQL."""

from dataclasses import replace

import pytest

from classifier import Application, Prediction
from classifier.records import Outcome
from classifier.review import DeniedError, Label, Query, ReviewStore, Submission
from classifier.review.agreement import Agreement, agreement, machine_agreement
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]
OUTSIDE = Label(Outcome.OUTSIDE)
REEF = Label(Outcome.BLUE, "1.1.1")
WIND = Label(Outcome.BLUE, "4.2.1")


def submitted(store: ReviewStore, bank: Bank, pair: tuple[Application, Prediction], label: Label) -> int:
    prediction = replace(pair[1], outcome=label.outcome, code=label.code)
    return store.submit(bank.officer, Submission(pair[0], prediction))


def decided(store: ReviewStore, bank: Bank, case_id: int, *labels: Label) -> None:
    for person, label in zip((bank.first, bank.second, bank.third), labels, strict=False):
        store.decide(person, case_id, store.case(bank.auditor, case_id).version, label, "依据用途")


def by_label(found: list[Agreement]) -> dict[str | None, tuple[int, int]]:
    return {one.label: (one.n, one.agreeing) for one in found}


@pytest.fixture
def read_store(store: ReviewStore, bank: Bank, labelled: Labelled) -> ReviewStore:
    """Five cases read twice (one of them settled by a third person), one read once."""
    plan = [(REEF, REEF), (REEF, REEF), (WIND, WIND), (REEF, WIND, WIND), (OUTSIDE, OUTSIDE), (OUTSIDE,)]
    for pair, labels in zip(labelled, plan, strict=False):
        decided(store, bank, submitted(store, bank, pair, REEF), *labels)
    return store


def test_pairs_of_first_and_second_readings_are_counted(read_store: ReviewStore, bank: Bank) -> None:
    found = agreement(read_store, bank.auditor)
    assert by_label(found) == {None: (5, 4), "1.1.1": (3, 2), "4.2.1": (2, 1), "目录外": (1, 1)}
    assert found[0].kappa == pytest.approx((0.8 - 9 / 25) / (1 - 9 / 25))


def test_a_round_that_was_reopened_is_a_pair_of_its_own(read_store: ReviewStore, bank: Bank) -> None:
    read_store.reopen(bank.third, 1, 2, "重看")
    decided(read_store, bank, 1, WIND, WIND)
    assert by_label(agreement(read_store, bank.auditor))[None] == (6, 5)


def test_a_query_narrows_the_pairs(read_store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    assert by_label(agreement(read_store, bank.auditor, Query(loan_id=labelled[3][0].id))) == {
        None: (1, 0),
        "1.1.1": (1, 0),
        "4.2.1": (1, 0),
    }
    assert by_label(agreement(read_store, bank.auditor, Query(person=bank.second.name)))[None] == (5, 4)
    assert agreement(read_store, bank.auditor, Query(first_day="2026-03-03")) == []


def test_blind_readings_can_be_counted_alone(
    read_store: ReviewStore, blind_store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    assert agreement(read_store, bank.auditor, blind_only=True) == []
    decided(blind_store, bank, submitted(blind_store, bank, labelled[7], REEF), REEF, WIND)
    assert by_label(agreement(blind_store, bank.auditor, blind_only=True))[None] == (1, 0)


def test_the_machine_is_compared_with_approved_labels_only(read_store: ReviewStore, bank: Bank) -> None:
    found = machine_agreement(read_store, bank.auditor)
    assert by_label(found) == {None: (5, 2), "1.1.1": (5, 2), "4.2.1": (2, 0), "目录外": (1, 0)}


def test_only_auditors_see_agreement(read_store: ReviewStore, bank: Bank) -> None:
    for actor in (bank.officer, bank.first, bank.admin):
        for look in (agreement, machine_agreement):
            with pytest.raises(DeniedError):
                look(read_store, actor)
