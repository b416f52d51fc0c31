"""The rules for many applications at once: the same readings as ``RuleSet.read`` gives one by one, found with numpy.

All passages lie behind one another in one array of code points, parted by 0. An *occurrence* is a word of the lexicon somewhere
in it, an *entry* an occurrence taken as part of one term. Sums and products are those of the plain rules, so readings are equal.
"""

import string
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.fast.contexts import BatchContexts
from classifier.fast.joined import PLANE, Found, Joined, Rows
from classifier.fast.reading import BatchReading, HitColumns, ReadingColumns, ShiftColumns
from classifier.records import Application, Field
from classifier.rules import Reading, RuleSet, Ties, field_weight, leftmost, single_labels
from classifier.text import Passage, normalise_many
from classifier.words.columns import Numbers, begins, by_owner, concatenated, in_order, least, marked, ranges
from classifier.words.trie import Trie, Words

_FIELDS = tuple((field, field.name.lower()) for field in Field)
_NO_RANK = 2**40
_LATIN = np.isin(np.arange(PLANE + 1), list(map(ord, string.ascii_letters)))
_SENTENCE_ENDS = np.isin(np.arange(PLANE + 1), [0, *map(ord, "。;!?")])


class _Entries(NamedTuple):
    """Occurrences taken as parts of terms: place among the occurrences, term, part."""

    places: Numbers
    terms: Numbers
    parts: Numbers


class _TermTable:
    """Which words make up which terms.

    A term of several parts is looked for where its *probe* stands, the part whose words are the fewest terms' words.
    """

    def __init__(self, rules: RuleSet, words: Sequence[str]) -> None:
        terms = rules.lexicon.terms
        number = {word: place for place, word in enumerate(words)}
        parts = [[sorted({number[word] for word in part}) for part in term.parts] for term in terms]
        self.sizes = np.array([len(own) for own in parts], dtype=np.intp)
        self._first_part = np.cumsum(self.sizes) - self.sizes
        self._words = Rows.of([[(word,) for word in part] for own in parts for part in own], 1)
        singles: list[list[tuple[int, ...]]] = [[] for _ in words]
        probes: list[list[tuple[int, ...]]] = [[] for _ in words]
        self._probe_part = np.zeros(len(parts), dtype=np.intp)
        uses = Counter(word for own in parts for part in own for word in part)
        for term, own in enumerate(parts):
            probe = min(range(len(own)), key=lambda part: sum(uses[word] for word in own[part]))
            self._probe_part[term] = probe
            for word in own[probe]:
                (singles if len(own) == 1 else probes)[word].append((term,))
        self._singles, self._probes = Rows.of(singles, 1), Rows.of(probes, 1)
        several = {word for own in parts if len(own) > 1 for part in own for word in part}
        self._in_several = np.isin(np.arange(len(words)), list(several))
        self._covered = Rows.of(_covered_entries(rules, words, singles), 3)

    def entries(self, found: Found) -> _Entries:
        """First those of terms of one part, in order of the occurrences; then those of terms all of whose parts are there."""
        single, (terms,) = self._singles.each(found.words)
        several = self._several(found)
        return _Entries(
            np.concatenate([single, several.places]),
            np.concatenate([terms, several.terms]),
            np.concatenate([np.zeros_like(single), several.parts]),
        )

    def _several(self, found: Found) -> _Entries:
        """The entries of terms of several parts, in the passages that hold words of all parts."""
        own = np.flatnonzero(self._in_several[found.words])
        occurring, in_passages = found.words[own], found.passages[own]
        number, width = _numbering(occurring, len(self._in_several))
        keys = in_passages * width + number[occurring]
        present = marked(keys, (int(in_passages.max(initial=0)) + 1) * width)
        passages, terms = self._whole(*self._candidates(in_passages, occurring), present, number, width)
        owners = np.repeat(np.arange(len(terms)), self.sizes[terms])  # a candidate for each of its parts
        parts = ranges(self._first_part[terms], self.sizes[terms])
        part_of, (words,) = self._words.each(parts)  # a part for each of its words
        wanted = passages[owners[part_of]] * width + number[words]
        here = np.flatnonzero(present[wanted])
        here = here[in_order(wanted[here])]  # numbers in order are looked up ten times as fast
        part_of, wanted = part_of[here], wanted[here]
        order = in_order(keys)
        first, last = (np.searchsorted(keys[order], wanted, side) for side in ("left", "right"))
        places = order[ranges(first, last - first)]
        by_place = in_order(places)
        part = np.repeat(part_of, last - first)[by_place]
        term = terms[owners[part]]
        return _Entries(own[places[by_place]], term, parts[part] - self._first_part[term])

    def _whole(
        self, passages: Numbers, terms: Numbers, present: NDArray[np.bool_], number: Numbers, width: int
    ) -> tuple[Numbers, Numbers]:
        """Those candidates all of whose parts have a word in the passage."""
        for part in range(int(self.sizes.max(initial=0))):
            has = np.flatnonzero((self.sizes[terms] > part) & (self._probe_part[terms] != part))
            owners, (words,) = self._words.each(self._first_part[terms[has]] + part)
            held = np.ones(len(terms), dtype=bool)
            here = present[passages[has[owners]] * width + number[words]]
            held[has] = np.bincount(owners, here, minlength=len(has)) > 0
            passages, terms = passages.compress(held), terms.compress(held)
        return passages, terms

    def _candidates(self, passages: Numbers, words: Numbers) -> tuple[Numbers, Numbers]:
        """Passages and terms of several parts whose probe is there."""
        owners, (terms,) = self._probes.each(words)
        pairs = np.sort(passages[owners] * len(self.sizes) + terms)
        pairs = pairs[begins(pairs)]
        return pairs // len(self.sizes), pairs % len(self.sizes)

    def singles(self, found: Found) -> int:
        """How many of the entries are of terms of one part."""
        return int(self._singles.counts[found.words].sum())

    def covered(self, found: Found) -> Numbers:
        """The entries of terms of one part inside an occurrence of a longer term of another label: longest match first."""
        outer, (offsets, inner, entry) = self._covered.each(found.words)
        places = found.starts[outer] + offsets
        at = np.searchsorted(found.starts, places)
        count = self._singles.counts[found.words]
        first = np.cumsum(count) - count
        covered = []
        while len(at):
            same = found.words[at] == inner
            covered.append(first[at[same]] + entry[same])
            at = at + 1
            more = np.flatnonzero(~same & (found.starts[np.minimum(at, len(count) - 1)] == places) & (at < len(count)))
            at, places, inner, entry = at[more], places[more], inner[more], entry[more]
        return concatenated(covered)


