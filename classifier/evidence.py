"""Turns what rules and model saw into evidence a person can check: words, their places in the given text, weights, sentences."""

import re
from collections.abc import Iterator, Mapping, Sequence

from classifier.combine import is_tied
from classifier.contexts import contains
from classifier.lexicon import OUTSIDE, Strength, Tie
from classifier.model import Word
from classifier.records import Application, Evidence, Source
from classifier.rules import FIELD_WEIGHT, Hit, Reading
from classifier.text import Passage, Span
from taxonomy import Entry, codes
from taxonomy.crosswalk import INDUSTRY_2017

_INDUSTRY_CODE = re.compile(r"(?<![0-9])([0-9]{3,4})(?![0-9])")
# A word that moves a score by less than this share of the strongest word's is not worth a reader's time.
_LEAST_SHARE = 0.15
MODEL_WORDS = 8


def gather_evidence(
    reading: Reading,
    labels: Sequence[str],
    weights: Mapping[str, float],
    words: Sequence[Word],
) -> tuple[Evidence, ...]:
    """Evidence for ``labels`` (the label given first, then its rivals): rules, context, then the model's ``words``."""
    found = [
        *_rule_evidence(reading, labels, weights),
        *_context_evidence(reading, labels),
    ]
    found += _model_evidence(reading, words, labels[0], weights.get("model", 0.0))
    return tuple(found)


def _rule_evidence(reading: Reading, labels: Sequence[str], weights: Mapping[str, float]) -> Iterator[Evidence]:
    worth = {
        Strength.STRONG: weights.get("strong", 0.0),
        Strength.WEAK: weights.get("weak", 0.0),
        Strength.EXCLUDING: weights.get("excluding", 0.0),
    }
    for hit in reading.hits:
        if hit.term.label in (*labels, OUTSIDE) or hit.weight == 0:
            weight = worth[hit.term.strength] * min(hit.weight, 1.0)
            for span in hit.spans:
                yield _evidence(
                    Source.RULE,
                    reading.passages[hit.passage],
                    span,
                    hit.term.label,
                    weight,
                    _note(hit),
                )


def _note(hit: Hit) -> str:
    voided = "，语境不算数" if hit.weight == 0 else "，语境中减弱" if hit.weight < 0.5 else ""
    return f"{hit.term.rule}{voided}"


def _context_evidence(reading: Reading, labels: Sequence[str]) -> Iterator[Evidence]:
    """The cues that voided or weakened a term, so that a reader sees why a highlighted word did not count."""
    for shift in reading.shifts:
        touched = [
            hit
            for hit in reading.hits
            if hit.passage == shift.passage
            and (hit.term.label in labels or hit.term.strength is Strength.STRONG)
            and shift.rule.weight < 1
            and any(contains(shift.scope, span) for span in hit.spans)
        ]
        for label in dict.fromkeys(hit.term.label for hit in touched):
            yield _evidence(
                Source.CONTEXT,
                reading.passages[shift.passage],
                shift.cue,
                label,
                0.0,
                f"语境：{shift.rule.name}",
            )


def _model_evidence(reading: Reading, words: Sequence[Word], label: str, scale: float) -> Iterator[Evidence]:
    least = max((abs(word.weight) for word in words), default=0.0) * _LEAST_SHARE
    for word in words:
        if abs(word.weight) >= least > 0:
            note = "模型：支持" if word.weight > 0 else "模型：反对"
            passage = reading.passages[word.passage]
            yield _evidence(
                Source.MODEL,
                passage,
                (word.start, word.end),
                label,
                word.weight * scale,
                note,
            )


def _evidence(source: Source, passage: Passage, span: Span, label: str, weight: float, note: str) -> Evidence:
    start, end = passage.normal.original_span(*span)
    return Evidence(
        source,
        passage.field,
        start,
        end,
        passage.normal.original[start:end],
        label,
        round(weight, 4),
        note,
    )


def explain_ties(reading: Reading, needs: Mapping[str, Tie]) -> list[str]:
    """Sentences on terms that did not count because the text names no sea."""
    labels = dict.fromkeys(
        hit.term.label
        for hit in reading.hits
        if hit.term.strength is Strength.STRONG and hit.weight > 0 and not is_tied(hit.term.label, reading, needs)
    )
    return [f"{label} 的词条需有涉海字样或沿海地点才算数，原文没有。" for label in labels]


def borrower_differs(reading: Reading, code: str | None) -> list[str]:
    """A sentence if the borrower's business points elsewhere than the use of the money does (boundary rule B1)."""
    if not any(passage.field not in FIELD_WEIGHT for passage in reading.passages):
        return []
    scope = [hit for hit in reading.hits if reading.passages[hit.passage].field in FIELD_WEIGHT]
    claims = [hit for hit in scope if hit.term.strength is not Strength.EXCLUDING]
    strongest = sorted(claims, key=lambda hit: (hit.term.strength is not Strength.STRONG, hit.spans))
    own = list(dict.fromkeys(hit.term.label for hit in strongest))
    if not own or (code or OUTSIDE) in own:
        return []
    what = "在目录外" if own[0] == OUTSIDE else f"涉及 {own[0]}"
    return [f"借款人的经营{what}，本次资金用途不同：按资金用途判定。"]


def industry_agrees(application: Application, entry: Entry | None) -> list[str]:
    """Whether the borrower's industry code is among the codes the entry's crosswalk names; empty without a code.

    The industry says what the borrower does, so it never decides: it only tells a reader what to look at.
    """
    given = _INDUSTRY_CODE.search(application.industry)
    linked = codes(entry.links, *INDUSTRY_2017) if entry else ()
    if given is None or not linked:
        return []
    if any(code.startswith(given[1]) or given[1].startswith(code) for code in linked):
        return [f"国标行业 {given[1]} 与该条目对照的行业相符。"]
    return [f"国标行业 {given[1]} 不在该条目对照的行业（{'、'.join(linked)}）内：以资金用途为准。"]
