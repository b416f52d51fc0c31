"""What makes an edition whole. The expected counts are official facts (press conference of 4 January 2024)."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taxonomy.catalogue import Boundary, Entry, Tier
from taxonomy.crosswalk import (
    GREEN_FINANCE_2025,
    GREEN_FINANCING_STATISTICS_2020,
    GREEN_INDUSTRY_2019,
    GREEN_LOWCARBON_2024,
    Link,
    Relation,
    load_standards,
)

ENTRIES_ON_LEVEL = {1: 7, 2: 24, 3: 85}
ITEMS_OF_TIER = {Tier.BLUE: 72, Tier.LIGHT_BLUE: 13}
CATEGORIES_OF_TIER = {Tier.BLUE: 7, Tier.LIGHT_BLUE: 4}
GREEN_STANDARDS = {
    name for name, _ in (GREEN_INDUSTRY_2019, GREEN_LOWCARBON_2024, GREEN_FINANCE_2025, GREEN_FINANCING_STATISTICS_2020)
}
LEVEL_NAMES = {1: "一级分类", 2: "二级分类", 3: "三级条目"}
SEPARATORS = frozenset(" ;:,|→；：，")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not whole, with its remedy.

    ``table`` and ``position`` (counted from 0) say where, and ``link`` which link of that entry; a position of None
    is the edition as a whole.
    """

    table: str
    position: int | None
    text: str
    link: int | None = None


def check(entries: Sequence[Entry], boundaries: Sequence[Boundary]) -> Iterator[Fault]:
    """Every fault of an edition: entry by entry, rule by rule, then the edition as a whole."""
    by_code = {entry.code: entry for entry in entries}
    repeated = _repeated(entries)
    for position, entry in enumerate(entries):
        name = f"条目 {entry.code}（{entry.name}）"
        for text in (*_entry_faults(entry, by_code), *repeated.get(position, ())):
            yield Fault("entries", position, f"{name}：{text}")
        for number, link in enumerate(entry.links):
            for text in _link_faults(link, entry.links[:number]):
                yield Fault("entries", position, f"{name}的对照 {_target(link)}：{text}", number)
    for position, boundary in enumerate(boundaries):
        for text in _boundary_faults(boundary, by_code):
            yield Fault("boundaries", position, f"口径 {boundary.number}：{text}")
    yield from (Fault("entries", None, text) for text in _count_faults(entries, by_code))
    yield from (Fault("boundaries", None, text) for text in _number_faults(boundaries))


def text_fault(text: str) -> str | None:
    """What makes a text unfit to be stored: invisible characters or blanks at its ends."""
    odd = None if text.isprintable() else next((character for character in text if _is_odd(character)), None)
    if odd is not None:
        return f"含不可见字符 U+{ord(odd):04X}，请删去"
    return "首尾有空白，请删去" if text != text.strip() else None


