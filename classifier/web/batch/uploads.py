"""What may be uploaded: checked here on the server, whatever the browser said of the file."""

import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from enum import Enum

from classifier.errors import LoanBookError, WorkbookError
from classifier.workbook import check_workbook

MOST_BYTES = 200_000_000
MOST_LINES = 1_100_000  # what Excel shows, and some

_ZIP, _OLE2 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK_PARTS = b"xl/workbook"
# Other kinds by their first bytes, and what people call them.
_FOREIGN = {
    b"%PDF": "PDF 文件",
    b"MZ": "程序",
    b"\x7fELF": "程序",
    b"Rar!": "压缩包",
    b"7z\xbc\xaf": "压缩包",
    b"\x1f\x8b": "压缩包",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"{\\rtf": "文档",
    b"<!DOCTYPE": "网页",
    b"<html": "网页",
}
_REMEDY = "请上传 CSV 或 .xlsx 格式的贷款台账。"
_TEXT_SAMPLE = 1 << 16


class Kind(Enum):
    """What an uploaded file is by its content; the value is the ending it should have."""

    CSV = ".csv"
    XLSX = ".xlsx"


def check_upload(name: str, data: bytes) -> Kind:
    """The kind of a loan book by its content; raises LoanBookError when it must not be read."""
    shown = name[-80:]
    if not data.strip():
        raise LoanBookError(f"{shown} 是空文件。{_REMEDY}")
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        raise LoanBookError(f"{shown} 有 {len(data) / 1e6:,.0f} MB，超过 {most} MB。请拆成几个文件再上传。")
    foreign = next((kind for start, kind in _FOREIGN.items() if data.startswith(start)), None)
    if foreign is not None:
        raise LoanBookError(f"{shown} 是{foreign}，不是表格。{_REMEDY}")
    kind = _check_book(shown, data) if data.startswith((_ZIP, _OLE2)) else _check_text(shown, data)
    ending = name.lower()[-5:]
    if kind is Kind.CSV and ending.endswith((".xlsx", ".xls")):
        raise LoanBookError(
            f"{shown} 名为 Excel 工作簿，内容却是文本。请把文件名改为 .csv，或在 Excel 中另存为 .xlsx 再上传。"
        )
    if kind is Kind.XLSX and not ending.endswith(".xlsx"):
        raise LoanBookError(f"{shown} 的内容是 Excel 工作簿。请把文件名改为 .xlsx 再上传。")
    return kind


def _check_book(name: str, data: bytes) -> Kind:
    if data.startswith(_ZIP) and _WORKBOOK_PARTS not in data:
        raise LoanBookError(f"{name} 是压缩包或别的文档，里面没有 Excel 工作表。{_REMEDY}")
    try:
        check_workbook(io.BytesIO(data), name)
    except WorkbookError as error:
        raise LoanBookError(str(error)) from error
    return Kind.XLSX


def _check_text(name: str, data: bytes) -> Kind:
    """Text has no zero bytes, unless each sign takes two; a wrong encoding is told by the reader, with its place."""
    if not data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and b"\x00" in data[:_TEXT_SAMPLE]:
        raise LoanBookError(f"{name} 不是文本，也不是 Excel 工作簿。{_REMEDY}")
    lines = data.count(b"\n")
    if lines > MOST_LINES:
        raise LoanBookError(f"{name} 有 {lines:,} 行，超过 {MOST_LINES:,} 行。请拆成几个文件再上传。")
    return Kind.CSV
