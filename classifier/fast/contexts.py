"""The context rules for many applications at once: the same shifts and weights as ``RuleSet.weigh`` gives one by one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.contexts import CLAUSE_MARKS, SENTENCE_MARKS, Fired, contains
from classifier.fast.joined import PLANE, Found, Joined, Rows
from classifier.fast.reading import ShiftColumns
from classifier.lexicon import Direction
from classifier.rules import RuleSet
from classifier.text import Passage, Span
from classifier.words.columns import Numbers, in_order, marked

_DIGITS = np.array([chr(code).isdecimal() for code in range(PLANE)] + [False])
_SENTENCE_ENDS, _CLAUSE_ENDS, _IN_FIGURES = (
    np.isin(np.arange(PLANE + 1), list(map(ord, marks))) for marks in ("\0" + SENTENCE_MARKS, "\0" + CLAUSE_MARKS, ",:")
)


class _Columns(NamedTuple):
    """Rules that fire: the columns of ``Fired`` and the passage, with places in the joined text."""

    passages: Numbers
    rules: Numbers
    order: Numbers
    starts: Numbers
    cues: Numbers
    cue_ends: Numbers
    firsts: Numbers
    lasts: Numbers


class BatchContexts:
    """Context rules made ready for many applications."""

    def __init__(self, rules: RuleSet, words: Sequence[str]) -> None:
        contexts = rules.contexts
        self._contexts, self._background = contexts, rules.lexicon.background
        self._words = words
        self._fires = Rows.of([[(rule,) for rule in contexts.fires.get(word, ())] for word in words], 1)
        self._blocks = Rows.of([[(rule,) for rule in contexts.blocks.get(word, ())] for word in words], 1)
        self._are_openers = np.array([word in contexts.openers for word in words], dtype=bool)
        directions = [rule.direction for rule in contexts.rules]
        self._after, self._before = (
            np.array([one is side for one in directions], dtype=bool) for side in (Direction.AFTER, Direction.BEFORE)
        )
        self._in_clause = np.array([rule.scope == "clause" for rule in contexts.rules], dtype=bool)
        self._has_stops = np.array([bool(rule.stops) for rule in contexts.rules], dtype=bool)
        self._needs_focus = np.array([rule.needs_focus for rule in contexts.rules], dtype=bool)
        self._weights = np.array([rule.weight for rule in contexts.rules])

    def weigh(self, found: Found, joined: Joined, passages: Sequence[Passage]) -> ShiftColumns:
        """Write the shifts into the joined weights; returns those that had a say."""
        fired = self._fired(found, joined, passages)
        records = joined.records[fired.passages]
        has_focus = np.zeros(joined.size, dtype=bool)
        has_focus[records[self._weights[fired.rules] > 1]] = True
        used = np.flatnonzero(has_focus[records] | ~self._needs_focus[fired.rules])
        fired = _Columns(*(column[used] for column in fired))
        self._shift(fired, joined, has_focus)
        rules = list(map(self._contexts.rules.__getitem__, fired.rules.tolist()))
        return ShiftColumns(rules, fired.passages, fired.cues, fired.cue_ends, fired.firsts, fired.lasts)

    def _shift(self, fired: _Columns, joined: Joined, has_focus: NDArray[np.bool_]) -> None:
        """First the stressed places (and the background around them), then those that count less, in their order."""
        factors = np.where(has_focus[joined.records], self._background, 1.0)[joined.passages]
        rows = list(zip(fired.firsts.tolist(), fired.lasts.tolist(), self._weights[fired.rules].tolist(), strict=True))
        for first, last, weight in rows:
            if weight > 1:
                factors[first:last] = weight
        joined.weights[:] *= factors
        for first, last, weight in rows:
            if weight <= 1:
                joined.weights[first:last] *= weight

    def _fired(self, found: Found, joined: Joined, passages: Sequence[Passage]) -> _Columns:
        """The rules that fire, by passage and in the order of the rules."""
        single = self._without_stops(self._single(found, joined), joined, passages)
        pairs = self._pairs(found, joined, passages)
        fired = _Columns(*map(np.concatenate, zip(single, pairs, strict=True)))
        order = in_order(*fired[:4])
        return _Columns(*(column[order] for column in fired))

    def _single(self, found: Found, joined: Joined) -> _Columns:
        places, (rules,) = self._fires.each(found.words)
        kept = self._unblocked(found, places, rules)
        places, rules = places[kept], rules[kept]
        cues, ends = found.starts[places], found.ends[places]
        firsts, lasts = self._around(joined, cues, ends, rules)
        return _Columns(
            found.passages[places],
            rules,
            places,
            np.zeros_like(places),
            cues,
            ends,
            np.where(self._after[rules], cues, firsts),
            np.where(self._before[rules], ends, np.maximum(lasts, ends)),
        )

    def _unblocked(self, found: Found, places: Numbers, rules: Numbers) -> Numbers:
        """Those cues that stand in no word that keeps their rule from firing."""
        blocking, (blocked,) = self._blocks.each(found.words)
        spans: dict[tuple[int, int], list[Span]] = {}
        columns = (blocked, found.passages[blocking], found.starts[blocking], found.ends[blocking])
        for rule, passage, start, end in zip(*(column.tolist() for column in columns), strict=True):
            spans.setdefault((rule, passage), []).append((start, end))
        suspects = np.flatnonzero(marked(blocked, len(self._weights))[rules])
        cues = (rules[suspects], *(column[places[suspects]] for column in (found.passages, found.starts, found.ends)))
        inside = [
            any(contains(span, (start, end)) for span in spans.get((rule, passage), ()))
            for rule, passage, start, end in zip(*(column.tolist() for column in cues), strict=True)
        ]
        return np.delete(np.arange(len(rules)), suspects[np.array(inside, dtype=bool)])

    def _around(self, joined: Joined, cues: Numbers, ends: Numbers, rules: Numbers) -> tuple[Numbers, Numbers]:
        """See ``contexts._around``."""
        codes = np.minimum(joined.codes, PLANE)
        digits = _DIGITS[codes]
        in_figure = np.zeros(len(codes), dtype=bool)
        in_figure[1:-1] = _IN_FIGURES[codes[1:-1]] & digits[:-2] & digits[2:]
        in_clause = self._in_clause[rules]
        bounds = []
        for marks in (_SENTENCE_ENDS[codes], _CLAUSE_ENDS[codes] & ~in_figure):
            stands = np.flatnonzero(marks)
            after = np.searchsorted(stands, cues)
            bounds.append((np.append(-1, stands)[after] + 1, stands[after]))
        firsts, lasts = (np.where(in_clause, *both) for both in zip(bounds[1], bounds[0], strict=True))
        alone = lasts == cues
        return np.where(alone, cues, firsts), np.where(alone, ends, lasts)

    def _without_stops(self, fired: _Columns, joined: Joined, passages: Sequence[Passage]) -> _Columns:
        """Where a word stands that ends the scope of its rule, the plain rules say how far it reaches."""
        firsts, lasts = fired.firsts.copy(), fired.lasts.copy()
        own = np.flatnonzero(self._has_stops[fired.rules])
        columns = (
            fired.passages,
            fired.rules,
            joined.offsets[fired.passages],
            fired.cues,
            fired.cue_ends,
            firsts,
            lasts,
        )
        for number, *row in zip(own.tolist(), *(column[own].tolist() for column in columns), strict=True):
            passage, rule, offset, cue, end, first, last = row
            text = passages[passage].normal.text
            if self._contexts.has_stop(rule, text, (first - offset, last - offset)):
                scope = self._contexts.scope(rule, text, (cue - offset, end - offset))
                firsts[number], lasts[number] = scope[0] + offset, scope[1] + offset
        return fired._replace(firsts=firsts, lasts=lasts)

    def _pairs(self, found: Found, joined: Joined, passages: Sequence[Passage]) -> _Columns:
        """The cues in two halves: rare, so the plain rules look for them where a first half stands."""
        openers: dict[int, set[str]] = {}
        for word, passage in zip(*(column.tolist() for column in found.only(self._are_openers)[2:]), strict=True):
            openers.setdefault(passage, set()).add(self._words[word])
        rows = [
            _row(passage, one, int(joined.offsets[passage]))
            for passage, own in openers.items()
            for one in self._contexts.fired_pairs(passages[passage].normal.text, own)
        ]
        return _Columns(*np.array(rows, dtype=np.intp).reshape(-1, len(_Columns._fields)).T)


def _row(passage: int, one: Fired, offset: int) -> tuple[int, ...]:
    return passage, one.rule, one.place, one.start, *(offset + place for span in (one.cue, one.scope) for place in span)
