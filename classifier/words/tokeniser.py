"""jieba's exact cut (no guessing of new words) for many texts at once, from jieba's dictionary but without its code.

The words are the same and so are the sums: each adds the same floating-point numbers in the same order as jieba does, so that a
text with two equally likely cuts falls the same way. jieba itself is what the tests compare with.
"""

import math
import string
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.words.columns import Floats, Numbers, ranges
from classifier.words.trie import Codes, Trie, Words, code_points

_PLANE = 0x10000
# Blocks of characters: for so few, a step of numpy costs more than plain Python; of so many, most have company in each step.
_FEW, _MANY = 16, 128
_END, _BLANK, _OTHER, _DIGIT, _LETTER = range(5)  # kinds of characters


class Tokens(NamedTuple):
    """Tokens in order of the text: ``text[start:end]`` each; ``numbers`` tells which are figures."""

    starts: Numbers
    ends: Numbers
    numbers: NDArray[np.bool_]


class Edges(NamedTuple):
    """Words of the dictionary in a text that have one length: where each starts, and its logarithmic share."""

    length: int
    starts: Numbers
    shares: Floats


class Dictionary:
    """jieba's words with their frequencies, and words of our own with the frequency jieba would give them.

    With ``only`` it holds no other words than those made of these characters; that is enough for texts made of them.
    """

    def __init__(self, own: Sequence[str], only: Set[int] | None = None) -> None:
        lines = _Lines.of(np.frombuffer(_dictionary_file().read_bytes(), dtype=np.uint8))
        total = lines.total()
        first = lines.first_characters()
        characters = None if only is None else only | set(map(ord, "".join(own)))
        if characters is not None:
            lines = lines.only(_beginning_with(characters, first))
        words, counts = lines.words(), lines.counts()
        begins = np.zeros(sys.maxunicode + 1, dtype=bool)
        begins[first] = begins[words.codes[words.starts]] = True
        if characters is not None:
            words, counts = _made_of(words, counts, characters)
        self._trie = Trie(words.joined(Words.of(own)))
        by_state = np.zeros(self._trie.root, dtype=np.int64)
        by_state[self._trie.ends[: len(counts)]] = counts  # of a word given twice, the last
        added = _frequencies(own, self._known(own, by_state), total, begins)
        by_state[self._trie.ends[len(counts) :]] = added
        self._log_total = math.log(total + sum(added))
        self._shares = _log_shares(by_state, self._log_total)

    def cut(self, codes: Codes) -> Tokens:
        """The tokens of texts, given as code points, each text with a 0 at its end."""
        kinds, in_words = (
            _KINDS[np.minimum(codes, _PLANE)],
            _IN_WORDS[np.minimum(codes, _PLANE)],
        )
        choice = _best_lengths(self._edges(np.where(in_words, codes, 0), in_words), _Blocks.of(in_words))
        return _tokens(_first_of_words(choice, in_words, kinds), kinds)

    def share(self, word: str) -> float | None:
        """The logarithm of a word's share of all words; None for what is no word."""
        codes = code_points(word)
        (state,) = self._trie.whole(codes, np.zeros(1, dtype=np.intp), np.array([len(codes)]))
        share = float(self._shares[state]) if state >= 0 else -math.inf
        return share if share > -math.inf else None

    def _edges(self, codes: Codes, in_words: NDArray[np.bool_]) -> list[Edges]:
        """All words, by length from 1 on; a character that begins none is a word by itself, as rare as can be."""
        edges = []
        alone = in_words.copy()
        for step in self._trie.steps(codes):
            share = self._shares[step.states]
            known = np.flatnonzero(share > -np.inf)
            edges.append(Edges(step.length, step.starts[known], share[known]))
            alone[edges[-1].starts] = False
        rare = np.flatnonzero(alone)
        return [Edges(1, rare, np.full(len(rare), -self._log_total)), *edges]

    def _known(self, own: Sequence[str], by_state: NDArray[np.int64]) -> dict[str, int]:
        """The frequencies of all dictionary words inside words of our own."""
        text = "\0".join([*own, ""])
        return {
            text[start : start + step.length]: count
            for step in self._trie.steps(code_points(text))
            for start, count in zip(step.starts.tolist(), by_state[step.states].tolist(), strict=True)
            if count
        }


