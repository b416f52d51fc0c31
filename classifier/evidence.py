"""Turns what rules and model saw into evidence a person can check: words, their places in the given text, weights, sentences."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.contexts import Shift
from classifier.lexicon import OUTSIDE, Strength
from classifier.model import Word, WordColumns
from classifier.records import Application, Evidence, Field, Source, four_decimals
from classifier.rules import FIELD_WEIGHT, Hit, Reading
from classifier.text import NormalText
from classifier.words.columns import Floats, Numbers, begins, by_owner, in_order
from taxonomy import Entry, codes
from taxonomy.crosswalk import INDUSTRY_2017

if TYPE_CHECKING:
    from classifier.fast.reading import BatchReading, HitColumns, TermColumns

_INDUSTRY_CODE = re.compile(r"(?<![0-9])([0-9]{3,4})(?![0-9])")
# A word that moves a score by less than this share of the strongest word's is not worth a reader's time.
_LEAST_SHARE = 0.15
MODEL_WORDS = 8
_BY_STRENGTH = ("strong", "weak", "excluding")  # names of the weights of terms, in the order of Strength
_WEAKENED = 0.5  # below this weight the note says that the context let a term count less
_MODEL_NOTES = ("模型：反对", "模型：支持")
# A text has two dozen pieces of evidence: a plain call of the constructor for each would cost as much as finding them.
_original = attrgetter("original")
_new: Callable[[tuple[object, ...]], Evidence] = partial(tuple.__new__, Evidence)


def gather_evidence(
    reading: Reading, labels: Sequence[str], weights: Mapping[str, float], words: Sequence[Word]
) -> tuple[Evidence, ...]:
    """Evidence for ``labels`` (the label given first, then its rivals): rules, context, then the model's ``words``."""
    found = _rule_evidence(reading, labels, weights)
    found += _context_evidence(reading, labels)
    found += _model_evidence(reading, words, labels[0], weights.get("model", 0.0))
    return tuple(found)


def _rule_evidence(reading: Reading, labels: Sequence[str], weights: Mapping[str, float]) -> list[Evidence]:
    strong, weak, excluding = (weights.get(name, 0.0) for name in _BY_STRENGTH)
    spoken = {*labels, OUTSIDE}
    found: list[Evidence] = []
    for term, number, spans, weight in reading.hits:
        label = term.label
        if weight == 0 or label in spoken:
            strength = term.strength
            worth = strong if strength is Strength.STRONG else weak if strength is Strength.WEAK else excluding
            moved, note = four_decimals(worth * min(weight, 1.0)), _note(term.rule, weight)
            field, (original, _, starts, ends), _ = reading.passages[number]
            for first, last in spans:
                start, end = starts[first], ends[last - 1]
                found.append(_new((Source.RULE, field, start, end, original[start:end], label, moved, note)))
    return found


@lru_cache(maxsize=2**14)
def _note(rule: str, weight: float) -> str:
    return rule if weight >= _WEAKENED else f"{rule}，语境{'中减弱' if weight else '不算数'}"


def _context_evidence(reading: Reading, labels: Sequence[str]) -> Iterator[Evidence]:
    """The cues that voided or weakened a term, so that a reader sees why a highlighted word did not count."""
    shifts = [shift for shift in reading.shifts if shift.rule.weight < 1]
    if not shifts:
        return
    spoken = [hit for hit in reading.hits if hit.term.label in labels or hit.term.strength is Strength.STRONG]
    for shift in shifts:
        for label in _touched(shift, spoken):
            field, (original, _, starts, ends), _ = reading.passages[shift.passage]
            start, end = starts[shift.cue[0]], ends[shift.cue[1] - 1]
            note = _context_note(shift.rule.name)
            yield _new((Source.CONTEXT, field, start, end, original[start:end], label, 0.0, note))


def _context_note(name: str) -> str:
    return f"语境：{name}"


def _touched(shift: Shift, hits: Sequence[Hit]) -> Iterable[str]:
    """The labels with a word inside the scope, each once."""
    passage, (start, end) = shift.passage, shift.scope
    labels = [
        term.label
        for term, number, spans, _ in hits
        if number == passage
        for first, last in spans
        if start <= first and last <= end
    ]
    return dict.fromkeys(labels)


