"""Finds the lexicon's terms in an application, with their places, and what the words around them do to them."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from classifier.contexts import Contexts, Shift, contains
from classifier.lexicon import Lexicon, Term, Tie
from classifier.records import Application, Field
from classifier.text import Passage, Span, normalise

_SENTENCE = re.compile(r"[^。;!?]+")
_LETTER = re.compile(r"[\u4e00-\u9fffA-Za-z]")

_TIES = tuple((tie, tie.value) for tie in Tie)

# What the borrower does counts less than what the money is for (boundary rule B1).
FIELD_WEIGHT = {Field.SCOPE: 0.35, Field.INDUSTRY: 0.35}


class Hit(NamedTuple):
    """A term found: the spans of its parts in passage number ``passage``, and how much its context lets it count."""

    term: Term
    passage: int
    spans: tuple[Span, ...]
    weight: float


class Reading(NamedTuple):
    """All that the rules see in one application."""

    passages: tuple[Passage, ...]
    hits: tuple[Hit, ...]
    shifts: tuple[Shift, ...]
    ties: Mapping[Tie, tuple[tuple[int, Span], ...]]
    is_boilerplate: bool


class Matcher:
    """Finds all occurrences of many literals. Latin words match only as whole tokens (ROV, not pROVide)."""

    def __init__(self, literals: Iterable[str]) -> None:
        self._literals = frozenset(literals)
        lengths: dict[str, set[int]] = defaultdict(set)
        for literal in self._literals:
            lengths[literal[:2]].add(len(literal))
        self._lengths = {head: sorted(own, reverse=True) for head, own in lengths.items()}
        self._singles = frozenset(literal for literal in self._literals if len(literal) == 1)

    def find(self, text: str) -> Iterator[tuple[str, Span]]:
        """Each occurrence, by start, longest first; occurrences may overlap."""
        literals, lengths, singles = self._literals, self._lengths, self._singles
        for start, character in enumerate(text):
            for length in lengths.get(text[start : start + 2], ()):
                literal = text[start : start + length]
                if len(literal) == length and literal in literals and _is_whole(text, start, start + length):
                    yield literal, (start, start + length)
            if character in singles and start + 1 < len(text) and _is_whole(text, start, start + 1):
                yield character, (start, start + 1)


def _is_whole(text: str, start: int, end: int) -> bool:
    return not (
        (start > 0 and _is_latin(text[start]) and _is_latin(text[start - 1]))
        or (end < len(text) and _is_latin(text[end - 1]) and _is_latin(text[end]))
    )


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


class RuleSet:
    """The lexicon, made ready for reading applications."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.contexts = Contexts(lexicon.contexts)
        self.tie_of = {word: tie for tie, words in lexicon.ties.items() for word in words}
        self._terms_by_literal: dict[str, list[int]] = defaultdict(list)
        self._parts = [[frozenset(part) for part in term.parts] for term in lexicon.terms]
        for number, term in enumerate(lexicon.terms):
            for literal in term.parts[0]:
                self._terms_by_literal[literal].append(number)
        self._single_labels = single_labels(lexicon.terms)
        self._longest = max(map(len, self._single_labels), default=0)
        self._terms = Matcher(word for term in lexicon.terms for part in term.parts for word in part)
        self._ties = Matcher(self.tie_of)
        self._cues = Matcher(self.contexts.words)
        stock = sorted(lexicon.boilerplate, key=len, reverse=True)
        self._boilerplate = re.compile("|".join(map(re.escape, stock)) or "(?!)")

    def read(self, application: Application) -> Reading:
        """Normalise every field, weigh it by its context, and find the terms and the ties to the sea."""
        fields = [field for field in Field if application.text(field).strip()]
        passages = tuple(Passage.of(field, normalise(application.text(field)), field_weight(field)) for field in fields)
        found = [list(self._cues.find(passage.normal.text)) for passage in passages]
        shifts = self.weigh(passages, found)
        hits = [hit for number, passage in enumerate(passages) for hit in self._hits(passage, number)]
        ties = [list(self._ties.find(passage.normal.text)) for passage in passages]
        return Reading(
            passages=passages,
            hits=tuple(_best_of_each(hits)),
            shifts=tuple(shifts),
            ties=self.find_ties(passages, ties),
            is_boilerplate=self.is_boilerplate(passages),
        )

    def weigh(self, passages: Sequence[Passage], cues: Sequence[Sequence[tuple[str, Span]]]) -> list[Shift]:
        """Weigh the passages by the context rules whose cues they hold; returns the rules that had a say."""
        self.lower_background(passages)
        shifts = [
            shift
            for number, (passage, found) in enumerate(zip(passages, cues, strict=True))
            for shift in self.contexts.shifts(passage.normal.text, number, found)
        ]
        return _weigh(passages, shifts, self.lexicon.background) if shifts else shifts

    def lower_background(self, passages: Sequence[Passage]) -> None:
        """Beside a stated use of the money, the project's name and description are background (boundary rule B1)."""
        if any(one.field is Field.PURPOSE and not self.is_boilerplate([one]) for one in passages):
            for passage in passages:
                if passage.field in (Field.NAME, Field.DESCRIPTION):
                    passage.lower((0, len(passage.weights)), self.lexicon.background)

    def find_ties(
        self, passages: Sequence[Passage], found: Sequence[Iterable[tuple[str, Span]]]
    ) -> dict[Tie, tuple[tuple[int, Span], ...]]:
        """The ties to the sea among the words of ties found in each passage (by start, longest first)."""
        ties: dict[str, list[tuple[int, Span]]] = {}
        for number, (passage, own) in enumerate(zip(passages, found, strict=True)):
            free = 0  # leftmost, longest, no overlap: 威海风电 holds the place 威海, not the word 海风
            for literal, (start, end) in own:
                if start >= free:
                    free = end
                    if 0.0 not in passage.weights[start:end].tolist():
                        ties.setdefault(self.tie_of[literal].value, []).append((number, (start, end)))
        return {tie: tuple(ties.get(name, ())) for tie, name in _TIES}

    def is_boilerplate(self, passages: Sequence[Passage]) -> bool:
        """True if nothing is left of the fields that speak of the project once stock phrases and figures are gone."""
        text = "".join(passage.normal.text for passage in passages if passage.field not in FIELD_WEIGHT)
        place = letters = 0
        while place < len(text):
            phrase = self._boilerplate.match(text, place)
            if phrase is None and _LETTER.match(text, place):
                letters += 1
                if letters == 2:
                    return False
            place = phrase.end() if phrase else place + 1
        return True

    def _hits(self, passage: Passage, number: int) -> Iterator[Hit]:
        text = passage.normal.text
        found: dict[str, list[Span]] = defaultdict(list)
        for literal, span in self._terms.find(text):
            found[literal].append(span)
        sentences = [match.span() for match in _SENTENCE.finditer(text)]
        covers = self._covers(found)
        present = frozenset(found)
        weights = passage.weights.tolist()
        for term in dict.fromkeys(term for literal in found for term in self._terms_by_literal.get(literal, ())):
            if any(map(present.isdisjoint, self._parts[term])):
                continue
            words = [part & present for part in self._parts[term]]
            own = self.lexicon.terms[term]
            spans = found if len(words) > 1 else _uncovered(own, words[0], found, covers)
            hit = _best_hit(words, spans, sentences, weights)
            if hit is not None:
                yield Hit(own, number, hit[0], hit[1])

    def _covers(self, found: Mapping[str, Sequence[Span]]) -> dict[Span, list[set[str]]]:
        """For each occurrence inside longer single-part terms, the labels of each of those."""
        by_start: dict[int, list[tuple[int, set[str]]]] = defaultdict(list)
        for literal in found.keys() & self._single_labels.keys():
            for start, end in found[literal]:
                by_start[start].append((end, self._single_labels[literal]))
        covers: dict[Span, list[set[str]]] = {}
        for span in {span for spans in found.values() for span in spans}:
            nearby = range(span[0] - self._longest, span[0] + 1)
            around = [(start, end, labels) for start in nearby for end, labels in by_start.get(start, ())]
            covers[span] = [labels for start, end, labels in around if _inside(span, (start, end))]
        return covers


