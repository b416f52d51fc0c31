"""What the engine knows of an application when it decides, and what it decides."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from classifier.lexicon import Term
from classifier.records import Application, Outcome
from classifier.rules import Reading

MOST_CANDIDATES = 5


class Seen(NamedTuple):
    """An application, its reading, and for each label its probability and its share of the money.

    ``order`` and ``most`` are the likeliest labels (by number) and their probabilities as shown, ``item`` is the likeliest
    item, ``blue`` the probability of all items, ``uncoded`` those of 目录外 and 信息不足; ``named`` are the strong terms that
    count fully, ``untied`` the labels whose strong terms do not count for want of a tie to the sea.
    """

    application: Application
    reading: Reading
    named: Sequence[Term]
    untied: Sequence[str]
    shares: np.ndarray
    money: np.ndarray
    has_money: bool
    order: list[int]
    most: list[float]
    item: int
    blue: float
    uncoded: list[float]


def see(
    applications: Sequence[Application],
    readings: Sequence[Reading],
    named: Sequence[Sequence[Term]],
    untied: Sequence[Sequence[str]],
    shares: np.ndarray,
    money: np.ndarray,
) -> list[Seen]:
    """All of it for each application, from its probabilities and its money, shape (applications, labels)."""
    order = _likeliest(shares)
    columns = (
        money.any(axis=1),
        order,
        np.take_along_axis(shares, order, axis=1).round(4),
        shares[:, :-2].argmax(axis=1),
        shares[:, :-2].sum(axis=1),
        shares[:, -2:],
    )
    listed = zip(*(column.tolist() for column in columns), strict=True)
    given = zip(applications, readings, named, untied, shares, money, strict=True)
    return [Seen(*one, *rest) for one, rest in zip(given, listed, strict=True)]


def _likeliest(shares: np.ndarray) -> np.ndarray:
    """The numbers of the likeliest labels of each row, the first among equals: far cheaper than sorting all."""
    left, rows = shares.copy(), np.arange(len(shares))
    order = np.empty((len(shares), MOST_CANDIDATES), dtype=np.intp)
    for place in range(MOST_CANDIDATES):
        order[:, place] = left.argmax(axis=1)
        left[rows, order[:, place]] = -1
    return order


class Decision(NamedTuple):
    """The label given, if it has a code, and its confidence; ``also`` are further items that are really financed.

    ``spoken`` are the labels whose evidence is shown: the label given (of a subcategory or category its likeliest item),
    the further items, then its rivals.
    """

    code: str | None
    outcome: Outcome
    confidence: float
    also: tuple[str, ...]
    spoken: list[str]
