"""What the bank may ask for beyond four eyes, as it writes it into the environment."""

from decimal import Decimal

import pytest

from classifier.errors import ReviewError
from classifier.review.cases import Policy


def test_without_settings_a_tenth_is_read_blind() -> None:
    assert Policy.from_environment({}) == Policy(blind_balance=None, blind_share=0.1)


def test_the_bank_chooses_share_and_balance() -> None:
    environment = {"LANMU_BLIND_SHARE": "0", "LANMU_BLIND_BALANCE": "50000000"}
    assert Policy.from_environment(environment) == Policy(Decimal(50_000_000), 0.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LANMU_BLIND_SHARE", "1.5"),
        ("LANMU_BLIND_SHARE", "-0.1"),
        ("LANMU_BLIND_SHARE", "一成"),
        ("LANMU_BLIND_BALANCE", "五千万"),
        ("LANMU_BLIND_BALANCE", "NaN"),
    ],
)
def test_what_is_no_such_number_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ReviewError, match=name):
        Policy.from_environment({name: text})
