"""The figures: intervals, levels, defensible labels, calibration, what a rule is worth."""

from pathlib import Path

import pytest

from classifier import Classifier
from classifier.evaluation import (
    ablation,
    calibration_error,
    confusions,
    judge,
    measure,
    recall_per_item,
    rule_worth,
)
from classifier.examples import Example, read_examples
from classifier.figures import evaluation_text
from classifier.rates import Rate

STRESS = Path(__file__).parent / "tables" / "stress.jsonl"


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_match_published_values(hits: int, rows: int, low: float, high: float) -> None:
    """81 of 263 is the example of Newcombe (1998), table I, method 3."""
    assert Rate(hits, rows).interval == pytest.approx((low, high), abs=5e-4)


def example(text: str, label: str, **more: object) -> Example:
    return Example(text, text, label, **more)  # type: ignore[arg-type]


def find(classifier: Classifier, words: str) -> str:
    return next(item.code for item in classifier.catalogue.items if words in item.name)


def test_right_wrong_and_defensible_labels_are_counted_apart(classifier: Classifier) -> None:
    wind, solar = find(classifier, "海上风电场"), find(classifier, "海上光伏")
    judged = judge(
        classifier,
        [
            example("建设海上风电场,安装风电机组", wind),
            example("建设海上风电场,安装海上风机", solar),
            example("建设海上风电场并敷设集电海缆", solar, accept=(wind,)),
            example("建设海上风电场,购买海上风机", "目录外"),
            example("新建高速公路", "目录外"),
        ],
    )
    figures = measure(judged, classifier.catalogue)
    assert (figures.item.hits, figures.item.rows) == (2, 3)
    assert (figures.category.hits, figures.subcategory.hits) == (3, 3)
    assert (figures.false_blue.hits, figures.false_blue.rows) == (1, 2)
    assert figures.missed_blue.hits == 0
    assert figures.overall.hits == 3
    assert ("目录外", wind, 1) in confusions(judged)


def test_calibration_error_is_the_gap_of_confidence_and_accuracy(classifier: Classifier) -> None:
    right = judge(classifier, [example("新建高速公路", "目录外")])
    wrong = judge(classifier, [example("新建高速公路", find(classifier, "海上光伏"))])
    confidence = right[0].prediction.confidence
    assert calibration_error(right) == pytest.approx(1 - confidence)
    assert calibration_error(wrong) == pytest.approx(confidence)


def test_items_with_few_rows_are_not_measured(classifier: Classifier) -> None:
    wind = find(classifier, "海上风电场")
    four, five = ([example(f"第{n}号海上风电场", wind) for n in range(count)] for count in (4, 5))
    assert recall_per_item(judge(classifier, four), classifier.catalogue)[wind].rows == 0
    assert recall_per_item(judge(classifier, five), classifier.catalogue)[wind].rows == 5


def test_each_rule_is_judged_by_the_texts_it_fired_on(classifier: Classifier) -> None:
    ranch = find(classifier, "海洋牧场")
    texts = [example("建设海洋牧场,投放人工鱼礁", ranch), example("养殖户投放人工鱼礁", "目录外")]
    worth = {one.rule: one for one in rule_worth(classifier, texts)}
    rule = next(one for name, one in worth.items() if name.endswith("强词 人工鱼礁"))
    assert (rule.precision.hits, rule.precision.rows) == (1, 2)
    assert rule.wrong == ("养殖户投放人工鱼礁",)


def test_rules_and_model_together_beat_each_alone_on_the_stress_set(classifier: Classifier) -> None:
    figures = ablation(classifier, read_examples([STRESS]))
    both = figures.pop("规则+模型").overall.value
    assert all(both > alone.overall.value for alone in figures.values())


def test_the_report_names_every_figure_and_says_what_was_not_measured(classifier: Classifier) -> None:
    report = "\n".join(evaluation_text(classifier, read_examples([STRESS])[:60], 5, show_wrong=True))
    for words in ("一级分类正确", "误判蓝色", "漏判", "自动通过", "校准误差", "仅规则", "仅模型", "未测", "混淆"):
        assert words in report


# What the published model reaches on our held-out stress set, less a margin: a change that makes it clearly worse must fail.
FLOORS = {
    "plain": 0.95,
    "report": 0.93,
    "nonsense": 0.90,
    "shorthand": 0.85,
    "paraphrase": 0.80,
    "negation": 0.85,
}


@pytest.mark.parametrize("kind", FLOORS)
def test_the_stress_set_stays_above_its_floors(classifier: Classifier, kind: str) -> None:
    rows = judge(classifier, [one for one in read_examples([STRESS]) if one.kind == kind])
    assert sum(one.is_right for one in rows) / len(rows) >= FLOORS[kind]


def test_few_lookalikes_are_blue_and_variants_read_as_their_base(classifier: Classifier) -> None:
    rows = judge(classifier, read_examples([STRESS]))
    lookalikes = [one for one in rows if one.example.kind == "lookalike"]
    assert sum(one.prediction.outcome.is_blue for one in lookalikes) / len(lookalikes) <= 0.05
    labels = {one.example.id: one.label for one in rows}
    variants = [one for one in rows if one.example.same]
    assert sum(labels[one.example.same] == one.label for one in variants) / len(variants) >= 0.98
