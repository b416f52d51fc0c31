"""What the server takes as a loan book, whatever the browser says."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from classifier.errors import LoanBookError
from classifier.web.batch import uploads
from classifier.web.batch.uploads import Kind, check_upload
from classifier.workbook import write_sheets


def workbook(tmp_path: Path) -> bytes:
    path = tmp_path / "book.xlsx"
    write_sheets(path, {"台账": [["贷款编号", "项目描述"], ["L-1", "建设海上风电场"]]})
    return path.read_bytes()


def archive(parts: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return memory.getvalue()


def test_a_workbook_and_a_text_are_known_by_their_content(tmp_path: Path) -> None:
    assert check_upload("台账.xlsx", workbook(tmp_path)) is Kind.XLSX
    assert check_upload("台账.csv", "贷款编号,项目描述\nL-1,海水养殖\n".encode()) is Kind.CSV
    assert check_upload("台账.txt", "贷款编号\t项目描述\n".encode("gb18030")) is Kind.CSV
    assert check_upload("台账.csv", "贷款编号,项目描述\n".encode("utf-16")) is Kind.CSV


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.csv", b"", "空文件"),
        ("a.csv", b" \r\n", "空文件"),
        ("a.csv", b"MZ\x90\x00\x03", "程序"),
        ("a.csv", b"\x7fELF\x02", "程序"),
        ("a.xlsx", b"%PDF-1.7", "PDF"),
        ("a.csv", b"\x89PNG\r\n", "图片"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "旧式的 .xls"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "密码保护"),
        ("a.xlsx", archive({"word/document.xml": b"<w/>"}), "没有 Excel 工作表"),
        ("a.xlsx", b"PK\x03\x04 xl/workbook.xml broken", "已损坏"),
        ("a.csv", b"id,text\n1,\x00\x01\x02\n", "不是文本"),
        ("a.xlsx", "编号,描述\n".encode(), "内容却是文本"),
    ],
)
def test_what_is_no_loan_book_is_refused_with_what_to_do(name: str, data: bytes, told: str) -> None:
    with pytest.raises(LoanBookError, match=told) as refused:
        check_upload(name, data)
    assert "请" in str(refused.value)


def test_a_workbook_under_another_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoanBookError, match=r"改为 \.xlsx"):
        check_upload("台账.csv", workbook(tmp_path))


def test_a_small_file_that_unpacks_to_a_giant_is_refused_unopened() -> None:
    bomb = archive({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"0" * 300_000_000})
    assert len(bomb) < 400_000
    with pytest.raises(LoanBookError, match="解压后有 300 MB"):
        check_upload("a.xlsx", bomb)


def test_a_lie_about_the_unpacked_size_is_no_way_around_the_limit() -> None:
    bomb = bytearray(archive({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"0" * 30_000_000}))
    size = struct.pack("<I", 30_000_000)
    while (place := bomb.find(size)) >= 0:
        bomb[place : place + 4] = struct.pack("<I", 1000)
    with pytest.raises(LoanBookError, match="已损坏"):
        check_upload("a.xlsx", bytes(bomb))


def test_size_and_rows_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    with pytest.raises(LoanBookError, match="MB"):
        check_upload("a.csv", b"x" * 1001)
    monkeypatch.setattr(uploads, "MOST_LINES", 3)
    with pytest.raises(LoanBookError, match="超过 3 行"):
        check_upload("a.csv", b"x\n" * 4)
