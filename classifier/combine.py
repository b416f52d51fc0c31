"""The one place where rules and model meet: a conditional logit over the labels, small enough to be read.

Each label gets a handful of inputs (what the model scored, which terms spoke for and against, whether the text is tied to the
sea); one weight per input, the same for all labels, turns them into probabilities. The weights are fitted on
predictions the model made for texts it had not seen, so the probabilities are calibrated; they lie in the manifest.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier.lexicon import INSUFFICIENT, OUTSIDE, Strength, Tie
from classifier.rules import Reading, Ties
from classifier.words.columns import by_owner, sums

if TYPE_CHECKING:
    from classifier.fast.reading import ReadingColumns, TermColumns

Array = NDArray[np.float64]

INPUTS = (
    "model",  # the model's score of the label
    "strong",  # the label has a strong term
    "more strong",  # further strong terms
    "weak",
    "excluding",
    "untied",  # it has terms, but the tie to the sea that they need is missing
    "money",  # its share of the amounts the text names, where it names two or more
    "outside",  # the next ones belong to 目录外 alone
    "outside, no tie",
    "outside, only a place",
    "outside, inland",
    "outside, inland place",
    "outside, beside strong",
    "insufficient",  # and these to 信息不足 alone
    "insufficient, beside strong",
    "insufficient, off the edge",  # nothing brings the text near an item (boundary rule B11)
    "insufficient, no term",
)

_STRENGTHS = tuple(Strength)

# For a classifier without a model: chosen by hand, in the order of the lexicon's own claims. A text with no term at all must
# come out as 目录外 against the sum of all items (85 times exp(0)); a strong term decides, an item's before 目录外's.
RULES_ALONE: Mapping[str, float] = {
    "strong": 9.0,
    "more strong": 1.0,
    "weak": 2.5,
    "excluding": -4.0,
    "money": 8.0,
    "outside": 7.0,
    "outside, no tie": 0.8,
    "outside, inland": 1.5,
    "outside, inland place": 1.0,
    "outside, beside strong": -8.0,
    "insufficient": 4.0,
}


def combination_inputs(
    reading: Reading,
    scores: NDArray[np.float32] | None,
    labels: Sequence[str],
    needs: Mapping[str, Tie],
) -> Array:
    """The inputs of every label, shape (labels, INPUTS). ``scores`` (labels,) come from the model, or None without one."""
    table = np.zeros((len(labels), len(INPUTS)))
    if scores is not None:
        table[:, 0] = scores
    row = {label: number for number, label in enumerate(labels)}
    for label, values in _claims(reading, needs).items():
        table[row[label], 1:6] = values
    outside, insufficient = row[OUTSIDE], row[INSUFFICIENT]
    strong = table[:, 1] + table[:, 2]
    strong[[outside, insufficient]] = 0
    beside = min(float(strong.max()), 1.5)
    sea, coast, inland, away = reading.ties
    table[outside, 7:13] = (
        1,
        not (sea or coast),
        coast and not sea,
        inland,
        away,
        beside,
    )
    near = bool(sea or table[:outside, [1, 5]].any())
    table[insufficient, 13:17] = (
        1,
        beside,
        bool(reading.hits) and not near,
        not reading.hits,
    )
    return table


def probabilities(inputs: Array, weights: Array) -> Array:
    """The probabilities of the labels from their inputs, shape (..., labels, INPUTS), and the weights by INPUTS."""
    return softmax(np.cumsum(inputs * weights, axis=-1)[..., -1])  # summed from the first to the last, as for many


def probabilities_many(
    readings: "ReadingColumns",
    terms: "TermColumns",
    scores: NDArray[np.float32] | None,
    money: Array | None,
    needs: Mapping[str, Tie],
    weights: Array,
) -> Array:
    """The probabilities of each reading's labels, shape (readings, labels); equal to the last bit to those of its inputs.

    No input is laid out in a table: most belong to one label only, and many texts have no sums of money.
    """
    outside, insufficient = terms.row[OUTSIDE], terms.row[INSUFFICIENT]
    claims = _bounded(_sums(readings, terms), _tied(readings.ties, terms.row, needs))
    found = np.zeros(claims[0].shape) if scores is None else scores * weights[0]
    for values, weight in zip((*claims, money), weights[1:7], strict=True):
        if values is not None:
            found += values * weight
    of_outside, of_insufficient = _uncoded_inputs(readings, claims[0] + claims[1], claims[4], outside)
    for values, weight in zip(of_outside, weights[7:13], strict=True):
        found[:, outside] += values * weight
    for values, weight in zip(of_insufficient, weights[13:], strict=True):
        found[:, insufficient] += values * weight
    return softmax(found)


def _uncoded_inputs(
    readings: "ReadingColumns", strong: Array, without_tie: Array, items: int
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The inputs that belong to 目录外 alone, and those of 信息不足; the first ``items`` labels are those of items."""
    sea, coast, inland, away = readings.ties.T
    beside = np.minimum(strong[:, :items].max(axis=1), 1.5)
    near = sea | ((strong[:, :items] > 0) | (without_tie[:, :items] > 0)).any(axis=1)
    hit = np.bincount(readings.hits.records, minlength=len(sea)) > 0
    return (1, ~(sea | coast), coast & ~sea, inland, away, beside), (1, beside, hit & ~near, ~hit)


