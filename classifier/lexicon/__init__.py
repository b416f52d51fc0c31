"""Our interpretation of the catalogue, as data: the reader of the TOML files beside this module.

Files: ``lexicon.toml`` (version, ties to the sea, boiler-plate), ``items_*.toml`` (terms of each item), ``outside.toml``
(terms of what lies outside), ``context.toml`` (context rules), ``places.toml`` (coastal places), ``words.toml`` (words the
tokeniser keeps whole). A misspelt key or an unknown code is refused by name.

A term is written ``码头|泊位+岸电``: alternatives are parted by ``|``, parts that must stand in one sentence by ``+``.
"""

import hashlib
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from classifier.errors import LexiconError
from classifier.text import is_normal, normalise

FOLDER = Path(__file__).parent
OUTSIDE = "目录外"
INSUFFICIENT = "信息不足"


class Strength(Enum):
    """What one term says of its label; the value is the reader's word for it."""

    STRONG = "强词"
    WEAK = "弱词"
    EXCLUDING = "排除词"


class Tie(Enum):
    """What ties a text to the sea: a word of the sea, or (weaker) a place on the coast; or what denies it."""

    SEA = "涉海词"
    COAST = "沿海地名"
    INLAND = "内陆词"
    INLAND_PLACE = "内陆地名"


class Direction(Enum):
    """On which side of its cue a context rule works."""

    AFTER = "after"
    BEFORE = "before"
    BOTH = "both"
    BETWEEN = "between"


class Term(NamedTuple):
    """A term of a label: every part must occur in one sentence, each as one of its alternatives."""

    label: str
    strength: Strength
    parts: tuple[tuple[str, ...], ...]
    rule: str

    def __str__(self) -> str:
        return "+".join("|".join(alternatives) for alternatives in self.parts)


