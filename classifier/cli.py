"""The command line: one function a command. Errors of ours become one line and exit code 1; all else keeps its traceback."""

import argparse
import io
import json
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from classifier.errors import ApplicationError, ClassifierError, LexiconError
from classifier.records import Application
from classifier.settings import Settings
from taxonomy import CatalogueError, load_catalogue

_INTERRUPTED = 130
LONGEST_TEXT = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 an error that was explained, 130 stopped by Ctrl-C."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may offer GBK or ASCII
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop from outside cleans up as Ctrl-C does
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (ClassifierError, CatalogueError) as error:
        print(f"错误：{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断，没有写出文件。", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, as `| head` does
        return 0


class _Parser(argparse.ArgumentParser):
    """argparse with Chinese headings and a Chinese line for a command written wrongly."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._positionals.title, self._optionals.title = "命令与参数", "选项"

    def format_usage(self) -> str:
        """The usage line, without argparse's English word."""
        return super().format_usage().replace("usage:", "用法：", 1)

    def format_help(self) -> str:
        """The help text, without argparse's English word."""
        return super().format_help().replace("usage:", "用法：", 1)

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and the way out."""
        self.print_usage(sys.stderr)
        self.exit(2, f"错误：命令写得不对（{message}）。加 --help 看写法。\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="lanmu", description="蓝目：按蓝色产业目录识别贷款，并给出依据。")
    commands = parser.add_subparsers(required=True, metavar="命令")
    _add_catalogue(commands.add_parser("catalogue", help="查看、检索、导出、核对、比较、导入目录"))
    predict = _add(commands, "predict", _predict, "识别一段文字（写 - 则从标准输入读）")
    predict.add_argument("text", metavar="文字")
    for option, title in (
        ("--name", "项目名称"),
        ("--purpose", "贷款用途"),
        ("--scope", "经营范围"),
        ("--industry", "国标行业"),
    ):
        predict.add_argument(option, default="", metavar=title, help=title)
    predict.add_argument("--json", action="store_true", help="以 JSON 输出")
    batch = _add(commands, "batch", _batch, "给整本贷款台账（CSV 或 XLSX）贴标")
    batch.add_argument("book", type=Path, metavar="台账")
    batch.add_argument("-o", "--output", type=Path, metavar="结果文件")
    for option, title in _COLUMN_OPTIONS.items():
        batch.add_argument(f"--{option}", metavar="列名", help=f"{title}所在的列名")
    batch.add_argument("--workers", type=int, default=1, metavar="进程数")
    report = _add(commands, "report", _report, "汇总已贴标的台账")
    report.add_argument("book", type=Path, metavar="台账")
    report.add_argument("--amount", metavar="列名", help="金额所在的列名")
    evaluate = _add(commands, "evaluate", _evaluate, "在有标准答案的文本（JSON Lines）上测量")
    evaluate.add_argument("files", nargs="+", type=Path, metavar="文件")
    evaluate.add_argument("--rules", type=int, default=20, metavar="条数", help="列出准确率最低的规则条数")
    evaluate.add_argument("--wrong", action="store_true", help="列出判错的行")
    train = _add(commands, "train", _train, "用 data/examples 训练新模型")
    train.add_argument("--examples", type=Path, default=Path("data/examples"), metavar="目录")
    train.add_argument("--version", required=True, metavar="模型版本")
    return parser


_COLUMN_OPTIONS = {
    "text": "项目描述",
    "name": "项目名称",
    "purpose": "贷款用途",
    "scope": "经营范围",
    "industry": "国标行业",
    "id": "借据号",
    "amount": "金额",
}


def _add(commands: Any, name: str, command: Callable[..., int], help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(command=command)
    return parser


def _add_catalogue(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="操作")
    show = _add(commands, "show", _catalogue_show, "显示整本目录或一个条目")
    show.add_argument("code", nargs="?", metavar="编码")
    search = _add(commands, "search", _catalogue_search, "按日常用语查找条目")
    search.add_argument("words", nargs="+", metavar="词")
    export = _add(commands, "export", _catalogue_export, "导出目录（XLSX 可作填写正式目录的模板）")
    export.add_argument("--format", choices=("csv", "json", "xlsx"), default="xlsx")
    export.add_argument("-o", "--output", type=Path, metavar="文件")
    check = _add(commands, "check", _catalogue_check, "核对目录文件（TOML 或 XLSX）是否完整")
    check.add_argument("file", type=Path, metavar="文件")
    diff = _add(commands, "diff", _catalogue_diff, "比较两个目录版本")
    diff.add_argument("before", type=Path, metavar="旧")
    diff.add_argument("after", type=Path, metavar="新")
    importing = _add(commands, "import", _catalogue_import, "由填好的 XLSX 生成新的目录版本（TOML）")
    importing.add_argument("file", type=Path, metavar="文件")
    importing.add_argument("-o", "--output", type=Path, metavar="TOML 文件")


def _print(lines: Iterable[str]) -> int:
    for line in lines:
        print(line)
    return 0


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
            **_plain(prediction),
        }
        print(json.dumps(_plain(content), ensure_ascii=False, indent=2))
        return 0
    from rich.console import Console

    from classifier.terminal import prediction_text

    Console(soft_wrap=True, highlight=False).print(
        prediction_text(application, prediction, classifier.catalogue), end=""
    )
    return 0


def _plain(value: Any) -> Any:
    """Records as JSON can write them: enums by value, records as objects."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def _batch(options: argparse.Namespace) -> int:
    from classifier.batch import label_book, summary_text
    from classifier.engine import Classifier
    from classifier.loanbook.columns import ColumnNames
    from classifier.progress import progress_bar

    columns = ColumnNames(**{name: getattr(options, name) for name in _COLUMN_OPTIONS})
    classifier = Classifier.load()
    with progress_bar() as progress:
        summary = label_book(
            classifier, options.book, options.output, columns=columns, progress=progress, workers=options.workers
        )
    print(summary_text(summary))
    return 0


def _report(options: argparse.Namespace) -> int:
    from classifier.loanbook.totals import totals_text
    from classifier.report import total_book

    print(totals_text(total_book(options.book, options.amount)))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from classifier.engine import Classifier
    from classifier.examples import check_labels, read_examples
    from classifier.terminal import evaluation_text

    classifier = Classifier.load()
    examples = read_examples(options.files)
    check_labels(examples, classifier.labels)
    return _print(evaluation_text(classifier, examples, options.rules, show_wrong=options.wrong))


def _train(options: argparse.Namespace) -> int:
    from classifier.publishing import publish_model

    return _print(publish_model(Settings.from_environment(), options.examples, options.version))


def _catalogue_show(options: argparse.Namespace) -> int:
    from classifier.terminal import entry_text, tree_text

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    if options.code is None:
        return _print(tree_text(catalogue))
    if options.code not in catalogue:
        raise CatalogueError(f"目录中没有编码 {options.code}：用 lanmu catalogue show 看全部编码，或用 search 查找。")
    return _print(entry_text(catalogue, options.code))


def _catalogue_search(options: argparse.Namespace) -> int:
    from classifier.lexicon import load_lexicon

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    try:
        synonyms = load_lexicon({item.code for item in catalogue.items}).synonyms()
    except LexiconError as error:
        print(f"提示：不用同义词检索（{error}）", file=sys.stderr)
        synonyms = {}
    hits = catalogue.search(" ".join(options.words), synonyms)
    if not hits:
        return _print(["没有找到：换一个说法，或用 lanmu catalogue show 浏览全部条目。"])
    return _print(f"{hit.entry.code} {hit.entry.name}  —— {hit.why}" for hit in hits[:10])


def _catalogue_export(options: argparse.Namespace) -> int:
    from classifier.exchange import export_catalogue

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    target = options.output or Path(f"{catalogue.edition}.{options.format}")
    export_catalogue(catalogue, options.format, target)
    return _print([f"已导出 {len(catalogue)} 个条目：{target}"])


def _catalogue_check(options: argparse.Namespace) -> int:
    from classifier.exchange import read_catalogue

    catalogue = read_catalogue(options.file)
    return _print(
        [
            f"{options.file.name} 完整：{len(catalogue.categories)} 个一级、{len(catalogue.subcategories)} 个二级、"
            f"{len(catalogue.items)} 个三级条目；版本 {catalogue.edition}。"
        ]
    )


def _catalogue_diff(options: argparse.Namespace) -> int:
    from classifier.exchange import read_catalogue
    from taxonomy import diff

    differences = diff(read_catalogue(options.before), read_catalogue(options.after))
    return _print([str(difference) for difference in differences] or ["两个版本没有差别。"])


def _catalogue_import(options: argparse.Namespace) -> int:
    from classifier.exchange import read_catalogue
    from taxonomy import write_edition

    catalogue = read_catalogue(options.file)
    target = options.output or Path(f"{catalogue.edition}.toml")
    write_edition(catalogue, target)
    return _print(
        [
            f"已生成 {target}（版本 {catalogue.edition}）。用环境变量 LANMU_CATALOGUE 指向它，并运行 make train 重新训练。"
        ]
    )
