"""The catalogue of one edition: its entries on three levels, and the boundary rules for reading them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from taxonomy.crosswalk import Link
from taxonomy.search import Passage, rank


class CatalogueError(Exception):
    """An edition is missing, unreadable or not whole; the Chinese message lists every fault with its remedy."""


class Tier(Enum):
    """The two tiers of the catalogue; a tier belongs to an item."""

    BLUE = "蓝色"
    LIGHT_BLUE = "浅蓝"


class Provenance(Enum):
    """Where the name of an entry comes from: the city's publication, or our reconstruction."""

    OFFICIAL = "official"
    RECONSTRUCTED = "reconstructed"

    @property
    def chinese(self) -> str:
        """The word a reader sees."""
        return {"official": "官方", "reconstructed": "重建"}[self.value]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Something an entry does not hold, and the code of the entry that does; None is outside the catalogue."""

    what: str
    goes_to: str | None


@dataclass(frozen=True, slots=True)
class Boundary:
    """One rule for reading the catalogue where entries meet.

    A ``general`` rule holds for every item. ``entries`` are the codes whose boundary it draws, ``mentions`` the codes
    that only its examples name.
    """

    number: str
    title: str
    text: str
    general: bool = False
    entries: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue: a category (level 1), subcategory (2) or item (3).

    Only items have a ``tier`` and ``links``. ``basis`` says on what the name and the text rest.
    """

    code: str
    name: str
    level: int
    parent: str | None
    tier: Tier | None
    definition: str
    provenance: Provenance
    basis: str
    includes: tuple[str, ...] = ()
    excludes: tuple[Exclusion, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    links: tuple[Link, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One item that a search found; ``why`` is the text that matched best."""

    entry: Entry
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Imprint:
    """What an edition says of itself: ``source`` is where its official facts come from, ``scope`` its outer edge."""

    edition: str
    title: str
    issued: str
    status: str
    source: str
    scope: str
    blue: str
    light_blue: str


@dataclass(frozen=True, slots=True)
class Catalogue(Collection[str]):
    """One edition: a mapping of codes to entries in published order, with the tree above and the rules beside it."""

    imprint: Imprint
    entries: tuple[Entry, ...]
    boundaries: tuple[Boundary, ...] = ()
    _by_code: dict[str, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hang the boundary rules on the entries they name."""
        entries = tuple(_with_boundaries(self.entries, self.boundaries))
        object.__setattr__(self, "entries", entries)
        object.__setattr__(self, "_by_code", {entry.code: entry for entry in entries})

    def __getitem__(self, code: str) -> Entry:
        return self._by_code[code]

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __len__(self) -> int:
        return len(self._by_code)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def get(self, code: str) -> Entry | None:
        """The entry of a code, or None."""
        return self._by_code.get(code)

    @property
    def edition(self) -> str:
        """The version of this edition, as predictions carry it."""
        return self.imprint.edition

    @property
    def title(self) -> str:
        """The title of the catalogue."""
        return self.imprint.title

    @property
    def categories(self) -> tuple[Entry, ...]:
        """The entries of level 1."""
        return self._on_level(1)

    @property
    def subcategories(self) -> tuple[Entry, ...]:
        """The entries of level 2."""
        return self._on_level(2)

    @property
    def items(self) -> tuple[Entry, ...]:
        """The entries of level 3, which carry tiers and links."""
        return self._on_level(3)

    def _on_level(self, level: int) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.level == level)

    @property
    def general_boundaries(self) -> tuple[Boundary, ...]:
        """The rules that hold for every item."""
        return tuple(boundary for boundary in self.boundaries if boundary.general)

    def children(self, code: str) -> tuple[Entry, ...]:
        """The entries right below one; KeyError for an unknown code."""
        above = self[code]
        return tuple(entry for entry in self.entries if entry.parent == above.code)

    def parent(self, code: str) -> Entry | None:
        """The entry right above one; None for a category."""
        above = self[code].parent
        return None if above is None else self[above]

    def path(self, code: str) -> tuple[Entry, ...]:
        """The entry with all above it, category first."""
        above = self.parent(code)
        return (*(self.path(above.code) if above else ()), self[code])

    def search(self, words: str, synonyms: Mapping[str, Sequence[str]] | None = None) -> list[Hit]:
        """The items that everyday words mean, best first; ``synonyms`` are further words for an item, by its code."""
        passages = [passage for item in self.items for passage in self._passages(item, synonyms or {})]
        return [Hit(self[found.key], found.score, found.why) for found in rank(words, passages)]

    def _passages(self, item: Entry, synonyms: Mapping[str, Sequence[str]]) -> Iterator[Passage]:
        """The texts an item is found by; what it excludes speaks against it and for the item that takes it."""
        yield Passage(item.code, "名称", item.name, 1.0)
        yield from (Passage(item.code, "别称", word, 0.9) for word in synonyms.get(item.code, ()))
        yield from (Passage(item.code, "包括", text, 0.7) for text in item.includes)
        yield Passage(item.code, "界定", item.definition, 0.5)
        yield from (Passage(item.code, "上级", above.name, 0.3) for above in self.path(item.code)[:-1])
        yield from (Passage(item.code, "口径", rule.text, 0.1) for rule in item.boundaries if item.code in rule.entries)
        for exclusion in item.excludes:
            yield Passage(item.code, "不包括", exclusion.what, -0.2)
            if exclusion.goes_to is not None and self[exclusion.goes_to].level == item.level:
                yield Passage(exclusion.goes_to, "由他处转来", exclusion.what, 0.4)


def _with_boundaries(entries: Iterable[Entry], boundaries: Collection[Boundary]) -> Iterator[Entry]:
    for entry in entries:
        named = [boundary for boundary in boundaries if entry.code in boundary.entries]
        mentioned = [boundary for boundary in boundaries if entry.code in boundary.mentions]
        yield replace(entry, boundaries=(*named, *mentioned))