def _model_evidence(reading: Reading, words: Sequence[Word], label: str, scale: float) -> Iterator[Evidence]:
    least = max((abs(weight) for *_, weight in words), default=0.0) * _LEAST_SHARE
    for number, first, last, weight in words:
        if abs(weight) >= least > 0:
            field, (original, _, starts, ends), _ = reading.passages[number]
            start, end = starts[first], ends[last - 1]
            note = _MODEL_NOTES[weight > 0]
            yield _new(
                (Source.MODEL, field, start, end, original[start:end], label, four_decimals(weight * scale), note)
            )


def gather_evidence_many(
    batch: "BatchReading",
    terms: "TermColumns",
    spoken: Sequence[Sequence[str]],
    weights: Mapping[str, float],
    words: WordColumns | None,
) -> list[tuple[Evidence, ...]]:
    """What ``gather_evidence`` gives for each reading and its labels; ``words`` are the model's, None without one."""
    is_spoken = np.zeros((len(spoken), len(terms.row)), dtype=bool)
    owners = np.repeat(np.arange(len(spoken)), list(map(len, spoken)))
    is_spoken[owners, [terms.row[label] for labels in spoken for label in labels]] = True
    or_outside = is_spoken.copy()
    or_outside[:, terms.row[OUTSIDE]] = True
    texts = _Texts.of(batch)
    by_rules = _rule_evidence_many(batch.columns.hits, texts, terms, or_outside, weights)
    by_context = _context_evidence_many(batch, texts, terms, is_spoken)
    scale = weights.get("model", 0.0)
    by_model = _model_evidence_many(texts, words, spoken, scale) if words else [()] * len(spoken)
    return [(*rule, *context, *model) for rule, context, model in zip(by_rules, by_context, by_model, strict=True)]


class _Texts(NamedTuple):
    """The passages of all readings: fields, normalised texts, in which of them places have moved, and the reading of each."""

    fields: list[Field]
    normal: list[NormalText]
    are_moved: NDArray[np.bool_]
    records: Numbers
    size: int

    @classmethod
    def of(cls, batch: "BatchReading") -> "_Texts":
        normal = [passage.normal for passage in batch.passages]
        are_moved = np.array([one.is_moved for one in normal], dtype=bool)
        fields = [passage.field for passage in batch.passages]
        return cls(fields, normal, are_moved, batch.columns.joined.records, len(batch.readings))

    def evidence(
        self, source: Source, passages: Numbers, starts: Numbers, ends: Numbers, rest: Iterable[Iterable[object]]
    ) -> list[Sequence[Evidence]]:
        """Evidence at places of passages (by number, ascending), for each reading; ``rest`` are labels, weights and notes."""
        own, places = passages.tolist(), self._given(passages, starts, ends)
        normal, fields = map(self.normal.__getitem__, own), map(self.fields.__getitem__, own)
        texts = map(str.__getitem__, map(_original, normal), map(slice, *places))
        columns = (repeat(source, len(own)), fields, *places, texts, *rest)
        return by_owner(list(map(_new, zip(*columns, strict=True))), self.records[passages], self.size)

    def _given(self, passages: Numbers, starts: Numbers, ends: Numbers) -> tuple[list[int], list[int]]:
        """Places in the texts as they were given, from places in normalised texts."""
        first, last = starts.tolist(), ends.tolist()
        for place in np.flatnonzero(self.are_moved[passages]).tolist():
            first[place], last[place] = self.normal[passages[place]].original_span(first[place], last[place])
        return first, last


def _rule_evidence_many(
    hits: "HitColumns", texts: _Texts, terms: "TermColumns", is_spoken: NDArray[np.bool_], weights: Mapping[str, float]
) -> list[Sequence[Evidence]]:
    chosen = np.flatnonzero(is_spoken[hits.records, terms.labels[hits.terms]] | (hits.weights == 0))
    places, parts = np.nonzero(hits.starts[chosen] >= 0)
    places = chosen[places]
    own, counts = hits.terms[places], hits.weights[places]
    worth = np.array([weights.get(name, 0.0) for name in _BY_STRENGTH])[terms.strengths[own]]
    moved = _shown(worth * np.minimum(counts, 1.0))
    named = list(map(terms.terms.__getitem__, own.tolist()))
    notes = [term.rule for term in named]
    for place in np.flatnonzero(counts < _WEAKENED).tolist():
        notes[place] = _note(notes[place], float(counts[place]))
    rest = ([term.label for term in named], moved, notes)
    return texts.evidence(
        Source.RULE, hits.passages[places], hits.starts[places, parts], hits.ends[places, parts], rest
    )


