"""目录: tree, picture, search, one entry, downloads; what is reconstructed says so everywhere."""

import json
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import classifier.web
from classifier import Classifier
from classifier.exchange import FORMATS
from classifier.records import Outcome
from classifier.web import tree
from classifier.web.look import SYMBOLS
from taxonomy import Catalogue, Tier

PAGE = Path(classifier.web.__file__).parent / "pages" / "catalogue.py"


def shown(app: AppTest) -> str:
    assert not app.exception
    assert not app.error
    parts = [element.proto.body for element in app.get("html")]
    return unescape(
        "\n".join([*parts, *(str(one.value) for one in (*app.text, *app.caption, *app.warning, *app.info))])
    )


def test_the_tree_holds_every_entry_with_its_tier(open_page: Callable[..., AppTest], catalogue: Catalogue) -> None:
    app = open_page()
    labels = {str(button.key): button.label.replace("\\", "") for button in app.button}
    for entry in catalogue.entries:
        label = labels[f"tree {entry.code}"]
        assert entry.name in label
        assert (entry.tier.value if entry.tier else "") in label


def test_that_it_is_reconstructed_stands_above_everything(
    open_page: Callable[..., AppTest], catalogue: Catalogue
) -> None:
    assert tree.is_rebuilt(catalogue)
    assert "重建稿，非官方" in open_page().warning[0].value


@pytest.mark.parametrize("level", [1, 2, 3])
def test_an_address_with_a_code_opens_the_entry(
    open_page: Callable[..., AppTest], catalogue: Catalogue, level: int
) -> None:
    entry = next(entry for entry in catalogue.entries if entry.level == level)
    text = shown(open_page(code=entry.code))
    for part in (entry.name, entry.definition, *entry.includes, *(one.what for one in entry.excludes), entry.basis):
        assert part in text
    assert ("重建，非官方文本" in text) == (level > 1)
    for link in entry.links:
        assert link.name in text


def test_an_unknown_code_is_told_in_plain_words(open_page: Callable[..., AppTest]) -> None:
    app = open_page(code="<b>9.9.9")
    assert not app.exception
    assert any("没有编码" in one.value for one in app.warning)


def test_a_click_in_the_tree_opens_the_entry_and_its_address(
    open_page: Callable[..., AppTest], catalogue: Catalogue
) -> None:
    item = catalogue.items[-1]
    app = open_page()
    app.button(key=f"tree {item.code}").click().run()
    assert item.definition in shown(app)
    assert app.query_params["code"] in (item.code, [item.code])


@pytest.mark.parametrize("words", ["岸电", "养海带", "海水变淡水"])
def test_everyday_words_find_entries(open_page: Callable[..., AppTest], words: str) -> None:
    app = open_page()
    app.text_input(key="search").set_value(words).run()
    assert [button for button in app.button if str(button.key).startswith("hit ")]


def test_what_is_not_found_says_what_to_do(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    app.text_input(key="search").set_value("qqq").run()
    assert "没有找到" in app.info[0].value


def test_an_auditor_and_an_admin_read_it_too(open_page: Callable[..., AppTest], catalogue: Catalogue) -> None:
    for person in ("演示审计", "演示管理"):
        assert catalogue.items[0].definition in shown(open_page(person=person, code=catalogue.items[0].code))


def test_the_chart_counts_slices_as_the_catalogue_does(catalogue: Catalogue) -> None:
    codes = tree.preorder(catalogue)
    assert sorted(codes) == sorted(catalogue)
    for number, code in enumerate(codes, start=1):
        assert tree.chosen_code(catalogue, [{"data_indices": [number]}]) == code
    assert tree.chosen_code(catalogue, [{"data_indices": [0]}]) is None
    assert tree.chosen_code(catalogue, []) is None
    assert tree.chosen_code(catalogue, [{"data_indices": [10_000]}]) is None


def test_the_chart_has_every_entry_in_the_same_order(catalogue: Catalogue) -> None:
    def names(nodes: list[dict[str, object]]) -> list[str]:
        found = []
        for node in nodes:
            found.append(str(node["name"]).split()[0])
            found += names(node.get("children", []))  # type: ignore[arg-type]
        return found

    assert tuple(names(tree.sunburst(catalogue)["series"][0]["data"])) == tree.preorder(catalogue)


def test_the_tiers_differ_in_the_chart_without_colour(catalogue: Catalogue) -> None:
    spec = json.dumps(tree.sunburst(catalogue), ensure_ascii=False)
    light = sum(item.tier is Tier.LIGHT_BLUE for item in catalogue.items)
    assert spec.count(f'"{SYMBOLS[Outcome.LIGHT_BLUE]} ') == light
    assert spec.count("（浅蓝）") == light


def test_the_chart_says_in_words_what_it_shows(catalogue: Catalogue) -> None:
    text = tree.alternative_text(catalogue)
    assert all(category.name in text for category in catalogue.categories)
    assert tree.counts_text(catalogue) in text


def test_a_code_is_found_before_words(catalogue: Catalogue, classifier: Classifier) -> None:
    synonyms = classifier.rules.lexicon.synonyms()
    assert [hit.entry for hit in tree.found(catalogue, f" {catalogue.items[3].code} ", synonyms)] == [
        catalogue.items[3]
    ]
    assert tree.found(catalogue, "  ", synonyms) == []
    assert len(tree.found(catalogue, "海" * 5000, synonyms)) <= tree.MOST_HITS


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_can_be_downloaded(catalogue: Catalogue, kind: str) -> None:
    content = tree.export_bytes(catalogue, kind)
    assert content.startswith({"xlsx": b"PK", "csv": b"\xef\xbb\xbf", "json": b"{"}[kind])
