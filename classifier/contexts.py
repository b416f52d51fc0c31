"""What the words around a cue do to a text: negation, past, scope, the use of the money. The rules themselves are the lexicon's."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from classifier.lexicon import ContextRule, Direction
from classifier.text import Span

SENTENCE_MARKS, CLAUSE_MARKS = "。;!?", ",。;:!?"
_SENTENCE_ENDS, _CLAUSE_ENDS = (re.compile(f"[{marks}]") for marks in (SENTENCE_MARKS, CLAUSE_MARKS))
_IN_FIGURE = re.compile(r"(?<=\d)[,:](?=\d)")  # ends no clause
_PAIR_REACH = 60  # characters between the two halves of a cue such as 除…外


class Shift(NamedTuple):
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


class Fired(NamedTuple):
    """A rule (by number) that fires; ``place`` and ``start`` put those of one rule in order."""

    rule: int
    place: int
    start: int
    cue: Span
    scope: Span


class Contexts:
    """The context rules, made ready: which words fire (or keep from firing) which rule, by number."""

    def __init__(self, rules: Sequence[ContextRule]) -> None:
        self.rules = rules
        self._stops = [re.compile("|".join(map(re.escape, rule.stops)) or "(?!)") for rule in rules]
        self.fires: dict[str, list[int]] = defaultdict(list)
        self.blocks: dict[str, list[int]] = defaultdict(list)
        self._pairs: dict[str, list[_Pair]] = defaultdict(list)
        for number, rule in enumerate(rules):
            if rule.direction is Direction.BETWEEN:
                for place, cue in enumerate(rule.cues):
                    opener, closer = cue.split("...")  # NFKC of …
                    self._pairs[opener].append(_Pair(number, place, closer))
                continue
            for cue in dict.fromkeys(rule.cues):
                self.fires[cue].append(number)
            for word in dict.fromkeys(rule.unless):
                self.blocks[word].append(number)

    @property
    def openers(self) -> Set[str]:
        """The first halves of cues such as 除…外."""
        return self._pairs.keys()

    @property
    def words(self) -> set[str]:
        """The words whose occurrences ``shifts`` wants to be told."""
        return {*self.fires, *self.blocks, *self.openers}

    def shifts(self, text: str, number: int, found: Sequence[tuple[str, Span]]) -> list[Shift]:
        """The rules that fire in passage ``number``, in the order of the rules; ``found`` are its ``words``."""
        fired = [(rule, place) for place, (word, _) in enumerate(found) for rule in self.fires.get(word, ())]
        openers = self.openers & {word for word, _ in found}
        if not fired and not openers:
            return []
        blocked = self._blocked(found)
        rows = [
            Fired(rule, place, 0, cue, self.scope(rule, text, cue))
            for rule, place in fired
            for cue in (found[place][1],)
            if not any(contains(span, cue) for span in blocked.get(rule, ()))
        ]
        rows += self.fired_pairs(text, openers)
        return [Shift(self.rules[rule], number, cue, scope) for rule, _, _, cue, scope in sorted(rows)]

    def _blocked(self, found: Iterable[tuple[str, Span]]) -> Mapping[int, Sequence[Span]]:
        blocked: dict[int, list[Span]] = defaultdict(list)
        for word, span in found:
            for rule in self.blocks.get(word, ()):
                blocked[rule].append(span)
        return blocked

    def fired_pairs(self, text: str, openers: Iterable[str]) -> list[Fired]:
        """The cues in two halves, of which the first halves are in the text."""
        return [
            Fired(pair.number, pair.place, match.start(), match.span(), match.span(1))
            for opener in openers
            for pair in self._pairs[opener]
            if pair.closer in text
            for match in _between(opener, pair.closer).finditer(text)
            if not text.startswith(self.rules[pair.number].unless or ("\0",), match.end())
        ]

    def scope(self, number: int, text: str, cue: Span) -> Span:
        """How far a rule reaches that fires at a cue."""
        rule = self.rules[number]
        around = _around(rule.scope, text, cue)
        start = cue[0] if rule.direction is Direction.AFTER else around[0]
        end = cue[1] if rule.direction is Direction.BEFORE else max(around[1], cue[1])
        if rule.direction is not Direction.BEFORE and self.has_stop(number, text, (cue[1], end)):
            for stop in rule.stops:
                if (place := text.find(stop, cue[1], end)) >= 0:
                    end = place
        if rule.direction is not Direction.AFTER and self.has_stop(number, text, (start, cue[0])):
            for stop in rule.stops:
                if (place := text.rfind(stop, start, cue[0])) >= 0:
                    start = place + len(stop)
        return start, end

    def has_stop(self, number: int, text: str, scope: Span) -> bool:
        """Whether a word that ends a rule's scope stands in it."""
        return self._stops[number].search(text, *scope) is not None


@cache
def _between(opener: str, closer: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(opener)}([^。;]{{1,{_PAIR_REACH}}}?){re.escape(closer)}")


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