def _is_odd(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") or ord(character) & 0xFFFE == 0xFFFE


def _entry_faults(entry: Entry, by_code: Mapping[str, Entry]) -> Iterator[str]:
    yield from _text_faults(entry)
    yield from _place_faults(entry, by_code)
    yield from _tier_faults(entry)
    for exclusion in entry.excludes:
        if exclusion.goes_to is not None and exclusion.goes_to not in by_code:
            yield f"“不包括”的“{exclusion.what}”去向编码“{exclusion.goes_to}”不存在，请改为已有编码或目录外"
        elif exclusion.goes_to == entry.code:
            yield f"“不包括”的“{exclusion.what}”又指回本条目，请改正去向"


def _text_faults(entry: Entry) -> Iterator[str]:
    for label, text in (("编码", entry.code), ("名称", entry.name), ("界定", entry.definition), ("依据", entry.basis)):
        if not text.strip():
            yield f"{label}为空，请补上"
    if SEPARATORS & set(entry.code):
        yield "编码里不能有空格、逗号、分号、冒号、竖线或箭头，请改正"
    for text in _all_texts(entry):
        if fault := text_fault(text):
            yield f"“{text[:12]}…”{fault}"
    if not all(entry.includes) or not all(exclusion.what for exclusion in entry.excludes):
        yield "“包括”或“不包括”里有空行，请删去"


def _all_texts(entry: Entry) -> Iterator[str]:
    yield from (entry.code, entry.name, entry.definition, entry.basis, entry.note, *entry.includes)
    yield from (exclusion.what for exclusion in entry.excludes)


def _place_faults(entry: Entry, by_code: Mapping[str, Entry]) -> Iterator[str]:
    if entry.level not in LEVEL_NAMES:
        yield f"层级为 {entry.level}，只能是 1、2、3"
    elif entry.level == 1:
        if entry.parent is not None:
            yield f"一级分类不应有上级编码（现为 {entry.parent}），请删去"
    elif entry.parent is None or entry.parent not in by_code:
        yield f"上级编码 {entry.parent or '（空）'} 不存在，请填已有的{LEVEL_NAMES[entry.level - 1]}编码"
    elif by_code[entry.parent].level != entry.level - 1:
        yield f"上级 {entry.parent} 不是{LEVEL_NAMES[entry.level - 1]}，请改正上级编码或层级"
    if entry.level in (1, 2) and not any(other.parent == entry.code for other in by_code.values()):
        yield "下面没有任何条目，请补上下级或核对下级的上级编码"


def _tier_faults(entry: Entry) -> Iterator[str]:
    if entry.level != 3:
        if entry.tier is not None:
            yield f"只有三级条目有层次（现为 {entry.tier.value}），请删去"
        if entry.links:
            yield "只有三级条目有对照，请移到三级条目下"
        return
    if entry.tier is None:
        yield "三级条目没有层次，请填“蓝色”或“浅蓝”"
    if entry.tier is Tier.BLUE and not any(link.standard in GREEN_STANDARDS for link in entry.links):
        yield f"蓝色条目没有绿色标准的对照，请至少补一条（{'、'.join(sorted(GREEN_STANDARDS))}）"
    if entry.tier is Tier.LIGHT_BLUE and any(link.relation is Relation.EXACT for link in entry.links):
        yield "浅蓝条目不能有“一致（exact）”的对照，请改关系或层次"


def _link_faults(link: Link, before: Sequence[Link]) -> Iterator[str]:
    texts = {"标准": link.standard, "标准版本": link.edition, "编码": link.code, "名称": link.name, "依据": link.basis}
    for label, text in texts.items():
        if not text:
            yield f"{label}为空，请补上"
        elif fault := text_fault(text):
            yield f"{label}“{text[:12]}…”{fault}"
    if _target(link) in map(_target, before):
        yield "与前面的一条重复，请只留一条"
    standard = load_standards().get((link.standard, link.edition))
    if standard is None or not link.code:
        return
    if link.code not in standard.names:
        yield "编码在该标准中不存在，请核对"
    elif standard.names[link.code] != link.name:
        yield f"名称应为“{standard.names[link.code]}”，现为“{link.name}”，请改正"


def _target(link: Link) -> str:
    return f"{link.standard}（{link.edition}）{link.code}"


def _repeated(entries: Sequence[Entry]) -> Mapping[int, list[str]]:
    """Faults of entries whose code, or whose name on the same level, came before; by position."""
    codes: dict[str, Entry] = {}
    names: dict[tuple[int, str], Entry] = {}
    faults: dict[int, list[str]] = {}
    for position, entry in enumerate(entries):
        if codes.setdefault(entry.code, entry) is not entry:
            faults.setdefault(position, []).append(f"编码 {entry.code} 已用于“{codes[entry.code].name}”，编码不得重复")
        if (first := names.setdefault((entry.level, entry.name), entry)) is not entry:
            faults.setdefault(position, []).append(f"名称与 {first.code} 相同，同一层级的名称不得重复")
    return faults


def _count_faults(entries: Sequence[Entry], by_code: Mapping[str, Entry]) -> Iterator[str]:
    for level, expected in ENTRIES_ON_LEVEL.items():
        found = sum(entry.level == level for entry in entries)
        if found != expected:
            yield f"{LEVEL_NAMES[level]}应为 {expected} 个，现有 {found} 个，请补齐或删去多余的"
    for tier, expected in ITEMS_OF_TIER.items():
        items = [entry for entry in entries if entry.tier is tier]
        if len(items) != expected:
            yield f"{tier.value}条目应为 {expected} 个，现有 {len(items)} 个，请核对“层次”"
        categories = {_category(item, by_code) for item in items} - {None}
        spread = CATEGORIES_OF_TIER[tier]
        if len(categories) != spread:
            yield f"{tier.value}条目应分布在 {spread} 个一级分类，现在 {len(categories)} 个，请核对“层次”"


def _category(entry: Entry, by_code: Mapping[str, Entry]) -> str | None:
    subcategory = by_code.get(entry.parent or "")
    return subcategory.parent if subcategory else None


def _boundary_faults(boundary: Boundary, by_code: Mapping[str, Entry]) -> Iterator[str]:
    for code in (*boundary.entries, *boundary.mentions):
        if code not in by_code:
            yield f"指向不存在的编码 {code}，请改正或删去"
    if not (boundary.number and boundary.title and boundary.text):
        yield "编号、标题或正文为空，请补上"
    if not (boundary.general or boundary.entries or boundary.mentions):
        yield "既不是通用口径，也没有指明条目，请补上条目编码或标为通用"
    for text in (boundary.number, boundary.title, boundary.text):
        if fault := text_fault(text):
            yield f"“{text[:12]}…”{fault}"


def _number_faults(boundaries: Sequence[Boundary]) -> Iterator[str]:
    for number, times in Counter(boundary.number for boundary in boundaries).items():
        if times > 1:
            yield f"口径编号 {number} 出现 {times} 次，编号不得重复"
