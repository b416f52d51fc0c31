"""The commands as a bank's staff run them: real process arguments, real files, errors in one line."""

import json
from pathlib import Path

import pytest

from classifier.cli import main

STRESS = Path(__file__).parent / "tables" / "stress.jsonl"
BOOK = Path(__file__).parent.parent / "data" / "samples" / "loan_book.csv"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_predict_shows_label_marked_text_evidence_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "predict", "本次用于投放人工鱼礁,不涉及海上风电")
    assert code == 0
    for words in ("结论：", "三级条目：", "重建", "【人工鱼礁】", "语境：否定", "对照：", "版本：目录"):
        assert words in out
    assert "【海上风电】" not in out


def test_predict_as_json_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "predict", "建设海上风电场", "--json")
    content = json.loads(out)
    assert code == 0
    wanted = "outcome code name path tier level confidence route also candidates evidence crosswalk versions".split()
    assert set(wanted) <= content.keys()
    assert content["tier"] == content["outcome"]
    assert content["versions"].keys() == {"edition", "lexicon", "model"}
    assert {"source", "field", "start", "end", "text", "label", "weight", "note"} == content["evidence"][0].keys()


def test_separate_inputs_are_taken_apart(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "predict", "", "--purpose", "购置办公楼", "--scope", "海带养殖", "--json")
    content = json.loads(out)
    assert content["code"] is None
    assert {one["field"] for one in content["evidence"]} <= {"贷款用途", "经营范围"}


def test_batch_labels_the_sample_book_and_says_what_became_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    code, out, _ = run(capsys, "batch", str(BOOK), "-o", str(target))
    assert code == 0
    assert target.exists()
    assert "308" in out
    assert run(capsys, "report", str(target))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("batch", "missing.csv"), "missing.csv"),
        (("batch", str(BOOK), "--text", "没有的列"), "没有的列"),
        (("catalogue", "show", "99.9"), "99.9"),
        (("catalogue", "check", str(BOOK)), "loan_book.csv"),
        (("evaluate", str(BOOK)), "loan_book.csv"),
        (("evaluate", "missing.jsonl"), "missing.jsonl"),
        (("predict", "海" * 20_001), "20,001"),
        (("catalogue", "import", str(BOOK)), "loan_book.csv"),
        (("train", "--version", "2026.11.21"), "已存在"),
    ],
)
def test_an_error_is_one_chinese_line_and_exit_code_one(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert err.startswith("错误：")
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_catalogue_shows_searches_exports_checks_imports_and_compares(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, "catalogue", "show")
    assert (code, len(out.splitlines())) == (0, 1 + 7 + 24 + 85)
    first = run(capsys, "catalogue", "search", "海水", "变", "淡水")[1].splitlines()[0]
    assert "海水淡化" in first
    assert "重建" in run(capsys, "catalogue", "show", first.split()[0])[1]
    book, edition = tmp_path / "c.xlsx", tmp_path / "c.toml"
    assert run(capsys, "catalogue", "export", "--format", "xlsx", "-o", str(book))[0] == 0
    assert run(capsys, "catalogue", "import", str(book), "-o", str(edition))[0] == 0
    assert "完整" in run(capsys, "catalogue", "check", str(edition))[1]
    assert "没有差别" in run(capsys, "catalogue", "diff", str(book), str(edition))[1]


def test_evaluate_prints_the_figures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    some = tmp_path / "some.jsonl"
    some.write_text("\n".join(STRESS.read_text("utf-8").splitlines()[:20]) + "\n", "utf-8")
    code, out, _ = run(capsys, "evaluate", str(some))
    assert code == 0
    assert "校准误差" in out


def test_a_command_written_wrongly_is_explained_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["predict"])
    assert stop.value.code == 2
    shown = capsys.readouterr().err
    assert "用法：" in shown
    assert "--help" in shown
