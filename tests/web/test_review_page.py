"""The page 复核: the queue, one case on one screen, four eyes, blind readings, disputes, refusals in plain words."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from classifier import Application, Classifier
from classifier.records import Outcome
from classifier.review import Actor, Label, Policy, Query, ReviewStore, Role, Status, Submission
from classifier.web import context, places, screen
from classifier.web.identity import DEMO_PERSONS
from classifier.web.review import deciding, queue
from classifier.web.review.queue import Reading, Wish, Work
from taxonomy import Catalogue

UI = Path(places.__file__).with_name("ui.py")
OFFICER, FIRST, SECOND, THIRD = (
    Actor(name, DEMO_PERSONS[name]) for name in ("演示经办", "演示复核甲", "演示复核乙", "演示复核丙")
)
SEA_RANCH = "在荣成近海投放人工鱼礁，建设国家级海洋牧场"
STEEL = "购置轧钢生产线一条"
Files = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to read before deciding."""
    monkeypatch.setattr(queue, "LEAST_SECONDS", 0.0)


@pytest.fixture
def file(store: ReviewStore, classifier: Classifier) -> Files:
    """Files texts as pending cases; their ids."""

    def submit(*texts: str, policy: Policy | None = None) -> list[int]:
        into = store if policy is None else replace(store, policy=policy)
        given = [Application(f"L-{number}", text) for number, text in enumerate(texts, 1)]
        return [into.submit(OFFICER, Submission(one, classifier.predict(one), Decimal(1_000_000))) for one in given]

    return submit


def page(person: Actor = FIRST, **address: str) -> AppTest:
    """The page as a person sees it, at an address."""
    at = AppTest.from_file(str(UI), default_timeout=60)
    at.session_state["person"] = person.name
    at.run()
    at.switch_page("pages/review.py")
    for name, value in address.items():
        at.query_params[name] = value
    return at.run()


def words(at: AppTest) -> str:
    """Everything the page says."""
    parts = [str(getattr(element, "body", "")) for element in at.get("html")]
    return "\n".join([*parts, *(one.value for one in [*at.info, *at.error, *at.text, *at.caption])])


def press(at: AppTest, start: str) -> AppTest:
    """Press the button whose key starts so."""
    return next(button for button in at.button if str(button.key).startswith(start)).click().run()


def machine(store: ReviewStore, case_id: int) -> Label:
    """The machine's label of a case."""
    return queue.machine_label(store.case(FIRST, case_id))


def test_an_empty_queue_says_where_cases_come_from(store: ReviewStore) -> None:
    at = page()
    assert "没有待复核的件" in words(at) and "单笔识别" in words(at)
    assert not at.error


def test_one_key_confirms_the_machine_and_the_next_case_comes_at_once(store: ReviewStore, file: Files) -> None:
    file(SEA_RANCH, STEEL)
    at = page()
    before = int(at.query_params["case"][0])
    at = press(at, "confirm_")
    assert f"第 {before} 件已确认为" in words(at)
    assert int(at.query_params["case"][0]) != before
    assert store.case(FIRST, before).status is Status.DECIDED


