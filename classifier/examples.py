"""Labelled texts: the training examples and the test cases, one JSON object a line."""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.errors import ExampleError
from classifier.records import Outcome

_LABELS = {"outside": Outcome.OUTSIDE.value, "insufficient": Outcome.INSUFFICIENT.value}


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what it is: ``label`` is an item code, 目录外 or 信息不足.

    ``also`` are further items really financed; ``accept`` other labels an expert may defend (test cases only);
    ``grade`` is ``clear`` or ``borderline``; ``source`` is the file's name, ``same`` the text this one is a variant of.
    """

    id: str
    text: str
    label: str
    also: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    grade: str = "clear"
    kind: str = ""
    source: str = ""
    same: str = ""


def read_examples(paths: Iterable[Path]) -> list[Example]:
    """All examples of some JSON-lines files, in order. Raises ExampleError naming file, line and what is missing."""
    return [_example(line, path, number) for path in paths for number, line in _lines(path)]


def read_likeness(file: Path) -> dict[str, float]:
    """From ``sources.toml``: how much the rows of each example file are like a loan book's, 0 to 1."""
    try:
        return {name: float(table["likeness"]) for name, table in tomllib.loads(file.read_text("utf-8")).items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ExampleError(
            f"{file} 读不出来（{error!r}）：每个示例文件应有一段，含 likeness = 0 到 1 的数。"
        ) from error


def check_labels(examples: Iterable[Example], labels: Collection[str]) -> None:
    """Raises ExampleError naming the first example with a code that is none of ``labels``."""
    for example in examples:
        for label in (example.label, *example.also, *example.accept):
            if label not in labels:
                raise ExampleError(f"{example.source} 中 {example.id} 的 code“{label}”不是目录条目：请改正。")


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path} 打不开，或不是 UTF-8 文本：请检查路径和编码。") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _example(line: str, path: Path, number: int) -> Example:
    try:
        row: Mapping[str, Any] = json.loads(line)
        return Example(
            id=str(row["id"]),
            text=str(row["text"]),
            label=_label(row["code"]),
            also=tuple(row.get("also", ())),
            accept=tuple(_label(code) for code in row.get("accept", ())),
            grade=str(row.get("grade", "clear")),
            kind=str(row.get("kind", "")),
            source=path.stem,
            same=str(row.get("same", "")),
        )
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ExampleError(
            f"{path.name} 第 {number} 行读不出来（{error!r}）：每行应为含 id、text、code 的 JSON。"
        ) from error


def _label(code: str) -> str:
    return _LABELS.get(code, code)


def example_line(example: Example) -> str:
    """One example as its line in a file; ``source`` is for the reader of the file only."""
    code = next((name for name, outcome in _LABELS.items() if outcome == example.label), example.label)
    row = {
        "id": example.id,
        "text": example.text,
        "code": code,
        "also": example.also,
        "kind": example.kind,
        "grade": example.grade,
        "source": example.source,
    }
    return json.dumps(row, ensure_ascii=False)
