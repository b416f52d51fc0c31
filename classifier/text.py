"""What a text looks like inside: normalised once at the door, cut into words, with a way back to the original.

This is the only module that knows the tokeniser and the traditional-to-simplified table (OpenCC).
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.portions import without_collection
from classifier.records import Field
from classifier.words.tokeniser import Dictionary, Tokens
from classifier.words.trie import Codes, code_points

Span = tuple[int, int]
Weights = NDArray[np.float64]

# A character and the marks that compose with it (NFKC must see them together).
_CLUSTER = re.compile("(?s).[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20f0\u3099\u309a\ufe20-\ufe2f]*")
_IGNORED = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_WORD_END = re.compile(r"(?:(?<![A-Za-z])[A-Za-z]+|(?<![0-9])[0-9]+)\Z")
_WORD_START = re.compile(r"\s+([A-Za-z]+|[0-9]+)")
_WORDS = re.compile(r"\S+")
_BLANK = re.compile(r"\s")
_CARE = 0xFFFD
_WORD, _ONE_TEXT = 12, 4000  # characters


class NormalText(NamedTuple):
    """A normalised text and, for each of its characters, where that came from in ``original``."""

    original: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @property
    def is_moved(self) -> bool:
        """Whether characters may stand elsewhere than in ``original``."""
        return not isinstance(self.starts, range)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of ``original`` that became ``text[start:end]`` (``start < end``)."""
        return self.starts[start], self.ends[end - 1]


class Token(NamedTuple):
    """One word of a normalised text: ``text[start:end]``, lower case, numbers written as ``0``."""

    word: str
    start: int
    end: int


def normalise(original: str) -> NormalText:
    """NFKC, simplified characters, no invisible characters and no inner blanks; offsets lead back.

    A blank stays (as one space) only where it parts two Latin words or two numbers: 海 上 风 电 is one word
    to a reader, ``LNG FSRU`` is two.

    >>> normalise("離岸　風電").text
    '离岸风电'
    """
    return _normalised_word(original) if len(original) <= _WORD else _normalised(original)


def is_normal(text: str) -> bool:
    """Whether ``normalise`` leaves a text as it is, and so every stretch of it. Any blank makes it doubtful, hence False."""
    return (
        _one_to_one().keys().isdisjoint(map(ord, set(text)))
        and unicodedata.is_normalized("NFKC", text)
        and not _IGNORED.search(text)
        and not _BLANK.search(text)
    )


@lru_cache(maxsize=2**15)
def _normalised_word(original: str) -> NormalText:
    """The lexicon gives the same few thousand words again and again."""
    return _normalised(original)


def _normalised(original: str) -> NormalText:
    text = original.translate(_one_to_one())
    if unicodedata.is_normalized("NFKC", text) and not _IGNORED.search(text):
        return _without_idle_blanks(original, text, range(len(text)), range(1, len(text) + 1))
    characters: list[str] = []
    starts, ends = array("l"), array("l")
    for match in _CLUSTER.finditer(original):
        for character in _simplified(match.group()):
            characters.append(character)
            starts.append(match.start())
            ends.append(match.end())
    return _without_idle_blanks(original, "".join(characters), starts, ends)


@without_collection()
def normalise_many(originals: Sequence[str]) -> list[NormalText]:
    """What ``normalise`` gives for each: by a table for texts of plain characters, with care for the others."""
    codes = _plain_characters().take(code_points("\0".join([*originals, ""])), mode="clip")
    texts = str(codes.data, "utf-32-le").split("\0")
    if len(texts) > len(originals) + 1:  # a text holds what parts the texts here
        return list(map(normalise, originals))
    sizes = list(map(len, originals))
    starts = {size: range(size) for size in set(sizes)}
    ends = {size: range(1, size + 1) for size in starts}
    columns = zip(originals, texts, map(starts.__getitem__, sizes), map(ends.__getitem__, sizes), strict=False)
    normal = list(map(partial(tuple.__new__, NormalText), columns))  # NormalText(*column), without a call each
    borders = np.cumsum(np.array(sizes, dtype=np.intp) + 1)
    first, last = (list(range(one, max(sizes, default=0) + one)) for one in (0, 1))  # cheaper to slice than a range
    for number in set(np.searchsorted(borders, np.flatnonzero(codes == ord(" ")), side="right").tolist()):
        normal[number] = _without_idle_blanks(originals[number], texts[number], first, last)
    for number in set(np.searchsorted(borders, np.flatnonzero(codes == _CARE), side="right").tolist()):
        normal[number] = normalise(originals[number])
    return normal


@cache
def _plain_characters() -> Codes:
    """By code point what a character becomes whatever stands beside it, or _CARE.

    Only blocks are listed that loan records are made of; what is left out is normalised as well, but slower.
    """
    becomes = {code: code for code in (*range(0x21, 0x7F), *range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))}
    signs = (
        *range(0xA1, 0x180),
        *range(0x2010, 0x2060),
        *range(0x2190, 0x2600),
        *range(0x3001, 0x3040),
    )
    becomes |= {code: code for code in signs if _stands_alone(chr(code))}
    becomes |= {code: ord(after) for code, after in _one_to_one().items() if after != " " and _stands_alone(after)}
    table = np.full(0x10001, _CARE, dtype=np.uint32)
    table[0] = 0
    table[list(becomes)] = list(becomes.values())
    table[list(map(ord, " \t\n\v\f\r\u3000"))] = ord(" ")
    return table


