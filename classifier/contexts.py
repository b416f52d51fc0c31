"""What the words around a cue do to a text: negation, past, scope, the use of the money. The rules themselves are the lexicon's."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from classifier.lexicon import ContextRule, Direction
from classifier.text import Span

_SENTENCE_END = re.compile("[。;!?]")
_CLAUSE_END = re.compile("[,。;:!?]")
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
    """A cue in two halves: its rule, its place among the rule's cues, and what it matches."""

    number: int
    place: int
    closer: str
    pattern: re.Pattern[str]


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
                    between = re.compile(f"{re.escape(opener)}([^。;]{{1,{_PAIR_REACH}}}?){re.escape(closer)}")
                    self._pairs[opener].append(_Pair(number, place, closer, between))
                continue
            for cue in rule.cues:
                self._fires[cue].append(number)
            for word in rule.unless:
                self._blocks[word].add(number)
        self._stops = [re.compile("|".join(map(re.escape, rule.stops)) or "(?!)") for rule in rules]

    @property
    def words(self) -> set[str]:
        """The words whose occurrences ``shifts`` wants to be told."""
        return {*self._fires, *self._blocks}

    def shifts(self, text: str, number: int, found: Sequence[tuple[str, Span]]) -> list[Shift]:
        """The rules that fire in passage ``number``, in the order of the rules; ``found`` are its ``words``."""
        fired = [(rule, place) for place, (word, _) in enumerate(found) for rule in self._fires.get(word, ())]
        pairs = list(self._fired_pairs(text))
        if not fired and not pairs:
            return []
        blocked = self._blocked(found)
        ends: dict[str, list[int]] = {}
        shifts = [
            (
                rule,
                place,
                0,
                Shift(self._rules[rule], number, cue, self._scope(rule, text, cue, ends)),
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

    def _fired_pairs(self, text: str) -> Iterator[tuple[_Pair, re.Match[str]]]:
        for pair in chain.from_iterable(pairs for opener, pairs in self._pairs.items() if opener in text):
            if pair.closer in text:
                unless = self._rules[pair.number].unless or ("\0",)
                for match in pair.pattern.finditer(text):
                    if not text.startswith(unless, match.end()):
                        yield pair, match

    def _scope(self, number: int, text: str, cue: Span, ends: dict[str, list[int]]) -> Span:
        rule = self._rules[number]
        around = _around(rule.scope, text, cue, ends)
        start = cue[0] if rule.direction is Direction.AFTER else around[0]
        end = cue[1] if rule.direction is Direction.BEFORE else max(around[1], cue[1])
        if rule.direction is not Direction.BEFORE and self._stops[number].search(text, cue[1], end):
            for stop in rule.stops:
                if (place := text.find(stop, cue[1], end)) >= 0:
                    end = place
        if rule.direction is not Direction.AFTER and self._stops[number].search(text, start, cue[0]):
            for stop in rule.stops:
                if (place := text.rfind(stop, start, cue[0])) >= 0:
                    start = place + len(stop)
        return start, end


def _around(scope: str, text: str, cue: Span, ends: dict[str, list[int]]) -> Span:
    """The clause or sentence in which a cue begins; the cue itself if it begins with a mark that ends one."""
    if scope not in ends:
        ends[scope] = [-1, *_ends(scope, text), len(text)]
    after = bisect_left(ends[scope], cue[0])
    return cue if ends[scope][after] == cue[0] else (ends[scope][after - 1] + 1, ends[scope][after])


def _ends(scope: str, text: str) -> Iterator[int]:
    pattern = _CLAUSE_END if scope == "clause" else _SENTENCE_END
    for match in pattern.finditer(text):
        if scope != "clause" or not _IN_FIGURE.match(text, match.start()):
            yield match.start()


def contains(outer: Span, inner: Span) -> bool:
    """Whether ``inner`` lies within ``outer`` (or is the same)."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]
