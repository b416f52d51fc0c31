"""`lanmu audit` and `lanmu store` as they are run, on SQLite and on PostgreSQL."""

import csv
import getpass
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from classifier import Application, Prediction
from classifier.cli import main
from classifier.records import Outcome, Versions
from classifier.review import Label, ReviewStore, Submission
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]


@pytest.fixture(autouse=True)
def chosen_database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the database of the test as a bank's would: by the environment."""
    monkeypatch.setenv("LANMU_DATABASE", url)


@pytest.fixture
def busy_store(store: ReviewStore, bank: Bank, labelled: Labelled) -> ReviewStore:
    """Two approved cases (one note made to run as a formula), one of them on an older model."""
    older = replace(labelled[1][1], versions=Versions("old-edition", "old-lexicon", "old-model"))
    for pair, reason in ((labelled[0], "依据用途"), ((labelled[1][0], older), "=HYPERLINK(1)")):
        number = store.submit(bank.officer, Submission(*pair))
        store.decide(bank.first, number, 0, Label(Outcome.OUTSIDE), reason)
        store.decide(bank.second, number, 1, Label(Outcome.OUTSIDE))
    return store


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def break_label(store: ReviewStore) -> None:
    """What a database administrator could do."""
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET label_code = '9.9.9' WHERE id = 1"))


def test_a_whole_log_is_verified(capsys: pytest.CaptureFixture[str], busy_store: ReviewStore) -> None:
    code, out, _ = run(capsys, "audit", "verify")
    assert code == 0
    assert out.startswith("留痕完好：6 条记录")


def test_a_broken_one_is_named_and_fails(capsys: pytest.CaptureFixture[str], busy_store: ReviewStore) -> None:
    break_label(busy_store)
    code, out, _ = run(capsys, "audit", "verify")
    assert code == 1
    assert "第 1 件" in out