def _numbering(words: Numbers, size: int) -> tuple[Numbers, int]:
    """New numbers from 1 on for the words that occur, 0 for all others, and how many numbers there are.

    Of all words few occur, so that tables of passages by words stay in the processor's cache.
    """
    used = np.flatnonzero(marked(words, size))
    number = np.zeros(size, dtype=np.intp)
    number[used] = np.arange(1, len(used) + 1)
    return number, len(used) + 1


class BatchRules:
    """A lexicon made ready for reading many applications at once."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        terms = rules.lexicon.terms
        literals = {word for term in terms for part in term.parts for word in part}
        self._words = sorted({*literals, *rules.tie_of, *rules.contexts.words})
        self._trie = Trie(Words.of(self._words))
        self._word_of = self._trie.values(range(len(self._words)), -1)
        self._are_terms, self._are_ties, self._are_cues = (
            np.array([word in own for word in self._words], dtype=bool)
            for own in (literals, rules.tie_of, rules.contexts.words)
        )
        self._tie_of = np.array([rules.tie_of.get(word, -1) for word in self._words])
        self._contexts = BatchContexts(rules, self._words)
        self._terms = _TermTable(rules, self._words)

    def read(self, applications: Sequence[Application]) -> BatchReading:
        """The reading of each application, in order."""
        given = [
            [(field, text) for field, name in _FIELDS if (text := getattr(one, name)) and not text.isspace()]
            for one in applications
        ]
        fields = [field for own in given for field, _ in own]
        normal = normalise_many([text for own in given for _, text in own])
        sizes = [len(one.text) for one in normal]
        weights = np.repeat([field_weight(field) for field in fields], np.array(sizes, dtype=np.intp) + 1)
        joined = Joined.of([one.text for one in normal], weights, list(map(len, given)))
        found = self._find(joined)
        passages = [
            Passage(field, one, weights[start : start + size])
            for field, one, start, size in zip(fields, normal, joined.offsets.tolist(), sizes, strict=True)
        ]
        by_record = list(map(tuple, by_owner(passages, joined.records, joined.size)))
        for own in by_record:
            self._rules.lower_background(own)
        shifts = self._contexts.weigh(found.only(self._are_cues), joined, passages)
        hits = self._hits(found.only(self._are_terms), joined)
        columns = ReadingColumns(self._ties(found.only(self._are_ties), joined), hits, joined)
        return BatchReading(self._readings(columns, shifts, by_record), columns, shifts, passages)

    def _readings(
        self, columns: ReadingColumns, shifts: ShiftColumns, passages: Sequence[tuple[Passage, ...]]
    ) -> list[Reading]:
        ties, hits, joined = columns
        listed = hits.listed(self._rules.lexicon.terms, joined.numbers, joined.size)
        rows = zip(passages, listed, shifts.listed(joined), map(Ties._make, ties.tolist()), strict=True)
        return [Reading(*row, self._rules.is_boilerplate(row[0])) for row in rows]

    def _ties(self, found: Found, joined: Joined) -> NDArray[np.bool_]:
        taken = leftmost(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
        starts, ends, words, passages = (column[taken] for column in found)
        has = np.zeros((joined.size, len(Ties._fields)), dtype=bool)
        counted = np.flatnonzero(least(joined.weights, starts, ends) > 0)
        has[joined.records[passages[counted]], self._tie_of[words[counted]]] = True
        return has

    def _find(self, joined: Joined) -> Found:
        starts, lengths, words = [], [], []
        for step in self._trie.steps(joined.codes):
            word = self._word_of[step.states]
            known = np.flatnonzero(word >= 0)
            starts.append(step.starts[known])
            lengths.append(np.full(len(known), step.length))
            words.append(word[known])
        start, length, word = map(concatenated, (starts, lengths, words))
        order = in_order(start, int(length.max(initial=0)) - length)
        start, end, word = start[order], (start + length)[order], word[order]
        latin = _LATIN[np.minimum(joined.codes, PLANE)]
        whole = np.flatnonzero(~((latin[start] & latin[start - 1]) | (latin[end - 1] & latin[end])))
        start, end, word = start[whole], end[whole], word[whole]
        return Found(start, end, word, joined.passages[start])

    def _hits(self, found: Found, joined: Joined) -> HitColumns:
        """For each application the place where each of its terms counts most (see ``rules._best_of_each``)."""
        ended = np.append(0, np.cumsum(_SENTENCE_ENDS[np.minimum(joined.codes, PLANE)]))  # sentences before each place
        weights = least(joined.weights, found.starts, found.ends)
        values = np.unique(weights)[::-1]
        ranks = np.searchsorted(-values, -weights)
        ranks[ended[found.starts] != ended[found.ends]] = len(values)  # across the end of a sentence: counts nothing
        places, terms, parts = self._terms.entries(found)
        rank = ranks[places]
        rank[: self._terms.singles(found)][self._terms.covered(found)] = len(values)
        passages = found.passages[places]
        sentence = ended[found.starts[places]] - ended[joined.offsets[passages]]
        columns = [
            joined.records[passages],
            terms,
            joined.numbers[passages],
            sentence,
            parts,
        ]
        order = in_order(*columns, rank)
        best = _best_places(
            [column[order] for column in columns],
            np.where(rank < len(values), rank, _NO_RANK)[order],
            places[order],
            self._terms.sizes,
        )
        order = _by_spans(best, found)
        records, terms, own_ranks, chosen = (column[order] for column in best)
        passages = found.passages[chosen[:, 0]]
        offsets = joined.offsets[passages][:, None]
        starts, ends = (np.where(chosen >= 0, column[chosen] - offsets, -1) for column in (found.starts, found.ends))
        return HitColumns(records, passages, terms, starts, ends, values[own_ranks])


class _Best(NamedTuple):
    """The best place of each term in each application, by record, then by term.

    ``places`` are the occurrences chosen for the parts, shape (terms found, most parts); -1 beyond a term's last part.
    """

    records: Numbers
    terms: Numbers
    ranks: Numbers
    places: Numbers


def _best_places(columns: Sequence[Numbers], rank: Numbers, places: Numbers, sizes: Numbers) -> _Best:
    """Of entries sorted by record, term, passage, sentence, part, rank: the first sentence with the best rank.

    A sentence counts with its worst part, and only if it has all parts; the last rank counts nothing.
    """
    record, term, *_ = columns
    parts = begins(*columns)  # the first entry of each is its best
    sentences = begins(*(column[parts] for column in columns[:4]))
    worst = np.maximum.reduceat(rank[parts], sentences)
    size = np.diff(sentences, append=len(parts))
    complete = np.flatnonzero((size == sizes[term[parts[sentences]]]) & (worst < _NO_RANK))
    rows = parts[sentences[complete]]
    order = in_order(record[rows], term[rows], worst[complete])
    chosen = order[begins(record[rows], term[rows])]
    count, own = size[complete[chosen]], sentences[complete[chosen]]
    occurrences = np.full((len(chosen), int(count.max(initial=1))), -1)
    for part_number in range(occurrences.shape[1]):
        has = np.flatnonzero(count > part_number)
        occurrences[has, part_number] = places[parts[own[has] + part_number]]
    return _Best(record[rows[chosen]], term[rows[chosen]], worst[complete[chosen]], occurrences)


def _by_spans(best: _Best, found: Found) -> Numbers:
    """The order of the plain rules: by place, by the places of the further parts, by term."""
    rank = np.empty(len(found.starts) + 1, dtype=np.intp)
    rank[in_order(found.starts, found.ends)] = np.arange(1, len(found.starts) + 1)
    rank[-1] = 0  # no such part
    return in_order(*rank[best.places].T)


def _covered_entries(
    rules: RuleSet, words: Sequence[str], singles: Sequence[Sequence[tuple[int, ...]]]
) -> list[list[tuple[int, int, int]]]:
    """For each word the entries of shorter words inside it that it takes for itself: offset, word, place among its entries."""
    terms = rules.lexicon.terms
    labels = single_labels(terms)
    number = {word: place for place, word in enumerate(words) if word in labels}
    covered: list[list[tuple[int, int, int]]] = [[] for _ in words]
    for outer, place in number.items():
        for start, end in combinations(range(len(outer) + 1), 2):
            inner = number.get(outer[start:end], place)
            if inner != place:
                covered[place] += [
                    (start, inner, at)
                    for at, (term,) in enumerate(singles[inner])
                    if terms[term].label not in labels[outer]
                ]
    return covered
