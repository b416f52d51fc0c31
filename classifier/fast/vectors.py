"""The model for many texts at once: the same vectors, scores and words as ``TextModel`` gives one by one, found with numpy.

Every sum adds the same numbers in the same order as the plain model does, or whole numbers (see ``model.FINE``); each text is
multiplied by itself. So the results are equal to the last bit, whatever texts stand beside a text.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.fast.joined import PLANE, Joined
from classifier.model import FINE, PUNCTUATION, Array, TextModel, WordColumns
from classifier.text import lower
from classifier.words.columns import Floats, Numbers, begins, firsts, in_order, least, sums
from classifier.words.tokeniser import Tokens
from classifier.words.trie import Codes, Trie, Words, code_points

_DIGITS = np.isin(np.arange(PLANE + 1), list(map(ord, "0123456789")))
_MARKS = np.isin(np.arange(PLANE + 1), [0, *map(ord, PUNCTUATION)])


class Features(NamedTuple):
    """Known features where they stand, those of one kind in order of the text."""

    rows: Numbers
    starts: Numbers
    ends: Numbers
    weights: Floats


class Vectors(NamedTuple):
    """For each text (``firsts[n]`` to ``firsts[n + 1]``) the rows of its features (ascending), their counts and values."""

    texts: Joined
    tokens: Tokens
    found: Features
    features: Numbers  # of each feature found: its place among the following
    firsts: Numbers
    rows: Numbers
    counts: Floats
    values: Floats


class BatchModel:
    """A model made ready for reading many texts at once."""

    def __init__(self, model: TextModel) -> None:
        self._model = model
        rows: dict[str, dict[str, int]] = {"w": {}, "b": {}, "c": {}}
        for row, key in enumerate(model.vocabulary):
            rows[key[0]][key[1:]] = row
        self._are_groups = np.array([key[0] == "c" for key in model.vocabulary])
        pairs = [pair.split(" ") for pair in rows["b"]]
        words = list(dict.fromkeys([*rows["w"], *(word for pair in pairs for word in pair)]))
        number = {word: place for place, word in enumerate(words, 1)}
        self._words = Trie(Words.of(words))
        self._word_of = self._words.values(range(1, len(words) + 1), 0)
        self._row_of_word = np.array([-1, *(rows["w"].get(word, -1) for word in words)])
        self._figure = number.get("0", 0)
        numbers = np.array([number[word] for pair in pairs for word in pair], dtype=np.uint32)
        places = np.arange(len(pairs))
        self._pairs = Trie(Words(numbers, places * 2, np.full(len(pairs), 2)))
        self._row_of_pair = self._pairs.values(rows["b"].values(), -1)
        self._groups = Trie(Words.of(list(rows["c"])))
        self._row_of_group = self._groups.values(rows["c"].values(), -1)

    def load(self) -> None:
        """Load the tokeniser's dictionary now."""
        self._model.tokeniser.load()

    def read(self, joined: Joined) -> Vectors:
        """The vectors of texts."""
        tokens = self._model.tokeniser.cut(joined.codes)
        found = self._features(joined, tokens)
        records = joined.records[joined.passages[found.starts]]
        order = in_order(records, found.rows)
        heads = begins(records[order], found.rows[order])
        features = np.empty_like(order)
        features[order] = np.repeat(np.arange(len(heads)), np.diff(heads, append=len(order)))
        first = order[heads]
        rows, owners = found.rows[first], records[first]
        counts = sums(features, found.weights, len(heads))
        values = self._values(rows, counts, owners, joined.size)
        return Vectors(
            joined,
            tokens,
            found,
            features,
            firsts(owners, joined.size),
            rows,
            counts,
            values,
        )

    def _values(self, rows: Numbers, counts: Floats, owners: Numbers, size: int) -> Floats:
        """See ``block_weights``."""
        values: Floats = np.log1p(counts) * self._model.idf[rows]
        blocks = owners * 2 + self._are_groups[rows]
        norms = np.sqrt(sums(blocks, values * values, size * 2))
        norms[norms == 0] = 1
        return np.asarray(values / norms[blocks])

    def scores(self, vectors: Vectors) -> Array:
        """The raw scores of each text, shape (texts, labels).

        Text by text, as in ``TextModel.scores``: one large product would add in an order that depends on its neighbours.
        """
        weights, bias = self._model.weights, self._model.bias
        values = vectors.values.astype(np.float32)
        scores = np.empty((vectors.texts.size, len(bias)), dtype=np.float32)
        ends = vectors.firsts.tolist()
        for text in range(vectors.texts.size):
            own = slice(ends[text], ends[text + 1])
            scores[text] = values[own] @ weights.take(vectors.rows[own], axis=0)
        return scores + bias

    def words(self, vectors: Vectors, labels: Sequence[str], most: int) -> WordColumns:
        """For each text the ``most`` words that moved its label's score most, in order of the text."""
        texts, tokens = vectors.texts, vectors.tokens
        number = {label: column for column, label in enumerate(self._model.labels)}
        columns = np.array([number[label] for label in labels], dtype=np.intp)
        reached = self._reached(vectors, columns)
        passages = texts.passages[tokens.starts]
        moved = (reached[tokens.ends] - reached[tokens.starts]) / FINE
        kept = np.flatnonzero(~_are_marks(texts, tokens))
        records = texts.records[passages[kept]]
        size = np.rint(np.abs(moved[kept]) * 1e6).astype(np.intp)
        order = in_order(records, int(size.max(initial=0)) - size)
        first = firsts(records, texts.size)
        strongest = np.sort(kept[order[np.arange(len(order)) - first[records] < most]])
        own = passages[strongest]
        starts, ends = (column[strongest] - texts.offsets[own] for column in tokens[:2])
        return WordColumns(texts.records[own], own, starts, ends, moved[strongest])

    def _reached(self, vectors: Vectors, columns: Numbers) -> Floats:
        """For each place of all texts the parts of the scores reached there, times FINE; see ``TextModel._shares``.

        The sum runs on from text to text; only differences within a passage say anything. It is exact below 2^53, and as no
        text scores above some hundreds, it stays far below for as many texts as are read at once.
        """
        texts, found = vectors.texts, vectors.found
        owners = np.repeat(np.arange(texts.size), np.diff(vectors.firsts))
        parts = vectors.values * self._model.weights[vectors.rows, columns[owners]] / vectors.counts
        slopes = np.rint(parts[vectors.features] * found.weights / (found.ends - found.starts) * FINE)
        size = len(texts.codes) + 1
        changes = sums(found.starts + 1, slopes, size) - sums(found.ends + 1, slopes, size)
        return np.asarray(np.cumsum(np.cumsum(changes)))

    def _features(self, texts: Joined, tokens: Tokens) -> Features:
        small = _small_letters(texts.codes)
        kinds = (*self._word_features(texts, tokens, small), *self._group_features(texts, small))
        return Features(*map(np.concatenate, zip(*kinds, strict=True)))

    def _word_features(self, texts: Joined, tokens: Tokens, small: Codes) -> Iterator[Features]:
        """Words and pairs of neighbouring words."""
        starts, ends, figures = tokens
        weights = least(texts.weights, starts, ends)
        words = self._word_of[self._words.whole(small, starts, ends)]
        words[np.flatnonzero(figures)] = self._figure
        words[np.flatnonzero(_are_marks(texts, tokens) | (weights <= 0))] = 0
        passages = texts.passages[starts]
        own = np.flatnonzero((words > 0) & (self._row_of_word[words] >= 0))
        yield Features(self._row_of_word[words[own]], starts[own], ends[own], weights[own])
        first = np.flatnonzero((words[:-1] > 0) & (words[1:] > 0) & (passages[:-1] == passages[1:]))
        pairs = np.stack([words[first], words[first + 1]], axis=1).ravel().astype(np.uint32)
        places = np.arange(0, len(pairs), 2)
        rows = self._row_of_pair[self._pairs.whole(pairs, places, places + 2)]
        known = np.flatnonzero(rows >= 0)
        first = first[known]
        weight = np.minimum(weights[first], weights[first + 1])
        yield Features(rows[known], starts[first], ends[first + 1], weight)

    def _group_features(self, texts: Joined, small: Codes) -> Iterator[Features]:
        """Groups of characters; a run of digits is one character ``0``."""
        digits = _DIGITS[np.minimum(small, PLANE)]
        starts = np.flatnonzero(~(digits & np.concatenate([[False], digits[:-1]])))
        ends = np.append(starts, len(small))[1:]
        codes = np.where(digits[starts], ord("0"), small[starts])
        last = texts.weights[ends - 1]
        weight = np.minimum(texts.weights[starts], last)
        codes[_MARKS[np.minimum(codes, PLANE)] | (last <= 0)] = 0
        for step in self._groups.steps(codes):
            rows = self._row_of_group[step.states]
            known = np.flatnonzero((rows >= 0) & (weight[step.starts] > 0))
            first = step.starts[known]
            least = weight[first]
            for further in range(1, step.length):
                least = np.minimum(least, last[first + further])
            yield Features(rows[known], starts[first], ends[first + step.length - 1], least)


def _are_marks(texts: Joined, tokens: Tokens) -> NDArray[np.bool_]:
    """Which tokens are punctuation."""
    starts, ends, _ = tokens
    return np.asarray(_MARKS[np.minimum(texts.codes[starts], PLANE)] & (ends - starts == 1))


def _small_letters(codes: Codes) -> Codes:
    """As ``text.lower``, but for rare scripts beyond the first plane, of which no model knows a word."""
    return np.where(codes < PLANE, _small_table()[np.minimum(codes, PLANE - 1)], codes)


@cache
def _small_table() -> Codes:
    return code_points(lower("".join(map(chr, range(PLANE)))))