def _sums(readings: "ReadingColumns", terms: "TermColumns") -> Array:
    """The weights of the hits, summed by strength, reading and label."""
    hits, size = readings.hits, len(readings.ties)
    shape = (len(Strength), size, len(terms.row))
    places = (terms.strengths[hits.terms] * size + hits.records) * shape[2] + terms.labels[hits.terms]
    return sums(places, hits.weights, math.prod(shape)).reshape(shape)


def _bounded(found: Array, tied: NDArray[np.bool_]) -> tuple[Array, ...]:
    """See ``_claims``."""
    strong, weak, excluding = found
    return (
        np.where(tied, np.minimum(strong, 1.0), 0.0),
        np.where(tied, np.log1p(np.maximum(strong - 1, 0)), 0.0),
        np.where(tied, np.minimum(weak, 2.0), 0.0),
        np.minimum(excluding, 1.5),
        np.where(tied, 0.0, np.minimum(strong + weak / 2, 1.5)),
    )


def softmax(scores: Array) -> Array:
    """Scores as probabilities that sum to 1 over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def weight_vector(weights: Mapping[str, float]) -> Array:
    """Weights by name as an array in the order of INPUTS; a name left out counts 0."""
    return np.array([weights.get(name, 0.0) for name in INPUTS])


def untied(reading: Reading, needs: Mapping[str, Tie]) -> list[str]:
    """The labels that have a strong term but not the tie to the sea that their terms need, in the order found."""
    strong = [term.label for term, _, _, weight in reading.hits if term.strength is Strength.STRONG and weight > 0]
    return [label for label in dict.fromkeys(strong) if not _is_tied(label, reading.ties, needs)]


def untied_many(readings: "ReadingColumns", terms: "TermColumns", needs: Mapping[str, Tie]) -> list[Sequence[str]]:
    """The same for each reading."""
    hits, labels = readings.hits, tuple(terms.row)
    tied = _tied(readings.ties, terms.row, needs)
    own = np.flatnonzero(hits.are_strong(terms) & (hits.weights > 0) & ~tied[hits.records, terms.labels[hits.terms]])
    found = by_owner(terms.labels[hits.terms[own]].tolist(), hits.records[own], len(tied))
    return [[labels[number] for number in dict.fromkeys(numbers)] if numbers else () for numbers in found]


def _is_tied(label: str, ties: Ties, needs: Mapping[str, Tie]) -> bool:
    """Whether there is the tie to the sea that the label's terms need: a word of the sea, or also a coastal place."""
    need = needs.get(label)
    return need is None or ties.sea or (need is Tie.COAST and ties.coast)


def _tied(ties: NDArray[np.bool_], labels: Iterable[str], needs: Mapping[str, Tie]) -> NDArray[np.bool_]:
    """``_is_tied`` of each reading's ties, shape (readings, ties), and each label: shape (readings, labels)."""
    sea, coast, *_ = ties.T[:, :, None]
    need = [needs.get(label) for label in labels]
    free, by_coast = (np.array([one is tie for one in need]) for tie in (None, Tie.COAST))
    return np.asarray(free | sea | (by_coast & coast))


def _claims(reading: Reading, needs: Mapping[str, Tie]) -> dict[str, tuple[float, float, float, float, float]]:
    """Per label: strong, more strong, weak, excluding, untied; each bounded, so that repetition cannot outshout all else."""
    sums: dict[str, list[float]] = {}
    for (label, strength, _, _), _, _, weight in reading.hits:
        sums.setdefault(label, [0.0] * len(_STRENGTHS))[_STRENGTHS.index(strength)] += weight
    claims = {}
    for label, (strong, weak, excluding) in sums.items():
        if _is_tied(label, reading.ties, needs):
            values = (
                min(strong, 1.0),
                np.log1p(max(strong - 1, 0)),
                min(weak, 2.0),
                min(excluding, 1.5),
                0.0,
            )
        else:
            values = (0.0, 0.0, 0.0, min(excluding, 1.5), min(strong + weak / 2, 1.5))
        claims[label] = values
    return claims
