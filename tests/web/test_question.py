"""The one question: taken from the edition, about the two labels that are close, and answered within the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import Application, Classifier
from classifier.records import Outcome, Route
from classifier.web.single.question import ask, rules_between, rulings, supplements, with_answer, without_answers
from taxonomy import Catalogue, load_catalogue

UNDECIDED = (
    "海洋牧场平台项目，可养鱼也可接待游客",
    "国家深海基地项目",
    "码头光伏和储能项目",
    "洋浦污水配套管网工程",
    "渔港升级改造，配套油污水收集和冷库",
    "采购柴油机和发电机组，用于船舶",
    "深水网箱装备项目",
)
CATALOGUE = load_catalogue()


@pytest.mark.parametrize("text", UNDECIDED)
def test_an_undecided_text_gets_a_question_with_answers_for_both_labels(classifier: Classifier, text: str) -> None:
    application = Application("1", text)
    question = ask(application, classifier.predict(application), classifier.catalogue)
    assert question is not None
    assert len(question.labels) == 2
    assert {answer.label for answer in question.answers} == set(question.labels)
    assert len({answer.what for answer in question.answers}) == len(question.answers)
    assert all(name in question.text for name in _names(question.labels))


def _names(labels: tuple[str, ...]) -> list[str]:
    return [CATALOGUE[label].name if label in CATALOGUE else "目录之外" for label in labels]


def test_answers_change_the_result_to_what_they_speak_for(classifier: Classifier) -> None:
    outcomes = []
    for text in UNDECIDED:
        application = Application("1", text)
        question = ask(application, classifier.predict(application), classifier.catalogue)
        assert question is not None
        for answer in question.answers:
            after = classifier.predict(with_answer(application, answer.sentence))
            outcomes.append((after.code or after.outcome.value) == answer.label)
    assert sum(outcomes) >= 0.75 * len(outcomes)


def test_where_only_detail_is_missing_the_question_is_about_the_one_item(classifier: Classifier) -> None:
    application = Application("1", "威海通威贸易有限公司水产食品加工厂建设项目")
    question = ask(application, classifier.predict(application), classifier.catalogue)
    assert question is not None
    assert len(question.labels) == 1
    assert len(question.answers) >= 2


def test_a_clear_text_gets_no_question(classifier: Classifier) -> None:
    application = Application("1", "投资建设300MW海上风电场")
    prediction = classifier.predict(application)
    assert prediction.route is Route.ACCEPT
    assert ask(application, prediction, classifier.catalogue) is None


@pytest.mark.parametrize("text", ["", "流动资金周转", "，。！"])
def test_a_text_that_says_nothing_is_asked_for_the_purpose(classifier: Classifier, text: str) -> None:
    application = Application("1", text)
    prediction = classifier.predict(application)
    assert prediction.outcome is Outcome.INSUFFICIENT
    question = ask(application, prediction, classifier.catalogue)
    assert question is not None
    assert question.answers == ()


def test_rules_that_part_two_entries_name_both(catalogue: Catalogue) -> None:
    rule = next(rule for rule in catalogue.boundaries if not rule.general and len(rule.entries) == 2)
    assert rule in rules_between(catalogue, rule.entries)
    assert all(set(rule.entries) <= {*one.entries, *one.mentions} for one in rules_between(catalogue, rule.entries))


def test_what_a_rule_rules_is_told_with_its_label_and_what_it_refuses_is_not(catalogue: Catalogue) -> None:
    known = {*catalogue, "目录外"}
    total = 0
    for rule in catalogue.boundaries:
        for what, label in rulings(rule):
            total += 1
            assert label in known
            assert what in rule.text
            assert not what.endswith("不")
    assert total > 100


@given(
    st.text(max_size=60),
    st.sampled_from(["", "  ", "购买扇贝苗种", "购买扇贝苗种。"]),
    st.lists(st.text("海风电 \n养殖", min_size=1).filter(str.strip), max_size=3),
)
def test_answers_are_seen_kept_and_withdrawn(text: str, purpose: str, sentences: list[str]) -> None:
    before = Application("1", description=text, purpose=purpose)
    already = supplements(before)
    after = before
    for sentence in sentences:
        after = with_answer(after, sentence)
    assert supplements(after) == (*already, *(f"{' '.join(one.split())}。" for one in sentences))
    withdrawn = without_answers(after)
    assert supplements(withdrawn) == ()
    if not already:
        assert (withdrawn.description.rstrip("。"), withdrawn.purpose.rstrip("。")) in {
            (before.description.rstrip().rstrip("。"), before.purpose.rstrip("。")),
            (before.description.rstrip("。"), before.purpose.rstrip().rstrip("。")),
        }


def test_an_answer_stands_with_the_stated_use_of_the_money() -> None:
    application = Application("1", description="项目", purpose="购买苗种")
    assert with_answer(application, "本笔资金用于养鱼。").purpose == "购买苗种。\n补充说明：本笔资金用于养鱼。"
    assert with_answer(Application("1", description="项目。"), "x").description == "项目。\n补充说明：x。"
