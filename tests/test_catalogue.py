"""The catalogue: the edition in force is whole, one that is not is refused by name, and words find the right item."""

import csv
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.lexicon import load_lexicon
from taxonomy import (
    Catalogue,
    CatalogueError,
    Change,
    Entry,
    Provenance,
    Relation,
    Tier,
    codes,
    diff,
    load_catalogue,
    load_standards,
    to_toml,
    write_edition,
)
from taxonomy.checks import CATEGORIES_OF_TIER, ENTRIES_ON_LEVEL, ITEMS_OF_TIER
from taxonomy.crosswalk import (
    GREEN_FINANCE_2025,
    GREEN_FINANCING_STATISTICS_2020,
    GREEN_INDUSTRY_2019,
    GREEN_LOWCARBON_2024,
    INDUSTRY_2017,
    OCEAN_INDUSTRY_2021,
    Status,
)
from taxonomy.reader import SHOWN_FAULTS, parse_edition
from taxonomy.writer import _quoted

CATALOGUE = load_catalogue()
EDITION = to_toml(CATALOGUE)
ITEM = CATALOGUE.items[0]
BLUE = next(item for item in CATALOGUE.items if item.tier is Tier.BLUE)
LIGHT_BLUE = next(item for item in CATALOGUE.items if item.tier is Tier.LIGHT_BLUE)


def test_current_edition_has_the_official_counts() -> None:
    by_level = (CATALOGUE.categories, CATALOGUE.subcategories, CATALOGUE.items)
    assert [len(entries) for entries in by_level] == list(ENTRIES_ON_LEVEL.values()) == [7, 24, 85]
    for tier in Tier:
        items = [item for item in CATALOGUE.items if item.tier is tier]
        assert len(items) == ITEMS_OF_TIER[tier]
        assert len({CATALOGUE.path(item.code)[0] for item in items}) == CATEGORIES_OF_TIER[tier]


def test_only_names_of_categories_are_official_in_a_reconstruction() -> None:
    official = [entry for entry in CATALOGUE.entries if entry.provenance is Provenance.OFFICIAL]
    assert official == list(CATALOGUE.categories)
    assert "重建" in CATALOGUE.imprint.status
    assert all("重建" in entry.basis for entry in CATALOGUE.entries)


def test_catalogue_is_a_mapping_of_codes_in_published_order() -> None:
    assert list(CATALOGUE) == [entry.code for entry in CATALOGUE.entries]
    assert len(CATALOGUE) == sum(ENTRIES_ON_LEVEL.values())
    assert CATALOGUE[ITEM.code] is CATALOGUE.get(ITEM.code)
    assert "no such code" not in CATALOGUE
    assert CATALOGUE.get("no such code") is None
    for lookup in (CATALOGUE.__getitem__, CATALOGUE.path, CATALOGUE.children, CATALOGUE.parent):
        with pytest.raises(KeyError):
            lookup("no such code")


def test_path_leads_from_category_to_item_by_parents() -> None:
    for item in CATALOGUE.items:
        path = CATALOGUE.path(item.code)
        assert [entry.level for entry in path] == [1, 2, 3]
        assert path[-1] == item
        assert CATALOGUE.parent(item.code) == path[1]
        assert item in CATALOGUE.children(path[1].code)
    assert CATALOGUE.parent(CATALOGUE.categories[0].code) is None


def test_blue_items_are_linked_to_every_standard() -> None:
    standards = (
        GREEN_INDUSTRY_2019,
        GREEN_LOWCARBON_2024,
        GREEN_FINANCE_2025,
        GREEN_FINANCING_STATISTICS_2020,
        INDUSTRY_2017,
        OCEAN_INDUSTRY_2021,
    )
    for item in CATALOGUE.items:
        linked = [standard for standard in standards if codes(item.links, *standard)]
        assert linked == list(standards) or item.tier is Tier.LIGHT_BLUE


def test_light_blue_items_have_no_exact_link_but_keep_what_a_later_standard_took_in() -> None:
    for item in CATALOGUE.items:
        if item.tier is Tier.LIGHT_BLUE:
            assert all(link.relation is not Relation.EXACT for link in item.links)
            assert codes(item.links, *GREEN_FINANCE_2025)
            assert item.note


def test_links_to_tables_that_are_not_official_say_so() -> None:
    marks = {Status.DERIVED: "推定", Status.RECALLED: "凭记忆"}
    for item in CATALOGUE.items:
        for link in item.links:
            status = load_standards()[link.standard, link.edition].status
            assert marks.get(status, "") in link.basis


