"""Whether our tokens are jieba's: ``python -m benchmarks.exact`` cuts 60,000 hard strings and the corpus both ways."""

import random
import re
import sys
from collections.abc import Sequence

import jieba
import numpy as np

from benchmarks.baselines import loaded_jieba
from benchmarks.corpus import Corpus, product_words
from benchmarks.product import reference
from classifier.text import normalise_many
from classifier.words.tokeniser import Dictionary
from classifier.words.trie import code_points

Token = tuple[str, int, int]

STRINGS = 60_000
RECORDS = 5_000
_RUN = re.compile(r"[A-Za-z]+|[0-9]+|[^\sA-Za-z0-9]+")


def jieba_tokens(cutter: "jieba.Tokenizer", text: str) -> list[Token]:
    """jieba's own cut, its pieces parted where letters, figures and others meet."""
    tokens = []
    start = 0
    for piece in cutter.lcut(text, HMM=False):
        for run in _RUN.finditer(piece):
            word = "0" if run.group().isdecimal() and run.group().isascii() else run.group().lower()
            tokens.append((word, start + run.start(), start + run.end()))
        start += len(piece)
    return tokens


def our_tokens(dictionary: Dictionary, texts: Sequence[str]) -> list[list[Token]]:
    """The tokens of all texts, cut together."""
    joined = "\0".join([*texts, ""])
    firsts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    found = dictionary.cut(code_points(joined))
    numbers = np.searchsorted(firsts, found.starts, side="right") - 1
    columns = (*found, numbers, firsts[numbers])
    tokens: list[list[Token]] = [[] for _ in texts]
    for start, end, figure, text, first in zip(*(column.tolist() for column in columns), strict=True):
        tokens[text].append(("0" if figure else joined[start:end].lower(), start - first, end - first))
    return tokens


def fuzz(size: int, words: Sequence[str], seed: int = 5) -> list[str]:
    """Strings that are hard to cut: dictionary words, rare hanzi, few hanzi over and over, all with signs and Latin."""
    dice = random.Random(seed)
    ideographs = [chr(code) for code in range(0x4E00, 0x9FD6)]
    signs = "0123456789abcXYZ+#&._%-,。;:() é①²𠀀㐀"
    strings = []
    for number in range(size):
        few = (ideographs if number % 2 else "风海水电网新")[:]
        choices: Sequence[Sequence[str]] = (
            [words],
            [ideographs],
            [words, signs, ideographs],
            [dice.choices(few, k=2)],
            [dice.choice(words) + dice.choice(words) + "风海"],
        )[number % 5]
        strings.append("".join(dice.choice(dice.choice(choices)) for _ in range(dice.randint(1, 40))))
    return strings


def main() -> int:
    """Compare the tokens and print how many strings differ; the exit code tells whether any does."""
    words = sorted(set(reference().rules.lexicon.words))
    cutter, dictionary = loaded_jieba(words), Dictionary(words)
    records = Corpus(product_words()).records(RECORDS)
    corpus = [one.text for one in normalise_many([text for record in records for text in record.cells()])]
    strings = [*corpus, *fuzz(STRINGS, [word for word, count in cutter.FREQ.items() if count])]
    different = 0
    for start in range(0, len(strings), 2000):
        part = strings[start : start + 2000]
        ours = our_tokens(dictionary, part)
        different += sum(jieba_tokens(cutter, text) != own for text, own in zip(part, ours, strict=True))
    print(f"{len(strings):,} strings, {different} cut otherwise than by jieba")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