def _context_evidence_many(
    batch: "BatchReading", texts: _Texts, terms: "TermColumns", is_spoken: NDArray[np.bool_]
) -> list[Sequence[Evidence]]:
    lowering = np.flatnonzero([rule.weight < 1 for rule in batch.shifts.rules])
    passages, *places = (column[lowering] for column in batch.shifts[1:])
    starts, ends, *scope = (column - batch.columns.joined.offsets[passages] for column in places)
    shifts, labels = _touched_many(batch.columns.hits, terms, is_spoken, passages, np.stack(scope, axis=1))
    names = [batch.shifts.rules[number].name for number in lowering[shifts].tolist()]
    rest = map(tuple(terms.row).__getitem__, labels.tolist()), repeat(0.0, len(names)), map(_context_note, names)
    return texts.evidence(Source.CONTEXT, passages[shifts], starts[shifts], ends[shifts], rest)


def _touched_many(
    hits: "HitColumns", terms: "TermColumns", is_spoken: NDArray[np.bool_], passages: Numbers, scopes: Numbers
) -> tuple[Numbers, Numbers]:
    """What ``_touched`` gives for each scope of a passage, shape (scopes, 2): numbers of scopes, and labels."""
    numbers, rows, inside = hits.inside(passages, scopes)
    labels = terms.labels[hits.terms[rows]]
    named = is_spoken[hits.records[rows], labels] | hits.are_strong(terms)[rows]
    own = np.flatnonzero(named & inside.any(axis=1))
    numbers, labels = numbers[own], labels[own]
    order = in_order(numbers, labels)
    once = np.sort(order[begins(numbers[order], labels[order])])
    return numbers[once], labels[once]


def _model_evidence_many(
    texts: _Texts, words: WordColumns, spoken: Sequence[Sequence[str]], scale: float
) -> list[Sequence[Evidence]]:
    size = np.abs(words.weights)
    heads = begins(words.texts)
    most = np.maximum.reduceat(size, heads) if len(heads) else size
    least = np.repeat(most, np.diff(heads, append=len(size))) * _LEAST_SHARE
    kept = np.flatnonzero((size >= least) & (least > 0))
    labels = [spoken[text][0] for text in words.texts[kept].tolist()]
    weights = _shown(words.weights[kept] * scale)
    notes = map(_MODEL_NOTES.__getitem__, (words.weights[kept] > 0).tolist())
    numbers, starts, ends = (column[kept] for column in (words.passages, words.starts, words.ends))
    return texts.evidence(Source.MODEL, numbers, starts, ends, (labels, weights, notes))


def _shown(weights: Floats) -> list[float]:
    """``four_decimals`` of each: also never -0."""
    shown: list[float] = (weights.round(4) + 0.0).tolist()
    return shown


def explain_ties(untied: Iterable[str]) -> list[str]:
    """Sentences on labels whose terms did not count because the text names no sea."""
    return [f"{label} 的词条需有涉海字样或沿海地点才算数，原文没有。" for label in untied]


def borrower_differs(reading: Reading, code: str | None) -> list[str]:
    """A sentence if the borrower's business points elsewhere than the use of the money does (boundary rule B1)."""
    borrower = [number for number, passage in enumerate(reading.passages) if passage.field in FIELD_WEIGHT]
    if not borrower or len(borrower) == len(reading.passages):
        return []
    scope = [hit for hit in reading.hits if hit.passage in borrower]
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
    linked = codes(entry.links, *INDUSTRY_2017) if given and entry else ()
    if given is None or not linked:
        return []
    if any(code.startswith(given[1]) or given[1].startswith(code) for code in linked):
        return [f"国标行业 {given[1]} 与该条目对照的行业相符。"]
    return [f"国标行业 {given[1]} 不在该条目对照的行业（{'、'.join(linked)}）内：以资金用途为准。"]
