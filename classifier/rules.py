"""Finds the lexicon's terms in an application, with their places, and what the words around them do to them."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from classifier.contexts import Contexts, Shift
from classifier.lexicon import Lexicon, Strength, Term, Tie
from classifier.records import Application, Field
from classifier.text import Passage, Span, normalise

_SENTENCE_END = re.compile(r"[。;!?]")
_INSIDE_WORD = re.compile(r"(?<=[A-Za-z])(?=[A-Za-z])")
_LETTERS = r"\u4e00-\u9fffA-Za-z"

_TIES = tuple(Tie)

# What the borrower does counts less than what the money is for (boundary rule B1).
FIELD_WEIGHT = {Field.SCOPE: 0.35, Field.INDUSTRY: 0.35}


class Hit(NamedTuple):
    """A term found: the spans of its parts in passage number ``passage``, and how much its context lets it count."""

    term: Term
    passage: int
    spans: tuple[Span, ...]
    weight: float


class Ties(NamedTuple):
    """Which ties a text has, in the order of ``Tie``."""

    sea: bool
    coast: bool
    inland: bool
    inland_place: bool


class Reading(NamedTuple):
    """All that the rules see in one application."""

    passages: tuple[Passage, ...]
    hits: Sequence[Hit]
    shifts: tuple[Shift, ...]
    ties: Ties
    is_boilerplate: bool

    @property
    def strong(self) -> list[Term]:
        """The strong terms that count fully."""
        return [term for term, _, _, weight in self.hits if weight >= 1 and term.strength is Strength.STRONG]


Occurrence = tuple[str, Span]

# Where a literal stands and how much it counts there: the least weight of its characters, minus its start, its span. The
# greatest place is the one that counts most, the first among equals.
_Place = tuple[float, int, Span]


class Matcher:
    """Finds all occurrences of many literals. Latin words match only as whole tokens (ROV, not pROVide)."""

    def __init__(self, literals: Iterable[str]) -> None:
        self._literals = frozenset(literals)
        # by their first two characters
        self._longest = {literal[:2]: len(literal) for literal in sorted(self._literals, key=len)}
        self._singles = frozenset(literal for literal in self._literals if len(literal) == 1)

    def find(self, text: str) -> Iterator[Occurrence]:
        """Each occurrence, by start, longest first; occurrences may overlap."""
        literals, longest, singles = self._literals, self._longest, self._singles
        inside = {match.start() for match in _INSIDE_WORD.finditer(text)}
        for start, character in enumerate(text):
            for end in range(min(start + longest.get(text[start : start + 2], 0), len(text)), start + 1, -1):
                if text[start:end] in literals and start not in inside and end not in inside:
                    yield text[start:end], (start, end)
            if character in singles and start not in inside and start + 1 not in inside:
                yield character, (start, start + 1)


class RuleSet:
    """The lexicon, made ready for reading applications."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.contexts = Contexts(lexicon.contexts)
        self.tie_of = {word: _TIES.index(tie) for tie, words in lexicon.ties.items() for word in words}
        self._single_labels = single_labels(lexicon.terms)
        self._terms_by_literal: dict[str, list[int]] = {}  # by the words of their first part
        for number, term in enumerate(lexicon.terms):
            for literal in term.parts[0]:
                self._terms_by_literal.setdefault(literal, []).append(number)
        self._cues = self.contexts.words
        words = chain.from_iterable(part for term in lexicon.terms for part in term.parts)
        self._matcher = Matcher(chain(words, self.tie_of, self._cues))
        nothing = f"(?:{_longest_of(lexicon.boilerplate)}|[^{_LETTERS}])*+"  # what it took it never gives back
        self._two_letters = re.compile(f"(?:{nothing}[{_LETTERS}]){{2}}")

    def read(self, application: Application) -> Reading:
        """Normalise every field, weigh it by its context, and find the terms and the ties to the sea."""
        fields = [field for field in Field if application.text(field).strip()]
        passages = tuple(Passage.of(field, normalise(application.text(field)), field_weight(field)) for field in fields)
        found = [list(self._matcher.find(passage.normal.text)) for passage in passages]
        shifts = self.weigh(passages, [_only(self._cues, own) for own in found])
        hits = [
            hit
            for number, (passage, own) in enumerate(zip(passages, found, strict=True))
            for hit in self._hits(passage, number, own)
        ]
        return Reading(
            passages=passages,
            hits=tuple(_best_of_each(hits)),
            shifts=tuple(shifts),
            ties=self._ties(passages, found),
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

    def _ties(self, passages: Sequence[Passage], found: Sequence[Iterable[Occurrence]]) -> Ties:
        """The ties of words that are not voided."""
        ties = [False] * len(_TIES)
        for passage, own in zip(passages, found, strict=True):
            words = _only(self.tie_of, own)
            for word, (start, end) in map(words.__getitem__, leftmost([span for _, span in words])):
                ties[self.tie_of[word]] |= bool(passage.weights[start:end].min() > 0)
        return Ties(*ties)

    def is_boilerplate(self, passages: Sequence[Passage]) -> bool:
        """True if at most a letter is left of the fields that speak of the project once stock phrases and figures are gone."""
        text = "".join([passage.normal.text for passage in passages if passage.field not in FIELD_WEIGHT])
        return self._two_letters.match(text) is None

    def _hits(self, passage: Passage, number: int, found: Sequence[Occurrence]) -> Iterator[tuple[int, Hit]]:
        """The terms of a passage, each with its number in the lexicon."""
        places = _places(passage, found)
        covers = self._covers(found)
        ends = [match.start() for match in _SENTENCE_END.finditer(passage.normal.text)]
        candidates = {term for literal in places for term in self._terms_by_literal.get(literal, ())}
        for candidate in candidates:
            term = self.lexicon.terms[candidate]
            if len(term.parts) > 1 and any(map(places.keys().isdisjoint, term.parts)):
                continue
            parts = [[place for word in part if word in places for place in places[word]] for part in term.parts]
            best = _best_sentence(parts, ends) if len(parts) > 1 else _best_uncovered(term.label, parts[0], covers)
            if best:
                spans = tuple(span for _, _, span in best)
                yield candidate, Hit(term, number, spans, min(weight for weight, _, _ in best))

    def _covers(self, found: Iterable[Occurrence]) -> dict[Span, list[set[str]]]:
        """For each occurrence inside longer single-part terms, the labels of each of those."""
        covers: dict[Span, list[set[str]]] = {}
        open_: list[tuple[int, set[str]]] = []  # terms that began and have not ended: their ends and labels
        for literal, span in found:
            open_ = [outer for outer in open_ if outer[0] > span[0]]
            covers[span] = [labels for end, labels in open_ if end >= span[1]]
            if labels := self._single_labels.get(literal):
                open_.append((span[1], labels))
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


def _longest_of(phrases: Collection[str]) -> str:
    """A pattern of the longest phrase that begins at a place; most places fail at the first character, at once."""
    if not phrases:
        return "(?!)"
    first = "".join(map(re.escape, {phrase[0] for phrase in phrases}))
    return f"(?=[{first}])(?:{'|'.join(map(re.escape, sorted(phrases, key=len, reverse=True)))})"


def leftmost(spans: Iterable[Span]) -> list[int]:
    """Which of the spans to take (by start, longest first) so that none overlap: 威海风电 holds the place 威海, not 海风."""
    taken, free = [], 0
    for number, (start, end) in enumerate(spans):
        if start >= free:
            free = end
            taken.append(number)
    return taken


def _only(words: Container[str], found: Iterable[Occurrence]) -> list[Occurrence]:
    return [one for one in found if one[0] in words]


def _places(passage: Passage, found: Iterable[Occurrence]) -> dict[str, list[_Place]]:
    """Where each literal stands; one that goes over the end of a sentence stands nowhere."""
    weights = passage.weights.tolist()
    places: dict[str, list[_Place]] = {}
    for literal, span in found:
        if not _SENTENCE_END.search(literal):
            places.setdefault(literal, []).append((min(weights[span[0] : span[1]]), -span[0], span))
    return places


def _best_uncovered(
    label: str, places: Iterable[_Place], covers: Mapping[Span, Iterable[Container[str]]]
) -> list[_Place]:
    """Longest match first: a word inside a longer term of another label is that other term's word."""
    free = [place for place in places if all(label in labels for labels in covers[place[2]])]
    return [max(free)] if free else []


def _best_sentence(parts: Sequence[Iterable[_Place]], ends: Sequence[int]) -> list[_Place]:
    """The places of all parts in the sentence in which a term counts most: as much as its least counting part."""
    best = [_best_in_sentences(places, ends) for places in parts]
    shared = set.intersection(*map(set, best))
    if not shared:
        return []
    chosen = max(shared, key=lambda number: (min(own[number][0] for own in best), -number))
    return [own[chosen] for own in best]


def _best_in_sentences(places: Iterable[_Place], ends: Sequence[int]) -> dict[int, _Place]:
    """For each sentence (by number) that holds one of the places: the best of them."""
    best: dict[int, _Place] = {}
    for place in places:
        number = bisect_left(ends, place[2][0])
        best[number] = max(best.get(number, place), place)
    return best


def _best_of_each(hits: Iterable[tuple[int, Hit]]) -> list[Hit]:
    """Of each term (by number) the hit that counts most, in order of the text, then of the lexicon."""
    best: dict[int, Hit] = {}
    for term, hit in hits:
        if term not in best or hit.weight > best[term].weight:
            best[term] = hit
    return [hit for _, hit in sorted(best.items(), key=lambda one: (one[1].passage, one[1].spans, one[0]))]


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