def test_a_correction_without_reason_is_not_recorded_and_says_how_to_give_one(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    at = press(press(page(), "key9_"), "record_")
    assert "改判须写明理由" in words(at)
    assert store.case(FIRST, number).status is Status.PENDING
    at = press(press(at, "reasonG_"), "record_")
    verdict = store.life(FIRST, number).verdicts[-1]
    assert (verdict.label, verdict.reason) == (Label(Outcome.INSUFFICIENT), queue.REASONS["G"])
    assert "已改判为 信息不足" in words(at)


def test_any_item_can_be_looked_up_and_its_definition_stands_beside(
    store: ReviewStore, file: Files, catalogue: Catalogue
) -> None:
    (number,) = file(STEEL)
    item = catalogue.items[-1]
    at = page()
    at.selectbox(key=deciding.search_key(number)).set_value(item.code).run()
    assert item.definition[:12] in words(at)
    at.text_area(key=deciding.reason_key(number)).set_value("按用途").run()
    press(at, "record_")
    assert store.case(FIRST, number).label == queue.label_of(catalogue, item.code)


def test_a_note_decides_nothing_and_the_case_stays(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    at = page()
    at.text_area(key=deciding.reason_key(number)).set_value("已电话询问").run()
    at = press(at, "note_")
    assert "已记备注" in words(at) and "已电话询问" in words(at)
    assert store.case(FIRST, number).status is Status.PENDING
    assert at.text_area(key=deciding.reason_key(number)).value == ""


def test_sending_back_needs_a_reason(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    at = press(page(), "return_")
    assert "退回须写明理由" in words(at)
    at = press(press(at, "reasonG_"), "return_")
    assert store.case(FIRST, number).status is Status.RETURNED
    assert f"第 {number} 件已退回" in words(at)


def test_a_skipped_case_comes_back_when_asked_for(store: ReviewStore, file: Files) -> None:
    file(SEA_RANCH)
    at = press(page(), "skip_")
    assert "都已跳过" in words(at)
    at = press(at, "unskip_empty")
    assert "第 1 件" in words(at)


def test_the_first_person_cannot_be_the_second(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    press(page(), "confirm_")
    at = page(case=str(number))
    assert "须由另一人复核" in words(at)
    assert not [button for button in at.button if str(button.key).startswith(("confirm_", "record_"))]


def test_a_submitter_cannot_decide_own_cases(store: ReviewStore, classifier: Classifier) -> None:
    both = Actor("兼岗", frozenset({Role.OFFICER, Role.REVIEWER}))
    given = Application("L", SEA_RANCH)
    number = store.submit(both, Submission(given, classifier.predict(given)))
    assert "由您提交" in queue.obstacle(store.life(both, number), both)
    assert queue.next_case(store, both, Wish()) is None


def test_an_open_second_reading_shows_the_first_with_its_reason(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    store.decide(FIRST, number, 0, Label(Outcome.OUTSIDE), "不在支持范围的理由")
    at = page(SECOND)
    assert "不在支持范围的理由" in words(at) and FIRST.name in words(at)
    at = press(at, "confirm_")
    assert "已审定：目录外" in words(at)
    assert store.case(SECOND, number).status is Status.APPROVED


def test_a_blind_reading_shows_neither_the_first_verdict_nor_the_machine(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH, policy=Policy(blind_share=1.0))
    store.decide(FIRST, number, 0, Label(Outcome.OUTSIDE), "不该看见的理由")
    at = page(SECOND)
    shown = words(at)
    assert "盲读" in shown
    assert "不该看见的理由" not in shown and FIRST.name not in shown and "<mark" not in shown
    assert "机器" not in "".join(button.label for button in at.button)
    assert not [button for button in at.button if str(button.key).startswith("confirm_")]


def test_a_blind_reading_always_asks_for_a_reason(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH, policy=Policy(blind_share=1.0))
    store.decide(FIRST, number, 0, machine(store, number))
    life = store.life(SECOND, number)
    assert queue.reading_of(life.case) is Reading.BLIND
    assert queue.needs_reason(life, machine(store, number)) and queue.needs_reason(life, Label(Outcome.OUTSIDE))


def test_a_dispute_goes_to_a_third_person_who_sees_both(store: ReviewStore, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    store.decide(FIRST, number, 0, machine(store, number))
    at = press(press(press(page(SECOND), "key0_"), "reasonF_"), "record_")
    assert "转第三人裁定" in words(at)
    assert "须由另一人复核" in words(page(SECOND, case=str(number)))
    at = page(THIRD)
    assert FIRST.name in words(at) and SECOND.name in words(at) and Reading.THIRD.value in words(at)
    press(press(press(at, "key0_"), "reasonF_"), "record_")
    case = store.case(THIRD, number)
    assert (case.status, case.label) == (Status.APPROVED, Label(Outcome.OUTSIDE))


def test_who_was_first_is_named_and_nothing_typed_is_lost(store: ReviewStore, file: Files) -> None:
    first, _ = file(SEA_RANCH, SEA_RANCH + "二期")
    at = page(case=str(first))
    at.text_area(key=deciding.reason_key(first)).set_value("想了很久的理由").run()
    at = press(at, "key0_")
    store.decide(SECOND, first, 0, machine(store, first))
    at = press(at, "record_")
    assert f"已由“{SECOND.name}”" in words(at)
    assert "想了很久的理由" in [code.value for code in at.code]
    assert store.case(FIRST, first).label == machine(store, first)


def test_a_decision_sooner_than_anyone_reads_is_not_recorded(
    store: ReviewStore, file: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LEAST_SECONDS", 60.0)
    (number,) = file(SEA_RANCH)
    at = press(page(), "confirm_")
    assert "按键太快" in words(at)
    assert store.case(FIRST, number).status is Status.PENDING


def test_user_text_shows_as_text(store: ReviewStore, file: Files) -> None:
    nasty = "<script>alert(1)</script><img src=x onerror=alert(2)> **海水养殖** [a](javascript:alert(3))"
    (number,) = file(nasty)
    store.note(FIRST, number, nasty)
    shown = words(page())
    assert "<script" not in shown and "<img" not in shown
    assert "&lt;script&gt;" in shown


def test_an_unknown_case_is_told_in_plain_words(store: ReviewStore) -> None:
    at = page(case="999")
    assert "没有第 999 件" in words(at).replace("\\", "")


def test_an_officer_is_refused(store: ReviewStore) -> None:
    assert "没有权限" in words(page(OFFICER))


def test_own_cases_are_listed(store: ReviewStore, file: Files) -> None:
    file(SEA_RANCH)
    press(page(), "confirm_")
    at = page()
    at.segmented_control(key="view").set_value("我的件").run()
    assert list(at.dataframe[0].value["借据号"]) == ["L-1"]


def test_only_a_hash_is_shown_where_the_bank_keeps_no_text(store: ReviewStore, classifier: Classifier) -> None:
    sealed = replace(store, keep_text=False)
    given = Application("L", SEA_RANCH)
    number = sealed.submit(OFFICER, Submission(given, classifier.predict(given)))
    shown = words(page())
    assert SEA_RANCH not in shown and store.case(FIRST, number).text_digest in shown


def test_the_queue_narrows_by_balance_and_work(store: ReviewStore, classifier: Classifier) -> None:
    for number, balance in enumerate((5_000_000, 100_000, None), 1):
        given = Application(f"B-{number}", f"{SEA_RANCH}{number}")
        store.submit(
            OFFICER, Submission(given, classifier.predict(given), None if balance is None else Decimal(balance))
        )
    found = queue.waiting(store, FIRST, Wish(balance_from=Decimal(1_000_000)))
    assert [case.application.id for case in found] == ["B-1"]
    assert queue.next_case(store, FIRST, Wish(work=Work.SECOND)) is None


def test_the_search_knows_everyday_words(classifier: Classifier) -> None:
    lines = queue.search_texts(classifier.catalogue, classifier.rules.lexicon.terms)
    assert list(lines) == [item.code for item in classifier.catalogue.items]
    assert all(classifier.catalogue[code].name in line for code, line in lines.items())
    assert sum("、" in line for line in lines.values()) > len(lines) / 2


def test_times_show_on_the_banks_clock() -> None:
    assert screen.local_time("2026-11-20T16:30:00.000000Z") == "2026-11-21 00:30:00"


def test_counts_left_leave_out_what_is_not_for_me(store: ReviewStore, file: Files) -> None:
    first, _ = file(SEA_RANCH, STEEL)
    store.decide(FIRST, first, 0, machine(store, first))
    assert queue.count_left(store, FIRST) == queue.Left(1, 0, 0)
    assert queue.count_left(store, SECOND) == queue.Left(1, 1, 0)
    assert store.count(FIRST, Query(person=FIRST.name)) == 1


def test_the_page_opens_the_store_of_the_settings(store: ReviewStore) -> None:
    assert str(context.store().engine.url) == str(store.engine.url)
