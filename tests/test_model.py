"""The model file: no code on load, refused when altered or made for something else, trained the same way twice."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from classifier import Application, Classifier
from classifier.errors import ExampleError, ModelError
from classifier.examples import read_examples
from classifier.lexicon import load_lexicon
from classifier.manifest import current_folder, load_model, read_manifest
from classifier.publishing import publish_model
from classifier.rules import RuleSet
from classifier.settings import Settings
from classifier.training import train
from taxonomy import Catalogue

MODELS = Settings().models
EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "examples").glob("*.jsonl"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(MODELS, tmp_path / "models")
    return tmp_path / "models"


def load(models: Path) -> Classifier:
    return Classifier.load(Settings(models=models))


def test_an_untouched_copy_loads_and_predicts_the_same(copied: Path, classifier: Classifier) -> None:
    application = Application("", "海上风电场")
    assert load(copied).predict(application) == classifier.predict(application)


@pytest.mark.parametrize("name", ["weights.npy", "idf.npy", "bias.npy", "vocabulary.txt", "card.md"])
def test_a_changed_byte_is_refused_by_name(copied: Path, name: str) -> None:
    path = current_folder(copied) / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=name):
        load(copied)


@pytest.mark.parametrize("name", ["weights.npy", "vocabulary.txt"])
def test_a_missing_file_is_refused_by_name(copied: Path, name: str) -> None:
    (current_folder(copied) / name).unlink()
    with pytest.raises(ModelError, match=name):
        load(copied)


def test_a_surplus_file_is_refused_by_name(copied: Path) -> None:
    (current_folder(copied) / "extra.npy").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"extra\.npy"):
        load(copied)


def test_a_changed_manifest_is_refused(copied: Path) -> None:
    path = current_folder(copied) / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"blue"', '"blue" '), "utf-8")
    with pytest.raises(ModelError, match="manifest"):
        load(copied)


@pytest.mark.parametrize(("edition", "lexicon", "message"), [("别的", None, "目录版本"), (None, "别的", "规则版本")])
def test_a_model_for_another_edition_or_lexicon_is_refused(
    edition: str | None, lexicon: str | None, message: str
) -> None:
    folder = current_folder(MODELS)
    manifest = read_manifest(folder)
    with pytest.raises(ModelError, match=message):
        load_model(folder, edition or manifest.edition, lexicon or manifest.lexicon, ())


def test_a_model_cut_by_another_tokeniser_is_refused(copied: Path) -> None:
    folder = current_folder(copied)
    manifest = read_manifest(folder)
    content = json.loads((folder / "manifest.json").read_text("utf-8"))
    content["libraries"]["jieba"] = "0.1"
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(ModelError, match="jieba"):
        load_model(folder, manifest.edition, manifest.lexicon, ())


def test_arrays_hold_no_objects() -> None:
    for path in current_folder(MODELS).glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype.kind == "f"


def test_the_model_is_small_enough_for_git() -> None:
    assert sum(path.stat().st_size for path in current_folder(MODELS).iterdir()) < 15_000_000


def test_the_manifest_says_what_the_model_rests_on() -> None:
    folder = current_folder(MODELS)
    manifest = read_manifest(folder)
    assert manifest.training["rows"] == len(read_examples(EXAMPLES))
    assert {"jieba", "scikit-learn", "numpy"} <= manifest.libraries.keys()
    assert manifest.thresholds.accept_blue > manifest.thresholds.item
    assert (folder / "card.md").read_text("utf-8").startswith("# 模型卡")


def test_training_twice_gives_the_same_weights(catalogue: Catalogue) -> None:
    rules = RuleSet(load_lexicon({item.code for item in catalogue.items}))
    some = read_examples(EXAMPLES)[::12]
    first, second = (train(some, catalogue, rules, {}) for _ in range(2))
    assert np.array_equal(first.model.weights, second.model.weights)
    assert first.combination == second.combination
    assert first.thresholds == second.thresholds


def test_publishing_refuses_an_existing_version_and_an_unknown_label(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    with pytest.raises(ModelError, match="已存在"):
        list(publish_model(Settings(models=tmp_path), EXAMPLES[0].parent, "1"))
    wrong = tmp_path / "examples" / "wrong.jsonl"
    wrong.parent.mkdir()
    wrong.write_text('{"id": "x", "text": "海带", "code": "99"}\n', "utf-8")
    with pytest.raises(ExampleError, match="99"):
        list(publish_model(Settings(models=tmp_path), wrong.parent, "2"))


def test_an_unreadable_example_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"id": "x", "text": "海带", "code": "outside"}\n{"id": 1\n', "utf-8")
    with pytest.raises(ExampleError, match=r"broken.jsonl 第 2 行"):
        read_examples([path])
