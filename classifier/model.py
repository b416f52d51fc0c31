"""The learnt half: words and character groups of a text, and a linear score for each label.

Training fits the weights with scikit-learn; here they are only read, as plain arrays, so a prediction needs numpy alone and
a model file can hold no code.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.text import Passage, Token, Tokeniser, lower

Array = NDArray[np.float32]

PUNCTUATION = frozenset(",。;:、()!?\"'“”‘’《》<>[]{}【】-—_/·~～.…%+*#&@|\\=^`$ ")
CHARACTER_GROUPS = (1, 2, 3)


# A feature where it stands: its name in the vocabulary, number of the passage, start, end, and how much its characters count.
# A plain tuple: a text has hundreds, and a record of each would cost more than all the arithmetic.
Feature = tuple[str, int, int, int, float]


class Word(NamedTuple):
    """A word that moved a label's score by ``weight``; the span is in the passage's normalised text."""

    passage: int
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Vector:
    """A text as the model sees it: the tokens of each passage, the features found, and the value of each known one."""

    tokens: Sequence[Sequence[Token]]
    found: Sequence[Feature]
    values: Mapping[int, float]


def features(passages: Sequence[Passage], tokens: Sequence[Sequence[Token]]) -> Iterator[Feature]:
    """Words (w), pairs of neighbouring words (b) and character groups (c) of all passages that are not voided."""
    for number, (passage, own) in enumerate(zip(passages, tokens, strict=True)):
        yield from _word_features(passage, number, own)
        yield from _character_features(passage, number)


def tokens_of(passages: Sequence[Passage], tokeniser: Tokeniser) -> list[list[Token]]:
    """The tokens of each passage."""
    return tokeniser.tokenise_all([passage.normal.text for passage in passages])


def _word_features(passage: Passage, number: int, tokens: Sequence[Token]) -> Iterator[Feature]:
    before = None
    weights = passage.weights.tolist()
    for token in tokens:
        weight = min(weights[token.start : token.end])
        if token.word in PUNCTUATION or weight <= 0:
            before = None
            continue
        yield "w" + token.word, number, token.start, token.end, weight
        if before is not None:
            yield (
                f"b{before[0]} {token.word}",
                number,
                before[1],
                token.end,
                min(weight, before[2]),
            )
        before = (token.word, token.start, weight)


def _character_features(passage: Passage, number: int) -> Iterator[Feature]:
    characters = _collapsed(passage.normal.text)
    weights = passage.weights.tolist()
    for index, (_, start, _) in enumerate(characters):
        group = ""
        weight = weights[start]
        for character, _, end in characters[index : index + CHARACTER_GROUPS[-1]]:
            weight = min(weight, weights[end - 1])
            if character in PUNCTUATION or weight <= 0:
                break
            group += character
            yield "c" + group, number, start, end, weight


def _collapsed(text: str) -> list[tuple[str, int, int]]:
    """Characters with their places; a run of digits counts as one character ``0``."""
    characters: list[tuple[str, int, int]] = []
    for index, character in enumerate(lower(text)):
        if "0" <= character <= "9":
            if characters and characters[-1][0] == "0" and characters[-1][2] == index:
                characters[-1] = ("0", characters[-1][1], index + 1)
                continue
            character = "0"
        characters.append((character, index, index + 1))
    return characters


def block_weights(found: Iterable[Feature], vocabulary: Mapping[str, int], idf: Array) -> dict[int, float]:
    """The vector of a text: log(1 + count) x idf, each block (words with pairs; characters) of length 1.

    Counts are sums of the features' weights, so a word in a stressed place counts more than in a background one.
    """
    counts: dict[int, float] = {}
    kinds: dict[int, bool] = {}
    for key, _, _, _, weight in found:
        index = vocabulary.get(key)
        if index is not None:
            counts[index] = counts.get(index, 0.0) + weight
            kinds[index] = key[0] == "c"
    rows = list(counts)
    values = (
        dict(
            zip(
                rows,
                (np.log1p(list(counts.values())) * idf[rows]).tolist(),
                strict=True,
            )
        )
        if rows
        else {}
    )
    norms = [
        math.sqrt(sum(value * value for index, value in values.items() if kinds[index] is kind)) or 1.0
        for kind in (False, True)
    ]
    return {index: value / norms[kinds[index]] for index, value in values.items()}


@dataclass(frozen=True)
class TextModel:
    """Linear scores over ``labels`` (item codes, then 目录外 and 信息不足).

    ``weights`` has shape (features, labels), ``bias`` (labels,), ``idf`` (features,); ``vocabulary`` lists the features.
    """

    labels: tuple[str, ...]
    vocabulary: Sequence[str]
    idf: Array
    weights: Array
    bias: Array
    tokeniser: Tokeniser = field(repr=False)

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each feature stands in the vocabulary."""
        return {key: number for number, key in enumerate(self.vocabulary)}

    def read(self, passages: Sequence[Passage]) -> Vector:
        """The text as this model sees it; what ``scores`` and ``words`` work on."""
        tokens = tokens_of(passages, self.tokeniser)
        found = [feature for feature in features(passages, tokens) if feature[0] in self.index]
        return Vector(tokens, found, block_weights(found, self.index, self.idf))

    def scores(self, vector: Vector) -> Array:
        """A raw score for each label, shape (labels,); larger speaks for it."""
        if not vector.values:
            return self.bias.copy()
        rows = np.fromiter(vector.values.keys(), dtype=np.intp)
        values = np.fromiter(vector.values.values(), dtype=np.float32)
        return np.asarray(values @ self.weights[rows] + self.bias, dtype=np.float32)

    def words(self, vector: Vector, label: str, most: int) -> list[Word]:
        """The ``most`` words that moved a label's score most, for or against, in order of the text."""
        shares = self._shares(vector, self.labels.index(label))
        words = [
            Word(
                number,
                token.start,
                token.end,
                reached[token.end] - reached[token.start],
            )
            for number, (own, reached) in enumerate(zip(vector.tokens, shares, strict=True))
            for token in own
            if token.word not in PUNCTUATION
        ]
        strongest = sorted(
            words,
            key=lambda word: (-round(abs(word.weight) * 1e6), word.passage, word.start),
        )[:most]
        return sorted(strongest, key=lambda word: (word.passage, word.start))

    def _shares(self, vector: Vector, column: int) -> list[list[float]]:
        """For each passage the part of the score reached by each place (a running sum over its characters).

        A feature's part is split evenly over its occurrences and their characters.
        """
        parts = self._parts(vector, column)
        lengths = [max((token.end for token in own), default=0) for own in vector.tokens]
        slopes = [[0.0] * (length + 2) for length in lengths]
        for key, number, start, end, weight in vector.found:
            slope = parts[key] * weight / (end - start)
            slopes[number][start + 1] += slope
            slopes[number][end + 1] -= slope
        return [list(accumulate(accumulate(own))) for own in slopes]

    def _parts(self, vector: Vector, column: int) -> dict[str, float]:
        """Each feature's part of the score per unit of its weight."""
        totals: dict[str, float] = {}
        for key, _, _, _, weight in vector.found:
            totals[key] = totals.get(key, 0.0) + weight
        rows = [self.index[key] for key in totals]
        values = np.array([vector.values[row] for row in rows])
        parts = values * self.weights[rows, column] / np.array(list(totals.values()))
        return dict(zip(totals, parts.tolist(), strict=True))
