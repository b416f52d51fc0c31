"""A sample drawn, read blind and counted, on SQLite and on PostgreSQL."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from classifier import Application, Prediction
from classifier.errors import ReviewError
from classifier.records import Outcome
from classifier.review import Actor, BatchState, DeniedError, Label, Query, ReviewStore, Role, Status, Submission
from classifier.review.sampling import Unread, all_samples, draw, error_rate, next_reading, read, sample
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]
OUTSIDE = Label(Outcome.OUTSIDE)
UNCLEAR = Label(Outcome.INSUFFICIENT)


def blue(code: str) -> Label:
    return Label(Outcome.BLUE, code)


def filed(store: ReviewStore, bank: Bank, labelled: Labelled, labels: list[Label]) -> None:
    """A finished loan book with these labels; the tests count, they do not classify."""
    batch = store.open_batch(bank.officer, "台账.csv", "0" * 64, len(labels))
    rows = [
        Submission(labelled[0][0], replace(labelled[0][1], outcome=label.outcome, code=label.code), Decimal(1))
        for label in labels
    ]
    store.file(bank.officer, batch, rows)
    store.close_batch(bank.officer, batch, BatchState.DONE)


@pytest.fixture
def auditor(bank: Bank) -> Actor:
    return bank.auditor


@pytest.fixture
def sampled_store(store: ReviewStore, bank: Bank, labelled: Labelled) -> ReviewStore:
    filed(store, bank, labelled, [blue("1.1.1")] * 20 + [blue("4.2.1")] * 9 + [UNCLEAR] + [OUTSIDE] * 70)
    return store


def drawn_cases(store: ReviewStore, sample_id: int) -> list[int]:
    with store.reading() as connection:
        query = text("SELECT case_id FROM sampled WHERE sample_id = :id ORDER BY position")
        return list(connection.execute(query, {"id": sample_id}).scalars())


def read_all(store: ReviewStore, actor: Actor, sample_id: int, label: Label) -> None:
    while found := next_reading(store, actor, sample_id):
        read(store, actor, sample_id, found[0], label=label, reason="盲判")


def test_the_same_seed_query_and_store_draw_the_same_cases(sampled_store: ReviewStore, auditor: Actor) -> None:
    first, again, other = (draw(sampled_store, auditor, size=20, seed=seed) for seed in (7, 7, 8))
    assert drawn_cases(sampled_store, first) == drawn_cases(sampled_store, again)
    assert drawn_cases(sampled_store, first) != drawn_cases(sampled_store, other)


def test_a_disputed_label_does_not_stand(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case_id = store.submit(bank.officer, Submission(*labelled[0]))
    store.decide(bank.first, case_id, 0, OUTSIDE, "非涉海")
    store.decide(bank.second, case_id, 1, UNCLEAR, "看不出")
    with pytest.raises(ReviewError, match="没有可抽的件"):
        draw(store, bank.auditor, size=1, seed=1)
    store.decide(bank.third, case_id, 2, OUTSIDE)
    assert draw(store, bank.auditor, size=1, seed=1) == 1


def test_strata_are_categories_and_outcomes_without_a_code(sampled_store: ReviewStore, auditor: Actor) -> None:
    number = draw(sampled_store, auditor, size=20, seed=1)
    found = [(one.stratum, one.size, one.drawn) for one in error_rate(sampled_store, auditor, number).strata]
    assert found == [("1", 20, 4), ("4", 9, 1), ("目录外", 70, 14), ("信息不足", 1, 1)]


def test_without_strata_there_is_one(sampled_store: ReviewStore, auditor: Actor) -> None:
    number = draw(sampled_store, auditor, size=20, seed=1, stratified=False)
    (stratum,) = error_rate(sampled_store, auditor, number).strata
    assert (stratum.stratum, stratum.size, stratum.drawn) == ("全部", 100, 20)


def test_a_query_narrows_the_draw_and_only_standing_labels_are_drawn(
    sampled_store: ReviewStore, bank: Bank, auditor: Actor, labelled: Labelled
) -> None:
    sampled_store.submit(bank.officer, Submission(*labelled[1]))
    number = draw(sampled_store, auditor, size=500, seed=1, query=Query(code="4"))
    assert drawn_cases(sampled_store, number) and set(drawn_cases(sampled_store, number)) == set(range(21, 30))
    everything = draw(sampled_store, auditor, size=500, seed=1)
    assert sorted(drawn_cases(sampled_store, everything)) == list(range(1, 101))
    assert sample(sampled_store, auditor, number).query == Query(
        statuses=(Status.LABELLED, Status.DECIDED, Status.APPROVED), code="4", disputed=False
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"size": 0, "seed": 1}, "抽样数"),
        ({"size": 10**6, "seed": 1}, "抽样数"),
        ({"size": 10, "seed": 2**31}, "种子"),
        ({"size": 10, "seed": -1}, "种子"),
        ({"size": 3, "seed": 1}, "每层至少一件"),
        ({"size": 10, "seed": 1, "query": Query(code="7")}, "没有可抽的件"),
        ({"size": 10, "seed": 1, "query": Query(statuses=(Status.PENDING,))}, "没有生效的标签"),
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(
    sampled_store: ReviewStore, auditor: Actor, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(ReviewError, match=message):
        draw(sampled_store, auditor, **asked)  # type: ignore[arg-type]
    assert all_samples(sampled_store, auditor) == []


def test_the_reader_sees_the_text_and_nothing_that_was_said_of_it(
    sampled_store: ReviewStore, auditor: Actor, labelled: Labelled
) -> None:
    number = draw(sampled_store, auditor, size=10, seed=1)
    found = next_reading(sampled_store, auditor, number)
    assert found
    assert found[1] == Unread(labelled[0][0], 10)
    assert {field.name for field in fields(Unread)} == {"application", "left"}
    assert sample(sampled_store, auditor, number).readings == ()


def test_readings_give_the_error_rate_weighted_and_by_stratum(sampled_store: ReviewStore, auditor: Actor) -> None:
    number = draw(sampled_store, auditor, size=20, seed=1)
    assert error_rate(sampled_store, auditor, number).unread == ("1", "4", "目录外", "信息不足")
    read_all(sampled_store, auditor, number, OUTSIDE)
    found = error_rate(sampled_store, auditor, number)
    assert {one.stratum: (one.wrong.hits, one.wrong.rows) for one in found.strata} == {
        "1": (4, 4),
        "4": (1, 1),
        "信息不足": (1, 1),
        "目录外": (0, 14),
    }
    assert (found.wrong.hits, found.wrong.rows, found.read, found.size) == (6, 20, 20, 20)
    assert found.wrong.value == pytest.approx(0.30)
    assert found.false_blue.value == 1.0
    assert found.unread == ()
    low, high = found.wrong.interval
    assert low < 0.30 < high
    assert sample(sampled_store, auditor, number).is_read


def test_a_reading_is_shown_with_the_label_that_stood_at_the_draw(
    sampled_store: ReviewStore, bank: Bank, auditor: Actor
) -> None:
    number = draw(sampled_store, auditor, size=4, seed=1)
    position, case_id = 1, drawn_cases(sampled_store, number)[0]
    stood = sampled_store.case(auditor, case_id).label
    sampled_store.send_case(bank.first, case_id)
    sampled_store.decide(bank.first, case_id, 1, blue("7.1.1"), "后来改判")
    read(sampled_store, auditor, number, position, label=UNCLEAR, reason="看不出")
    (reading,) = sample(sampled_store, auditor, number).readings
    assert (reading.case_id, reading.stood, reading.read, reading.reader) == (case_id, stood, UNCLEAR, auditor.name)
    assert sampled_store.case(auditor, case_id).label == blue("7.1.1")


def test_a_position_is_read_once_and_for_ever(sampled_store: ReviewStore, auditor: Actor) -> None:
    number = draw(sampled_store, auditor, size=4, seed=1)
    read(sampled_store, auditor, number, 1, label=OUTSIDE)
    for position in (1, 5):
        with pytest.raises(ReviewError, match="不存在或已有人判过"):
            read(sampled_store, auditor, number, position, label=UNCLEAR)
    with pytest.raises(DatabaseError), sampled_store.writing() as connection:
        connection.execute(text("UPDATE sample_readings SET outcome = '蓝色'"))
    with pytest.raises(DatabaseError), sampled_store.writing() as connection:
        connection.execute(text("DELETE FROM sample_readings"))


def test_a_label_without_its_code_is_no_reading(sampled_store: ReviewStore, auditor: Actor) -> None:
    number = draw(sampled_store, auditor, size=4, seed=1)
    for label in (Label(Outcome.BLUE), Label(Outcome.OUTSIDE, "1.1.1")):
        with pytest.raises(ReviewError):
            read(sampled_store, auditor, number, 1, label=label)


def test_nobody_reads_a_case_of_ones_own(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    everything = Actor("身兼数职", frozenset(Role))
    for pair in labelled[:3]:
        case_id = store.submit(bank.officer, Submission(*pair))
        store.decide(everything, case_id, 0, OUTSIDE, "非涉海")
    own = draw(store, everything, size=3, seed=1, stratified=False)
    assert next_reading(store, everything, own) is None
    with pytest.raises(ReviewError, match="由您提交或复核过"):
        read(store, everything, own, 1, label=OUTSIDE)
    found = next_reading(store, bank.auditor, own)
    assert found and found[1].left == 3


def test_a_sample_of_hashes_cannot_be_read(url: str, bank: Bank, labelled: Labelled) -> None:
    store = ReviewStore.open(url, keep_text=False)
    filed(store, bank, labelled, [OUTSIDE])
    with pytest.raises(ReviewError, match="没有保存原文"):
        draw(store, bank.auditor, size=1, seed=1)
    assert store.verify(bank.auditor).ok
    store.close()


def test_each_write_is_one_event_and_vouched_for(sampled_store: ReviewStore, auditor: Actor) -> None:
    before = sampled_store.head(auditor).sequence
    number = draw(sampled_store, auditor, size=4, seed=1)
    read(sampled_store, auditor, number, 2, label=OUTSIDE)
    events = sampled_store.events(auditor, offset=before)
    assert [event.action for event in events] == ["抽取样本", "样本重判"]
    assert sampled_store.verify(auditor).ok


def test_only_auditors_sample(sampled_store: ReviewStore, bank: Bank, auditor: Actor) -> None:
    number = draw(sampled_store, auditor, size=4, seed=1)
    for actor in (bank.officer, bank.first, bank.admin):
        with pytest.raises(DeniedError):
            draw(sampled_store, actor, size=4, seed=1)
        with pytest.raises(DeniedError):
            next_reading(sampled_store, actor, number)
        with pytest.raises(DeniedError):
            read(sampled_store, actor, number, 1, label=OUTSIDE)
        for look in (sample, error_rate):
            with pytest.raises(DeniedError):
                look(sampled_store, actor, number)
        with pytest.raises(DeniedError):
            all_samples(sampled_store, actor)


def test_a_case_between_two_blind_readings_is_not_drawn(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    both = Actor("两岗", frozenset({Role.REVIEWER, Role.AUDITOR}))
    half, whole = (blind_store.submit(bank.officer, Submission(*labelled[number])) for number in (0, 1))
    for case_id in (half, whole):
        blind_store.decide(bank.first, case_id, 0, OUTSIDE, "理由")
    blind_store.decide(bank.second, whole, 1, OUTSIDE, "理由")
    assert drawn_cases(blind_store, draw(blind_store, both, size=5, seed=1)) == [whole]