def field_weight(field: Field) -> float:
    """How much the characters of a field count before any context rule."""
    return FIELD_WEIGHT.get(field, 1.0)


def single_labels(terms: Iterable[Term]) -> dict[str, set[str]]:
    """For each literal of terms of one part, the labels it speaks of."""
    labels: dict[str, set[str]] = defaultdict(set)
    for term in terms:
        if len(term.parts) == 1:
            for literal in term.parts[0]:
                labels[literal].add(term.label)
    return labels


def _inside(inner: Span, outer: Span) -> bool:
    return inner != outer and contains(outer, inner)


def _uncovered(
    term: Term,
    words: Iterable[str],
    found: Mapping[str, Sequence[Span]],
    covers: Mapping[Span, Sequence[set[str]]],
) -> dict[str, list[Span]]:
    """Longest match first: a word inside a longer term of another label is that other term's word."""
    return {
        literal: [span for span in found[literal] if all(term.label in labels for labels in covers[span])]
        for literal in words
    }


def _best_hit(
    words: Sequence[Iterable[str]],
    found: Mapping[str, Sequence[Span]],
    sentences: Sequence[Span],
    weights: Sequence[float],
) -> tuple[tuple[Span, ...], float] | None:
    """The first sentence in which a term counts most: it counts as much as its least counting part."""
    parts = [_best_in_sentences(part, found, sentences, weights) for part in words]
    shared = sorted(set.intersection(*(set(part) for part in parts)))
    if not shared:
        return None
    best = max(shared, key=lambda number: (min(part[number][0] for part in parts), -number))
    return tuple(part[best][2] for part in parts), min(part[best][0] for part in parts)


