"""`lanmu predict`, `batch` and `report`: label one text or a loan book, and total a labelled one."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from classifier.cli.parser import add_command, print_coloured
from classifier.errors import ApplicationError
from classifier.plain import plain
from classifier.records import Application

LONGEST_TEXT = 20_000
_COLUMN_OPTIONS = {
    "text": "项目描述",
    "name": "项目名称",
    "purpose": "贷款用途",
    "scope": "经营范围",
    "industry": "国标行业",
    "id": "借据号",
    "amount": "金额",
}


def add_commands(commands: Any) -> None:
    """The commands of this room."""
    predict = add_command(commands, "predict", _predict, "识别一段文字（写 - 则从标准输入读）")
    predict.add_argument("text", metavar="文字")
    for option, title in (
        ("--name", "项目名称"),
        ("--purpose", "贷款用途"),
        ("--scope", "经营范围"),
        ("--industry", "国标行业"),
    ):
        predict.add_argument(option, default="", metavar=title, help=title)
    predict.add_argument("--json", action="store_true", help="以 JSON 输出")
    batch = add_command(commands, "batch", _batch, "给整本贷款台账（CSV 或 XLSX）贴标")
    batch.add_argument("book", type=Path, metavar="台账")
    batch.add_argument("-o", "--output", type=Path, metavar="结果文件")
    for option, title in _COLUMN_OPTIONS.items():
        batch.add_argument(f"--{option}", metavar="列名", help=f"{title}所在的列名")
    where = batch.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, default=1, metavar="进程数", help="本机用几个进程（小台账仍只用一个）")
    where.add_argument("--dask", metavar="地址", help="交给 Dask 集群，如 tcp://主机:8786（见 docs/scale.md）")
    report = add_command(commands, "report", _report, "汇总已贴标的台账")
    report.add_argument("book", type=Path, metavar="台账")
    report.add_argument("--amount", metavar="列名", help="金额所在的列名")


def _predict(options: argparse.Namespace) -> int:
    from classifier.engine import Classifier

    text = sys.stdin.read() if options.text == "-" else options.text
    if len(text) > LONGEST_TEXT:
        raise ApplicationError(f"文字有 {len(text):,} 个字符，超过 {LONGEST_TEXT:,}：请只贴项目和用途的部分。")
    application = Application("", text, options.name, options.purpose, options.scope, options.industry)
    classifier = Classifier.load()
    prediction = classifier.predict(application)
    if options.json:
        entry = classifier.catalogue[prediction.code] if prediction.code else None
        content = {
            "outcome": prediction.outcome,
            "code": prediction.code,
            "name": entry.name if entry else None,
            "path": [step.name for step in classifier.catalogue.path(entry.code)] if entry else [],
            "tier": entry.tier if entry else None,
            "provenance": entry.provenance if entry else None,
            **plain(prediction),
        }
        print(json.dumps(plain(content), ensure_ascii=False, indent=2))
        return 0
    from classifier.terminal import prediction_text

    print_coloured(prediction_text(application, prediction, classifier.catalogue))
    return 0


def _batch(options: argparse.Namespace) -> int:
    from classifier.batch import label_book, summary_text
    from classifier.engine import Classifier
    from classifier.loanbook.columns import ColumnNames
    from classifier.progress import progress_bar

    columns = ColumnNames(**{name: getattr(options, name) for name in _COLUMN_OPTIONS})
    classifier = Classifier.load()
    with progress_bar() as progress:
        summary = label_book(
            classifier,
            options.book,
            options.output,
            columns=columns,
            progress=progress,
            workers=options.workers,
            dask=options.dask,
        )
    print(summary_text(summary))
    return 0


def _report(options: argparse.Namespace) -> int:
    from classifier.loanbook.totals import totals_text
    from classifier.report import total_book

    print(totals_text(total_book(options.book, options.amount)))
    return 0
