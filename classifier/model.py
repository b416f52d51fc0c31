"""The learnt half: words and character groups of a text, and a linear score for each label.

Training fits the weights with scikit-learn; here they are only read, as plain arrays, so a prediction needs numpy alone and
a model file can hold no code.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from classifier.text import Passage, Token, Tokeniser, lower
from classifier.words.columns import Floats, Numbers

Array = NDArray[np.float32]

PUNCTUATION = frozenset(",。;:、()!?\"'“”‘’《》<>[]{}【】-—_/·~～.…%+*#&@|\\=^`$ ")
CHARACTER_GROUPS = (1, 2, 3)
FINE = 2**32  # parts of a score are counted in such fractions: sums of whole numbers are the same in any order
_FIGURE = re.compile("[0-9]+")


# Stands in a text for what is no part of any feature: punctuation and voided words.
VOID = "\0"
_VOIDED = str.maketrans(dict.fromkeys(PUNCTUATION, VOID))

# A feature where it stands: its key, number of the passage, start, end, and how much its characters count. The key is its
# row in the vocabulary, or in training, which makes the vocabulary, its name.
# A plain tuple: a text has hundreds, and a record of each would cost more than all the arithmetic.
Key = TypeVar("Key", int, str)
Feature = tuple[Key, int, int, int, float]


class Word(NamedTuple):
    """A word that moved a label's score by ``weight``; the span is in the passage's normalised text."""

    passage: int
    start: int
    end: int
    weight: float


class WordColumns(NamedTuple):
    """The words of many texts, in order of the texts; ``passages`` are counted over all texts, from 0."""

    texts: Numbers
    passages: Numbers
    starts: Numbers
    ends: Numbers
    weights: Floats


@dataclass(frozen=True, slots=True)
class Vector:
    """A text as the model sees it: the tokens of each passage, the known features found; of each row count and value."""

    tokens: Sequence[Sequence[Token]]
    found: Sequence[Feature[int]]
    counts: Mapping[int, float]
    values: Mapping[int, float]


def features(
    passages: Sequence[Passage], tokens: Sequence[Sequence[Token]], key_of: Callable[[str], Key | None]
) -> list[Feature[Key]]:
    """Words (w), pairs of neighbouring words (b) and character groups (c) that have a key and are not voided.

    ``key_of`` must know no name that contains VOID.
    """
    found: list[Feature[Key]] = []
    for number, (passage, own) in enumerate(zip(passages, tokens, strict=True)):
        weights = passage.weights.tolist()
        found += _word_features(own, weights, number, key_of)
        found += _character_features(passage.normal.text, weights, number, key_of)
    return found


def tokens_of(passages: Sequence[Passage], tokeniser: Tokeniser) -> list[list[Token]]:
    """The tokens of each passage."""
    return tokeniser.tokenise_all([passage.normal.text for passage in passages])


def _word_features(
    tokens: Iterable[Token], weights: Sequence[float], number: int, key_of: Callable[[str], Key | None]
) -> Iterator[Feature[Key]]:
    before, first, least = VOID, 0, 0.0
    for word, start, end in tokens:
        weight = min(weights[start:end])
        if weight <= 0 or word in PUNCTUATION:
            before = VOID
            continue
        if (key := key_of("w" + word)) is not None:
            yield key, number, start, end, weight
        if before is not VOID and (key := key_of(f"b{before} {word}")) is not None:
            yield key, number, first, end, min(weight, least)
        before, first, least = word, start, weight


def _character_features(
    text: str, weights: Sequence[float], number: int, key_of: Callable[[str], Key | None]
) -> Iterator[Feature[Key]]:
    characters, starts, ends = _collapsed(text)
    last = [weights[end - 1] for end in ends]
    if min(last, default=1) <= 0:
        characters = "".join([one if weight > 0 else VOID for one, weight in zip(characters, last, strict=True)])
    characters += VOID * CHARACTER_GROUPS[-1]
    for place in range(len(starts)):
        for size in CHARACTER_GROUPS:
            if (key := key_of("c" + characters[place : place + size])) is not None:
                start = starts[place]
                weight = min(weights[start], *last[place : place + size])
                if weight > 0:
                    yield key, number, start, ends[place + size - 1], weight


def _collapsed(text: str) -> tuple[str, list[int], list[int]]:
    """The characters of a text with their starts and ends; a run of digits is one character ``0``, punctuation is VOID."""
    starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
    for run in reversed(list(_FIGURE.finditer(text))):
        del starts[run.start() + 1 : run.end()], ends[run.start() : run.end() - 1]
    return _FIGURE.sub("0", lower(text)).translate(_VOIDED), starts, ends


def feature_counts(found: Iterable[Feature[int]]) -> dict[int, float]:
    """Of each row (ascending) the sum of the features' weights: in a stressed place a word counts more than elsewhere."""
    counts: dict[int, float] = {}
    for row, _, _, _, weight in found:
        counts[row] = counts.get(row, 0.0) + weight
    return dict(sorted(counts.items()))


