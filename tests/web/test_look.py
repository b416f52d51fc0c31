"""Outcomes, tiers and confidences: a shape, a colour and a word."""

import pytest

from classifier.records import Outcome
from classifier.web import look
from taxonomy import Catalogue, Provenance


@pytest.mark.parametrize(
    ("confidence", "text"),
    [
        (1.0, "很有把握（>0.99）"),
        (0.97, "很有把握（0.97）"),
        (0.9499, "很有把握（0.95）"),
        (0.599, "较有把握（0.60）"),
        (0.89, "有把握（0.89）"),
        (0.61, "较有把握（0.61）"),
        (0.4, "把握不大（0.40）"),
        (0.2035, "没有把握（0.20）"),
        (0.0, "没有把握（<0.01）"),
    ],
)
def test_confidence_is_said_in_words_and_number(confidence: float, text: str) -> None:
    assert look.confidence_text(confidence) == text


def test_every_outcome_has_its_own_symbol_colour_and_shape() -> None:
    assert len({look.SYMBOLS[outcome] for outcome in Outcome}) == len(Outcome)
    assert len({look.COLOURS[outcome] for outcome in Outcome}) == len(Outcome)
    assert len({look.outcome_badge(outcome).replace(look.COLOURS[outcome], "") for outcome in Outcome}) == len(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_badge_says_its_word(outcome: Outcome) -> None:
    assert f"{outcome.value}</span>" in look.outcome_badge(outcome)
    assert outcome.value in look.outcome_text(outcome)


def test_a_note_is_escaped() -> None:
    assert "<script>" not in look.note_badge("<script>alert(1)</script>")


def test_reconstructed_entries_are_marked_and_official_ones_are_not(catalogue: Catalogue) -> None:
    for entry in map(catalogue.__getitem__, catalogue):
        assert bool(look.rebuilt_badge(entry)) == (entry.provenance is Provenance.RECONSTRUCTED)


def test_a_label_without_entry_reads_as_it_is(catalogue: Catalogue) -> None:
    assert look.label_text(catalogue, "目录外") == "目录外"
    item = catalogue.items[0]
    assert look.label_text(catalogue, item.code) == f"{item.code} {item.name}"
