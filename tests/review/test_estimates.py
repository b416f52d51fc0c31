"""The formulas alone: allocation, the draw, estimates with intervals, kappa."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import ReviewError
from classifier.rates import Rate, WeightedRate
from classifier.records import Outcome
from classifier.review.agreement import agreements, kappa
from classifier.review.cases import Label
from classifier.review.estimates import Reading, allocate, choose, estimate

OUTSIDE = Label(Outcome.OUTSIDE)


def reading(stood: Label, read: Label, stratum: str = "x", position: int = 1) -> Reading:
    return Reading(position, position, stratum, stood, read, "", "reader", "2026-11-21T00:00:00.000000Z")


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 500), min_size=1, max_size=12), st.integers(1, 3000))
def test_a_stratified_sample_has_its_size_and_each_stratum_at_least_one(strata: dict[str, int], size: int) -> None:
    if size < len(strata):
        with pytest.raises(ReviewError, match="每层至少一件"):
            allocate(size, strata)
        return
    shares = allocate(size, strata)
    assert sum(shares.values()) == min(size, sum(strata.values()))
    assert all(1 <= shares[name] <= count for name, count in strata.items())


def test_shares_are_in_proportion_to_the_strata() -> None:
    assert allocate(100, {"1": 700, "2": 200, "3": 99, "4": 1}) == {"1": 70, "2": 20, "3": 9, "4": 1}


def test_the_same_seed_draws_the_same_cases_and_another_seed_others() -> None:
    population = [(number, str(number % 3)) for number in range(1, 1000)]
    first = choose(population, 50, seed=7)
    assert first == choose(population, 50, seed=7)
    assert first != choose(population, 50, seed=8)
    assert len({number for number, _ in first}) == 50
    assert all(number % 3 == int(stratum) for number, stratum in first)


def test_a_draw_that_was_published_can_be_repeated_for_ever() -> None:
    assert [number for number, _ in choose([(n, "x") for n in range(1, 101)], 5, seed=2026)] == [38, 56, 84, 59, 30]


def test_every_case_is_drawn_equally_often() -> None:
    population = [(number, "x") for number in range(20)]
    drawn = [number for seed in range(2000) for number, _ in choose(population, 5, seed)]
    assert all(430 < drawn.count(number) < 570 for number in range(20))


def test_positions_mix_the_strata_so_that_a_sample_read_in_part_is_still_fair() -> None:
    population = [(number, "a" if number < 500 else "b") for number in range(1000)]
    strata = [stratum for _, stratum in choose(population, 100, seed=1)]
    assert 15 < strata[:50].count("a") < 35


def test_a_reading_counts_for_its_stratum() -> None:
    wrong = reading(Label(Outcome.BLUE, "4.2.1"), OUTSIDE, "4")
    right = [reading(OUTSIDE, OUTSIDE, "目录外", number) for number in range(2, 11)]
    found = estimate([wrong, *right], {"4": (100, 1), "目录外": (900, 9)})
    assert found.wrong.value == pytest.approx(0.1)
    assert found.wrong.effective == pytest.approx(10)
    assert (found.false_blue.hits, found.false_blue.rows, found.false_blue.value) == (1, 1, 1.0)
    assert [(one.stratum, one.wrong) for one in found.strata] == [("4", Rate(1, 1)), ("目录外", Rate(0, 9))]
    assert found.unread == ()


def test_a_stratum_without_a_reading_is_named() -> None:
    found = estimate([reading(OUTSIDE, OUTSIDE, "目录外")], {"4": (100, 1), "目录外": (900, 9)})
    assert found.unread == ("4",)
    assert (found.read, found.size) == (1, 10)


@pytest.mark.parametrize(
    ("stood", "read", "bears_out"),
    [
        (Label(Outcome.BLUE, "4.2.1"), Label(Outcome.BLUE, "4.2.1"), True),
        (Label(Outcome.BLUE, "4.2"), Label(Outcome.BLUE, "4.2.1"), True),
        (Label(Outcome.BLUE, "4.2"), Label(Outcome.BLUE, "4.20.1"), False),
        (Label(Outcome.BLUE, "4.2.1"), Label(Outcome.BLUE, "4.2"), False),
        (Label(Outcome.BLUE, "4.2"), Label(Outcome.LIGHT_BLUE, "4.2.1"), False),
        (OUTSIDE, OUTSIDE, True),
        (OUTSIDE, Label(Outcome.INSUFFICIENT), False),
        (OUTSIDE, Label(Outcome.BLUE, "4.2.1"), False),
    ],
)
def test_a_label_is_right_when_the_reading_says_the_same_or_more(stood: Label, read: Label, bears_out: bool) -> None:
    assert reading(stood, read).bears_out is bears_out


def test_the_interval_holds_the_truth_in_about_95_of_100_samples() -> None:
    chance = {"a": 0.02, "b": 0.10, "c": 0.40}
    dice = random.Random(5)
    strata = ["a"] * 800 + ["b"] * 380 + ["c"] * 20
    wrong = [dice.random() < chance[name] for name in strata]
    truth = sum(wrong) / len(wrong)
    population = list(enumerate(strata))
    sizes = {name: (strata.count(name), 0) for name in chance}
    held = 0
    for seed in range(300):
        read = [
            reading(OUTSIDE, Label(Outcome.INSUFFICIENT) if wrong[number] else OUTSIDE, stratum)
            for number, stratum in choose(population, 60, seed)
        ]
        low, high = estimate(read, sizes).wrong.interval
        held += low <= truth <= high
    assert held >= 0.93 * 300


def test_equal_weights_give_wilsons_interval() -> None:
    rows = [(7.0, number < 3) for number in range(50)]
    assert WeightedRate.of(rows).interval == pytest.approx(Rate(3, 50).interval)
    assert WeightedRate.of([]).interval == (0.0, 1.0)


def test_kappa_is_cohens() -> None:
    # The worked example of Cohen (1960), table 1: two judges, three categories, 200 patients.
    shares = {
        ("1", "1"): 88, ("1", "2"): 14, ("1", "3"): 18,
        ("2", "1"): 10, ("2", "2"): 40, ("2", "3"): 10,
        ("3", "1"): 2, ("3", "2"): 6, ("3", "3"): 12,
    }  # fmt: skip
    overall, first, *_ = agreements(shares)
    assert (overall.label, overall.n, overall.agreeing) == (None, 200, 140)
    assert overall.kappa == pytest.approx(0.492, abs=5e-4)
    assert (first.label, first.n, first.agreeing) == ("1", 132, 88)
    assert first.rate.value == pytest.approx(88 / 132)


def test_kappa_of_one_label_is_that_label_against_all_others() -> None:
    labels = {
        one.label: one
        for one in agreements(
            {("1.1.1", "1.1.1"): 20, ("1.1.1", "目录外"): 5, ("目录外", "1.1.1"): 10, ("目录外", "目录外"): 15}
        )
    }
    assert labels["1.1.1"].kappa == pytest.approx(0.4)
    assert labels["目录外"].kappa == pytest.approx(0.4)


def test_kappa_is_nothing_where_all_say_the_same() -> None:
    assert kappa(1.0, 1.0) is None
    assert [one.kappa for one in agreements({("目录外", "目录外"): 4})] == [None, None]
    assert agreements({}) == []


def test_labels_come_in_the_order_of_the_catalogue() -> None:
    pairs = {(label, label): 1 for label in ("目录外", "1.10.1", "1.9.1", "1.9")}
    assert [one.label for one in agreements(pairs)] == [None, "1.9", "1.9.1", "1.10.1", "目录外"]
