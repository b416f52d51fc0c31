"""What a text looks like inside: normalised once at the door, cut into words, with a way back to the original.

This is the only module that knows the tokeniser (jieba) and the traditional-to-simplified table (OpenCC).
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from classifier.records import Field

# A character and the marks that compose with it (NFKC must see them together).
_CLUSTER = re.compile("(?s).[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20f0\u3099\u309a\ufe20-\ufe2f]*")
_IGNORED = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_WORD_END = re.compile(r"(?:[A-Za-z]+|[0-9]+)$")
_WORD_START = re.compile(r"\s+([A-Za-z]+|[0-9]+)")
_BLANK = re.compile(r"\s")
_RUN = re.compile(r"[A-Za-z]+|[0-9]+(?:\.[0-9]+)?|[^\sA-Za-z0-9]+")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class NormalText:
    """A normalised text and, for each of its characters, where that came from in ``original``."""

    original: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of ``original`` that became ``text[start:end]`` (``start < end``)."""
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True, slots=True)
class Token:
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


def _without_idle_blanks(original: str, text: str, starts: Sequence[int], ends: Sequence[int]) -> NormalText:
    if not _BLANK.search(text):
        return NormalText(original, text, starts, ends)
    kept = [index for index, character in enumerate(text) if not character.isspace() or _parts_words(text, index)]
    return NormalText(
        original,
        "".join(" " if text[index].isspace() else text[index] for index in kept),
        array("l", (starts[index] for index in kept)),
        array("l", (ends[index] for index in kept)),
    )


def _parts_words(text: str, index: int) -> bool:
    """Whether the blank at ``index`` parts two Latin words or two numbers, one of them longer than a character.

    A blank between single characters (3 0 0 M W) is only spacing.
    """
    before, after = _WORD_END.search(text[:index]), _WORD_START.match(text, index)
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

    ideographs = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00))]
    simplified = OpenCC("t2s").convert("\n".join(ideographs)).split("\n")
    pairs = zip(ideographs, simplified, strict=True)
    return {ord(before): after for before, after in pairs if before != after and len(after) == 1}


class Tokeniser:
    """jieba's exact cut (no guessing of new words), with the lexicon's words kept whole."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(set(words))
        self._cutter: Cutter | None = None

    def __reduce__(self) -> tuple[type["Tokeniser"], tuple[list[str]]]:
        """Travels to another process as its words; the dictionary is loaded there."""
        return Tokeniser, (self._words,)

    def tokenise(self, text: str) -> Iterator[Token]:
        """The words of a normalised text, in order; punctuation is a token too, blanks are not."""
        if self._cutter is None:
            self._cutter = Cutter(self._words)
        start = 0
        for piece in self._cutter.cut(text):
            yield from _split_runs(piece, start)
            start += len(piece)


class Cutter:
    """jieba itself, loaded from its own dictionary and never from a cache file that others could have written."""

    def __init__(self, words: Iterable[str]) -> None:
        import jieba

        self._jieba = jieba.Tokenizer()
        self._jieba.FREQ, self._jieba.total = self._jieba.gen_pfdict(self._jieba.get_dict_file())
        self._jieba.initialized = True
        for word in words:
            self._jieba.add_word(word)

    def cut(self, text: str) -> list[str]:
        """The pieces of a text; joined they are the text."""
        pieces: list[str] = self._jieba.lcut(text, HMM=False)
        return pieces


def _split_runs(piece: str, start: int) -> Iterator[Token]:
    for run in _RUN.finditer(piece):
        word = "0" if _DIGITS.fullmatch(run.group()) else run.group().lower()
        yield Token(word, start + run.start(), start + run.end())


@dataclass(slots=True)
class Passage:
    """One field of an application, normalised, and how much each of its characters counts (1 = fully).

    The rules set the weights (negated words count 0, the use of the money more than 1); the model reads them.
    """

    field: Field
    normal: NormalText
    weights: list[float]
