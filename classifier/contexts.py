"""What the words around a cue do to a text: negation, past, scope, the use of the money. The rules themselves are the lexicon's."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from classifier.lexicon import ContextRule, Direction
from classifier.text import Span

_SENTENCE_ENDS = re.compile("[。;!?]")
_CLAUSE_ENDS = re.compile("[,。;:!?]")
_IN_FIGURE = re.compile(r"(?<=\d)[,:](?=\d)")  # ends no clause
_PAIR_REACH = 60  # characters between the two halves of a cue such as 除…外


@dataclass(frozen=True, slots=True)
class Shift:
    """A context rule that fired: where its cue stands and how much the characters of ``scope`` count by it."""

    rule: ContextRule
    passage: int
    cue: Span
    scope: Span


@dataclass(frozen=True, slots=True)
class _Pair:
    """A cue in two halves: its rule, and its place among the rule's cues."""

    number: int
    place: int
    closer: str


class Contexts:
    """The context rules, made ready: which words each rule looks for."""

    def __init__(self, rules: Sequence[ContextRule]) -> None:
        self._rules = rules
        self._fires: dict[str, list[int]] = defaultdict(list)
        self._blocks: dict[str, set[int]] = defaultdict(set)
        self._pairs: dict[str, list[_Pair]] = defaultdict(list)
        for number, rule in enumerate(rules):
            if rule.direction is Direction.BETWEEN:
                for place, cue in enumerate(rule.cues):
                    opener, closer = cue.split("...")  # NFKC of …
                    self._pairs[opener].append(_Pair(number, place, closer))
                continue
            for cue in rule.cues:
                self._fires[cue].append(number)
            for word in rule.unless:
                self._blocks[word].add(number)

    @property
    def words(self) -> set[str]:
        """The words whose occurrences ``shifts`` wants to be told."""
        return {*self._fires, *self._blocks}

    def shifts(self, text: str, number: int, found: Sequence[tuple[str, Span]]) -> list[Shift]:
        """The rules that fire in passage ``number``, in the order of the rules; ``found`` are its ``words``."""
        fired = [(rule, place) for place, (word, _) in enumerate(found) for rule in self._fires.get(word, ())]
        pairs = self._fired_pairs(text)
        if not fired and not pairs:
            return []
        blocked = self._blocked(found)
        shifts = [
            (
                rule,
                place,
                0,
                Shift(self._rules[rule], number, cue, self._scope(rule, text, cue)),
            )
            for rule, place in sorted(set(fired))
            for cue in (found[place][1],)
            if not any(contains(span, cue) for span in blocked.get(rule, ()))
        ]
        shifts += [
            (
                pair.number,
                pair.place,
                match.start(),
                Shift(self._rules[pair.number], number, match.span(), match.span(1)),
            )
            for pair, match in pairs
        ]
        return [shift for *_, shift in sorted(shifts, key=lambda one: one[:3])]

    def _blocked(self, found: Iterable[tuple[str, Span]]) -> Mapping[int, Sequence[Span]]:
        blocked: dict[int, list[Span]] = defaultdict(list)
        for word, span in found:
            for rule in self._blocks.get(word, ()):
                blocked[rule].append(span)
        return blocked

    def _fired_pairs(self, text: str) -> list[tuple[_Pair, re.Match[str]]]:
        return [
            (pair, match)
            for opener in self._openers(text)
            for pair in self._pairs[opener]
            if pair.closer in text
            for match in _between(opener, pair.closer).finditer(text)
            if not text.startswith(self._rules[pair.number].unless or ("\0",), match.end())
        ]

    def _openers(self, text: str) -> list[str]:
        """The first halves of pairs in a text; many hold the same character, so that one look rules them all out."""
        groups = [own for character, own in self._opener_groups.items() if character in text]
        return [opener for own in groups for opener in own if opener in text]

    @cached_property
    def _opener_groups(self) -> dict[str, list[str]]:
        uses = Counter(character for opener in self._pairs for character in set(opener))
        groups: dict[str, list[str]] = defaultdict(list)
        for opener in self._pairs:
            groups[max(opener, key=lambda character: (uses[character], character))].append(opener)
        return groups

    def _scope(self, number: int, text: str, cue: Span) -> Span:
        rule = self._rules[number]
        around = _around(rule.scope, text, cue)
        start = cue[0] if rule.direction is Direction.AFTER else around[0]
        end = cue[1] if rule.direction is Direction.BEFORE else max(around[1], cue[1])
        if rule.direction is not Direction.BEFORE and _any_of(rule.stops).search(text, cue[1], end):
            for stop in rule.stops:
                if (place := text.find(stop, cue[1], end)) >= 0:
                    end = place
        if rule.direction is not Direction.AFTER and _any_of(rule.stops).search(text, start, cue[0]):
            for stop in rule.stops:
                if (place := text.rfind(stop, start, cue[0])) >= 0:
                    start = place + len(stop)
        return start, end


@cache
def _between(opener: str, closer: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(opener)}([^。;]{{1,{_PAIR_REACH}}}?){re.escape(closer)}")


@cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)) or "(?!)")


def _around(scope: str, text: str, cue: Span) -> Span:
    """The clause or sentence in which a cue begins; the cue itself if it begins with a mark that ends one."""
    marks = _CLAUSE_ENDS if scope == "clause" else _SENTENCE_ENDS
    mark = marks.search(text, cue[0])
    while mark and _IN_FIGURE.match(text, mark.start()):
        mark = marks.search(text, mark.end())
    end = mark.start() if mark else len(text)
    if end == cue[0]:
        return cue
    start = cue[0]
    while True:
        start = max([text.rfind(one, 0, start) for one in marks.pattern[1:-1]])
        if start < 0 or not _IN_FIGURE.match(text, start):
            return start + 1, end


def contains(outer: Span, inner: Span) -> bool:
    """Whether ``inner`` lies within ``outer`` (or is the same)."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]
