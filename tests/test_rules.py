"""Rules: terms with their places, and what context does to them. A rule bug is fixed by adding a row to the tables first."""

import csv
import string
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import Application
from classifier.errors import LexiconError
from classifier.lexicon import Lexicon, Strength, Tie, load_lexicon
from classifier.rules import Matcher, Reading, RuleSet, Ties, leftmost
from classifier.text import normalise
from taxonomy import load_catalogue

TABLES = Path(__file__).parent / "tables"
CODES = {item.code for item in load_catalogue().items}
RULES = RuleSet(load_lexicon(CODES))
STOCK = sorted(RULES.lexicon.boilerplate)


def read(text: str) -> Reading:
    return RULES.read(Application("", text))


def rows(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("context.csv"), ids=lambda row: row["why"])
def test_context_weighs_a_term(row: dict[str, str]) -> None:
    passage = read(row["text"]).passages[0]
    start = passage.normal.text.index(row["term"])
    weight = min(passage.weights[start : start + len(row["term"])])
    bound = float(row["weight"].lstrip("<>"))
    assert (weight < bound) if "<" in row["weight"] else (weight > bound) if ">" in row["weight"] else (weight == bound)


def test_a_hit_points_at_its_words() -> None:
    reading = read("拟投放人工鱼礁")
    hit = next(hit for hit in reading.hits if str(hit.term) == "人工鱼礁")
    ((start, end),) = hit.spans
    assert reading.passages[0].normal.text[start:end] == "人工鱼礁"
    assert hit.term.strength is Strength.STRONG


def test_negated_term_is_no_evidence() -> None:
    assert all(hit.weight == 0 for hit in read("不涉及海上风电").hits)


@pytest.mark.parametrize(
    ("text", "found"),
    [("购置ROV两台", True), ("PROVIDE", False), ("rov", False), ("ROV2型", True), ("一台ROV", True), ("XROV", False)],
)
def test_latin_terms_match_whole_tokens_only(text: str, found: bool) -> None:
    assert bool(list(Matcher(["ROV"]).find(text))) is found


def test_longest_match_first_gives_a_word_to_the_longer_term(tmp_path: Path) -> None:
    lexicon = small_lexicon(tmp_path, '["A"]\nstrong = ["浒苔"]\n["B"]\nstrong = ["浒苔肥料"]\n', {"A", "B"})
    hits = RuleSet(lexicon).read(Application("", "浒苔肥料加工")).hits
    assert [hit.term.label for hit in hits] == ["B"]


def test_parts_of_a_term_must_share_a_sentence(tmp_path: Path) -> None:
    rules = RuleSet(small_lexicon(tmp_path, '["A"]\nstrong = ["码头|泊位+岸电"]\n', {"A"}))
    assert rules.read(Application("", "泊位改造,加装岸电")).hits
    assert not rules.read(Application("", "泊位改造。另装岸电")).hits


def small_lexicon(folder: Path, items: str, codes: set[str]) -> Lexicon:
    (folder / "lexicon.toml").write_text('version="1"\nsea=["海"]\ninland=["湖"]\nboilerplate=["同上"]\n', "utf-8")
    (folder / "items_1.toml").write_text(items, "utf-8")
    return load_lexicon(codes, folder)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ('["Z"]\nstrong = ["甲"]\n', "没有条目 Z"),
        ('["A"]\nstrnog = ["甲"]\n', "strnog"),
        ('["A"]\nneeds = "lake"\n', "lake"),
        ('["A"]\nstrong = ["甲+"]\n', "甲+"),
        ('["A"\n', "items_1.toml"),
    ],
)
def test_a_wrong_lexicon_is_refused_by_name(tmp_path: Path, items: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message.replace("+", r"\+")):
        small_lexicon(tmp_path, items, {"A"})


@pytest.mark.parametrize(
    "text", ["同上", "见附件", "流动资金周转", "12345", "2026年1月", "无", "。。。", "123,456.78元", "a"]
)
def test_stock_phrases_say_nothing(text: str) -> None:
    assert read(text).is_boilerplate


@pytest.mark.parametrize("text", ["海带养殖", "岸电改造", "收购海带", "修路", "流动资金贷款用于收购海带"])
def test_a_named_activity_is_not_a_stock_phrase(text: str) -> None:
    assert not read(text).is_boilerplate


@pytest.mark.parametrize(
    ("text", "tie", "expected"),
    [
        ("海上风电", Tie.SEA, True),
        ("海宁皮革城", Tie.SEA, False),
        ("荣成道路", Tie.COAST, True),
        ("水库养鱼", Tie.INLAND, True),
    ],
)
def test_ties_to_the_sea(text: str, tie: Tie, expected: bool) -> None:
    assert getattr(read(text).ties, tie.name.lower()) is expected


def test_ties_are_named_in_the_order_of_the_lexicons() -> None:
    assert list(Ties._fields) == [tie.name.lower() for tie in Tie]


@given(st.lists(st.sampled_from([*STOCK, *(phrase[:-1] for phrase in STOCK), *"海a9，。元 "]), max_size=6).map("".join))
def test_a_stock_phrase_leaves_at_most_one_letter_beside_the_longest_phrases(text: str) -> None:
    given_text = normalise(text).text
    place = letters = 0
    while place < len(given_text):
        longest = max((len(phrase) for phrase in STOCK if given_text.startswith(phrase, place)), default=0)
        letters += not longest and ("一" <= given_text[place] <= "\u9fff" or given_text[place] in string.ascii_letters)
        place += longest or 1
    assert read(text).is_boilerplate is (letters < 2)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=8, unique=True))
def test_of_overlapping_words_the_leftmost_and_longest_is_taken(words: list[tuple[int, int]]) -> None:
    spans = [(start, start + size) for start, size in sorted(words, key=lambda word: (word[0], -word[1]))]
    taken = [spans[number] for number in leftmost(spans)]
    assert all(before[1] <= after[0] for before, after in pairwise(taken))
    for span in set(spans) - set(taken):
        first = next(one for one in taken if one[1] > span[0])
        assert first[0] < span[0] or (first[0] == span[0] and first[1] >= span[1])


def test_every_item_has_terms_and_every_synonym_is_normal() -> None:
    assert {term.label for term in RULES.lexicon.terms} >= CODES


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin word goes on over an end of the stretch."""
    latin = [character in "AB" for character in f" {text} "]
    return not (latin[start] and latin[start + 1]) and not (latin[end] and latin[end + 1])


@given(st.text(alphabet="海洋牧场AB1,", max_size=14), st.sets(st.text(alphabet="海洋牧场A", min_size=1, max_size=5)))
def test_the_matcher_finds_exactly_what_a_plain_search_finds(text: str, literals: set[str]) -> None:
    plain = {
        (literal, (start, start + len(literal)))
        for literal in literals
        for start in range(len(text))
        if text.startswith(literal, start) and is_whole(text, start, start + len(literal))
    }
    found = list(Matcher(literals).find(text))
    assert set(found) == plain
    assert len(found) == len(plain)
