"""Normalising and tokenising: every variant of a text reads the same, and evidence finds its way back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.text import Tokeniser, normalise


@pytest.mark.parametrize(
    "variant",
    [
        "海洋牧场",
        "海 洋 牧 场",
        "海洋\n牧场",
        "海洋牧場",
        "海\u200b洋牧场",
        "海　洋　牧　场",
        " 海洋牧场 ",
        "海洋\r\n牧场",
    ],
)
def test_variants_read_the_same(variant: str) -> None:
    assert normalise(variant).text == "海洋牧场"


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("３００ＭＷ", "300MW"),
        ("300 MW 风机", "300MW风机"),
        ("LNG  FSRU", "LNG FSRU"),
        ("1 2 3", "123"),
        ("12 34", "12 34"),
        ("3 0 0 M W 风 机", "300MW风机"),
        ("船舶壓載水處理", "船舶压载水处理"),
        ("㎡", "m2"),
        ("", ""),
        (" \n\t", ""),
    ],
)
def test_widths_blanks_and_traditional_characters(given_text: str, expected: str) -> None:
    assert normalise(given_text).text == expected


@given(st.text(max_size=80))
def test_spans_lead_back_into_the_given_text(original: str) -> None:
    normal = normalise(original)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    for index in range(len(normal.text)):
        start, end = normal.original_span(index, index + 1)
        assert 0 <= start < end <= len(original)
    assert list(normal.starts) == sorted(normal.starts)


@given(st.text(alphabet=st.characters(categories=["Lo", "Nd", "Po"]), max_size=60))
def test_normalising_twice_changes_nothing(original: str) -> None:
    once = normalise(original).text
    assert normalise(once).text == once


@given(st.text(alphabet=st.sampled_from("海洋牧場風電 ，。：（）ＡＢ３1aé\u0301①㎡\u200b\n\u3000"), max_size=30))
def test_the_quick_way_gives_what_the_careful_way_gives(original: str) -> None:
    """A mark at the end (that composes with nothing) sends the same text the careful way."""
    quick, careful = normalise(original), normalise(original + "\u20dd")
    assert careful.text.startswith(quick.text)
    size = len(quick.text)
    if not original.endswith((" ", "\n", "\u3000")) and quick.text:
        assert [*quick.starts] == [*careful.starts][:size]


def test_span_of_a_word_is_the_pasted_variant() -> None:
    original = "拟建　海 洋牧場　一处"
    normal = normalise(original)
    start = normal.text.index("海洋牧场")
    begin, end = normal.original_span(start, start + 4)
    assert original[begin:end] == "海 洋牧場"


def test_lexicon_words_stay_whole_and_numbers_become_one_sign() -> None:
    words = [token.word for token in Tokeniser(["多营养层次"]).tokenise("多营养层次养殖1200.5亩IMTA")]
    assert "多营养层次" in words
    assert "0" in words
    assert "imta" in words


@given(st.text(alphabet=st.characters(categories=["Lo", "Lu", "Ll", "Nd"]), max_size=60))
def test_tokens_cover_the_text_in_order(original: str) -> None:
    text = normalise(original).text
    tokens = list(_TOKENISER.tokenise(text))
    assert "".join(text[token.start : token.end] for token in tokens) == text.replace(" ", "")
    assert unicodedata.is_normalized("NFKC", "".join(token.word for token in tokens)) or not text.isascii()


_TOKENISER = Tokeniser(["海洋牧场"])