def _frequencies(own: Sequence[str], known: dict[str, int], total: int, begins: NDArray[np.bool_]) -> list[int]:
    """For each word, added in this order, the least frequency at which jieba keeps it whole."""
    for character in set("".join(own)):
        if begins[ord(character)]:
            known.setdefault(character, 0)
    added = []
    for word in own:
        share = 1.0
        for piece in _plain_cut(word, known, total):
            share *= known.get(piece, 1) / float(total)
        added.append(max(int(share * total) + 1, known.get(word, 1)))
        known.setdefault(word[0], 0)
        known[word] = added[-1]
        total += added[-1]
    return added


def _plain_cut(word: str, known: Mapping[str, int], total: int) -> Iterator[str]:
    words: dict[int, list[tuple[int, float]]] = {}
    for start in range(len(word)):
        sizes = [size for size in range(1, len(word) - start + 1) if known.get(word[start : start + size])] or [1]
        words[start] = [
            (
                size,
                math.log(known.get(word[start : start + size]) or 1) - math.log(total),
            )
            for size in sizes
        ]
    choice = best_choice(words, 0, len(word))
    start = 0
    while start < len(word):
        yield word[start : start + choice[start]]
        start += choice[start]


def best_choice(words: Mapping[int, Sequence[tuple[int, float]]], start: int, end: int) -> dict[int, int]:
    """For each place between start and end the length of the word that begins the likeliest cut of the rest.

    ``words`` gives for each place lengths (ascending) and logarithmic shares; of equally likely words the longest wins.
    """
    reached = {end: 0.0}
    choice = {}
    for place in range(end - 1, start - 1, -1):
        reached[place], choice[place] = max((share + reached[place + size], size) for size, share in words[place])
    return choice


class _Blocks(NamedTuple):
    """Stretches of characters that can be part of words, longest first."""

    starts: Numbers
    ends: Numbers

    @classmethod
    def of(cls, in_words: NDArray[np.bool_]) -> "_Blocks":
        changes = np.flatnonzero(np.diff(in_words, prepend=False))  # the text ends outside of a block
        starts, ends = changes[0::2], changes[1::2]
        order = np.argsort(starts - ends, kind="stable")
        return cls(starts[order], ends[order])


def _best_lengths(edges: Sequence[Edges], blocks: _Blocks) -> Numbers:
    """For each place of a block the length of the word that begins the likeliest cut of the block's rest."""
    choice = np.ones(int(blocks.ends.max(initial=0)) + 1, dtype=np.intp)
    lengths = blocks.ends - blocks.starts
    plain = int((lengths > lengths[_FEW - 1]).sum()) if len(lengths) >= _MANY else len(lengths)
    _choose_plainly(edges, _Blocks(blocks.starts[:plain], blocks.ends[:plain]), choice)
    if plain < len(lengths):
        _choose_together(edges, _Blocks(blocks.starts[plain:], blocks.ends[plain:]), choice)
    return choice


def _choose_plainly(edges: Sequence[Edges], blocks: _Blocks, choice: Numbers) -> None:
    spans = list(zip(blocks.starts.tolist(), blocks.ends.tolist(), strict=True))
    inside = np.zeros(len(choice), dtype=bool)
    for start, end in spans:
        inside[start:end] = True
    words: dict[int, list[tuple[int, float]]] = {}
    for length, starts, shares in edges:
        picked = np.flatnonzero(inside[starts])
        for start, share in zip(starts[picked].tolist(), shares[picked].tolist(), strict=True):
            words.setdefault(start, []).append((length, share))
    for start, end in spans:
        found = best_choice(words, start, end)
        choice[list(found)] = list(found.values())