def block_weights(counts: Mapping[int, float], vocabulary: Sequence[str], idf: Array) -> dict[int, float]:
    """The vector of a text: log(1 + count) x idf, each block (words with pairs; characters) of length 1."""
    if not counts:
        return {}
    rows = list(counts)
    are_groups = [vocabulary[row][0] == "c" for row in rows]
    raw = np.log1p(list(counts.values())) * idf[rows]
    values = raw.tolist()
    squares = [0.0, 0.0]
    for is_group, value in zip(are_groups, values, strict=True):
        squares[is_group] += value * value
    norms = [math.sqrt(square) or 1.0 for square in squares]
    return {row: value / norms[is_group] for row, is_group, value in zip(rows, are_groups, values, strict=True)}


@dataclass(frozen=True)
class TextModel:
    """Linear scores over ``labels`` (item codes, then 目录外 and 信息不足).

    ``stored`` holds the weights, shape (features, labels), as the file has them; ``bias`` has shape (labels,), ``idf``
    (features,); ``vocabulary`` lists the features.
    """

    labels: tuple[str, ...]
    vocabulary: Sequence[str]
    idf: Array
    stored: NDArray[np.floating[Any]]
    bias: Array
    tokeniser: Tokeniser = field(repr=False)

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each feature stands in the vocabulary."""
        return {key: number for number, key in enumerate(self.vocabulary)}

    @cached_property
    def weights(self) -> Array:
        """The weights in the numbers that are reckoned with; of many texts nearly all are needed."""
        return self.stored.astype(np.float32)

    def read(self, passages: Sequence[Passage]) -> Vector:
        """The text as this model sees it; what ``scores`` and ``words`` work on."""
        tokens = tokens_of(passages, self.tokeniser)
        found = list(features(passages, tokens, self.index.get))
        counts = feature_counts(found)
        return Vector(tokens, found, counts, block_weights(counts, self.vocabulary, self.idf))

    def scores(self, vector: Vector) -> Array:
        """A raw score for each label, shape (labels,); larger speaks for it."""
        if not vector.values:
            return self.bias.copy()
        weights = self.stored[list(vector.values)].astype(np.float32)
        values = np.array(list(vector.values.values()), dtype=np.float32)
        return np.asarray(values @ weights + self.bias, dtype=np.float32)

    def words(self, vector: Vector, label: str, most: int) -> list[Word]:
        """The ``most`` words that moved a label's score most, for or against, in order of the text."""
        shares = self._shares(vector, self.labels.index(label))
        words = [
            Word(number, start, end, (reached[end] - reached[start]) / FINE)
            for number, (own, reached) in enumerate(zip(vector.tokens, shares, strict=True))
            for word, start, end in own
            if word not in PUNCTUATION
        ]
        strongest = sorted(words, key=lambda word: -round(abs(word.weight) * 1e6))[:most]  # the first among equals
        return sorted(strongest)

    def _shares(self, vector: Vector, column: int) -> list[list[int]]:
        """For each passage the part of the score reached by each place (a running sum over its characters), times FINE.

        A feature's part is split evenly over its occurrences and their characters.
        """
        parts = self._parts(vector, column)
        lengths = [max((token.end for token in own), default=0) for own in vector.tokens]
        slopes = [[0] * (length + 2) for length in lengths]
        for row, number, start, end, weight in vector.found:
            slope = round(parts[row] * weight / (end - start) * FINE)
            own = slopes[number]
            own[start + 1] += slope
            own[end + 1] -= slope
        return [list(accumulate(accumulate(own))) for own in slopes]

    def _parts(self, vector: Vector, column: int) -> dict[int, float]:
        """Each feature's part of the score per unit of its weight."""
        rows = list(vector.values)
        values, counts = np.array(list(vector.values.values())), np.array(list(vector.counts.values()))
        parts = values * self.stored[rows, column] / counts
        return dict(zip(rows, parts.tolist(), strict=True))