def test_boundary_rules_are_kept_once_and_stand_at_the_entries_they_name() -> None:
    numbers = [rule.number for rule in CATALOGUE.boundaries]
    assert numbers == [f"B{number}" for number in range(1, 104)]
    assert [rule.number for rule in CATALOGUE.general_boundaries] == numbers[:27]
    for rule in CATALOGUE.boundaries:
        for code in (*rule.entries, *rule.mentions):
            assert rule in CATALOGUE[code].boundaries


def test_codes_are_opaque() -> None:
    """An edition with quite other codes is as good."""
    text = EDITION
    for number, entry in enumerate(CATALOGUE.entries):
        text = text.replace(f'"{entry.code}"', f'"K{number}"')
    text = _with_links_of(text)
    opaque = parse_edition(text, "opaque")
    assert [entry.name for entry in opaque.path(opaque.items[-1].code)] == [
        entry.name for entry in CATALOGUE.path(CATALOGUE.items[-1].code)
    ]


def _with_links_of(text: str) -> str:
    """The text with the lines of links as they were: their codes belong to other standards."""
    lines = (line for line in EDITION.splitlines() if line.startswith("    { standard"))
    return "\n".join(next(lines) if line.startswith("    { standard") else line for line in text.splitlines())


def _entry_block(code: str) -> str:
    return next(block for block in EDITION.split("\n\n") if block.startswith(f'[[entries]]\ncode = "{code}"\n'))


def _changed(code: str, old: str, new: str) -> str:
    block = _entry_block(code)
    assert old in block
    return EDITION.replace(block, block.replace(old, new, 1))


def _without(code: str) -> str:
    return EDITION.replace(_entry_block(code) + "\n\n", "")