def _choose_together(edges: Sequence[Edges], blocks: _Blocks, choice: Numbers) -> None:
    """The same for all blocks at once, from their ends to their starts, one place of each block at a time.

    The places are held in this order: first the ends of all blocks, then the places one before the ends of all that are so
    long (they come first, being sorted), and so on; ``row`` says where each group begins.
    """
    lengths = blocks.ends - blocks.starts
    longest = int(lengths.max(initial=0))
    row = np.append(0, np.cumsum(np.searchsorted(-lengths, -np.arange(longest + 1), side="right")))
    own = ranges(blocks.starts, lengths + 1)
    at = np.zeros(len(choice), dtype=np.intp)
    at[own] = row[np.repeat(blocks.ends, lengths + 1) - own] + np.repeat(np.arange(len(lengths)), lengths + 1)
    tables = [(length, *_shares_at(at[starts], shares, row)) for length, starts, shares in edges]
    reached, best = np.full(row[-1], -np.inf), np.ones(row[-1], dtype=np.intp)
    reached[: row[1]] = 0
    for left in range(1, longest + 1):
        first, last = row[left], row[left + 1]
        here, chosen = reached[first:last], best[first:last]
        for length, shares, occurs in tables:
            if length <= left and occurs[left]:
                target = row[left - length]
                score = shares[first:last] + reached[target : target + last - first]
                better = score >= here  # of equally likely words the longest, as in best_choice
                np.copyto(here, score, where=better)
                np.copyto(chosen, length, where=better)
    choice[own] = best[at[own]]


def _shares_at(places: Numbers, shares: Floats, row: Numbers) -> tuple[Floats, NDArray[np.bool_]]:
    """Words of one length as a table by place, and in which groups of places they occur; the first group has none."""
    by_place = np.full(row[-1], -np.inf)
    by_place[places] = shares
    by_place[: row[1]] = -np.inf
    return by_place, np.maximum.reduceat(by_place, row[:-1]) > -np.inf


