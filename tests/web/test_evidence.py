"""The highlighter: whatever the text and the spans, the reader sees the given text and nothing of it becomes markup."""

import re
from html.parser import HTMLParser
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import Application, Classifier, Evidence
from classifier.records import Field, Source
from classifier.web.evidence import evidence_text, highlighted, legend, marked, stretches
from taxonomy import Catalogue, load_catalogue

CATALOGUE = load_catalogue()
NASTY = "<script>alert(1)</script>&amp; $x^2$ ~~删~~ **粗** [链](javascript:1) =HYPERLINK() 😀\r\n\t海上风电　ＡＢＣ\n\n  末"


class _Reader(HTMLParser):
    """Collects what a browser would show and the tags it would make."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def evidence(start: int, end: int, weight: float = 1.0, source: Source = Source.RULE, note: str = "强词") -> Evidence:
    return Evidence(source, Field.DESCRIPTION, start, end, "", CATALOGUE.items[0].code, weight, note)


SPANS = st.lists(
    st.builds(
        evidence,
        st.integers(-3, 40),
        st.integers(-3, 40),
        st.sampled_from([-2.0, 0.0, 3.0]),
        st.sampled_from(Source),
        st.text(max_size=5),
    ),
    max_size=12,
)
TEXTS = st.one_of(st.text(max_size=40), st.text(alphabet="<>&\"'\r\n 海a;#=\0", max_size=40), st.just(NASTY))


@given(TEXTS, SPANS)
def test_the_reader_sees_the_given_text_and_only_marks_are_markup(text: str, spans: list[Evidence]) -> None:
    html = marked(text, spans, CATALOGUE)
    seen = read(html)
    assert seen.text == text.replace("\0", "\ufffd")
    assert seen.tags <= {"mark"}
    assert "\n" not in html and "\r" not in html
    outside_tags = re.sub(r"</?mark[^<>]*>", "", html)
    assert not set("<>\"'") & set(outside_tags)


@given(st.integers(0, 40), SPANS)
def test_stretches_cover_the_text_once_and_carry_exactly_the_evidence_above_them(
    length: int, spans: list[Evidence]
) -> None:
    found = list(stretches(length, spans))
    assert [place for one in found for place in range(one.start, one.end)] == list(range(length))
    for stretch in found:
        for place in range(stretch.start, stretch.end):
            assert set(stretch.evidence) == {one for one in spans if one.start <= place < one.end}


def test_half_a_surrogate_pair_does_not_break_the_page() -> None:
    html = marked("海\ud800风", [], CATALOGUE)
    assert html.encode("utf-8").decode("utf-8") == "海\ufffd风"


def test_what_speaks_for_against_and_not_at_all_looks_different_without_colour() -> None:
    styles = set()
    for source in Source:
        for weight in (2.0, -2.0, 0.0):
            html = marked("海", [evidence(0, 1, weight, source)], CATALOGUE)
            styles.add(re.sub(r"#[0-9a-f]+", "", html.split('title="')[0]))
    assert len(styles) >= 7


def test_a_rule_shows_over_the_model_and_what_counts_over_what_was_voided() -> None:
    both = [evidence(0, 2, 1.0, Source.MODEL), evidence(0, 2, 0.5), evidence(0, 2, 0.0)]
    assert marked("海风", both, CATALOGUE).startswith(marked("海风", [both[1]], CATALOGUE).split('title="')[0])


def test_a_title_names_the_label_and_stays_short(catalogue: Catalogue) -> None:
    items = catalogue.items[:9]
    many = [Evidence(Source.RULE, Field.DESCRIPTION, 0, 2, "海风", item.code, 1.0, "强词") for item in items]
    html = marked("海风", many, catalogue)
    assert items[0].name in html
    assert "等 9 条" in html
    assert items[8].name not in html


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (evidence(0, 1, 4.966, note="items_1.toml [x] 强词 海"), "规则·强词 支持 {}（+4.97）"),
        (evidence(0, 1, -1.0, note="items_1.toml [x] 排除词 海"), "规则·排除词 反对 {}（-1.00）"),
        (evidence(0, 1, 0.0, note="强词 海，语境不算数"), "规则·强词 不算数 {}"),
        (evidence(0, 1, 0.5, Source.MODEL, "模型：支持"), "模型 支持 {}（+0.50）"),
        (evidence(0, 1, 0.0, Source.CONTEXT, "语境：否定"), "语境：否定 使 {} 的词不算数或减弱"),
    ],
)
def test_a_reason_reads_in_plain_words(one: Evidence, text: str) -> None:
    item = CATALOGUE.items[0]
    assert evidence_text(one, CATALOGUE) == text.format(f"{item.code} {item.name}")


def test_the_legend_names_only_marks_that_occur() -> None:
    assert legend([]) == ""
    shown = read(legend([evidence(0, 1), evidence(1, 2, -1.0, Source.MODEL)])).text
    assert "规则：支持" in shown and "模型：反对" in shown and "语境" not in shown


def test_each_given_field_stands_under_its_name_with_its_own_evidence(classifier: Classifier) -> None:
    application = Application("1", description=NASTY, purpose="建设海上风电场", scope="<b>养殖</b>")
    prediction = classifier.predict(application)
    html = highlighted(application, prediction.evidence, classifier.catalogue)
    seen = read(html).text
    for text in (application.purpose, application.scope, NASTY, "贷款用途", "经营范围", "项目描述"):
        assert text in seen
    assert "项目名称" not in seen
    assert read(html).tags <= {"div", "span", "mark"}


def test_a_text_of_twenty_thousand_characters_is_marked(classifier: Classifier) -> None:
    text = "建设海上风电场，配套海底电缆和升压站，不涉及海水养殖。\n" * 740
    application = Application("1", description=text[:20_000])
    prediction = classifier.predict(application)
    html = highlighted(application, prediction.evidence, classifier.catalogue)
    assert cast(str, application.description) in read(html).text
