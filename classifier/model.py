"""The learnt half: words and character groups of a text, and a linear score for each label.

Training fits the weights with scikit-learn; here they are only read, as plain arrays, so a prediction needs numpy alone and
a model file can hold no code.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from classifier.text import Passage, Tokeniser

Array = NDArray[np.float32]

_PUNCTUATION = frozenset(",。;:、()!?\"'“”‘’《》<>[]{}【】-—_/·~～.…%+*#&@|\\=^`$ ")
CHARACTER_GROUPS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature where it stands: ``key`` is its name in the vocabulary, ``weight`` how much its characters count."""

    key: str
    passage: int
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word that moved a label's score by ``weight``; the span is in the passage's normalised text."""

    passage: int
    start: int
    end: int
    weight: float


def features(passages: Sequence[Passage], tokeniser: Tokeniser) -> Iterator[Feature]:
    """Words (w), pairs of neighbouring words (b) and character groups (c) of all passages that are not voided."""
    for number, passage in enumerate(passages):
        yield from _word_features(passage, number, tokeniser)
        yield from _character_features(passage, number)


def _word_features(passage: Passage, number: int, tokeniser: Tokeniser) -> Iterator[Feature]:
    before = None
    for token in tokeniser.tokenise(passage.normal.text):
        weight = min(passage.weights[token.start : token.end])
        if token.word in _PUNCTUATION or weight <= 0:
            before = None
            continue
        yield Feature("w" + token.word, number, token.start, token.end, weight)
        if before is not None:
            yield Feature(f"b{before[0]} {token.word}", number, before[1], token.end, min(weight, before[2]))
        before = (token.word, token.start, weight)


def _character_features(passage: Passage, number: int) -> Iterator[Feature]:
    characters = _collapsed(passage.normal.text)
    weights = passage.weights
    for index, (_, start, _) in enumerate(characters):
        group = ""
        weight = weights[start]
        for character, _, end in characters[index : index + CHARACTER_GROUPS[-1]]:
            weight = min(weight, weights[end - 1])
            if character in _PUNCTUATION or weight <= 0:
                break
            group += character
            yield Feature("c" + group, number, start, end, weight)


def _collapsed(text: str) -> list[tuple[str, int, int]]:
    """Characters with their places; a run of digits counts as one character ``0``."""
    characters: list[tuple[str, int, int]] = []
    for index, character in enumerate(text.lower()):
        if character.isdigit() and character.isascii():
            if characters and characters[-1][0] == "0" and characters[-1][2] == index:
                characters[-1] = ("0", characters[-1][1], index + 1)
                continue
            character = "0"
        characters.append((character, index, index + 1))
    return characters


def block_weights(found: Sequence[Feature], vocabulary: Mapping[str, int], idf: Array) -> dict[int, float]:
    """The vector of a text: log(1 + count) x idf, each block (words with pairs; characters) of length 1.

    Counts are sums of the features' weights, so a word in a stressed place counts more than in a background one.
    """
    counts: dict[int, float] = {}
    kinds: dict[int, bool] = {}
    for feature in found:
        index = vocabulary.get(feature.key)
        if index is not None:
            counts[index] = counts.get(index, 0.0) + feature.weight
            kinds[index] = feature.key[0] == "c"
    values = {index: float(np.log1p(count) * idf[index]) for index, count in counts.items()}
    norms = [
        sum(value * value for index, value in values.items() if kinds[index] is kind) ** 0.5 or 1.0
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

    def scores(self, passages: Sequence[Passage]) -> Array:
        """A raw score for each label, shape (labels,); larger speaks for it."""
        vector = block_weights(list(features(passages, self.tokeniser)), self.index, self.idf)
        if not vector:
            return self.bias.copy()
        rows = np.fromiter(vector.keys(), dtype=np.intp)
        values = np.fromiter(vector.values(), dtype=np.float32)
        return np.asarray(values @ self.weights[rows] + self.bias, dtype=np.float32)

    def words(self, passages: Sequence[Passage], label: str, most: int) -> list[Word]:
        """The ``most`` words that moved a label's score most, for or against, in order of the text."""
        found = [feature for feature in features(passages, self.tokeniser) if feature.key in self.index]
        vector = block_weights(found, self.index, self.idf)
        column = self.weights[:, self.labels.index(label)]
        shares = self._shares(found, vector, column, passages)
        words = [
            Word(number, token.start, token.end, float(shares[number][token.start : token.end].sum()))
            for number, passage in enumerate(passages)
            for token in self.tokeniser.tokenise(passage.normal.text)
            if token.word not in _PUNCTUATION
        ]
        strongest = sorted(words, key=lambda word: -abs(word.weight))[:most]
        return sorted(strongest, key=lambda word: (word.passage, word.start))

    def _shares(
        self, found: Sequence[Feature], vector: Mapping[int, float], column: Array, passages: Sequence[Passage]
    ) -> list[Array]:
        """Each character's part of the score: a feature's part is split evenly over its occurrences and characters."""
        totals: dict[int, float] = {}
        for feature in found:
            totals[self.index[feature.key]] = totals.get(self.index[feature.key], 0.0) + feature.weight
        shares = [np.zeros(len(passage.normal.text), dtype=np.float32) for passage in passages]
        for feature in found:
            row = self.index[feature.key]
            part = vector[row] * column[row] * feature.weight / totals[row]
            shares[feature.passage][feature.start : feature.end] += part / (feature.end - feature.start)
        return shares