def _stands_alone(character: str) -> bool:
    return (
        unicodedata.is_normalized("NFKC", character)
        and not unicodedata.category(character).startswith(("M", "Z", "C"))
        and not _IGNORED.match(character)
    )


def _without_idle_blanks(original: str, text: str, starts: Sequence[int], ends: Sequence[int]) -> NormalText:
    if not _BLANK.search(text):
        return NormalText(original, text, starts, ends)
    spans = list(_kept_spans(text))
    kept = "".join(text[start:end] for start, end in spans)
    return NormalText(original, _BLANK.sub(" ", kept), _stretches(starts, spans), _stretches(ends, spans))


def _kept_spans(text: str) -> Iterator[Span]:
    """The words of a text, each with the blank after it if that parts two words."""
    for words in _WORDS.finditer(text):
        start, end = words.span()
        yield start, end + _parts_words(text, start, end)


def _stretches(places: Sequence[int], spans: Iterable[Span]) -> Sequence[int]:
    picked: list[int] = []
    for start, end in spans:
        picked += places[start:end]
    return picked


def _parts_words(text: str, start: int, end: int) -> bool:
    """Whether the blank after ``text[start:end]`` parts two Latin words or two numbers, one of them longer than a character.

    A blank between single characters (3 0 0 M W) is only spacing.
    """
    after = _WORD_START.match(text, end)
    before = after and _WORD_END.search(text, start, end)
    if before is None or after is None or before[0].isdigit() != after[1].isdigit():
        return False
    return len(before[0]) > 1 or len(after[1]) > 1


def _simplified(cluster: str) -> str:
    composed = unicodedata.normalize("NFKC", _IGNORED.sub("", cluster))
    return composed.translate(_to_simplified())


@cache
def _one_to_one() -> dict[int, str]:
    """What becomes one other character by itself: full-width forms and traditional characters."""
    full_width = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    return {0x3000: " ", **full_width, **_to_simplified()}


@cache
def _to_simplified() -> dict[int, str]:
    """Character by character, so that offsets stay one to one (phrases of OpenCC could change the length)."""
    from opencc import OpenCC

    ideographs = [
        chr(code)
        for code in (
            *range(0x3400, 0x4DC0),
            *range(0x4E00, 0xA000),
            *range(0xF900, 0xFB00),
        )
    ]
    simplified = OpenCC("t2s").convert("\n".join(ideographs)).split("\n")
    pairs = zip(ideographs, simplified, strict=True)
    return {ord(before): after for before, after in pairs if before != after and len(after) == 1}


class Tokeniser:
    """jieba's exact cut (no guessing of new words), with the lexicon's words kept whole.

    The dictionary is loaded when the first text comes: of one text, only the words made of its characters; from the second on, all.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(set(words))
        self._dictionary: Dictionary | None = None
        self._is_first = True

    def load(self) -> None:
        """Load the whole dictionary now."""
        self._dictionary = self._dictionary or Dictionary(self._words)

    def tokenise(self, text: str) -> Iterator[Token]:
        """The words of a normalised text, in order; punctuation is a token too, blanks are not."""
        yield from self.tokenise_all([text])[0]

    def tokenise_all(self, texts: Sequence[str]) -> list[list[Token]]:
        """The words of each text."""
        joined = "\0".join([*texts, ""])
        small = lower(joined)
        ends = list(accumulate(len(text) + 1 for text in texts))
        tokens: list[list[Token]] = [[] for _ in texts]
        number = before = 0
        for start, end, is_figure in zip(*(column.tolist() for column in self.cut(code_points(joined))), strict=True):
            while start >= ends[number]:
                before = ends[number]
                number += 1
            tokens[number].append(Token("0" if is_figure else small[start:end], start - before, end - before))
        return tokens

    def cut(self, codes: Codes) -> Tokens:
        """The tokens of texts given as code points, each with a 0 at its end."""
        if self._dictionary is None:
            few = set(codes.tolist()) if self._is_first and len(codes) < _ONE_TEXT else None
            dictionary = Dictionary(self._words, few)
            if few is not None:
                self._is_first = False
                return dictionary.cut(codes)
            self._dictionary = dictionary
        return self._dictionary.cut(codes)


def lower(text: str) -> str:
    """Small letters, character by character, so that places stay the same."""
    small = text.lower()
    if len(small) == len(text) and "Σ" not in text:  # a sigma at the end of a word has a small letter of its own
        return small
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


class Passage(NamedTuple):
    """One field of an application, normalised, and how much each of its characters counts (1 = fully).

    The rules set the weights (negated words count 0, the use of the money more than 1); the model reads them.
    """

    field: Field
    normal: NormalText
    weights: Weights

    @classmethod
    def of(cls, field: Field, normal: NormalText, weight: float) -> "Passage":
        """A passage whose characters all count the same."""
        return cls(field, normal, np.full(len(normal.text), weight))

    def lower(self, span: Span, factor: float) -> None:
        """Let the characters of a span count so many times what they did."""
        self.weights[span[0] : span[1]] *= factor

    def stress(self, background: float, spans: Iterable[tuple[Span, float]]) -> None:
        """Let the spans count their factors (where they overlap, the last one's), everything else the background's."""
        factors = np.full(len(self.weights), background)
        for (start, end), factor in spans:
            factors[start:end] = factor
        self.weights[:] *= factors