OTHER = CATALOGUE.items[1]
FAULTY: dict[str, tuple[str, list[str]]] = {
    "no TOML": (EDITION.replace("[catalogue]", "[catalogue"), ["第 9 行", "TOML"]),
    "a category is missing": (
        _without(CATALOGUE.categories[-1].code),
        ["一级分类应为 7 个，现有 6 个", "上级编码 7 不存在"],
    ),
    "an item is missing": (_without(CATALOGUE.items[-1].code), ["三级条目应为 85 个，现有 84 个"]),
    "a tier is changed": (
        _changed(BLUE.code, 'tier = "蓝色"', 'tier = "浅蓝"'),
        ["蓝色条目应为 72 个，现有 71 个", "浅蓝条目应为 13 个，现有 14 个", "现在 5 个"],
    ),
    "a tier is unknown": (_changed(BLUE.code, 'tier = "蓝色"', 'tier = "深蓝"'), [BLUE.code, "蓝色、浅蓝", "深蓝"]),
    "a tier is missing": (_changed(BLUE.code, 'tier = "蓝色"\n', ""), [BLUE.code, "没有层次"]),
    "a category has a tier": (_changed("1", "level = 1", 'level = 1\ntier = "蓝色"'), ["只有三级条目有层次"]),
    "a code is used twice": (
        _changed(OTHER.code, f'code = "{OTHER.code}"', f'code = "{ITEM.code}"'),
        [f"编码 {ITEM.code} 已用于“{ITEM.name}”"],
    ),
    "a name is used twice": (_changed(OTHER.code, OTHER.name, ITEM.name), [OTHER.code, f"名称与 {ITEM.code} 相同"]),
    "a parent is missing": (
        _changed(ITEM.code, f'parent = "{ITEM.parent}"', 'parent = "9.9"'),
        [ITEM.code, "上级编码 9.9 不存在"],
    ),
    "a parent is no subcategory": (
        _changed(ITEM.code, f'parent = "{ITEM.parent}"', 'parent = "1"'),
        [ITEM.code, "上级 1 不是二级分类"],
    ),
    "an exclusion dangles": (
        _changed(ITEM.code, f'goes_to = "{ITEM.excludes[0].goes_to}"', 'goes_to = "8.8.8"'),
        [ITEM.code, "8.8.8"],
    ),
    "a link dangles": (
        _changed(ITEM.code, f'code = "{ITEM.links[0].code}", name', 'code = "9.9.9", name'),
        [ITEM.code, ITEM.links[0].standard, "9.9.9", "在该标准中不存在"],
    ),
    "a link has another name": (
        _changed(ITEM.code, f'name = "{ITEM.links[0].name}"', 'name = "别名"'),
        [ITEM.code, ITEM.links[0].name, "别名"],
    ),
    "a light blue item is exact": (
        _changed(LIGHT_BLUE.code, 'relation = "partial"', 'relation = "exact"'),
        [LIGHT_BLUE.code, "一致"],
    ),
    "a blue item has no link": (
        EDITION.replace(_entry_block(BLUE.code), _entry_block(BLUE.code).partition("\nlinks = ")[0]),
        [BLUE.code, "没有绿色标准的对照"],
    ),
    "a definition is empty": (_changed(ITEM.code, ITEM.definition, ""), [ITEM.code, "界定为空"]),
    "a definition is missing": (
        _changed(ITEM.code, f'definition = "{ITEM.definition}"\n', ""),
        [ITEM.code, "界定（definition）应为文字，没有填"],
    ),
    "a control character": (_changed(ITEM.code, ITEM.name, ITEM.name + r"\u0007"), [ITEM.code, "U+0007"]),
    "an invisible character": (_changed(ITEM.code, ITEM.name, ITEM.name + "\u200b"), [ITEM.code, "U+200B"]),
    "an unknown key": (_changed(ITEM.code, "level = 3", 'level = 3\ncolour = "red"'), [ITEM.code, "colour"]),
    "an unknown key of a link": (_changed(ITEM.code, "{ standard", '{ page = "3", standard'), [ITEM.code, "page"]),
    "an unknown table": (EDITION + '\n[extra]\na = "b"\n', ["extra"]),
    "another kind of value": (_changed(ITEM.code, "level = 3", 'level = "three"'), [ITEM.code, "层级", "整数"]),
    "another format": (EDITION.replace("format = 1", "format = 2"), ["格式版本为 2"]),
    "no imprint": (EDITION.replace(f'title = "{CATALOGUE.title}"\n', ""), ["标题（title）", "没有填"]),
    "a rule dangles": (EDITION.replace('mentions = ["', 'mentions = ["8.8.8", "', 1), ["口径", "8.8.8"]),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_an_edition_that_is_not_whole_is_refused_by_name(fault: str) -> None:
    text, fragments = FAULTY[fault]
    assert text != EDITION
    with pytest.raises(CatalogueError) as refusal:
        parse_edition(text, "新版.toml")
    assert "新版.toml" in str(refusal.value)
    for fragment in fragments:
        assert fragment in str(refusal.value)


def test_a_fault_names_the_line_of_its_entry() -> None:
    text = _changed(ITEM.code, ITEM.definition, "")
    line = 1 + text.split("\n").index(f'code = "{ITEM.code}"')
    with pytest.raises(CatalogueError, match=f"第 {line - 1} 行起"):
        parse_edition(text, "x.toml")


def test_all_faults_are_told_at_once_up_to_a_limit() -> None:
    text = EDITION
    for item in CATALOGUE.items[:30]:
        text = text.replace(item.definition, "")
    with pytest.raises(CatalogueError) as refusal:
        parse_edition(text, "x.toml")
    assert "共 30 处" in str(refusal.value)
    assert str(refusal.value).count("界定为空") == SHOWN_FAULTS


def test_a_faulty_entry_does_not_make_others_look_faulty() -> None:
    with pytest.raises(CatalogueError) as refusal:
        parse_edition(_changed(ITEM.code, "level = 3", 'level = "three"'), "x.toml")
    assert "应为 85 个" not in str(refusal.value).replace("三级条目应为 85 个，现有 84 个", "")


def test_a_missing_or_foreign_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "gbk.toml").write_bytes("# 蓝色产业".encode("gbk"))
    for name, fragment in (("none.toml", "读不到"), ("gbk.toml", "UTF-8")):
        with pytest.raises(CatalogueError, match=fragment):
            load_catalogue(tmp_path / name)


def test_what_was_written_reads_back_equal(tmp_path: Path) -> None:
    write_edition(CATALOGUE, tmp_path / "copy.toml")
    assert load_catalogue(tmp_path / "copy.toml") == CATALOGUE
    assert [path.name for path in tmp_path.iterdir()] == ["copy.toml"]


def test_a_published_edition_is_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "edition.toml"
    target.write_text("published", encoding="utf-8")
    with pytest.raises(CatalogueError, match="已存在"):
        write_edition(CATALOGUE, target)
    assert target.read_text(encoding="utf-8") == "published"


