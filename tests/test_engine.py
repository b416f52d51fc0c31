"""The engine: outcome, level, route, evidence; and that it would rather ask than guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import Application, Classifier, Outcome, Route
from classifier.records import Field, Source

WIND = "拟投资建设300MW海上风电场,安装风电机组并敷设海缆"
SAYING_NOTHING = [
    "",
    "   ",
    "\n",
    "同上",
    "见附件",
    "流动资金周转",
    "补充流动资金",
    "123456",
    "2026-11-21",
    "无",
    "——",
    "项目建设",
    "1,200万元",
    "按合同约定使用",
]


@pytest.mark.parametrize("text", SAYING_NOTHING)
def test_a_text_that_says_nothing_is_insufficient_and_goes_to_a_person(classifier: Classifier, text: str) -> None:
    prediction = classifier.predict(Application("", text))
    assert prediction.outcome is Outcome.INSUFFICIENT
    assert prediction.code is None
    assert prediction.route is Route.REVIEW
    assert len(prediction.candidates) >= 3


def test_a_plain_project_gets_item_path_tier_and_crosswalk(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("L-1", WIND))
    assert prediction.code is not None
    entry = classifier.catalogue[prediction.code]
    assert "海上风电" in entry.name
    assert entry.tier is not None
    assert prediction.outcome.value == entry.tier.value
    assert prediction.level == 3
    assert prediction.crosswalk == entry.links
    assert prediction.application_id == "L-1"


def test_every_prediction_carries_three_versions(classifier: Classifier) -> None:
    versions = classifier.predict(Application("", WIND)).versions
    assert versions.edition == classifier.catalogue.edition
    assert versions.lexicon == classifier.rules.lexicon.version
    assert classifier.manifest is not None
    assert versions.model == classifier.manifest.version


@given(st.text(max_size=120))
def test_any_text_gets_a_lawful_prediction(classifier: Classifier, text: str) -> None:
    prediction = classifier.predict(Application("", text))
    confidences = [candidate.confidence for candidate in prediction.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert 3 <= len(confidences) <= 5
    assert sum(confidences) <= 1.001
    assert (prediction.code is None) is (not prediction.outcome.is_blue)
    for evidence in prediction.evidence:
        assert text[evidence.start : evidence.end] == evidence.text


@pytest.mark.parametrize(
    "variant",
    [
        "拟 投 资 建 设 300MW 海 上 风 电 场 , 安 装 风 电 机 组 并 敷 设 海 缆",
        "擬投資建設300MW海上風電場,安裝風電機組並敷設海纜",
        "拟投资建设３００ＭＷ海上风电场，安装风电机组并敷设海缆",
        "拟投资建设300MW海上风\n电场,安装风电机组并敷设海缆",
    ],
)
def test_variants_get_the_same_label_and_evidence_in_their_own_text(classifier: Classifier, variant: str) -> None:
    base, other = (classifier.predict(Application("", text)) for text in (WIND, variant))
    assert (other.code, other.outcome, other.route) == (base.code, base.outcome, base.route)
    assert other.confidence == pytest.approx(base.confidence, abs=1e-6)
    assert all(variant[one.start : one.end] == one.text for one in other.evidence)


def test_use_of_the_money_outweighs_what_the_borrower_does_and_the_explanation_says_so(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("", purpose="建设海上风电场", scope="海带养殖;海水育苗"))
    assert prediction.code is not None
    assert "海上风电" in classifier.catalogue[prediction.code].name
    assert any("借款人" in reason for reason in prediction.reasons)


def test_a_land_use_by_a_marine_borrower_is_not_blue(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("", purpose="购置办公楼并装修", scope="海上风电运维;海洋牧场"))
    assert not prediction.outcome.is_blue


def test_evidence_tells_rule_and_model_apart_and_shows_what_was_voided(classifier: Classifier) -> None:
    text = "本次用于投放人工鱼礁,不涉及海上风电"
    evidence = classifier.predict(Application("", text)).evidence
    assert {Source.RULE, Source.MODEL} <= {one.source for one in evidence}
    voided = [one for one in evidence if one.text == "海上风电"]
    assert voided
    assert all(one.weight == 0 for one in voided if one.source is not Source.MODEL)
    assert any(one.source is Source.CONTEXT and one.text == "不涉及" for one in evidence)


def test_model_words_say_nothing_in_voided_places(classifier: Classifier) -> None:
    text = "本次用于投放人工鱼礁,不涉及海上风电"
    words = [one for one in classifier.predict(Application("", text)).evidence if one.source is Source.MODEL]
    assert all(one.end <= text.index("不涉及") for one in words)


def test_rules_alone_work_but_decide_nothing_by_themselves(classifier: Classifier) -> None:
    rules_only = Classifier(classifier.catalogue, classifier.rules)
    prediction = rules_only.predict(Application("", WIND))
    assert prediction.code is not None
    assert "海上风电" in classifier.catalogue[prediction.code].name
    assert prediction.route is Route.REVIEW
    assert prediction.versions.model == "无模型"


def test_two_financed_activities_are_both_named(classifier: Classifier) -> None:
    text = "贷款用于两项:一是投放人工鱼礁建设海洋牧场,投资3000万元;二是新建水产品超低温冷库,投资1000万元。"
    prediction = classifier.predict(Application("", text))
    named = {prediction.code, *prediction.also}
    names = " ".join(classifier.catalogue[code].name for code in named if code)
    assert "海洋牧场" in names
    assert "冷链" in names


def test_many_equal_one_by_one(classifier: Classifier) -> None:
    applications = [Application(str(number), text) for number, text in enumerate([WIND, "同上", "修建高速公路"])]
    assert classifier.predict_many(applications) == [classifier.predict(one) for one in applications]


def test_fields_keep_their_own_offsets(classifier: Classifier) -> None:
    application = Application("", name="某某项目", purpose=WIND)
    for one in classifier.predict(application).evidence:
        assert application.text(one.field)[one.start : one.end] == one.text
        assert one.field in (Field.NAME, Field.PURPOSE)


@pytest.mark.parametrize(
    ("industry", "words"), [("D4415 风力发电", "相符"), ("0411", "以资金用途为准"), ("批发业", "")]
)
def test_the_industry_code_is_compared_but_never_decides(classifier: Classifier, industry: str, words: str) -> None:
    plain = classifier.predict(Application("", purpose=WIND))
    prediction = classifier.predict(Application("", purpose=WIND, industry=industry))
    assert prediction.code == plain.code
    said = " ".join(reason for reason in prediction.reasons if "国标行业" in reason)
    assert (words in said) if words else not said


@pytest.mark.parametrize(
    ("fields", "purpose"),
    [
        ({"name": "海洋牧场建设项目"}, "购买办公楼"),
        ({"name": "海洋牧场建设项目"}, "建设住宅小区"),
        ({"name": "海带养殖项目", "scope": "海水养殖;海产品加工", "industry": "0411"}, "购买办公楼"),
        ({"description": "海洋牧场公司,主营海参养殖"}, "购买轿车"),
    ],
)
def test_a_marine_name_never_makes_a_land_use_automatically_blue(
    classifier: Classifier, fields: dict[str, str], purpose: str
) -> None:
    prediction = classifier.predict(Application("", purpose=purpose, **fields))
    assert not (prediction.outcome.is_blue and prediction.route is Route.ACCEPT)


def test_a_named_project_with_a_vague_purpose_keeps_its_item(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("", name="人工鱼礁投放项目", purpose="设备采购"))
    assert prediction.code is not None
    assert "鱼礁" in classifier.catalogue[prediction.code].name


def test_the_explanation_says_so_also_when_the_borrower_is_outside(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("", purpose="海上风电场建设", scope="普通住宅房地产开发、餐饮"))
    assert any("目录外" in reason for reason in prediction.reasons)


def test_a_scope_without_a_use_is_asked_about_in_its_own_words(classifier: Classifier) -> None:
    prediction = classifier.predict(Application("", scope="海上风电场建设和运营"))
    assert prediction.outcome is Outcome.INSUFFICIENT
    assert any("没有写明资金用途" in reason for reason in prediction.reasons)


def test_rules_alone_call_an_unrelated_text_outside(classifier: Classifier) -> None:
    rules_only = Classifier(classifier.catalogue, classifier.rules)
    assert rules_only.predict(Application("", "购买办公楼并装修")).outcome is Outcome.OUTSIDE
    assert rules_only.predict(Application("", "同上")).outcome is Outcome.INSUFFICIENT
