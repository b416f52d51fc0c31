"""The one place where rules and model meet: a conditional logit over the labels, small enough to be read.

Each label gets a handful of inputs (what the model scored, which terms spoke for and against, whether the text is tied to the
sea); one weight per input, the same for all labels, turns them into probabilities. The weights are fitted on
predictions the model made for texts it had not seen, so the probabilities are calibrated; they lie in the manifest.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from classifier.lexicon import INSUFFICIENT, OUTSIDE, Strength, Tie
from classifier.rules import Reading
from classifier.words.columns import sums

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
    sea, coast, inland, away = (bool(reading.ties[tie]) for tie in Tie)
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


def combination_inputs_many(
    readings: Sequence[Reading],
    scores: NDArray[np.float32] | None,
    labels: Sequence[str],
    needs: Mapping[str, Tie],
) -> Array:
    """What ``combination_inputs`` gives for each reading, shape (readings, labels, INPUTS); equal to the last bit."""
    table = np.zeros((len(readings), len(labels), len(INPUTS)))
    if scores is not None:
        table[:, :, 0] = scores
    outside, insufficient = labels.index(OUTSIDE), labels.index(INSUFFICIENT)
    ties = [list(map(bool, reading.ties.values())) for reading in readings]  # in the order of Tie
    sea, coast, inland, away = np.array(ties).reshape(-1, len(Tie)).T
    need = [needs.get(label) for label in labels]
    free, by_coast = (np.array([one is tie for one in need]) for tie in (None, Tie.COAST))
    tied = free | sea[:, None] | (by_coast & coast[:, None])
    for number, values in enumerate(_bounded(_sums(readings, labels), tied), 1):
        table[:, :, number] = values
    strong = table[:, :, 1] + table[:, :, 2]
    strong[:, [outside, insufficient]] = 0
    beside = np.minimum(strong.max(axis=1), 1.5)
    near = sea | table[:, :outside, [1, 5]].any(axis=(1, 2))
    hit = np.array([bool(reading.hits) for reading in readings], dtype=bool)
    ones = np.ones(len(readings))
    table[:, outside, 7:13] = np.stack([ones, ~(sea | coast), coast & ~sea, inland, away, beside], axis=-1)
    table[:, insufficient, 13:17] = np.stack([ones, beside, hit & ~near, ~hit], axis=-1)
    return table


def _sums(readings: Sequence[Reading], labels: Sequence[str]) -> Array:
    """The weights of the hits, summed by reading, label and strength."""
    row = {label: number * len(Strength) for number, label in enumerate(labels)}
    size = len(labels) * len(Strength)
    hits = list(chain.from_iterable(reading.hits for reading in readings))
    terms = list(map(attrgetter("term"), hits))
    keys = list(map(id, terms))  # equal terms are the same one; hashing it would take longer than all else
    different = dict(zip(keys, terms, strict=True))
    column = {key: row[term.label] + _STRENGTHS.index(term.strength) for key, term in different.items()}
    starts = np.repeat(np.arange(len(readings)) * size, [len(reading.hits) for reading in readings])
    places = starts + np.fromiter(map(column.__getitem__, keys), dtype=np.intp, count=len(keys))
    weights = np.fromiter(map(attrgetter("weight"), hits), dtype=np.float64, count=len(hits))
    found = sums(places, weights, len(readings) * size)
    return found.reshape(len(readings), len(labels), len(Strength))


def _bounded(found: Array, tied: NDArray[np.bool_]) -> tuple[Array, ...]:
    """See ``_claims``."""
    strong, weak, excluding = (found[:, :, place] for place in range(len(Strength)))
    return (
        np.where(tied, np.minimum(strong, 1.0), 0.0),
        np.where(tied, np.log1p(np.maximum(strong - 1, 0)), 0.0),
        np.where(tied, np.minimum(weak, 2.0), 0.0),
        np.minimum(excluding, 1.5),
        np.where(tied, 0.0, np.minimum(strong + weak / 2, 1.5)),
    )


def probabilities(inputs: Array, weights: Array) -> Array:
    """The probabilities of the labels from their inputs, shape (..., labels, INPUTS), and the weights by INPUTS."""
    return softmax(inputs @ weights)


def softmax(scores: Array) -> Array:
    """Scores as probabilities that sum to 1 over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def weight_vector(weights: Mapping[str, float]) -> Array:
    """Weights by name as an array in the order of INPUTS; a name left out counts 0."""
    return np.array([weights.get(name, 0.0) for name in INPUTS])


def is_tied(label: str, reading: Reading, needs: Mapping[str, Tie]) -> bool:
    """Whether the text has the tie to the sea that the label's terms need: a word of the sea, or also a coastal place."""
    need = needs.get(label)
    if need is None or reading.ties[Tie.SEA]:
        return True
    return need is Tie.COAST and bool(reading.ties[Tie.COAST])


def _claims(reading: Reading, needs: Mapping[str, Tie]) -> dict[str, tuple[float, float, float, float, float]]:
    """Per label: strong, more strong, weak, excluding, untied; each bounded, so that repetition cannot outshout all else."""
    sums: dict[str, dict[Strength, float]] = {}
    for hit in reading.hits:
        own = sums.setdefault(hit.term.label, dict.fromkeys(Strength, 0.0))
        own[hit.term.strength] += hit.weight
    claims = {}
    for label, own in sums.items():
        strong, weak, excluding = (own[strength] for strength in (Strength.STRONG, Strength.WEAK, Strength.EXCLUDING))
        if is_tied(label, reading, needs):
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
