"""Records become canonical JSON and come back equal, whatever is in them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier import Application, Candidate, Outcome, Prediction
from classifier.errors import ReviewError
from classifier.review.stored import canonical, dump, load

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
APPLICATIONS = st.builds(
    Application,
    ANY_TEXT,
    ANY_TEXT,
    purpose=ANY_TEXT,
    amount=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
)


@given(APPLICATIONS)
def test_any_application_comes_back_equal(application: Application) -> None:
    stored = dump(application)
    assert stored.encode() and "\0" not in stored
    again = load(Application, stored)
    assert dump(again) == stored
    surrogates = any(
        "\ud800" <= sign <= "\udfff" for sign in f"{application.id}{application.description}{application.purpose}"
    )
    assert surrogates or again == application


@given(st.lists(st.builds(Candidate, st.sampled_from(Outcome), st.none() | st.text(), st.floats(0, 1))))
def test_any_candidates_come_back_equal(labelled_prediction: Prediction, candidates: list[Candidate]) -> None:
    prediction = replace(labelled_prediction, candidates=tuple(candidates))
    assert load(Prediction, dump(prediction)) == prediction


@pytest.fixture(scope="session")
def labelled_prediction(labelled: list[tuple[Application, Prediction]]) -> Prediction:
    return labelled[0][1]


def test_real_predictions_come_back_equal(labelled: list[tuple[Application, Prediction]]) -> None:
    for application, prediction in labelled:
        assert load(Prediction, dump(prediction)) == prediction
        assert load(Application, dump(application)) == application
    assert any(prediction.crosswalk and prediction.evidence for _, prediction in labelled)


def test_a_field_added_later_takes_its_default() -> None:
    assert load(Application, '{"id":"L-1"}') == Application("L-1")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id":"1","colour":"x"}', '{"id":"1","amount":"x"}'])
def test_what_is_no_record_is_told(text: str) -> None:
    with pytest.raises(ReviewError, match="读不出来"):
        load(Application, text)


def test_the_text_is_canonical() -> None:
    assert canonical({"b": 1.5, "a": ["海", None, True]}) == '{"a":["海",null,true],"b":1.5}'
    assert dump(Application("1", amount=Decimal("1.50"))).startswith('{"amount":"1.50","description":""')
