"""What changed from one edition to another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from taxonomy.catalogue import Boundary, Catalogue, Entry, Imprint
from taxonomy.crosswalk import Link


class Change(Enum):
    """The kinds of change, in the order in which they are reported for one entry."""

    ADDED = "新增"
    REMOVED = "删除"
    RENAMED = "改名"
    RECODED = "换编码"
    MOVED = "换上级"
    RETIERED = "改层次"
    REDEFINED = "改文字"
    RELINKED = "改对照"
    RULE = "改口径"
    IMPRINT = "改版本信息"


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: of the entry (or rule) with this code and name in the newer edition, or in the older if removed."""

    change: Change
    code: str
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        """One line for a reader."""
        return f"{self.change.value} {self.code} {self.name}：{self.before or '（无）'} → {self.after or '（无）'}"


def diff(old: Catalogue, new: Catalogue) -> tuple[Difference, ...]:
    """All changes from an older to a newer edition, in the order of the newer; removed entries and rules last.

    An entry is the same one if it kept its name on its level (then it may have a new code), else if it kept its code.
    """
    origins = _origins(old, new)
    recoded = {origin.code: code for code, origin in origins.items()}
    return (
        *_imprint_changes(old, new),
        *(change for entry in new.entries for change in _entry_changes(origins.get(entry.code), entry, recoded)),
        *(
            Difference(Change.REMOVED, entry.code, entry.name, entry.name, "")
            for entry in old.entries
            if entry.code not in recoded
        ),
        *_rule_changes(old, new),
    )


def _imprint_changes(old: Catalogue, new: Catalogue) -> Iterator[Difference]:
    for name in Imprint.__dataclass_fields__:
        before, after = getattr(old.imprint, name), getattr(new.imprint, name)
        if before != after:
            yield Difference(Change.IMPRINT, new.edition, name, before, after)


def _origins(old: Catalogue, new: Catalogue) -> Mapping[str, Entry]:
    """For each code of the newer edition the entry of the older one that it continues."""
    names = {(entry.level, entry.name): entry for entry in old.entries}
    origins = {
        entry.code: names[entry.level, entry.name] for entry in new.entries if (entry.level, entry.name) in names
    }
    taken = {origin.code for origin in origins.values()}
    for entry in new.entries:
        same_code = old.get(entry.code)
        if entry.code not in origins and same_code and same_code.code not in taken and same_code.level == entry.level:
            origins[entry.code] = same_code
    return origins


def _entry_changes(old: Entry | None, new: Entry, recoded: Mapping[str, str]) -> Iterator[Difference]:
    if old is None:
        yield Difference(Change.ADDED, new.code, new.name, "", new.name)
        return
    aspects = (
        (Change.RENAMED, old.name, new.name),
        (Change.RECODED, old.code, new.code),
        (Change.MOVED, recoded.get(old.parent or "", old.parent or ""), new.parent or ""),
        (Change.RETIERED, old.tier.value if old.tier else "", new.tier.value if new.tier else ""),
    )
    for change, before, after in aspects:
        if before != after:
            yield Difference(change, new.code, new.name, before, after)
    for label, before, after in _texts(old, new, recoded):
        if before != after:
            yield Difference(Change.REDEFINED, new.code, new.name, f"{label}：{before}", f"{label}：{after}")
    if set(old.links) != set(new.links):
        gone, come = _links(old, new), _links(new, old)
        yield Difference(Change.RELINKED, new.code, new.name, gone, come)


def _texts(old: Entry, new: Entry, recoded: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    yield "界定", old.definition, new.definition
    yield "包括", "；".join(old.includes), "；".join(new.includes)
    yield "不包括", _exclusions(old, recoded), _exclusions(new, {})
    yield "名称来源", old.provenance.chinese, new.provenance.chinese
    yield "依据", old.basis, new.basis
    yield "备注", old.note, new.note


def _exclusions(entry: Entry, recoded: Mapping[str, str]) -> str:
    return "；".join(
        f"{part.what} → {recoded.get(part.goes_to, part.goes_to) if part.goes_to else '目录外'}"
        for part in entry.excludes
    )


def _links(entry: Entry, other: Entry) -> str:
    """The links of an entry that the other has not."""
    return "；".join(_link(link) for link in entry.links if link not in other.links)


def _link(link: Link) -> str:
    target = f"{link.standard}（{link.edition}）{link.code} {link.name}"
    return f"{target}，{link.relation.chinese}，把握{link.confidence.chinese}，{link.basis}"


def _rule_changes(old: Catalogue, new: Catalogue) -> Iterator[Difference]:
    before = {rule.number: rule for rule in old.boundaries}
    after = {rule.number: rule for rule in new.boundaries}
    for number in dict.fromkeys((*after, *before)):
        if before.get(number) != after.get(number):
            shown = after.get(number) or before[number]
            yield Difference(Change.RULE, number, shown.title, _rule(before.get(number)), _rule(after.get(number)))


def _rule(rule: Boundary | None) -> str:
    if rule is None:
        return ""
    holds = "通用" if rule.general else "、".join((*rule.entries, *rule.mentions))
    return f"{rule.text}（{holds}）"
