"""Opening a loan book: encodings, delimiters, headers, column roles, amounts, and files that are none."""

import tracemalloc
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from classifier.csvfile import decide_encoding, safe_cell
from classifier.errors import ClassifierError, LoanBookError
from classifier.loanbook.amounts import AmountError, header_unit, parse_amount
from classifier.loanbook.book import LoanBook, open_book
from classifier.loanbook.columns import ColumnNames, Role, assign_roles
from classifier.table import cell_text
from classifier.workbook import write_sheets


def book_of(folder: Path, content: str | bytes, encoding: str = "utf-8", named: ColumnNames | None = None) -> LoanBook:
    path = folder / "台账.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return open_book(path, named)


def texts(book: LoanBook) -> list[list[str]]:
    return [[cell_text(cell) for cell in row.cells] for row in book.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"])
def test_reads_the_encodings_banks_use(tmp_path: Path, encoding: str) -> None:
    content = "借款用途,金额\n海水养殖,5\n"
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    book = book_of(tmp_path, mark + content.encode(encoding))
    assert book.layout.header == ("借款用途", "金额")
    assert texts(book) == [["海水养殖", "5"]]


@pytest.mark.parametrize("text", ["海水养殖", "用途\n海水养殖", "借款用途,金额\n养海带,1"])
def test_short_gbk_is_not_taken_for_another_encoding(tmp_path: Path, text: str) -> None:
    path = tmp_path / "short.csv"
    path.write_bytes(text.encode("gbk"))
    assert decide_encoding(path) == "gb18030"


@pytest.mark.parametrize("name", ["㙍", "𠮷", "䶮", "𬭎"])
def test_rare_characters_of_names_survive(tmp_path: Path, name: str) -> None:
    book = book_of(tmp_path, f"客户名称,贷款用途\n王{name},养海带\n", "gb18030")
    assert texts(book) == [[f"王{name}", "养海带"]]


def test_the_encoding_is_decided_on_the_whole_file(tmp_path: Path) -> None:
    content = b"id,purpose\n" + b"1,seaweed\n" * 300_000 + "2,海带\n".encode("gbk")
    book = book_of(tmp_path, content)
    assert book.size == 300_001
    assert [cell_text(cell) for cell in list(book.rows())[-1].cells] == ["2", "海带"]


def test_a_file_that_is_text_in_no_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(LoanBookError, match="第 2 行、第 16 字节处"):
        book_of(tmp_path, "贷款用途\n".encode() + b"ok\xff\xff\xff\n")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_finds_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    rows = [["借据号", "贷款用途", "余额"], ["001", "养海带,买苗;绳|缆", "5"]]
    quoted = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert texts(book_of(tmp_path, quoted)) == [rows[1]]


def test_an_unknown_header_is_split_as_most_rows_are(tmp_path: Path) -> None:
    content = "甲;乙,丙\n" + "1;2\n" * 9 + "1,2\n"
    with pytest.raises(LoanBookError, match="甲、乙,丙"):
        book_of(tmp_path, content)


def test_the_header_is_found_below_title_rows(tmp_path: Path) -> None:
    book = book_of(tmp_path, "某行贷款台账\n\n,,单位：万元\n借据号,贷款用途,余额\n001,养海带,5\n")
    assert [row.cells[0] for row in book.titles] == ["某行贷款台账", ""]
    assert book.layout.header == ("借据号", "贷款用途", "余额")
    assert book.layout.units[Role.BALANCE] == 10_000
    assert [row.number for row in book.rows()] == [5]


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("贷款用途", Role.PURPOSE),
        ("借款用途", Role.PURPOSE),
        ("＊资 金 用 途（必填）", Role.PURPOSE),
        ("本次贷款用途描述", Role.PURPOSE),
        ("项目名称", Role.NAME),
        ("项目", Role.NAME),
        ("建设内容及规模", Role.DESCRIPTION),
        ("主营业务", Role.SCOPE),
        ("贷款实际投向", Role.INDUSTRY),
        ("国标行业（小类）", Role.INDUSTRY),
        ("贷款借据编码", Role.ID),
        ("合同号", Role.ID),
        ("余额（万元）", Role.BALANCE),
        ("贷款余额_元", Role.BALANCE),
        ("折人民币", Role.BALANCE),
        ("发放金额", Role.AMOUNT),
    ],
)
def test_columns_are_known_by_the_names_banks_use(header: str, role: Role) -> None:
    first = "用途" if role is not Role.PURPOSE else "项目名称"
    assert assign_roles([first, "客户名称", header], ColumnNames())[role] == 2


