"""The catalogue as a form: what goes out comes back equal, and what was filled in wrongly is named by its place."""

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import WorkbookError
from classifier.exchange import (
    FORMATS,
    export_catalogue,
    import_workbook,
    read_catalogue,
)
from classifier.form import BOUNDARIES, ENTRIES, IMPRINT, LINKS, form_sheets
from classifier.table import Cell
from classifier.workbook import LONGEST_TEXT, MOST_ROWS, read_sheets, write_sheets
from taxonomy import CatalogueError, load_catalogue, to_toml

CATALOGUE = load_catalogue()
ITEM = CATALOGUE.items[0]

Sheets = dict[str, list[list[Cell]]]


def _sheets() -> Sheets:
    return {name: [list(row) for row in rows] for name, rows in form_sheets(CATALOGUE).items()}


def _row_of(sheets: Sheets, sheet: str, text: str, column: str) -> tuple[list[Cell], int]:
    """The first row with a text in a column, and its number as Excel counts."""
    header, *rows = sheets[sheet]
    place = header.index(column)
    return next((row, number) for number, row in enumerate(rows, start=2) if row[place] == text)


def _refusal(tmp_path: Path, sheets: Sheets) -> str:
    target = tmp_path / "form.xlsx"
    write_sheets(target, sheets)
    with pytest.raises(CatalogueError) as refusal:
        import_workbook(target)
    assert "form.xlsx" in str(refusal.value)
    return str(refusal.value)


def test_the_exported_form_comes_back_as_the_same_edition(tmp_path: Path) -> None:
    target = tmp_path / "form.xlsx"
    export_catalogue(CATALOGUE, "xlsx", target)
    assert read_catalogue(target) == CATALOGUE
    assert to_toml(read_catalogue(target)) == to_toml(CATALOGUE)


def test_rows_and_columns_may_be_moved_and_blank_rows_left(tmp_path: Path) -> None:
    sheets = _sheets()
    sheets[ENTRIES] = [list(reversed(row)) for row in sheets[ENTRIES]]
    sheets[ENTRIES].insert(5, [""] * 11)
    header, *links = sheets[LINKS]
    sheets[LINKS] = [header, *sorted(links, key=lambda row: row[0] != ITEM.code)]
    write_sheets(tmp_path / "form.xlsx", sheets)
    assert import_workbook(tmp_path / "form.xlsx") == CATALOGUE


def test_numbers_and_broken_lines_are_read_as_meant(tmp_path: Path) -> None:
    sheets = _sheets()
    place = sheets[ENTRIES][0].index
    for row in sheets[ENTRIES][1:]:
        row[place("层级")] = int(str(row[place("层级")]))
        row[place("界定")] = str(row[place("界定")])[:9] + "\n " + str(row[place("界定")])[9:]
    write_sheets(tmp_path / "form.xlsx", sheets)
    assert import_workbook(tmp_path / "form.xlsx") == CATALOGUE


@pytest.mark.parametrize(
    ("column", "value", "fragment"),
    [
        ("层级", "三", "层级"),
        ("编码", "", "编码"),
        ("编码", datetime(2004, 2, 1), "文本格式"),
        ("上级编码", "9.9", "上级编码 9.9 不存在"),
        ("名称", "", "名称"),
        ("层次", "深蓝", "蓝色、浅蓝"),
        ("界定", "", "界定"),
        ("不包括", "没有箭头的一行", "去向编码"),
        ("不包括", "别处 → 8.8.8", "8.8.8"),
        ("名称来源", "不知道", "官方、重建"),
        ("依据", "", "依据"),
    ],
)
def test_a_fault_of_an_entry_names_sheet_row_and_column(
    tmp_path: Path, column: str, value: Cell, fragment: str
) -> None:
    sheets = _sheets()
    row, number = _row_of(sheets, ENTRIES, ITEM.code, "编码")
    row[sheets[ENTRIES][0].index(column)] = value
    message = _refusal(tmp_path, sheets)
    assert f"“{ENTRIES}”表第 {number} 行" in message
    assert column in message
    assert fragment in message