def test_an_anchor_finds_a_log_that_was_cut(
    capsys: pytest.CaptureFixture[str], busy_store: ReviewStore, bank: Bank, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.json"
    assert run(capsys, "audit", "head", "-o", str(anchor))[0] == 0
    kept = json.loads(anchor.read_text("utf-8"))
    head = busy_store.head(bank.auditor)
    assert (kept["sequence"], kept["digest"]) == (6, head.digest)
    assert "与第 6 条的锚点相符" in run(capsys, "audit", "verify", "--anchor", str(anchor))[1]
    anchor.write_text(replace(head, sequence=7).to_json(), "utf-8")
    code, out, _ = run(capsys, "audit", "verify", "--anchor", str(anchor))
    assert code == 1
    assert "锚点是第 7 条" in out


@pytest.mark.parametrize("content", ["", "{}", "不是 JSON"])
def test_a_file_that_is_no_anchor_is_refused(
    capsys: pytest.CaptureFixture[str], busy_store: ReviewStore, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "anchor.json"
    file.write_text(content, "utf-8")
    code, _, err = run(capsys, "audit", "verify", "--anchor", str(file))
    assert (code, "锚点" in err) == (1, True)


def test_the_log_is_exported_whole_and_runs_nothing_in_a_spreadsheet(
    capsys: pytest.CaptureFixture[str], busy_store: ReviewStore, bank: Bank, tmp_path: Path
) -> None:
    target = tmp_path / "log.csv"
    assert run(capsys, "audit", "export", "-o", str(target))[0] == 0
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    events = busy_store.events(bank.auditor)
    assert [row[8] for row in rows[1:]] == [event.digest for event in events]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    lines = tmp_path / "log.jsonl"
    assert run(capsys, "audit", "export", "-o", str(lines))[0] == 0
    assert [json.loads(line)["sequence"] for line in lines.read_text("utf-8").splitlines()] == list(range(1, 7))


def test_labels_on_older_versions_are_listed_and_compared(
    capsys: pytest.CaptureFixture[str], busy_store: ReviewStore, labelled: Labelled
) -> None:
    code, out, _ = run(capsys, "audit", "outdated")
    assert code == 0
    assert "依据旧版本的标签：1 个" in out
    assert "目录 old-edition，规则 old-lexicon，模型 old-model" in out
    out = run(capsys, "audit", "outdated", "--compare")[1]
    assert "重新识别 1 件，结论会变的 0 件" in out


def test_approved_labels_are_exported_as_examples(
    capsys: pytest.CaptureFixture[str], busy_store: ReviewStore, labelled: Labelled, tmp_path: Path
) -> None:
    target = tmp_path / "reviewed.jsonl"
    code, out, _ = run(capsys, "audit", "examples", "-o", str(target))
    rows = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert code == 0
    assert "2 条已审定样例" in out
    assert [(row["id"], row["text"], row["code"]) for row in rows] == [
        (f"case-{number}", labelled[number - 1][0].description, "outside") for number in (1, 2)
    ]


def test_commands_write_no_event(capsys: pytest.CaptureFixture[str], busy_store: ReviewStore, bank: Bank) -> None:
    run(capsys, "audit", "verify")
    run(capsys, "store", "upgrade")
    assert busy_store.head(bank.auditor).sequence == 6


def test_a_new_schema_needs_no_upgrade(capsys: pytest.CaptureFixture[str], store: ReviewStore) -> None:
    code, out, _ = run(capsys, "store", "upgrade")
    assert (code, out.startswith("已是最新结构")) == (0, True)


@pytest.mark.parametrize("name", ["backup.db", "backup.jsonl.gz"])
def test_a_backup_can_be_restored_and_verifies(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    busy_store: ReviewStore,
    bank: Bank,
    tmp_path: Path,
    name: str,
) -> None:
    backup, restored = tmp_path / name, tmp_path / "restored.db"
    code, out, _ = run(capsys, "store", "backup", str(backup))
    assert (code, "6 条记录" in out) == (0, True)
    assert run(capsys, "store", "backup", str(backup))[0] == 1
    assert run(capsys, "store", "backup", "--force", str(backup))[0] == 0
    monkeypatch.setenv("LANMU_DATABASE", f"sqlite:///{restored}")
    code, out, _ = run(capsys, "store", "restore", str(backup))
    assert (code, "留痕完好" in out) == (0, True)
    assert busy_store.head(bank.auditor).digest in run(capsys, "audit", "verify")[1]
    code, _, err = run(capsys, "store", "restore", str(backup))
    assert (code, "已经存在" in err) == (1, True)
    assert run(capsys, "store", "restore", "--force", str(backup))[0] == 0
    assert len(list(tmp_path.glob("restored.db.2*"))) >= 1


def test_a_broken_backup_is_restored_only_when_told_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, busy_store: ReviewStore, tmp_path: Path
) -> None:
    break_label(busy_store)
    backup, restored = tmp_path / "backup.jsonl.gz", tmp_path / "restored.db"
    run(capsys, "store", "backup", str(backup))
    monkeypatch.setenv("LANMU_DATABASE", f"sqlite:///{restored}")
    code, _, err = run(capsys, "store", "restore", str(backup))
    assert (code, "核验不过" in err, restored.exists()) == (1, True, False)
    code, out, _ = run(capsys, "store", "restore", "--even-if-broken", str(backup))
    assert (code, "留痕有问题" in out) == (0, True)
    assert run(capsys, "audit", "verify")[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "verify"),
        ("audit", "head", "-o", "x"),
        ("audit", "outdated"),
        ("store", "upgrade"),
        ("store", "backup", "x"),
    ],
)
def test_a_missing_database_is_not_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / "nowhere.db"
    monkeypatch.setenv("LANMU_DATABASE", f"sqlite:///{file}")
    code, _, err = run(capsys, *arguments)
    assert (code, "没有找到数据库" in err) == (1, True)
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", "export", "-o", "log.txt"), ".csv 或 .jsonl"),
        (("audit", "export", "-o", "no/such/folder/log.csv"), "文件夹"),
        (("audit", "verify", "--anchor", "missing.json"), "missing.json"),
    ],
)
def test_an_error_is_one_chinese_line(
    capsys: pytest.CaptureFixture[str], store: ReviewStore, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert err.startswith("错误：")
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_the_actor_is_who_the_operating_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from classifier.cli.person import actor_of
    from classifier.review import Role

    expected = getpass.getuser()
    monkeypatch.setenv("LOGNAME", "行长")
    assert actor_of(Role.AUDITOR).name == f"cli:{expected}"


def test_help_and_predict_stay_light() -> None:
    heavy = "sqlalchemy alembic streamlit pandas sklearn argon2".split()
    program = (
        "import sys; from classifier.cli import main\n"
        "try: main({arguments})\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    for arguments in (["--help"], ["audit", "--help"], ["predict", "建设海上风电场"]):
        done = subprocess.run(
            [sys.executable, "-c", program.format(arguments=arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.stderr.splitlines()[-1] == "[]", done.stderr