@pytest.mark.parametrize("header", ["备注", "备注说明", "摘要", "说明", "内容"])
def test_a_remark_is_read_only_where_nothing_else_tells_the_use(header: str) -> None:
    assert assign_roles(["客户名称", header], ColumnNames()) == {Role.DESCRIPTION: 1}
    for other in ("贷款用途", "项目名称"):
        assert Role.DESCRIPTION not in assign_roles([header, other], ColumnNames())
    assert assign_roles([header, "建设内容"], ColumnNames()) == {Role.DESCRIPTION: 1}
    assert assign_roles(["贷款用途", header], ColumnNames(text=header))[Role.DESCRIPTION] == 1


@pytest.mark.parametrize("header", ["用途代码", "逾期余额", "客户名称", "投向代码表用途分类"])
def test_columns_that_only_sound_alike_get_no_role(header: str) -> None:
    assert 1 not in assign_roles(["贷款用途", header], ColumnNames()).values()


def test_the_balance_is_told_from_the_amount_and_each_unit_is_kept(tmp_path: Path) -> None:
    book = book_of(tmp_path, "用途,金额(元),余额（万元）\n养海带,1,2\n")
    assert book.layout.units == {Role.AMOUNT: 1, Role.BALANCE: 10_000}


@pytest.mark.parametrize("header", ["余额(万)", "余额（单位:万）", "余额（单位：万元）", "余额[万]", "余额_万元"])
def test_a_unit_in_a_header_needs_no_yuan_sign(header: str) -> None:
    assert header_unit(header) == 10_000
    assert header_unit("余额（亿）") == 10**8


@pytest.mark.parametrize("unit", ["万美元", "美元", "欧元", "日元", "港元"])
def test_another_currency_is_never_added_as_yuan(tmp_path: Path, unit: str) -> None:
    book = book_of(tmp_path, f"贷款用途,余额（{unit}）\n养海带,5\n")
    assert book.layout.columns == {Role.PURPOSE: 0}
    assert book.foreign == (f"余额（{unit}）",)
    both = book_of(tmp_path, f"贷款用途,余额（{unit}）,余额（元）\n养海带,5,35\n")
    assert both.layout.columns[Role.BALANCE] == 2
    with pytest.raises(LoanBookError, match="外币"):
        book_of(tmp_path, f"贷款用途,余额（{unit}）\n养海带,5\n", named=ColumnNames(amount=f"余额（{unit}）"))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (370202199001011234.0, "370202199001011000"),
        (1e22, "10000000000000000000000"),
        (0.00001, "0.00001"),
        (123.0, "123"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_a_number_shows_the_digits_that_excel_shows(cell: float, text: str) -> None:
    assert cell_text(cell) == text


def test_named_columns_outrank_known_names(tmp_path: Path) -> None:
    named = ColumnNames(text="说明二", purpose="说明一", amount="本期")
    book = book_of(tmp_path, "贷款用途,说明一,说明二,本期,余额\n甲,乙,丙,1,2\n", named=named)
    columns = book.layout.columns
    assert (columns[Role.DESCRIPTION], columns[Role.PURPOSE], columns[Role.BALANCE]) == (2, 1, 3)
    assert Role.AMOUNT not in columns


def test_a_named_column_that_is_not_there_is_an_error_with_the_columns_there_are(tmp_path: Path) -> None:
    with pytest.raises(LoanBookError, match=r"没有名为“摘要”的列.*贷款用途、余额"):
        book_of(tmp_path, "贷款用途,余额\n养海带,5\n", named=ColumnNames(text="摘要"))


def test_a_book_without_a_text_column_is_refused_with_the_columns_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LoanBookError, match=r"客户名称、余额.*--text"):
        book_of(tmp_path, "客户名称,余额\n某公司,5\n")


def test_columns_of_the_same_name_and_without_a_name_survive(tmp_path: Path) -> None:
    book = book_of(tmp_path, "备注,贷款用途,备注,\n甲,养海带,乙,丙\n")
    assert book.layout.header == ("备注", "贷款用途", "备注", "")
    assert texts(book) == [["甲", "养海带", "乙", "丙"]]


def test_line_breaks_quotes_and_nul_stay_inside_their_cells(tmp_path: Path) -> None:
    content = '用途,余额\r\n"养""海带""\n买苗",1\r\n5"管道,2\r\n"整"段,3\r\n坏\x00字,4\r\n'
    assert texts(book_of(tmp_path, content)) == [
        ['养"海带"\n买苗', "1"],
        ['5"管道', "2"],
        ["整段", "3"],
        ["坏\x00字", "4"],
    ]


def test_a_row_whose_quotes_end_too_early_says_so(tmp_path: Path) -> None:
    rows = list(book_of(tmp_path, '用途,余额\n"整"段,3\n"整段",3\n').rows())
    assert [row.problem for row in rows] == ["引号没有成对，单元格的界线不明", ""]