@given(st.text())
def test_any_text_survives_being_quoted(text: str) -> None:
    assert tomllib.loads(f"text = {_quoted(text)}")["text"] == text


def _edition(*changes: Callable[[Catalogue], Catalogue]) -> Catalogue:
    catalogue = CATALOGUE
    for change in changes:
        catalogue = change(catalogue)
    return catalogue


def _replacing(where: str, /, **values: Any) -> Callable[[Catalogue], Catalogue]:
    def change(catalogue: Catalogue) -> Catalogue:
        entries = (replace(entry, **values) if entry.code == where else entry for entry in catalogue.entries)
        return Catalogue(catalogue.imprint, tuple(entries), catalogue.boundaries)

    return change


@pytest.mark.parametrize(
    ("values", "change"),
    [
        ({"name": "新名称"}, Change.RENAMED),
        ({"code": "9.9.9"}, Change.RECODED),
        ({"parent": CATALOGUE.subcategories[-1].code}, Change.MOVED),
        ({"tier": Tier.LIGHT_BLUE}, Change.RETIERED),
        ({"definition": "新的界定。"}, Change.REDEFINED),
        ({"provenance": Provenance.OFFICIAL}, Change.REDEFINED),
        ({"links": ITEM.links[1:]}, Change.RELINKED),
    ],
)
def test_diff_tells_what_happened_to_an_item(values: dict[str, Any], change: Change) -> None:
    found = diff(CATALOGUE, _edition(_replacing(ITEM.code, **values)))
    assert (found[0].change, found[0].code) == (change, values.get("code", ITEM.code))
    assert all(one.code != found[0].code for one in found[1:])
    assert change.value in str(found[0])


def test_diff_tells_added_and_removed_entries() -> None:
    shorter = Catalogue(CATALOGUE.imprint, CATALOGUE.entries[:-1], CATALOGUE.boundaries)
    last = CATALOGUE.entries[-1]
    assert [(one.change, one.code) for one in diff(CATALOGUE, shorter)] == [(Change.REMOVED, last.code)]
    assert [(one.change, one.code) for one in diff(shorter, CATALOGUE)] == [(Change.ADDED, last.code)]


def test_two_items_that_swap_codes_are_recoded_not_renamed() -> None:
    swapped = _edition(
        _replacing(ITEM.code, code="tmp"), _replacing(OTHER.code, code=ITEM.code), _replacing("tmp", code=OTHER.code)
    )
    changes = {(one.change, one.code) for one in diff(CATALOGUE, swapped)}
    assert {(Change.RECODED, ITEM.code), (Change.RECODED, OTHER.code)} <= changes
    assert not {Change.RENAMED, Change.ADDED, Change.REMOVED} & {change for change, _ in changes}


def test_children_of_a_recoded_subcategory_have_not_moved() -> None:
    parent = CATALOGUE.subcategories[0]
    changes = [_replacing(parent.code, code="K")]
    changes += [_replacing(child.code, parent="K") for child in CATALOGUE.children(parent.code)]
    assert [one.change for one in diff(CATALOGUE, _edition(*changes))] == [Change.RECODED]


def test_an_edition_does_not_differ_from_itself() -> None:
    assert diff(CATALOGUE, CATALOGUE) == ()


def test_everyday_words_find_the_item_among_the_first_five() -> None:
    synonyms = load_lexicon({item.code for item in CATALOGUE.items}).synonyms()
    with (Path(__file__).parent / "tables" / "search.csv").open(encoding="utf-8", newline="") as lines:
        queries = [(row["words"], row["code"]) for row in csv.DictReader(lines)]
    missed = [
        words
        for words, code in queries
        if code not in [hit.entry.code for hit in CATALOGUE.search(words, synonyms)[:5]]
    ]
    assert len(missed) <= 0.03 * len(queries), missed


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda item: item.code)
def test_its_own_name_finds_an_item_first(item: Entry) -> None:
    assert CATALOGUE.search(item.name)[0].entry is item


@pytest.mark.parametrize("words", ["", "   ", "！？", "qwertyuiop"])
def test_words_without_meaning_find_nothing(words: str) -> None:
    assert CATALOGUE.search(words) == []


def test_a_hit_says_what_matched() -> None:
    hit = CATALOGUE.search(ITEM.name)[0]
    assert hit.why == f"名称：{ITEM.name}"
    assert hit.score > 0