@pytest.mark.parametrize(
    ("column", "value", "fragment"),
    [
        ("编码", "9.9.9", "在该标准中不存在"),
        ("名称", "别名", "名称应为"),
        ("关系", "相似", "一致、更宽、更窄、部分重合"),
        ("把握", "", "高、中、低"),
        ("依据", "", "依据"),
        ("条目编码", "8.8.8", "条目编码“8.8.8”不在"),
    ],
)
def test_a_fault_of_a_link_names_its_own_row(tmp_path: Path, column: str, value: str, fragment: str) -> None:
    sheets = _sheets()
    row, number = _row_of(sheets, LINKS, CATALOGUE.items[-1].code, "条目编码")
    row[sheets[LINKS][0].index(column)] = value
    message = _refusal(tmp_path, sheets)
    assert f"“{LINKS}”表第 {number} 行" in message
    assert fragment in message


def test_faults_of_rules_and_imprint_name_their_sheets(tmp_path: Path) -> None:
    sheets = _sheets()
    sheets[BOUNDARIES][-1][sheets[BOUNDARIES][0].index("条目")] = "8.8.8"
    sheets[IMPRINT][1][1] = ""
    message = _refusal(tmp_path, sheets)
    assert f"“{BOUNDARIES}”表第 {len(sheets[BOUNDARIES])} 行" in message
    assert f"“{IMPRINT}”表" in message


def test_a_missing_sheet_or_another_header_is_refused(tmp_path: Path) -> None:
    sheets = _sheets()
    sheets[ENTRIES][0][3] = "题目"
    assert "缺少列名称，多出列题目" in _refusal(tmp_path, sheets)
    del sheets[ENTRIES]
    assert f"缺少“{ENTRIES}”表" in _refusal(tmp_path, sheets)
    sheets[ENTRIES] = []
    assert "缺少列层级" in _refusal(tmp_path, sheets)


def test_a_removed_row_is_missed(tmp_path: Path) -> None:
    sheets = _sheets()
    sheets[ENTRIES].pop()
    sheets[LINKS] = [row for row in sheets[LINKS] if row[0] != CATALOGUE.items[-1].code]
    assert "三级条目应为 85 个，现有 84 个" in _refusal(tmp_path, sheets)


def test_json_holds_the_tables_of_the_edition(tmp_path: Path) -> None:
    export_catalogue(CATALOGUE, "json", tmp_path / "catalogue.json")
    tables = json.loads((tmp_path / "catalogue.json").read_text(encoding="utf-8"))
    assert [entry["code"] for entry in tables["entries"]] == list(CATALOGUE)
    assert tables["entries"][2]["links"][0]["relation"] == CATALOGUE.entries[2].links[0].relation.value


def test_csv_has_one_row_an_entry_and_nothing_that_runs(tmp_path: Path) -> None:
    export_catalogue(CATALOGUE, "csv", tmp_path / "catalogue.csv")
    with (tmp_path / "catalogue.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["编码"] for row in rows] == list(CATALOGUE)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_another_format_or_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="、".join(FORMATS)):
        export_catalogue(CATALOGUE, "docx", tmp_path / "catalogue.docx")
    with pytest.raises(CatalogueError, match=r"\.xlsx"):
        read_catalogue(tmp_path / "catalogue.docx")
    with pytest.raises(CatalogueError, match="读不到"):
        read_catalogue(tmp_path / "none.xlsx")
    with pytest.raises(CatalogueError, match="无法写入"):
        export_catalogue(CATALOGUE, "json", tmp_path / "no folder" / "catalogue.json")


def test_cells_keep_their_kind_through_a_workbook(tmp_path: Path) -> None:
    row: list[Cell] = ["=1+1", "00123", "https://example.com", 12.5, 3, True, date(2024, 1, 4), time(8, 30)]
    row += [datetime(2024, 1, 4, 8, 30), timedelta(hours=30), "两\n行", "370200199901011234", 370200199901011234]
    write_sheets(tmp_path / "book.xlsx", {"台账": [[], row, ["'", Decimal("0.93"), float("nan")]]})
    assert read_sheets(tmp_path / "book.xlsx") == {
        "台账": [[""] * 13, [*row[:-1], "370200199901011234"], ["'", 0.93, "nan", *[""] * 10]]
    }


_texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1)


