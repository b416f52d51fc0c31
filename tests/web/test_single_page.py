"""单笔识别 through the running page: paste, result, question, link, review."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import classifier.web
from classifier import Application, Classifier
from classifier.errors import ApplicationError
from classifier.records import Outcome, Route
from classifier.review.cases import Case, Query, Submission
from classifier.review.permissions import Actor, Role
from classifier.review.store import ReviewStore
from classifier.web import context
from classifier.web.single.pasted import (
    EXAMPLES,
    LONGEST_TEXT,
    Paste,
    held_back,
    labels_with_evidence,
    needs,
    plain_reason,
    plain_reasons,
    read_paste,
    shown_label,
    without_echoes,
)
from taxonomy import Catalogue

PAGE = Path(classifier.web.__file__).parent / "pages" / "single.py"
OFFICER = Actor("演示经办", frozenset({Role.OFFICER}))
TEXT = "投资建设300MW海上风电场。"
UNDECIDED = EXAMPLES["分不清的"].description
NASTY = "<script>alert(1)</script> $x$ ~~删~~ **粗** [链](javascript:1) =1+1 😀\n海上风电场建设　ＡＢＣ"


def store() -> ReviewStore:
    return context.store()


def newest_case() -> Case:
    return max(store().cases(OFFICER, Query(person=OFFICER.name)), key=lambda one: one.id)


def link(app: AppTest) -> str:
    token = app.query_params["result"]
    return token if isinstance(token, str) else token[0]


def classify(app: AppTest, text: str) -> AppTest:
    app.text_area(key="single_description").set_value(text)
    return app.button(key="classify").click().run()


def shown(app: AppTest) -> str:
    """Everything the page says in HTML and text."""
    assert not app.exception
    parts = [element.proto.body for element in app.get("html")]
    parts += [element.value for element in (*app.text, *app.caption, *app.info, *app.warning, *app.error, *app.success)]
    return unescape("\n".join(str(part) for part in parts))


def answers(app: AppTest) -> list[str]:
    return [str(button.key) for button in app.button if str(button.key).startswith("answer ")]


def test_an_empty_page_says_what_to_do_and_offers_examples(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    assert "贴进来" in shown(app)
    assert [button.label for button in app.button if str(button.key).startswith("example")] == list(EXAMPLES)


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_gives_a_result_at_once(open_page: Callable[..., AppTest], title: str) -> None:
    app = open_page().run()
    app.button(key=f"example {title}").click().run()
    assert "把握：" in shown(app)
    assert app.text_area(key="single_description").value == EXAMPLES[title].description


def test_a_result_shows_path_tier_confidence_and_evidence(
    open_page: Callable[..., AppTest], catalogue: Catalogue
) -> None:
    text = shown(classify(open_page(), TEXT))
    hit = catalogue.search("海上风电场")[0].entry
    assert hit.tier is not None
    for part in (
        hit.code,
        hit.name,
        hit.tier.value,
        "很有把握",
        "自动通过",
        "重建",
        "规则：支持",
        "模型：支持",
        "<mark",
    ):
        assert part in text
    for above in catalogue.path(hit.code):
        assert above.name in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "还没有可识别的文字"),
        (" \n　", "还没有可识别的文字"),
        ("！！？，。…", "没有汉字"),
        ("海" * 20_001, "20,001 个字符"),
    ],
)
def test_texts_that_cannot_be_read_are_told_in_plain_words(
    open_page: Callable[..., AppTest], text: str, message: str
) -> None:
    app = classify(open_page(), text)
    assert not app.exception
    assert message in app.error[0].value.replace("\\", "")


def test_a_text_of_the_longest_length_is_read(open_page: Callable[..., AppTest]) -> None:
    assert "把握：" in shown(classify(open_page(), ("建设海上风电场，不涉及养殖。\n" * 2000)[:LONGEST_TEXT]))


def test_nasty_text_is_shown_as_text(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), NASTY)
    bodies = [element.proto.body for element in app.get("html")]
    seen = unescape(re.sub(r"<[^>]*>", "", "".join(bodies)))
    assert NASTY in seen
    assert not any("<script" in body for body in bodies)
    assert not any("~~" in str(element.value) for element in (*app.markdown, *app.caption))


def test_the_link_opens_the_same_result_without_the_text_in_it(open_page: Callable[..., AppTest]) -> None:
    first = classify(open_page(), UNDECIDED)
    token = link(first)
    assert UNDECIDED not in str(first.query_params)
    again = open_page(result=token)
    assert again.text_area(key="single_description").value == UNDECIDED
    assert "把握：" in shown(again)


def test_another_persons_link_and_an_unknown_one_are_refused_in_plain_words(open_page: Callable[..., AppTest]) -> None:
    token = link(classify(open_page(), TEXT))
    for person, asked in (("演示复核甲", token), ("演示经办", "nonsense")):
        app = open_page(person, result=asked)
        assert "链接打不开" in app.error[0].value
        assert TEXT not in shown(app)


def test_an_answer_changes_the_result_is_shown_kept_and_can_be_withdrawn(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), UNDECIDED)
    before = shown(app)
    assert "一个问题就能分清" in before
    app.button(key=answers(app)[0]).click().run()
    after = shown(app)
    assert "补充说明：本笔资金用于" in after
    assert app.text_area(key="single_description").value == UNDECIDED
    token = link(app)
    reopened = open_page(result=token)
    assert "补充说明：本笔资金用于" in shown(reopened)
    app.button(key="submit").click().run()
    case = newest_case()
    assert "补充说明：本笔资金用于" in case.application.description
    assert case.prediction.outcome.is_blue and case.prediction.route is Route.REVIEW
    assert case.prediction.reasons[0].startswith("结论用到了经办的补充说明")
    reopened.button(key="withdraw 0").click().run()
    assert "补充说明：" not in shown(reopened)
    assert [line for line in before.splitlines() if "把握：" in line] == [
        line for line in shown(reopened).splitlines() if "把握：" in line
    ]


def test_own_words_answer_as_well(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), "补充流动资金。")
    app.text_input(key="single_own_words").set_value("购买扇贝苗种用于筏式养殖")
    next(button for button in app.button if button.label == "补充并重新识别").click().run()
    assert "补充说明：购买扇贝苗种用于筏式养殖" in shown(app)
    assert "蓝色" in shown(app)


def test_sent_to_review_it_shows_its_number_and_where_it_stands(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), UNDECIDED)
    app.button(key="submit").click().run()
    text = shown(app)
    case = newest_case()
    assert f"第 {case.id} 件" in text
    assert "待复核" in text
    assert "submit" not in [button.key for button in app.button]
    assert case.application.description == UNDECIDED
    token = link(app)
    assert f"第 {case.id} 件" in shown(open_page(result=token))


def test_a_returned_case_is_completed_by_a_new_one(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), UNDECIDED)
    app.button(key="submit").click().run()
    reviewer = Actor("演示复核甲", frozenset({Role.REVIEWER}))
    case = newest_case()
    store().send_back(reviewer, case.id, case.version, "请写明自用还是出售")
    app = open_page()
    assert "请写明自用还是出售" in shown(app)
    app.button(key=f"complete {case.id}").click().run()
    classify(app, UNDECIDED + "网箱自用养鱼。")
    app.button(key="submit").click().run()
    newest = newest_case()
    assert newest.follows == case.id
    assert "请写明自用还是出售" not in shown(open_page())


def test_a_returned_case_stays_before_its_officer_however_many_were_sent_later(
    open_page: Callable[..., AppTest],
) -> None:
    app = classify(open_page(), UNDECIDED)
    app.button(key="submit").click().run()
    case = newest_case()
    reviewer = Actor("演示复核甲", frozenset({Role.REVIEWER}))
    store().send_back(reviewer, case.id, case.version, "请写明自用还是出售")
    for number in range(21):
        application = replace(case.application, id=f"L{number}")
        store().submit(OFFICER, Submission(application, case.prediction))
    text = shown(open_page())
    assert "被退回、等您补充的件：" in text
    assert "请写明自用还是出售" in text
    assert "最近 20 件，共" in " ".join(one.label for one in open_page().expander)


def test_a_question_without_answers_asks_for_a_sentence(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), "补充流动资金。")
    text = shown(app)
    assert "请用一句话写明" in text
    assert "请选" not in text


def test_a_reviewer_may_label_but_not_send(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page("演示复核甲"), TEXT)
    assert "把握：" in shown(app)
    assert "submit" not in [button.key for button in app.button]


def test_an_auditor_is_told_that_the_page_is_not_theirs(open_page: Callable[..., AppTest]) -> None:
    app = open_page("演示审计")
    assert "没有权限" in app.error[0].value
    assert not app.text_area


def test_a_changed_text_says_that_the_result_is_the_old_one(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), TEXT)
    app.text_area(key="single_description").set_value(TEXT + "改").run()
    assert "已经改动" in app.warning[0].value
    assert app.button(key="submit").disabled


def test_a_bank_that_keeps_no_texts_reopens_the_result_without_them(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANMU_KEEP_TEXT", "0")
    app = classify(open_page(), UNDECIDED)
    assert UNDECIDED in re.sub(r"<[^>]*>", "", shown(app))
    again = open_page(result=link(app))
    text = shown(again)
    assert "把握：" in text
    assert "不保存原文" in text
    assert "submit" not in [button.key for button in again.button]


def test_why_the_likeliest_item_is_not_the_result_is_said(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("1", UNDECIDED))
    assert held_back(prediction, classifier.catalogue) == ""
    without = replace(prediction, code=None, outcome=Outcome.INSUFFICIENT)
    assert classifier.catalogue[str(prediction.candidates[0].code)].name in held_back(without, classifier.catalogue)


def test_words_inside_longer_ones_that_say_the_same_are_left_out(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("1", TEXT))
    kept = without_echoes(prediction.evidence)
    assert len(kept) < len(prediction.evidence)
    assert len({(one.source, one.label, one.start, one.end, one.weight > 0) for one in kept}) == len(kept)


def test_clearing_takes_text_and_result_away(open_page: Callable[..., AppTest]) -> None:
    app = classify(open_page(), TEXT)
    app.button(key="clear").click().run()
    assert app.text_area(key="single_description").value == ""
    assert "把握：" not in shown(app)
    assert "result" not in app.query_params


@pytest.mark.parametrize(("given", "yuan"), [("", None), ("3000万元", 30_000_000), ("1,200.50", 1200.5)])
def test_an_amount_may_be_written_as_people_write_it(given: str, yuan: float | None) -> None:
    amount = read_paste(Paste(TEXT, amount=given), datetime(2026, 1, 2)).amount
    assert (None if amount is None else float(amount)) == yuan


def test_an_amount_that_is_none_is_refused() -> None:
    with pytest.raises(ApplicationError, match="金额看不懂"):
        read_paste(Paste(TEXT, amount="若干"), datetime(2026, 1, 2))


def test_without_a_number_of_its_own_an_application_gets_one() -> None:
    assert read_paste(Paste(TEXT), datetime(2026, 1, 2, 3, 4, 5)).id == "单笔20260102-030405"
    assert read_paste(Paste(TEXT, id=" L-1 "), datetime(2026, 1, 2)).id == "L-1"


def test_reasons_name_entries_and_do_not_compare_equal_figures(catalogue: Catalogue) -> None:
    item = catalogue.items[0]
    assert plain_reason(f"规则指向“{item.code}”，与结论不同。", catalogue).count(item.name) == 1
    assert "略低于" in plain_reason("置信度 0.99 低于自动通过的 0.99：请人工复核。", catalogue)
    assert plain_reason("置信度 0.60 低于自动通过的 0.99：请人工复核。", catalogue).startswith("置信度 0.60 低于")
    assert len(plain_reason(f"原文有“{'海' * 300}”。", catalogue)) < 60


def test_what_would_be_needed_is_said_for_every_alternative(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("1", UNDECIDED))
    assert prediction.route is Route.REVIEW
    labels = labels_with_evidence(prediction)
    assert labels[0] == shown_label(prediction)
    for one in prediction.candidates:
        rivals = [other.label for other in prediction.candidates if other is not one]
        assert bool(needs(classifier.catalogue, one.label, rivals)) == (one.label != "信息不足") or one.code is None
    assert plain_reasons(prediction, classifier.catalogue)
