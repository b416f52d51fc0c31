"""What the overview counts, on SQLite and on PostgreSQL, and what it must not tell."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from classifier import Application, Prediction
from classifier.records import Outcome, Route
from classifier.review import BatchState, DeniedError, Label, Query, ReviewStore, Role, Status, Submission
from classifier.review.overview import Total, labels_per_entry, totals
from tests.review.conftest import Bank, Clock

Labelled = list[tuple[Application, Prediction]]
OUTSIDE = Label(Outcome.OUTSIDE)


def as_if(pair: tuple[Application, Prediction], label: Label, route: Route = Route.ACCEPT) -> Submission:
    """The application with another prediction: the tests count, they do not classify."""
    level = label.code.count(".") + 1 if label.code else None
    prediction = replace(pair[1], outcome=label.outcome, code=label.code, level=level, route=route)
    return Submission(pair[0], prediction, Decimal("100.05"))


def blue(code: str) -> Label:
    return Label(Outcome.BLUE, code)


def book(store: ReviewStore, bank: Bank, submissions: list[Submission], state: BatchState = BatchState.DONE) -> int:
    batch = store.open_batch(bank.officer, "台账.csv", "0" * 64, len(submissions))
    store.file(bank.officer, batch, submissions)
    store.close_batch(bank.officer, batch, state)
    return batch


def test_counts_and_balances_by_everything(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    labels = [blue("1.1.1"), blue("1.10.1"), blue("1.10"), blue("7"), Label(Outcome.LIGHT_BLUE, "1.9.2"), OUTSIDE]
    book(store, bank, [as_if(labelled[0], label) for label in labels])
    store.submit(bank.officer, replace(as_if(labelled[1], OUTSIDE, Route.REVIEW), balance=None))
    found = totals(store, bank.admin)
    each = Total(1, Decimal("100.05"), 0)
    assert found.everything == Total(7, Decimal("600.30"), 1)
    assert found.outcomes == {
        Outcome.BLUE: Total(4, Decimal("400.20"), 0),
        Outcome.LIGHT_BLUE: each,
        Outcome.OUTSIDE: Total(2, Decimal("100.05"), 1),
    }
    assert found.categories == {"1": Total(4, Decimal("400.20"), 0), "7": each}
    assert list(found.subcategories.items()) == [("1.1", each), ("1.9", each), ("1.10", each + each)]
    assert found.routes == {Route.ACCEPT: Total(6, Decimal("600.30"), 0), Route.REVIEW: Total(1, Decimal(0), 1)}
    assert found.statuses[Status.PENDING].count == 1
    assert (found.automatic.hits, found.automatic.rows) == (6, 7)
    assert {
        day: {outcome: total.count for outcome, total in day_totals.items()} for day, day_totals in found.days.items()
    } == {"2026-03-02": {Outcome.BLUE: 4, Outcome.LIGHT_BLUE: 1, Outcome.OUTSIDE: 2}}


def test_an_empty_store_has_nothing(store: ReviewStore, bank: Bank) -> None:
    found = totals(store, bank.officer)
    assert found.everything == Total()
    assert (found.outcomes, found.days, found.automatic.rows, found.corrections.rows) == ({}, {}, 0, 0)
    assert labels_per_entry(store, bank.officer) == {}


@pytest.mark.parametrize("state", [BatchState.CANCELLED, BatchState.INTERRUPTED])
def test_a_loan_book_that_was_not_finished_does_not_count(
    store: ReviewStore, bank: Bank, labelled: Labelled, state: BatchState
) -> None:
    book(store, bank, [as_if(labelled[0], OUTSIDE)], state)
    running = store.open_batch(bank.officer, "台账.csv", "0" * 64, 1)
    store.file(bank.officer, running, [as_if(labelled[0], OUTSIDE)])
    assert totals(store, bank.auditor).everything.count == 0


def test_a_query_narrows_the_totals(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    first = book(store, bank, [as_if(labelled[0], blue("1.1.1")), as_if(labelled[0], blue("1.10.1"))])
    book(store, bank, [as_if(labelled[0], OUTSIDE)])
    assert totals(store, bank.auditor, Query(batch_id=first)).everything.count == 2
    assert totals(store, bank.auditor, Query(code="1.1")).everything.count == 1
    assert totals(store, bank.auditor, Query(first_day="2026-03-03")).everything.count == 0
    assert totals(store, bank.admin, Query(outcome=Outcome.OUTSIDE)).everything.count == 1


def test_corrections_are_first_verdicts_that_changed_the_machines_label(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    ids = [store.submit(bank.officer, as_if(labelled[number], blue("1.1.1"))) for number in range(4)]
    for number, label in zip(ids, [blue("1.1.1"), OUTSIDE, blue("1.1.1")], strict=False):
        store.decide(bank.first, number, 0, label, "依据用途")
    store.decide(bank.second, ids[0], 1, OUTSIDE, "不同意")
    store.reopen(bank.second, ids[2], 1, "重看")
    store.decide(bank.second, ids[2], 2, OUTSIDE, "第二轮")
    found = totals(store, bank.auditor)
    assert (found.corrections.hits, found.corrections.rows) == (1, 3)
    assert found.outcomes[Outcome.OUTSIDE].count == 2


def test_labels_of_an_entry_include_those_below_and_only_standing_ones(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    book(store, bank, [as_if(labelled[0], blue(code)) for code in ("1.1.1", "1.1.1", "1.1", "1.10.1")])
    store.submit(bank.officer, as_if(labelled[0], blue("1.1.1")))
    found = labels_per_entry(store, bank.first)
    assert list(found.items()) == [("1", 4), ("1.1", 3), ("1.1.1", 2), ("1.10", 1), ("1.10.1", 1)]


def test_a_second_reader_cannot_learn_the_first_label_from_the_totals(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    number = blind_store.submit(bank.officer, as_if(labelled[0], blue("1.1.1")))
    blind_store.decide(bank.first, number, 0, OUTSIDE, "非涉海")
    mine = Query(loan_id=labelled[0][0].id)
    seen = totals(blind_store, bank.second, mine)
    assert seen.outcomes == {Outcome.BLUE: Total(1, Decimal("100.05"), 0)}
    assert seen.corrections.rows == 0
    assert Outcome.OUTSIDE not in seen.days["2026-03-02"]
    assert list(totals(blind_store, bank.auditor, mine).outcomes) == [Outcome.OUTSIDE]


def test_who_may_not_read_a_case_cannot_narrow_the_totals_to_it(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    store.submit(bank.officer, as_if(labelled[0], OUTSIDE))
    for actor in (bank.other_officer, bank.admin):
        for query in (Query(loan_id=labelled[0][0].id), Query(person=bank.officer.name)):
            with pytest.raises(DeniedError):
                totals(store, actor, query)
    assert totals(store, bank.officer, Query(person=bank.officer.name)).everything.count == 1


def test_everyone_with_a_role_sees_the_overview_and_nobody_without(store: ReviewStore, bank: Bank) -> None:
    for role in Role:
        totals(store, replace(bank.officer, roles=frozenset({role})))
    for count in (totals, labels_per_entry):
        with pytest.raises(DeniedError):
            count(store, replace(bank.officer, roles=frozenset()))


def test_twenty_thousand_cases_are_counted_in_a_moment(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    submissions = [as_if(labelled[0], label) for label in [blue("1.1.1"), blue("2.1.1"), OUTSIDE, OUTSIDE]] * 250
    batch = store.open_batch(bank.officer, "台账.csv", "0" * 64, 20_000)
    for _ in range(20):
        store.file(bank.officer, batch, submissions)
    store.close_batch(bank.officer, batch, BatchState.DONE)
    started = time.perf_counter()
    assert totals(store, bank.auditor).everything == Total(20_000, Decimal("2001000.00"), 0)
    assert time.perf_counter() - started < 1


def test_a_day_is_one_of_beijing_in_counts_and_in_searches(
    store: ReviewStore, bank: Bank, labelled: Labelled, clock: Clock
) -> None:
    for moment in (datetime(2026, 3, 2, 15, 59, tzinfo=UTC), datetime(2026, 3, 2, 16, 0, tzinfo=UTC)):
        clock.moment = moment
        store.submit(bank.officer, as_if(labelled[0], OUTSIDE))
    found = totals(store, bank.auditor)
    assert {day: sum(one.count for one in outcomes.values()) for day, outcomes in found.days.items()} == {
        "2026-03-02": 1,
        "2026-03-03": 1,
    }
    assert store.count(bank.auditor, Query(first_day="2026-03-03")) == 1
    assert store.count(bank.auditor, Query(last_day="2026-03-02")) == 1
    assert len(store.events(bank.auditor, first_day="2026-03-03", last_day="2026-03-03")) == 1
