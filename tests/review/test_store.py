"""The store's rules, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from classifier import Application, Classifier, Outcome, Prediction, Route
from classifier.errors import ReviewError
from classifier.review import (
    Actor,
    BatchState,
    Case,
    DeniedError,
    Kind,
    Label,
    Order,
    Policy,
    Query,
    ReviewStore,
    Role,
    Status,
    Submission,
)
from classifier.review.filing import is_blind, text_digest
from tests.review.conftest import Bank, Clock

Labelled = list[tuple[Application, Prediction]]
OUTSIDE = Label(Outcome.OUTSIDE)
UNCLEAR = Label(Outcome.INSUFFICIENT)


def submitted(store: ReviewStore, actor: Actor, pair: tuple[Application, Prediction], **more: object) -> Case:
    number = store.submit(actor, Submission(*pair, **more))  # type: ignore[arg-type]
    return store.case(actor, number)


def filed(store: ReviewStore, actor: Actor, pairs: Labelled, state: BatchState = BatchState.DONE) -> int:
    batch = store.open_batch(actor, "台账.xlsx", "0" * 64, len(pairs))
    store.file(actor, batch, [Submission(*pair, row=row) for row, pair in enumerate(pairs, 2)])
    store.close_batch(actor, batch, state)
    return batch


def machine(case: Case) -> Label:
    return Label(case.prediction.outcome, case.prediction.code)


def test_a_case_comes_back_as_it_was_submitted(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    application = replace(labelled[0][0], name="A\0B", purpose="\ud800 半个", amount=Decimal("12.30"))
    case = submitted(store, bank.officer, (application, labelled[0][1]), balance=Decimal("1234567.895"), row=7)
    assert (case.application, case.prediction) == (application, labelled[0][1])
    assert (case.balance, case.row, case.status, case.version) == (Decimal("1234567.90"), 7, Status.PENDING, 0)
    assert case.label == machine(case)


def test_a_hostile_loan_id_and_reason_are_kept_as_text(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    application = replace(labelled[0][0], id="'; DROP TABLE cases;--\0%_")
    case = submitted(store, bank.officer, (application, labelled[0][1]))
    assert store.case(bank.officer, case.id).application.id == application.id
    assert store.count(bank.first, Query(loan_id="'; DROP")) == 1
    store.note(bank.first, case.id, "a\0b\ud800<script>")
    assert store.life(bank.first, case.id).notes[0].text == "a\ufffdb\ufffd<script>"
    assert store.verify(bank.auditor).ok


@pytest.mark.parametrize("balance", ["NaN", "Infinity", "1E+30", "-1E+15"])
def test_a_balance_that_is_no_money_is_refused(
    store: ReviewStore, bank: Bank, labelled: Labelled, balance: str
) -> None:
    with pytest.raises(ReviewError, match="余额"):
        store.submit(bank.officer, Submission(*labelled[0], balance=Decimal(balance)))


def test_confirm_and_approve(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    case = store.decide(bank.first, case.id, case.version, machine(case))
    assert (case.status, case.version) == (Status.DECIDED, 1)
    case = store.decide(bank.second, case.id, case.version, machine(case))
    assert (case.status, case.label, case.disputed) == (Status.APPROVED, machine(case), False)
    life = store.life(bank.officer, case.id)
    assert [(one.kind, one.actor) for one in life.verdicts] == [
        (Kind.CONFIRM, bank.first.name),
        (Kind.APPROVE, bank.second.name),
    ]
    assert life.verdicts[1].supersedes == life.verdicts[0].id


def test_a_correction_needs_a_reason_and_stands(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    with pytest.raises(ReviewError, match="改判须写明理由"):
        store.decide(bank.first, case.id, 0, OUTSIDE, "  ")
    case = store.decide(bank.first, case.id, 0, OUTSIDE, "资金用于别处")
    assert (case.label, case.prediction.outcome) == (OUTSIDE, Outcome.BLUE)
    (verdict,) = store.life(bank.officer, case.id).verdicts
    assert (verdict.kind, verdict.reason, verdict.label) == (Kind.CORRECT, "资金用于别处", OUTSIDE)


def test_the_first_person_is_never_the_second(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, machine(case))
    with pytest.raises(ReviewError, match="另一人"):
        store.decide(bank.first, case.id, 1, machine(case))
    assert store.case(bank.first, case.id).version == 1


def test_the_submitter_neither_decides_nor_returns_nor_reopens(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    both = Actor("两岗", frozenset({Role.OFFICER, Role.REVIEWER}))
    case = submitted(store, both, labelled[0])
    with pytest.raises(ReviewError, match="不能由本人复核"):
        store.decide(both, case.id, 0, machine(case))
    with pytest.raises(ReviewError, match="不能由本人退回"):
        store.send_back(both, case.id, 0, "理由")
    store.decide(bank.first, case.id, 0, machine(case))
    with pytest.raises(ReviewError, match="不能由本人重开"):
        store.reopen(both, case.id, 1, "理由")


def test_a_dispute_goes_to_a_third_person(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, machine(case))
    with pytest.raises(ReviewError, match="异议须写明理由"):
        store.decide(bank.second, case.id, 1, OUTSIDE)
    case = store.decide(bank.second, case.id, 1, OUTSIDE, "不含海上部分")
    assert (case.status, case.disputed, case.label) == (Status.DECIDED, True, machine(case))
    for person in (bank.first, bank.second):
        with pytest.raises(ReviewError, match="第三人"):
            store.decide(person, case.id, 2, OUTSIDE, "再判")
    with pytest.raises(ReviewError, match="都不同"):
        store.decide(bank.third, case.id, 2, UNCLEAR)
    case = store.decide(bank.third, case.id, 2, OUTSIDE)
    assert (case.status, case.disputed, case.label) == (Status.APPROVED, False, OUTSIDE)
    assert store.life(bank.first, case.id).verdicts[-1].kind is Kind.SETTLE


def test_of_two_people_the_later_is_told_who_was_first(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, machine(case))
    with pytest.raises(ReviewError, match=r"“复核甲”于 2026-03-02 09:00:\d\d 先行处理"):
        store.decide(bank.second, case.id, 0, machine(case))
    assert len(store.life(bank.officer, case.id).verdicts) == 1


@pytest.mark.parametrize("label", [Label(Outcome.BLUE), Label(Outcome.OUTSIDE, "1.1")])
def test_a_label_without_its_code_is_refused(store: ReviewStore, bank: Bank, labelled: Labelled, label: Label) -> None:
    case = submitted(store, bank.officer, labelled[0])
    with pytest.raises(ReviewError, match="不相称"):
        store.decide(bank.first, case.id, 0, label, "理由")


def test_a_returned_case_is_completed_once_by_its_officer(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[5])
    with pytest.raises(ReviewError, match="退回须写明理由"):
        store.send_back(bank.first, case.id, 0, "")
    case = store.send_back(bank.first, case.id, 0, "请补充用途")
    assert case.status is Status.RETURNED
    with pytest.raises(ReviewError, match="不是退回给您的件"):
        store.submit(bank.other_officer, Submission(*labelled[0], follows=case.id))
    later = submitted(store, bank.officer, labelled[0], follows=case.id)
    assert later.follows == case.id
    with pytest.raises(ReviewError, match="补充"):
        store.submit(bank.officer, Submission(*labelled[0], follows=case.id))
    with pytest.raises(ReviewError, match="不能重开"):
        store.reopen(bank.first, case.id, 1, "误退")


def test_a_reopened_case_starts_a_new_round(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, OUTSIDE, "理由")
    store.decide(bank.second, case.id, 1, OUTSIDE)
    case = store.reopen(bank.third, case.id, 2, "新材料")
    assert (case.status, case.label) == (Status.PENDING, machine(case))
    assert store.count(bank.first, Query(open_to=bank.first.name)) == 1
    store.decide(bank.first, case.id, 3, machine(case))
    case = store.decide(bank.second, case.id, 4, machine(case))
    assert case.status is Status.APPROVED
    verdicts = store.life(bank.auditor, case.id).verdicts
    assert [one.kind.name for one in verdicts] == ["CORRECT", "APPROVE", "REOPEN", "CONFIRM", "APPROVE"]
    assert [one.supersedes for one in verdicts] == [None, *[one.id for one in verdicts[:-1]]]


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (Status.LABELLED, ("decide", "send_back", "reopen")),
        (Status.PENDING, ("reopen",)),
        (Status.APPROVED, ("decide", "send_back")),
        (Status.RETURNED, ("decide", "send_back")),
    ],
)
def test_what_a_status_does_not_allow_is_refused(
    store: ReviewStore, bank: Bank, labelled: Labelled, status: Status, refused: tuple[str, ...]
) -> None:
    if status is Status.LABELLED:
        filed(store, bank.officer, labelled[:1])
    else:
        submitted(store, bank.officer, labelled[0])
    case = store.case(bank.first, 1)
    if status is Status.APPROVED:
        case = store.decide(bank.first, 1, 0, machine(case))
        case = store.decide(bank.second, 1, 1, machine(case))
    if status is Status.RETURNED:
        case = store.send_back(bank.first, 1, 0, "理由")
    assert case.status is status
    for name in refused:
        arguments = (machine(case), "理由") if name == "decide" else ("理由",)
        with pytest.raises(ReviewError, match="状态是"):
            getattr(store, name)(bank.third, 1, case.version, *arguments)


def test_a_blind_reader_sees_nothing_of_the_first_reading(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    store = blind_store
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, OUTSIDE, "理由")
    store.note(bank.first, case.id, "我看是目录外")
    seen = store.case(bank.second, case.id)
    assert (seen.label, seen.status) == (machine(case), Status.DECIDED)
    life = store.life(bank.second, case.id)
    assert (life.case.label, life.verdicts, life.notes) == (machine(case), (), ())
    assert [one.action for one in store.events(bank.second, case_id=case.id)] == ["送复核", "备注"]
    assert store.count(bank.second, Query(outcome=Outcome.OUTSIDE)) == 0
    assert store.count(bank.second, Query(code=str(case.prediction.code))) == 1
    assert store.count(bank.second, Query(person=bank.first.name)) == 0
    assert store.cases(bank.second, Query())[0].label == machine(case)
    for person in (bank.first, bank.auditor, bank.officer):
        assert store.case(person, case.id).label == OUTSIDE
        assert len(store.life(person, case.id).verdicts) == 1


@pytest.mark.parametrize("restart", ["reopen", "send_back"])
def test_a_blind_reader_cannot_restart_a_case_to_see_the_first_reading(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled, restart: str
) -> None:
    case = submitted(blind_store, bank.officer, labelled[0])
    blind_store.decide(bank.first, case.id, 0, OUTSIDE, "理由")
    getattr(blind_store, restart)(bank.second, case.id, 1, "看看")
    for person in (bank.second, bank.third):
        assert OUTSIDE not in [one.label for one in blind_store.life(person, case.id).verdicts]
        assert "改判" not in [one.action for one in blind_store.events(person, case_id=case.id)]
        assert blind_store.count(person, Query(person=bank.first.name)) == 0
    assert blind_store.count(bank.second, Query(person=bank.second.name)) == 1
    assert len(blind_store.life(bank.auditor, case.id).verdicts) == 2


@pytest.mark.parametrize("restart", ["reopen", "send_back"])
def test_two_people_who_differ_cannot_start_anew_without_a_third(
    store: ReviewStore, bank: Bank, labelled: Labelled, restart: str
) -> None:
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, OUTSIDE, "理由")
    store.decide(bank.second, case.id, 1, UNCLEAR, "看法不同")
    for person in (bank.first, bank.second):
        with pytest.raises(ReviewError, match="第三人"):
            getattr(store, restart)(person, case.id, 2, "重来")
    assert getattr(store, restart)(bank.third, case.id, 2, "材料不全").disputed is False


def test_who_reads_and_audits_sees_no_first_reading_in_the_log_either(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    both = Actor("两岗", frozenset({Role.REVIEWER, Role.AUDITOR}))
    case = submitted(blind_store, bank.officer, labelled[0])
    blind_store.decide(bank.first, case.id, 0, machine(case))
    assert [one.action for one in blind_store.events(both)] == ["送复核"]
    blind_store.decide(both, case.id, 1, machine(case))
    assert [one.action for one in blind_store.events(both)] == ["送复核", "确认", "审定"]


def test_the_blind_reading_ends_when_the_second_verdict_is_given(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    case = submitted(blind_store, bank.officer, labelled[0])
    blind_store.decide(bank.first, case.id, 0, OUTSIDE, "理由")
    after = blind_store.decide(bank.second, case.id, 1, machine(case), "看法不同")
    assert (after.label, after.disputed) == (OUTSIDE, True)
    assert len(blind_store.life(bank.third, case.id).verdicts) == 2


def test_the_policy_chooses_by_balance_and_by_the_text() -> None:
    digests = [text_digest(Application("", f"文本{number}")) for number in range(4000)]
    share = sum(is_blind(Policy(blind_share=0.1), digest, None) for digest in digests) / len(digests)
    assert 0.08 < share < 0.12
    large = Policy(blind_balance=Decimal(1000), blind_share=0)
    assert [is_blind(large, digests[0], balance) for balance in (None, Decimal(999), Decimal(1000))] == [
        False,
        False,
        True,
    ]


def test_a_loan_book_goes_to_review_by_its_doubtful_rows(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    batch = store.open_batch(bank.officer, "台账.xlsx", "a" * 64, 14)
    store.file(bank.officer, batch, [Submission(*pair) for pair in labelled[:5]], problems=2)
    store.file(bank.officer, batch, [Submission(*pair) for pair in labelled[5:]])
    store.file(bank.officer, batch, [], problems=1)
    with pytest.raises(ReviewError, match="进行中"):
        store.send_to_review(bank.officer, batch)
    store.close_batch(bank.officer, batch, BatchState.DONE)
    doubtful = sum(prediction.route is Route.REVIEW for _, prediction in labelled)
    assert 0 < doubtful < len(labelled)
    assert store.send_to_review(bank.officer, batch) == doubtful
    assert store.send_to_review(bank.officer, batch) == 0
    assert store.count(bank.first, Query(statuses=(Status.PENDING,))) == doubtful
    found = store.batch(bank.officer, batch)
    assert (found.filed, found.problems, found.state) == (12, 3, BatchState.DONE)
    assert store.verify(bank.auditor).faults == ()


def test_a_closed_or_foreign_loan_book_takes_no_more(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    batch = store.open_batch(bank.officer, "台账.xlsx", "a" * 64, 1)
    with pytest.raises(DeniedError):
        store.file(bank.other_officer, batch, [])
    with pytest.raises(DeniedError):
        store.close_batch(bank.other_officer, batch, BatchState.DONE)
    with pytest.raises(ReviewError, match="不能以"):
        store.close_batch(bank.officer, batch, BatchState.RUNNING)
    store.close_batch(bank.officer, batch, BatchState.CANCELLED)
    with pytest.raises(ReviewError, match="已取消"):
        store.file(bank.officer, batch, [Submission(*labelled[0])])
    with pytest.raises(ReviewError, match="没有第 9 批"):
        store.batch(bank.officer, 9)


def test_a_chunk_with_a_bad_row_files_nothing(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    batch = store.open_batch(bank.officer, "台账.xlsx", "a" * 64, 2)
    with pytest.raises(ReviewError):
        store.file(bank.officer, batch, [Submission(*labelled[0]), Submission(*labelled[1], balance=Decimal("NaN"))])
    assert (store.count(bank.first, Query()), store.batch(bank.officer, batch).filed) == (0, 0)


def test_a_restarted_server_marks_what_the_dead_one_left(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    done = filed(store, bank.officer, labelled[:1])
    left = store.open_batch(bank.officer, "台账.xlsx", "a" * 64, 1)
    assert store.interrupt_batches() == [left]
    assert store.interrupt_batches() == []
    assert [one.state for one in store.batches(bank.officer)] == [BatchState.INTERRUPTED, BatchState.DONE]
    assert store.batches(bank.first)[1].id == done
    assert store.batches(bank.other_officer) == []
    assert store.verify(bank.auditor).ok


def test_one_labelled_case_is_sent_by_its_officer_or_a_reviewer(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    filed(store, bank.officer, labelled[:2])
    with pytest.raises(DeniedError):
        store.send_case(bank.other_officer, 1)
    assert store.send_case(bank.officer, 1).status is Status.PENDING
    assert store.send_case(bank.first, 2).version == 1
    with pytest.raises(ReviewError, match="不用再送"):
        store.send_case(bank.first, 2)
    assert store.decide(bank.first, 2, 1, Label(labelled[1][1].outcome, labelled[1][1].code)).version == 2
    assert store.verify(bank.auditor).ok


def test_an_officer_sees_one_s_own_cases_only(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    mine = submitted(store, bank.officer, labelled[0])
    submitted(store, bank.other_officer, labelled[1])
    assert [case.id for case in store.cases(bank.officer, Query())] == [mine.id]
    assert store.count(bank.first, Query()) == 2
    for read in (store.case, store.life):
        with pytest.raises(DeniedError):
            read(bank.officer, 2)
    with pytest.raises(DeniedError):
        store.events(bank.officer, case_id=2)
    with pytest.raises(ReviewError, match="没有第 99 件"):
        store.case(bank.first, 99)


def test_the_queue_s_orders(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    balances = (Decimal(5), None, Decimal("7.50"), Decimal(0))
    for pair, balance in zip(labelled, balances, strict=False):
        submitted(store, bank.officer, pair, balance=balance)
    assert [case.id for case in store.cases(bank.first, Query(), order=Order.BALANCE)] == [3, 1, 4, 2]
    assert [case.id for case in store.cases(bank.first, Query(), order=Order.OLDEST)] == [1, 2, 3, 4]
    assert [case.id for case in store.cases(bank.first, Query(balance_from=Decimal(5)))] == [1, 3]
    sure = [case.prediction.confidence for case in store.cases(bank.first, Query(), order=Order.UNCERTAIN)]
    assert sure == sorted(sure)
    conflicts = [case.conflict for case in store.cases(bank.first, Query(), order=Order.CONFLICT)]
    assert conflicts == sorted(conflicts, reverse=True)
    pages = [store.cases(bank.first, Query(), limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 1, 0]


def test_a_conflict_of_rules_and_model_is_marked(
    store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier
) -> None:
    application = Application("L-9", "办公楼装修，另购人工鱼礁模型一件摆放于海上风电展厅")
    prediction = replace(classifier.predict(application), reasons=("规则指向“x”（y），与结论不同。",))
    assert submitted(store, bank.officer, (application, prediction)).conflict
    assert not submitted(store, bank.officer, labelled[0]).conflict
    assert store.count(bank.first, Query(conflict=True)) == 1


def test_a_query_by_entry_means_the_entry_and_all_below(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    codes = ("1.1", "1.10", "1.1.1", "1.10.1", "1.1.12", "11.1")
    for code in codes:
        prediction = replace(labelled[0][1], outcome=Outcome.BLUE, code=code)
        submitted(store, bank.officer, (labelled[0][0], prediction))
    found = [str(case.label) for case in store.cases(bank.first, Query(code="1.1"))]
    assert found == ["1.1", "1.1.1", "1.1.12"]
    assert store.count(bank.first, Query(code="1")) == 5
    assert store.count(bank.first, Query(code="1_1")) == 0


def test_queries_narrow_by_everything(store: ReviewStore, bank: Bank, labelled: Labelled, clock: Clock) -> None:
    first = submitted(store, bank.officer, labelled[0])
    clock.moment += timedelta(days=1)
    batch = filed(store, bank.other_officer, labelled[4:6])
    store.decide(bank.first, first.id, 0, OUTSIDE, "理由")
    count = store.count
    assert count(bank.auditor, Query(first_day="2026-03-03")) == 2
    assert count(bank.auditor, Query(last_day="2026-03-02")) == 1
    assert count(bank.auditor, Query(first_day="2026-03-02", last_day="2026-03-03")) == 3
    assert count(bank.auditor, Query(batch_id=batch)) == 2
    assert count(bank.auditor, Query(loan_id="L-00")) == 3
    assert count(bank.auditor, Query(loan_id="L-005")) == 1
    assert count(bank.auditor, Query(loan_id="%")) == 0
    assert count(bank.auditor, Query(person=bank.first.name)) == 1
    assert count(bank.auditor, Query(person=bank.other_officer.name)) == 2
    assert count(bank.auditor, Query(outcome=Outcome.OUTSIDE, person=bank.officer.name)) == 1
    assert count(bank.auditor, Query(statuses=(Status.LABELLED, Status.PENDING))) == 2
    assert count(bank.auditor, Query(disputed=True)) == 0
    routes = [count(bank.auditor, Query(route=route)) for route in Route]
    assert sum(routes) == 3
    with pytest.raises(ReviewError, match="日期"):
        count(bank.auditor, Query(first_day="三月"))


def test_open_to_leaves_what_a_person_may_decide(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    for pair in labelled[:3]:
        submitted(store, bank.officer, pair)
    store.decide(bank.first, 1, 0, OUTSIDE, "理由")
    store.decide(bank.first, 2, 0, OUTSIDE, "理由")
    store.decide(bank.second, 2, 1, UNCLEAR, "理由")
    open_to = {
        person.name: [case.id for case in store.cases(bank.auditor, Query(open_to=person.name))]
        for person in (bank.officer, bank.first, bank.second, bank.third)
    }
    assert list(open_to.values()) == [[], [3], [1, 3], [1, 2, 3]]


def test_without_texts_the_store_keeps_their_hash_and_the_evidence(
    url: str, bank: Bank, labelled: Labelled, clock: Clock
) -> None:
    store = ReviewStore.open(url, keep_text=False, clock=clock)
    application = replace(labelled[0][0], name="秘密项目名", industry="D4415", amount=Decimal(5))
    token = store.keep_draft(bank.officer, application, labelled[0][1])
    case = submitted(store, bank.officer, (application, labelled[0][1]))
    assert case.application == Application(application.id, amount=Decimal(5))
    assert case.text_digest == text_digest(application)
    assert case.prediction.evidence == labelled[0][1].evidence
    draft = store.draft(bank.officer, token)
    assert (draft.application.description, draft.text_kept, draft.case_id) == ("", False, case.id)
    with store.reading() as connection:
        dumped = str(connection.exec_driver_sql("SELECT * FROM cases").all())
        dumped += str(connection.exec_driver_sql("SELECT * FROM drafts").all())
        dumped += str(connection.exec_driver_sql("SELECT * FROM events").all())
    assert "秘密项目名" not in dumped and application.description not in dumped
    store.close()


def test_a_draft_opens_for_its_owner_for_a_month(
    store: ReviewStore, bank: Bank, labelled: Labelled, clock: Clock
) -> None:
    token = store.keep_draft(bank.officer, *labelled[0])
    draft = store.draft(bank.officer, token)
    assert (draft.application, draft.prediction, draft.case_id) == (*labelled[0], None)
    case = submitted(store, bank.officer, labelled[0])
    assert store.draft(bank.officer, token).case_id == case.id
    for person, wrong in ((bank.other_officer, token), (bank.officer, "x")):
        with pytest.raises(ReviewError, match="打不开"):
            store.draft(person, wrong)
    clock.moment += timedelta(days=32)
    store.keep_draft(bank.officer, *labelled[1])
    with pytest.raises(ReviewError, match="打不开"):
        store.draft(bank.officer, token)
    assert store.verify(bank.auditor).ok


def test_events_are_found_by_person_action_and_day(
    store: ReviewStore, bank: Bank, labelled: Labelled, clock: Clock
) -> None:
    case = submitted(store, bank.officer, labelled[0])
    clock.moment += timedelta(days=1)
    store.decide(bank.first, case.id, 0, machine(case))
    batch = filed(store, bank.officer, labelled[:1])
    events = store.events
    assert [one.action for one in events(bank.auditor, person=bank.first.name)] == ["确认"]
    assert len(events(bank.auditor, batch_id=batch)) == 3
    assert len(events(bank.auditor, first_day="2026-03-03")) == 4
    assert [one.sequence for one in events(bank.auditor, limit=2, offset=1)] == [2, 3]
    assert [one.sequence for one in events(bank.auditor, action="送复核")] == [1]


def test_no_event_holds_a_text_a_reason_or_a_file_name(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    store.decide(bank.first, case.id, 0, OUTSIDE, "张三说不是")
    store.note(bank.first, case.id, "李四的电话")
    filed(store, bank.officer, labelled[:1])
    log = str([one.content for one in store.events(bank.auditor)])
    assert not [word for word in ("张三", "李四", "台账.xlsx", "海上风电") if word in log]


def test_overlong_reasons_and_empty_notes_are_refused(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case = submitted(store, bank.officer, labelled[0])
    with pytest.raises(ReviewError, match="4000"):
        store.decide(bank.first, case.id, 0, OUTSIDE, "长" * 4001)
    with pytest.raises(ReviewError, match="空的"):
        store.note(bank.first, case.id, " \n")
    with pytest.raises(ReviewError, match="姓名"):
        store.submit(Actor("长" * 201, frozenset({Role.OFFICER})), Submission(*labelled[0]))
    assert len(store.events(bank.auditor)) == 1


def test_a_returned_case_is_open_until_a_later_one_completes_it(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    waiting = Query(submitted_by=bank.officer.name, statuses=(Status.RETURNED,), completed=False)
    case = submitted(store, bank.officer, labelled[0])
    store.send_back(bank.first, case.id, case.version, "请写明用途")
    assert [one.id for one in store.cases(bank.officer, waiting)] == [case.id]
    assert not store.cases(bank.officer, replace(waiting, submitted_by=bank.other_officer.name))
    store.submit(bank.officer, Submission(*labelled[0], follows=case.id))
    assert not store.cases(bank.officer, waiting)
    assert [one.id for one in store.cases(bank.officer, replace(waiting, completed=True))] == [case.id]