def test_an_id_wrapped_in_a_formula_is_unwrapped(tmp_path: Path) -> None:
    book = book_of(tmp_path, '借据号,用途\n="00123",养海带\n"=""00124""",养海带\n=A1,养海带\n')
    assert [row[0] for row in texts(book)] == ["00123", "00124", "=A1"]


@pytest.mark.parametrize("after", ["", '3,"乙\n', '3,"乙",1\n4,丁,1\n'])
def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path, after: str) -> None:
    book = book_of(tmp_path, f'借据号,用途,余额\n1,甲,1\n2,"坏,1\n{after}5,戊,1\n')
    rows = {row.cells[0]: row.problem for row in book.rows()}
    assert rows["2"] == "引号没有成对，单元格的界线不明"
    assert (rows["1"], rows["5"]) == ("", "")


def test_ragged_rows_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    book = book_of(tmp_path, "借据号,用途,余额\n1,养海带\n2,养海带,5,保证\n3,养海带,5,,\n")
    assert [row.problem for row in book.rows()] == [
        "字段过少：表头 3 列，本行只有 2 列",
        "字段过多：表头 3 列，本行 4 列，多出“保证”",
        "",
    ]
    assert all(len(row.cells) == 3 for row in book.rows())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "空文件"),
        (b"\n\n\n", "没有表头"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\n <HTML><table>", "网页"),
        (b"\x1f\x8b\x08\x00", "压缩包"),
        ("今天天气很好。\n明天也好。\n".encode(), "没有表头"),
        (b"PK\x03\x04 broken", "."),
    ],
)
def test_a_file_that_is_no_loan_book_gets_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ClassifierError, match=message) as caught:
        book_of(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(LoanBookError, match="无法读取"):
            open_book(path)


def test_a_password_protected_workbook_is_refused(tmp_path: Path) -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    with pytest.raises(ClassifierError, match="密码"):
        book_of(tmp_path, container)


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            archive.writestr(part, bytes(30_000_000))
    tracemalloc.start()
    with pytest.raises(ClassifierError):
        open_book(path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_the_sheet_with_the_loans_is_found_and_its_blank_end_left_out(tmp_path: Path) -> None:
    path = tmp_path / "无扩展名"
    loans = [["台账", "", ""], ["借据号", "贷款用途", "余额"], ["0012", "养海带", 5.5], ["0013", "", 2], ["", " ", ""]]
    write_sheets(tmp_path / "b.xlsx", {"说明": [["填表说明", "见下"]], "台账": loans})
    (tmp_path / "b.xlsx").rename(path)
    book = open_book(path)
    assert (book.sheet, book.size) == ("台账", 2)
    assert [row.number for row in book.rows()] == [3, 4]
    assert texts(book)[0] == ["0012", "养海带", "5.5"]


def test_a_long_csv_is_never_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("借据号,贷款用途,余额\n" + "000123456,购买海带苗绳和浮漂缆绳用于养殖,120.50\n" * 100_000, "utf-8")
    tracemalloc.start()
    book = open_book(path)
    assert sum(1 for _ in book.rows()) == book.size == 100_000
    assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 2
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("1200", "12000000"),
        ("1,234.50", "12345000"),
        ("１２３", "1230000"),
        ("3.5亿", "350000000"),
        ("500元", "500"),
        ("1 200万元整", "12000000"),
        ("￥3,000元", "3000"),
        ("(12.5)", "-125000"),
        ("-3", "-30000"),
        ("1.2E+3", "12000000"),
    ],
)
def test_amounts_are_read_in_yuan_whatever_they_look_like(text: str, yuan: str) -> None:
    assert parse_amount(text, Decimal(10_000)) == Decimal(yuan)


@pytest.mark.parametrize("text", ["", "  ", "-", "——", "/"])
def test_a_blank_amount_is_none(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("约三百万", "无数字"),
        ("2025-09-30", "日期"),
        ("80%", "百分比"),
        ("12,34", "夹有"),
        ("#REF!", "无数字"),
        ("9" * 20, "过大"),
    ],
)
def test_an_unreadable_amount_says_what_kind_of_thing_it_is(text: str, kind: str) -> None:
    with pytest.raises(AmountError, match=kind):
        parse_amount(text)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\u200b=1",
        "\ufeff＝1",
        "＋1",
        "－5",
        "＠a",
        "\ta",
    ],
)
def test_text_that_a_spreadsheet_might_run_is_made_safe(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["-", "-12.5", "+3", "-1,234.00", "1e-5", "-80%", "海带", "'=1", "a=b", "", "00123", "91371002MA"]
)
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text