@given(rows=st.lists(st.lists(_texts, min_size=3, max_size=3), min_size=1, max_size=5))
def test_any_text_survives_a_workbook(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Cell]]) -> None:
    target = tmp_path_factory.mktemp("book") / "book.xlsx"
    write_sheets(target, {"a": rows})
    assert read_sheets(target) == {"a": rows}


def _archive(path: Path, *, size: int = 0, encrypted: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * size)
    if encrypted:
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(content)
    return path


def test_what_must_not_or_cannot_be_opened_gets_one_line(tmp_path: Path) -> None:
    ole2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)
    (tmp_path / "old.xls").write_bytes(ole2)
    (tmp_path / "locked.xlsx").write_bytes(ole2 + "EncryptedPackage".encode("utf-16-le"))
    (tmp_path / "text.xlsx").write_text("编码,名称", encoding="utf-8")
    (tmp_path / "empty.xlsx").write_bytes(b"")
    _archive(tmp_path / "other.xlsx")
    _archive(tmp_path / "locked_zip.xlsx", encrypted=True)
    _archive(tmp_path / "bomb.xlsx", size=60_000_000)
    expected = {
        "old.xls": "另存为 .xlsx",
        "locked.xlsx": "密码",
        "text.xlsx": "不是 Excel 工作簿",
        "empty.xlsx": "不是 Excel 工作簿",
        "other.xlsx": "不是 Excel 工作簿",
        "locked_zip.xlsx": "密码",
        "bomb.xlsx": "安全限度",
    }
    for name, fragment in expected.items():
        with pytest.raises(WorkbookError, match=fragment) as refusal:
            read_sheets(tmp_path / name)
        assert name in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("cell", ['<row r="1048576"><c r="XFD1048576"', "<row><c t='n' r = 'XFD1048576'"])
def test_a_sheet_with_an_absurd_range_is_refused_before_it_is_opened(tmp_path: Path, cell: str) -> None:
    write_sheets(tmp_path / "small.xlsx", {"a": [["one", 2]]})
    with zipfile.ZipFile(tmp_path / "small.xlsx") as small, zipfile.ZipFile(tmp_path / "huge.xlsx", "w") as huge:
        for part in small.infolist():
            content = small.read(part).decode()
            if part.filename.endswith("sheet1.xml"):
                content = content.replace("</sheetData>", f"{cell}><v>1</v></c></row></sheetData>")
            huge.writestr(part.filename, content)
    with pytest.raises(WorkbookError, match=r"huge\.xlsx 有工作表的范围到了第 1,048,576 行、第 16,384 列"):
        read_sheets(tmp_path / "huge.xlsx")


def test_a_workbook_appears_only_when_whole(tmp_path: Path) -> None:
    def rows() -> Iterator[list[Cell]]:
        yield ["first"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sheets(tmp_path / "book.xlsx", {"a": rows()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rows", "fragment"),
    [([["x" * (LONGEST_TEXT + 1)]], "字符"), ([[]] * (MOST_ROWS + 1), "放不下")],
    ids=["text", "rows"],
)
def test_what_does_not_fit_is_refused_not_cut(tmp_path: Path, rows: list[list[Cell]], fragment: str) -> None:
    with pytest.raises(WorkbookError, match=fragment):
        write_sheets(tmp_path / "book.xlsx", {"台账": rows})
    assert list(tmp_path.iterdir()) == []
