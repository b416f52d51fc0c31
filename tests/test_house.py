"""The house itself: floors, sizes, and that what the README shows is what a newcomer sees."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [path for folder in ("taxonomy", "classifier") for path in sorted((ROOT / folder).rglob("*.py"))]
BIN = Path(sys.executable).parent


def functions() -> list[tuple[str, int, int]]:
    """Name, lines and positional arguments of every function."""
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments = [
                    one.arg for one in node.args.posonlyargs + node.args.args if one.arg not in ("self", "cls")
                ]
                lines = (node.end_lineno or 0) - node.lineno + 1
                found.append((f"{path.name}:{node.name}", lines, len(arguments)))
    return found


def test_floors_hold() -> None:
    done = subprocess.run([BIN / "lint-imports", "--config", "setup.cfg"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_is_longer_than_400_lines_and_each_says_what_it_owns(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(source)) or not source.strip()


def test_half_of_all_functions_have_under_ten_lines_and_none_over_sixty() -> None:
    lines = [count for _, count, _ in functions()]
    assert statistics.median(lines) < 10
    assert max(lines) <= 60


def _is_documented(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return node.name.startswith("_") or bool(ast.get_docstring(node))


def test_public_names_are_documented() -> None:
    bare = []
    for path in MODULES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not _is_documented(node):
                bare.append(f"{path.name}:{node.name}")
    assert bare == []


def test_nothing_but_editions_and_lexicon_knows_a_code_below_level_one() -> None:
    code = re.compile(r"""["'`\s(](\d\.\d\.\d{1,2})["'`\s),]""")
    allowed = {"2.3.1"}
    known = []
    for path in MODULES:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            known += [f"{path.name}:{number}" for match in code.finditer(line) if match[1] not in allowed]
    assert known == []


def example_block() -> str:
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- example -->\n```\n(.*?)```\n<!-- /example -->", readme, re.DOTALL)
    assert found
    return found[1]


def test_the_readme_shows_the_real_output() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    text = re.search(r'lanmu predict "(.*?)"', readme)
    assert text
    done = subprocess.run([BIN / "lanmu", "predict", text[1]], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout == example_block()


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = subprocess.run([BIN / "lanmu", "--help"], capture_output=True, text=True, encoding="utf-8").stdout
    commands = re.findall(r"^    (\w+) ", shown, re.MULTILINE)
    assert commands
    assert all(f"`{command} " in readme for command in commands)
