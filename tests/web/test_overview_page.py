"""The page 概览: totals of what stands, the reviewers' corrections, the model in use, and what to do when it is empty."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from streamlit.testing.v1 import AppTest

from classifier import Application, Classifier
from classifier.rates import Rate
from classifier.records import Outcome
from classifier.review import Label, Query, ReviewStore, Submission
from classifier.review.overview import totals
from classifier.review.permissions import Actor
from classifier.settings import Settings
from classifier.web import figures, places
from classifier.web.identity import DEMO_PERSONS
from taxonomy import Catalogue

UI = Path(places.__file__).with_name("ui.py")
OFFICER, FIRST, ADMIN = (Actor(name, DEMO_PERSONS[name]) for name in ("演示经办", "演示复核甲", "演示管理"))
TEXTS = ("在荣成近海投放人工鱼礁，建设国家级海洋牧场", "购置轧钢生产线一条", "商品住宅小区工程款")


def submit_all(store: ReviewStore, classifier: Classifier) -> list[int]:
    """A case of each text, with a balance of a million yuan."""
    given = [Application(f"L-{number}", text) for number, text in enumerate(TEXTS)]
    return [store.submit(OFFICER, Submission(one, classifier.predict(one), Decimal(1_000_000))) for one in given]


def page(person: Actor = OFFICER) -> AppTest:
    at = AppTest.from_file(str(UI), default_timeout=60)
    at.session_state["person"] = person.name
    at.run()
    return at.switch_page("pages/overview.py").run()


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_an_empty_overview_says_what_to_do_and_shows_the_model(store: ReviewStore, classifier: Classifier) -> None:
    at = page()
    assert "还没有贴标的件" in at.info[0].value
    manifest = classifier.manifest
    assert manifest is not None
    assert metrics(at)["首选条目"] == f"{manifest.scores['首选条目']:.1%}"
    assert [one.label for one in at.expander] == ["模型卡"]
    assert classifier.versions.model in at.get("html")[-1].proto.body
    assert not at.exception
    assert not at.error


def test_counts_balances_and_corrections_are_shown(store: ReviewStore, classifier: Classifier) -> None:
    first, second, _ = (store.case(FIRST, number) for number in submit_all(store, classifier))
    store.decide(FIRST, first.id, first.version, Label(first.prediction.outcome, first.prediction.code))
    store.decide(FIRST, second.id, second.version, Label(Outcome.INSUFFICIENT), "材料不足")
    shown = metrics(page())
    assert (shown["贴标总数"], shown["复核改判"], shown["待复核"]) == ("3 件", "50.0%", "1 件")
    tables = {frame.value.columns[0]: frame.value for frame in page().dataframe}
    assert dict(zip(tables["结论"]["结论"], tables["结论"]["笔数"], strict=True)) == {
        "● 蓝色": 1,
        "□ 目录外": 1,
        "? 信息不足": 1,
    }
    assert set(tables["状态"]["余额（万元）"]) == {"100.00", "200.00"}


def test_every_role_may_look(store: ReviewStore, classifier: Classifier) -> None:
    submit_all(store, classifier)
    for person in (FIRST, ADMIN):
        assert metrics(page(person))["贴标总数"] == "3 件"


def test_a_span_without_cases_says_so(store: ReviewStore, classifier: Classifier) -> None:
    submit_all(store, classifier)
    at = page()
    at.date_input[0].set_value(date(2020, 1, 1)).run()
    at.date_input[1].set_value(date(2020, 12, 31)).run()
    assert "这段时间没有贴标的件" in at.info[0].value


def test_many_days_are_shown_by_month(store: ReviewStore, classifier: Classifier, tmp_path: Path) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    application = Application("L", TEXTS[0])
    prediction = classifier.predict(application)
    for number in range(figures.MOST_DAYS + 1):
        now = day + timedelta(days=number)
        dated = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}", clock=lambda now=now: now)
        dated.submit(OFFICER, Submission(application, prediction))
        dated.close()
        if number == 1:
            assert figures.counts_over_time(totals(store, OFFICER))[0] == "日"
    unit, counts = figures.counts_over_time(totals(store, OFFICER, Query()))
    assert unit == "月"
    assert [(month, sum(one.values())) for month, one in counts.items()] == [
        ("2026-01", 31),
        ("2026-02", 28),
        ("2026-03", 4),
    ]


def test_entries_bear_code_and_name_and_an_unknown_code_stays(catalogue: Catalogue) -> None:
    category = catalogue.categories[0]
    known, unknown = figures.Total(2, Decimal(10)), figures.Total(5, Decimal(1))
    found = figures.entry_shares({category.code: known, "99": unknown}, catalogue)
    assert [(one.name, one.count) for one in found] == [("99", 5), (f"{category.code} {category.name}", 2)]


def test_shares_say_how_sure_they_are() -> None:
    assert figures.rate_text(Rate(0, 0)) == "—"
    assert figures.interval_text(Rate(0, 0), "还没有复核过的件") == "还没有复核过的件"
    assert figures.interval_text(Rate(8, 70), "") == "8 / 70 件，95% 区间 5.9%–21.0%"


def test_a_model_without_a_card_has_none(tmp_path: Path, classifier: Classifier) -> None:
    assert figures.model_card(Settings(models=tmp_path), "2020") == ""
    card = figures.model_card(Settings(), classifier.versions.model)
    assert card
    assert not card.startswith("#")