def _best_in_sentences(
    words: Iterable[str],
    found: Mapping[str, Sequence[Span]],
    sentences: Sequence[Span],
    weights: Sequence[float],
) -> dict[int, tuple[float, int, Span]]:
    """For each sentence (by number) that holds one of the words: the place that counts most, the first among equals."""
    best: dict[int, tuple[float, int, Span]] = {}
    for span in (span for word in words for span in found.get(word, ())):
        number = bisect_right(sentences, (span[0], len(weights))) - 1
        if number >= 0 and span[1] <= sentences[number][1]:
            place = (min(weights[span[0] : span[1]]), -span[0], span)
            best[number] = max(best.get(number, place), place)
    return best


def _best_of_each(hits: Iterable[Hit]) -> list[Hit]:
    best: dict[Term, Hit] = {}
    for hit in hits:
        if hit.term not in best or hit.weight > best[hit.term].weight:
            best[hit.term] = hit
    return sorted(best.values(), key=lambda hit: (hit.passage, hit.spans))


def _weigh(passages: Sequence[Passage], shifts: Sequence[Shift], background: float) -> list[Shift]:
    """Write the shifts into the passages' weights; returns those that had a say."""
    has_focus = any(shift.rule.weight > 1 for shift in shifts)
    used = [shift for shift in shifts if has_focus or not shift.rule.needs_focus]
    if has_focus:
        for number, passage in enumerate(passages):
            own = [shift for shift in used if shift.passage == number and shift.rule.weight > 1]
            passage.stress(background, [(shift.scope, shift.rule.weight) for shift in own])
    for shift in used:
        if shift.rule.weight <= 1:
            passages[shift.passage].lower(shift.scope, shift.rule.weight)
    return used