def _first_of_words(choice: Numbers, in_words: NDArray[np.bool_], kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where pieces begin: the chosen words, every other character; jieba keeps a row of single letters and figures whole."""
    begins = ~in_words
    place = np.flatnonzero(in_words & np.concatenate([[True], ~in_words[:-1]]))
    while len(place):
        begins[place] = True
        place = place + choice[place]
        place = place.compress(in_words[place] & ~begins[place])
    single = begins & np.concatenate([begins[1:], [True]]) & (kinds >= _DIGIT)
    return np.asarray(begins & ~(single & np.concatenate([[False], single[:-1]])))


def _tokens(begins: NDArray[np.bool_], kinds: NDArray[np.uint8]) -> Tokens:
    """Pieces parted where letters, figures and others meet; without the blanks and the ends of texts."""
    starts = np.flatnonzero(begins | (kinds != np.concatenate([[_END], kinds[:-1]])))
    ends = np.append(starts[1:], len(kinds))
    own = kinds[starts]
    kept = np.flatnonzero(own > _BLANK)
    return Tokens(starts[kept], ends[kept], own[kept] == _DIGIT)


def _log_shares(counts: NDArray[np.int64], log_total: float) -> Floats:
    """log(count / total) by state, -inf where no word ends; with the logarithm of ``math``, as jieba takes it."""
    used = np.flatnonzero(counts)
    different, places = np.unique(counts[used], return_inverse=True)
    shares = np.full(len(counts), -np.inf)
    shares[used] = np.array([math.log(count) - log_total for count in different.tolist()])[places]
    return shares


def _dictionary_file() -> Path:
    """jieba's dictionary, found without running jieba."""
    found = find_spec("jieba")
    assert found is not None and found.submodule_search_locations, "jieba is installed, the model's loader sees to it"
    return Path(found.submodule_search_locations[0], "dict.txt")


_NO_IDEOGRAPH = 0


class _Lines(NamedTuple):
    """Lines of jieba's dictionary, in UTF-8: a word, a blank, its frequency, a blank, its part of speech."""

    data: NDArray[np.uint8]
    starts: Numbers
    after_words: Numbers
    after_counts: Numbers

    @classmethod
    def of(cls, data: NDArray[np.uint8]) -> "_Lines":
        after_words, after_counts, ends = np.flatnonzero(data <= ord(" ")).reshape(-1, 3).T
        return cls(data, np.append(0, ends[:-1] + 1), after_words, after_counts)

    def only(self, chosen: Numbers) -> "_Lines":
        """The lines of these numbers."""
        return _Lines(self.data, *(column[chosen] for column in self[1:]))

    def first_characters(self) -> Numbers:
        """The code points of the first characters, where they are three bytes long, as ideographs are."""
        first, second, third = (self.data[self.starts + place].astype(np.int32) for place in range(3))
        codes = (first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
        return np.where(first >> 4 == 0x0E, codes, _NO_IDEOGRAPH).astype(np.intp)

    def words(self) -> Words:
        """The words; they alone are decoded, as it takes longer than all else."""
        data = self.data[ranges(self.starts, self.after_words - self.starts + 1)]
        codes = code_points(data.tobytes().decode())
        ends = np.flatnonzero(codes == ord(" "))
        starts = np.append(0, ends[:-1] + 1)
        return Words(codes, starts, ends - starts)

    def counts(self) -> NDArray[np.int64]:
        """The frequencies."""
        counts = np.zeros(len(self.starts), dtype=np.int64)
        for power, own in self._digits():
            counts[own] += 10**power * self._digit(power, own)
        return counts

    def total(self) -> int:
        """The sum of the frequencies."""
        return sum(10**power * int(self._digit(power, own).sum()) for power, own in self._digits())

    def _digits(self) -> Iterator[tuple[int, Numbers]]:
        """Powers of ten, and which frequencies have a digit there."""
        sizes = self.after_counts - self.after_words - 1
        for power in range(int(sizes.max(initial=0))):
            yield power, np.flatnonzero(sizes > power)

    def _digit(self, power: int, own: Numbers) -> NDArray[np.int64]:
        return self.data[self.after_counts[own] - 1 - power].astype(np.int64) - ord("0")


def _beginning_with(characters: Set[int], first: Numbers) -> Numbers:
    """The lines whose word begins with one of the characters, or with no ideograph."""
    allowed = np.zeros(sys.maxunicode + 1, dtype=bool)
    allowed[[_NO_IDEOGRAPH, *characters]] = True
    return np.flatnonzero(allowed[first])


def _made_of(words: Words, counts: NDArray[np.int64], characters: Set[int]) -> tuple[Words, NDArray[np.int64]]:
    allowed = np.zeros(sys.maxunicode + 1, dtype=bool)
    allowed[list(characters)] = True
    kept = np.arange(len(words.starts))
    depth = 0
    while True:
        longer = words.lengths[kept] > depth
        if not longer.any():
            return Words(words.codes, words.starts[kept], words.lengths[kept]), counts[kept]
        kept = kept[~longer | allowed[words.codes[words.starts[kept] + depth * longer]]]
        depth += 1


def _table(kinds: Mapping[int, str], default: int) -> NDArray[np.uint8]:
    table = np.full(_PLANE + 1, default, dtype=np.uint8)
    for kind, characters in kinds.items():
        table[list(map(ord, characters))] = kind
    return table


_KINDS = _table(
    {_END: "\0", _BLANK: " ", _DIGIT: string.digits, _LETTER: string.ascii_letters},
    _OTHER,
)
# jieba looks for words around these; all other characters are words of their own.
_IN_WORDS = _table({1: string.digits + string.ascii_letters + "+#&._%-"}, 0).astype(bool)
_IN_WORDS[0x4E00:0x9FD6] = True
