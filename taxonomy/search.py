"""Finds texts by everyday words without a tokeniser: by runs of characters they share, rare runs counting more."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SINGLE = 0.25  # what a single character counts, against a pair
WHOLE = 1.5  # what a whole word of three characters or more counts beside its pairs
FURTHER = 0.2  # what each further passage that holds a run counts, against the best one


@dataclass(frozen=True, slots=True)
class Passage:
    """One text by which ``key`` can be found; a negative weight speaks against it."""

    key: str
    kind: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Found:
    """One key that was found; ``why`` is the passage that matched best."""

    key: str
    score: float
    why: str


def rank(words: str, passages: Sequence[Passage]) -> list[Found]:
    """The keys whose passages share most with the words, best first; ties in the order of the passages."""
    order = {passage.key: None for passage in passages}
    texts = [_fold(passage.text) for passage in passages]
    scores: dict[str, float] = defaultdict(float)
    matches: dict[Passage, float] = defaultdict(float)
    for run, emphasis in _runs(words).items():
        hits = [passage for passage, text in zip(passages, texts, strict=True) if run in text]
        strengths = _strengths(hits)
        value = emphasis * math.log(1 + len(order) / (1 + len(strengths)))
        for key, strength in strengths.items():
            scores[key] += strength * value
        for passage in hits:
            matches[passage] += passage.weight * value
    reasons = _reasons(matches)
    found = sorted((key for key in order if scores[key] > 0), key=lambda key: -scores[key])
    return [Found(key, round(scores[key], 4), reasons[key]) for key in found]


def _fold(text: str) -> str:
    """One form for full-width and half-width, capital and small."""
    return unicodedata.normalize("NFKC", text).casefold()


def _runs(words: str) -> Mapping[str, float]:
    """The runs of characters to look for, with their emphasis: whole words, pairs, single characters."""
    runs: dict[str, float] = {}
    for word in re.findall(r"\w+", _fold(words)):
        if word.isascii():
            runs[word] = WHOLE
            continue
        runs.update(dict.fromkeys(word, SINGLE))
        runs.update({word[start : start + 2]: 1.0 for start in range(len(word) - 1)})
        if len(word) > 2:
            runs[word] = WHOLE
    return runs


def _strengths(hits: Sequence[Passage]) -> Mapping[str, float]:
    """For each key how strongly its passages speak for it: the best, a part of each other, less what is against."""
    best: dict[str, float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    against: dict[str, float] = defaultdict(float)
    for passage in hits:
        best[passage.key] = max(best[passage.key], passage.weight)
        total[passage.key] += max(0, passage.weight)
        against[passage.key] = min(against[passage.key], passage.weight)
    return {key: best[key] + FURTHER * (total[key] - best[key]) + against[key] for key in best}


def _reasons(matches: Mapping[Passage, float]) -> Mapping[str, str]:
    """For each key the passage that matched best."""
    best: dict[str, Passage] = {}
    for passage, share in matches.items():
        if passage.key not in best or share > matches[best[passage.key]]:
            best[passage.key] = passage
    return {key: f"{passage.kind}：{passage.text}" for key, passage in best.items()}