@dataclass(frozen=True, slots=True)
class ContextRule:
    """Words around a cue count ``weight`` times: 0 voids them (negated), above 1 stresses them (the use of the money).

    ``scope`` is ``clause`` or ``sentence``; ``stops`` end it earlier; a cue inside one of ``unless`` does not fire.
    A ``between`` cue is a pair such as ``除…外``; there ``unless`` lists what may follow the pair to cancel it (除…外,还).
    ``needs_focus`` rules work only where another place of the text says what the money is for.
    """

    name: str
    weight: float
    direction: Direction
    scope: str
    cues: tuple[str, ...]
    stops: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    needs_focus: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything the rules know, checked. ``version`` ends in a digest of the files, so it cannot lie."""

    version: str
    terms: tuple[Term, ...]
    needs: Mapping[str, Tie]
    ties: Mapping[Tie, tuple[str, ...]]
    boilerplate: tuple[str, ...]
    contexts: tuple[ContextRule, ...]
    background: float
    words: tuple[str, ...]

    def synonyms(self) -> dict[str, list[str]]:
        """For the catalogue's search: the single words of each item's strong and weak terms."""
        found: dict[str, list[str]] = {}
        for term in self.terms:
            if term.label != OUTSIDE and term.strength is not Strength.EXCLUDING and len(term.parts) == 1:
                found.setdefault(term.label, []).extend(term.parts[0])
        return found


def load_lexicon(codes: Collection[str], folder: Path = FOLDER) -> Lexicon:
    """Read and check all files of ``folder``. ``codes`` are the items of the catalogue it is used with.

    Raises LexiconError, in Chinese, naming the file and the key, code or value at fault.
    """
    files = sorted(folder.glob("*.toml"))
    tables = {file.stem: _read(file) for file in files}
    main = tables.get("lexicon")
    if main is None:
        raise LexiconError(f"{folder} 中没有 lexicon.toml：请恢复完整的规则目录。")
    _check_keys(main, {"version", "sea", "inland", "boilerplate"}, "lexicon.toml")
    items = {name: table for name, table in tables.items() if name.startswith("items")}
    terms, needs = _items(items, codes)
    terms += _outside(tables.get("outside", {}))
    return Lexicon(
        version=f"{main['version']}+{_digest(files)}",
        terms=tuple(terms),
        needs=needs,
        ties={
            Tie.SEA: _words(main["sea"], "lexicon.toml [sea]"),
            Tie.COAST: _words(tables.get("places", {}).get("coast", []), "places.toml"),
            Tie.INLAND_PLACE: _words(tables.get("places", {}).get("inland", []), "places.toml"),
            Tie.INLAND: _words(main["inland"], "lexicon.toml [inland]"),
        },
        boilerplate=_words(main["boilerplate"], "lexicon.toml"),
        contexts=tuple(_context(row) for row in tables.get("context", {}).get("rule", [])),
        background=float(tables.get("context", {}).get("background", 1.0)),
        words=_words(tables.get("words", {}).get("whole", []), "words.toml"),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LexiconError(f"规则文件 {file.name} 读不出来：{error}。请按 TOML 格式改正。") from error


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes().replace(b"\r\n", b"\n") for file in files)).hexdigest()[:8]


def _check_keys(table: Mapping[str, Any], allowed: Collection[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise LexiconError(f"{where} 有不认识的键“{key}”；可用的键：{'、'.join(sorted(allowed))}。")


def _words(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise LexiconError(f"{where} 应为词的列表（不含空词）。")
    return tuple(dict.fromkeys(map(_cleaner(values), values)))


def _cleaner(texts: Sequence[str]) -> Callable[[str], str]:
    """What normalises the words of these texts; nearly all are normal as written, which one look at a whole list tells."""
    if is_normal("|".join(texts).replace(" ", "")):
        return lambda word: normalise(word).text if " " in word else word
    return lambda word: normalise(word).text


def _items(files: Mapping[str, Mapping[str, Any]], codes: Collection[str]) -> tuple[list[Term], dict[str, Tie]]:
    terms: list[Term] = []
    needs: dict[str, Tie] = {}
    for name, table in files.items():
        for code, entry in table.items():
            where = f"{name}.toml [{code}]"
            if code not in codes:
                raise LexiconError(f"{where}：目录中没有条目 {code}；请改正编码，或换用与目录版本相配的规则。")
            _check_keys(entry, {"needs", *_STRENGTHS}, where)
            if "needs" in entry:
                needs[code] = _tie(entry["needs"], where)
            for key, strength in _STRENGTHS.items():
                terms += _terms(code, strength, entry.get(key, []), where)
    return terms, needs


_STRENGTHS = {"strong": Strength.STRONG, "weak": Strength.WEAK, "excluding": Strength.EXCLUDING}


def _tie(value: str, where: str) -> Tie:
    try:
        return {"sea": Tie.SEA, "coast": Tie.COAST}[value]
    except KeyError:
        raise LexiconError(f"{where}：needs 只能是 sea 或 coast，不能是“{value}”。") from None


def _terms(label: str, strength: Strength, texts: Sequence[str], where: str) -> Iterator[Term]:
    clean, rule = _cleaner(texts), f"{where} {strength.value} "
    for text in texts:
        parts = tuple([tuple(filter(None, map(clean, part.split("|")))) for part in text.split("+")])
        if not all(parts):
            raise LexiconError(f"{where}：词条“{text}”有空的部分；写法如 码头|泊位+岸电。")
        yield Term(label, strength, parts, rule + text)


def _outside(table: Mapping[str, Any]) -> list[Term]:
    terms: list[Term] = []
    for reason, entry in table.items():
        where = f"outside.toml [{reason}]"
        _check_keys(entry, {"strong", "weak"}, where)
        for key in ("strong", "weak"):
            terms += _terms(OUTSIDE, _STRENGTHS[key], entry.get(key, []), where)
    return terms


def _context(row: Mapping[str, Any]) -> ContextRule:
    where = f"context.toml 规则“{row.get('name', '未命名')}”"
    _check_keys(row, ContextRule.__dataclass_fields__.keys(), where)
    try:
        rule = ContextRule(
            name=row["name"],
            weight=float(row["weight"]),
            direction=Direction(row["direction"]),
            scope=row["scope"],
            cues=_words(row["cues"], where),
            stops=_words(row.get("stops", []), where),
            unless=_words(row.get("unless", []), where),
            needs_focus=bool(row.get("needs_focus", False)),
        )
    except (KeyError, ValueError) as error:
        raise LexiconError(f"{where}：缺少或写错 {error}。") from error
    if rule.scope not in ("clause", "sentence"):
        raise LexiconError(f"{where}：scope 只能是 clause 或 sentence，不能是“{rule.scope}”。")
    return rule
