"""`lanmu evaluate` and `lanmu train`: measure the labels on known texts, train a new model."""

import argparse
from pathlib import Path
from typing import Any

from classifier.cli.parser import add_command, print_lines
from classifier.settings import Settings


def add_commands(commands: Any) -> None:
    """The commands of this room."""
    evaluate = add_command(commands, "evaluate", _evaluate, "在有标准答案的文本（JSON Lines）上测量")
    evaluate.add_argument("files", nargs="+", type=Path, metavar="文件")
    evaluate.add_argument("--rules", type=int, default=20, metavar="条数", help="列出准确率最低的规则条数")
    evaluate.add_argument("--wrong", action="store_true", help="列出判错的行")
    train = add_command(commands, "train", _train, "用 data/examples 训练新模型")
    train.add_argument("--examples", type=Path, default=Path("data/examples"), metavar="目录")
    train.add_argument("--version", required=True, metavar="模型版本")


def _evaluate(options: argparse.Namespace) -> int:
    from classifier.engine import Classifier
    from classifier.examples import check_labels, read_examples
    from classifier.figures import evaluation_text

    classifier = Classifier.load()
    examples = read_examples(options.files)
    check_labels(examples, classifier.labels)
    return print_lines(evaluation_text(classifier, examples, options.rules, show_wrong=options.wrong))


def _train(options: argparse.Namespace) -> int:
    from classifier.publishing import publish_model

    return print_lines(publish_model(Settings.from_environment(), options.examples, options.version))
