"""The benchmarks by name: their official files and Hub copies become the rows, labels and metrics of the publications."""

from __future__ import annotations

from pathlib import Path

import benchmark_files as own
import datasets
import numpy as np
import pytest
from benchmark_files import FILES, write_benchmark
from transformers import EvalPrediction
from transformers.trainer_utils import PredictionOutput

from utils.arguments import SequenceDataArguments, TokenDataArguments
from utils.benchmarks import BENCHMARKS
from utils.errors import UserError
from utils.tasks import PreparedSplit
from utils.tasks.columns import Columns, find_columns

SCRIPTS = {
    **dict.fromkeys(
        "nsmc ynat klue-sts klue-nli klue-re kornli korsts paws question-pair hate-speech".split(), "run_seq_cls"
    ),
    **dict.fromkeys(["klue-ner", "naver-ner"], "run_token_cls"),
    **dict.fromkeys(["klue-mrc", "korquad"], "run_qa"),
}
HUB = ["ynat", "klue-sts", "klue-nli", "klue-re", "kornli", "paws", "klue-ner", "klue-mrc", "korquad"]
WITHOUT_DEV = ["nsmc", "hate-speech", "naver-ner"]
TOPICS = ["정치", "경제", "사회", "생활문화", "세계", "IT과학", "스포츠"]
KLUE_TAGS = "B-PS I-PS B-LC I-LC B-OG I-OG B-DT I-DT B-TI I-TI B-QT I-QT O".split()


def stages_of(name: str) -> str:
    return "train eval predict" if "test" in FILES[name] else "train eval"


def one_line(caught) -> str:
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Official files


def test_the_fourteen():
    assert {name: f"{script}.py" for name, script in SCRIPTS.items()} == {
        name: benchmark.script for name, benchmark in BENCHMARKS.items()
    }
    assert {name: benchmark.files for name, benchmark in BENCHMARKS.items()} == FILES
    assert [name for name, benchmark in BENCHMARKS.items() if benchmark.hub] == HUB


@pytest.mark.parametrize("name", FILES)
def test_official_files_plain_and_gzipped(name, read, folder, tmp_path):
    _, plain = read(name, stages_of(name), data_dir=folder(name))
    _, zipped = read(name, stages_of(name), data_dir=write_benchmark(name, tmp_path / "gz", gzipped=True))
    expected = {"train", "validation", *FILES[name]}
    assert plain.keys() == zipped.keys() == expected
    for split in expected:
        official = FILES[name]["train" if split not in FILES[name] else split]
        assert Path(plain[split].split.file).name == official
        assert Path(zipped[split].split.file).name == f"{official}.gz"
        assert plain[split].split.rows == zipped[split].split.rows
        assert plain[split].features[:] == zipped[split].features[:]


@pytest.mark.parametrize("name", WITHOUT_DEV)
def test_dev_is_cut_from_train_where_there_is_none(name, read, folder):
    task, prepared = read(name, "train eval predict", data_dir=folder(name))
    lines = {split: [row.line for row in one.split.rows] for split, one in prepared.items()}
    first = 1 if name == "naver-ner" else 2  # below the header
    count = len(lines["test"])
    assert lines["test"] == list(
        range(first, first + count)
    )  # the test file is whole, and nothing else is scored as test
    assert sorted(lines["train"] + lines["validation"]) == lines["test"]  # as the two files have the same rows here
    assert len(lines["validation"]) == {"nsmc": 2, "hate-speech": 2, "naver-ner": 1}[name]
    texts = {split: set(task.texts(one.split)) for split, one in prepared.items()}
    assert not texts["train"] & texts["validation"]


def rows_of(task, prepared: PreparedSplit) -> list[tuple]:
    columns = find_columns(prepared.split, task.data)
    names = [name for name in (columns.text, columns.pair, columns.label) if name]
    return [tuple(row.fields[name] for name in names) for row in prepared.split.rows]


def labels_of(prepared: PreparedSplit) -> np.ndarray:
    """The labels that the model is given, in the order of the rows."""
    return np.array(prepared.features["labels"])[np.argsort(prepared.features["row"])]


def test_nsmc(read, folder):
    task, prepared = read("nsmc", "train predict", data_dir=folder("nsmc"), validation_split=0.01)
    assert rows_of(task, prepared["test"]) == own.REVIEWS
    assert task.labels.names == ["0", "1"]
    assert prepared["test"].split.rows[1].fields["id"] == "9000001"


def test_ynat(read, folder):
    task, prepared = read("ynat", data_dir=folder("ynat"))
    expected = [(f"{topic} 소식 {i}호…새 판", topic) for i, topic in enumerate(TOPICS)]
    assert rows_of(task, prepared["validation"]) == expected
    assert task.labels.names == TOPICS


def test_klue_sts(read, folder):
    task, prepared = read("klue-sts", data_dir=folder("klue-sts"))
    validation = prepared["validation"]
    assert find_columns(validation.split, task.data) == Columns("sentence1", "sentence2", "labels.real-label", "guid")
    assert task.labels.problem_type == "regression"
    gold = labels_of(validation)
    assert gold.tolist() == [4.857142857142857, 0.0, 3.0, 2.96, 5.0, 1.25]
    # At the cut both a score and a label of exactly 3 are positive: predicted 0, 2, 3, 4; gold 0, 2, 4.
    predictions = np.array([[3.0], [2.999], [3.2], [3.01], [4.0], [-7.0]])
    scores = task.compute_metrics(validation, EvalPrediction(predictions=predictions, label_ids=gold))
    assert scores["f1"] == pytest.approx(2 * 3 / (4 + 3))
    assert scores["pearsonr"] == pytest.approx(np.corrcoef(predictions[:, 0], gold)[0, 1])
    assert scores.keys() == {"pearsonr", "spearmanr", "mse", "f1"}


def test_korsts_has_no_f1(read, folder):
    task, prepared = read("korsts", data_dir=folder("korsts"))
    validation = prepared["validation"]
    assert task.labels.problem_type == "regression"
    assert rows_of(task, validation)[0] == (*own.PAIRS[0][:2], "4.750")
    output = EvalPrediction(predictions=np.arange(6.0).reshape(6, 1), label_ids=np.arange(6.0))
    scores = task.compute_metrics(validation, output)
    assert scores == pytest.approx({"pearsonr": 1.0, "spearmanr": 1.0, "mse": 0.0})


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("klue-nli", ["entailment", "contradiction", "neutral"]),
        ("kornli", ["contradiction", "entailment", "neutral"]),
    ],
)
def test_inference(name, order, read, folder):
    task, prepared = read(name, data_dir=folder(name))
    assert task.labels.names == order
    for one in prepared.values():
        assert rows_of(task, one) == own.PAIRS  # with quotes that never close
        assert [order[i] for i in labels_of(one)] == [label for *_, label in own.PAIRS]


@pytest.mark.parametrize("name", ["paws", "question-pair"])
def test_pairs_of_equal_meaning(name, read, folder):
    task, prepared = read(name, data_dir=folder(name))
    rows = rows_of(task, prepared["validation"])[1 if name == "question-pair" else 0 :]
    assert rows == [(first, second, str(i % 2)) for i, (first, second, _) in enumerate(own.PAIRS)]
    assert task.labels.names == ["0", "1"]


def test_hate_speech(read, folder):
    task, prepared = read("hate-speech", "train predict", data_dir=folder("hate-speech"), validation_split=0.01)
    assert rows_of(task, prepared["test"])[:4] == [
        ("좋은 말이다", "none"),
        ("싫은 말이다", "offensive"),
        ("미운 말이다", "hate"),
        ("0 번째 댓글", "none"),
    ]
    columns = find_columns(prepared["test"].split, task.data)
    assert (columns.text, columns.label) == ("comment", "hate")
    assert task.labels.names == ["none", "offensive", "hate"]


def test_hate_speech_as_its_authors_distribute_it(read, tmp_path):
    """Their train.tsv has other columns: rather an error than a model of `True` and `False`."""
    (tmp_path / "train.tsv").write_text("comments\tcontain_gender_bias\tbias\thate\n좋은 말\tFalse\tnone\tnone\n")
    with pytest.raises(UserError) as caught:
        read("hate-speech", "train", data_dir=tmp_path)
    assert "column 'comment': no such column; --text_column_name can be one of comments, contain" in one_line(caught)
    flags = {"text_column_name": "comments", "validation_split": 0.001}
    task, prepared = read("hate-speech", "train", data_dir=tmp_path, **flags)
    assert rows_of(task, prepared["train"]) == [("좋은 말", "none")]


def right_tags(prepared: PreparedSplit) -> PredictionOutput:
    """What a model gives that is right about every token."""
    best = [[max(label, 0) for label in row] for row in prepared.features["labels"]]
    return PredictionOutput((best, [[1.0] * len(row) for row in best]), None, None)


def test_klue_ner(read, folder):
    task, prepared = read("klue-ner", data_dir=folder("klue-ner"))
    validation = prepared["validation"]
    rows = [row.fields for row in validation.split.rows]
    assert [(row["tokens"], row["tags"]) for row in rows] == own.characters()
    assert rows[1]["tokens"][7] == "#"
    assert rows[1]["tags"][:6] == ["B-OG", "I-OG", "I-OG", "I-OG", "I-OG", "O"]
    assert rows[1]["id"] == "klue-ner-v1_dev_00001-own"
    assert (task.labels.names, task.labels.unit) == (KLUE_TAGS, "characters")
    # Every token right, back to characters.
    output = right_tags(validation)
    assert task.tags_of_tokens(validation, *output.predictions)[0] == [tags for _, tags in own.characters()]
    scores = task.compute_metrics(validation, output)
    assert {name: scores[name] for name in ("entity_f1", "entity_macro_f1", "char_macro_f1")} == {
        name: 1.0 for name in ("entity_f1", "entity_macro_f1", "char_macro_f1")
    }
    assert task.ceiling(validation) == {"entity_f1": 100.0, "char_macro_f1": 100.0}


def test_naver_ner(read, folder):
    task, prepared = read("naver-ner", "train eval predict", data_dir=folder("naver-ner"), validation_split=0.2)
    rows = [row.fields for row in prepared["test"].split.rows]
    assert [(" ".join(row["tokens"]), " ".join(row["tags"])) for row in rows[:4]] == own.NAVER
    names, unit = task.labels.names, task.labels.unit
    assert (len(names), names[:3], names[-1], unit) == (29, ["O", "PER-B", "PER-I"], "TRM-I", "words")
    trained = {tag for row in prepared["train"].split.rows for tag in row.fields["tags"]}
    held_out = {tag for row in prepared["validation"].split.rows for tag in row.fields["tags"]}
    assert "LOC-B" in held_out - trained  # a tag that only held-out rows have is known all the same
    scores = task.compute_metrics(prepared["test"], right_tags(prepared["test"]))
    assert (scores["entity_f1"], scores["accuracy"]) == (1.0, 1.0)
    assert "char_macro_f1" not in scores


@pytest.mark.parametrize("name", ["klue-mrc", "korquad"])
def test_questions(name, read, folder):
    task, prepared = read(name, data_dir=folder(name))
    expected = [question for question in own.QUESTIONS if name == "klue-mrc" or not question[3]]
    rows = [row.fields for row in prepared["validation"].split.rows]
    assert [row["question"] for row in rows] == [question for question, *_ in expected]
    texts = [[answer["text"] for answer in row["answers"]] for row in rows]
    assert texts == [answers if name == "klue-mrc" else answers[:1] for _, answers, *_ in expected]
    assert [row["is_impossible"] for row in rows] == [impossible for *_, impossible, _ in expected]
    assert [row["question_type"] for row in rows] == [
        kind if name == "klue-mrc" else None for *_, kind, _, _ in expected
    ]
    assert task.data.version_2_with_negative == (name == "klue-mrc")


# What is missing


@pytest.mark.parametrize("name", [name for name in FILES if name not in HUB])
def test_no_hub_copy_names_the_files_and_their_source(name):
    kind = TokenDataArguments if name == "naver-ner" else SequenceDataArguments
    with pytest.raises(ValueError) as caught:
        kind(task_name=name)
    message = one_line(caught)
    assert message.startswith(f"--task_name {name} needs --data_dir, a folder with ")
    assert all(file in message for file in FILES[name].values()) and "from github.com/" in message


def test_the_hub_is_out_of_reach(read, monkeypatch):
    def load_dataset(*_):
        raise RuntimeError("Dataset scripts are no longer supported")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(UserError) as caught:
        read("ynat")
    assert one_line(caught) == (
        "cannot load --dataset_name klue/klue: Dataset scripts are no longer supported; or fetch ynat-v1.1_train.json, "
        "ynat-v1.1_dev.json from github.com/KLUE-benchmark/KLUE, klue_benchmark/ynat-v1.1 and name their --data_dir"
    )


def test_none_of_the_files_is_there(tmp_path, read):
    with pytest.raises(UserError) as caught:
        read("klue-nli", data_dir=tmp_path)
    assert one_line(caught).startswith(
        f"{tmp_path}: none of klue-nli-v1.1_train.json, klue-nli-v1.1_dev.json is here; "
    )


def test_one_of_the_files_is_not_there(folder, read):
    files = folder("kornli")
    (files / "xnli.test.ko.tsv").unlink()
    _, prepared = read("kornli", "train eval", data_dir=files)
    assert prepared.keys() == {"train", "validation"}
    with pytest.raises(UserError) as caught:
        read("kornli", "train predict", data_dir=files)
    assert one_line(caught) == (
        "--do_predict needs test data: put xnli.test.ko.tsv from github.com/kakaobrain/kor-nlu-datasets, KorNLI/ "
        f"into {files}"
    )


def test_klue_has_no_test_split(folder, read):
    with pytest.raises(UserError, match="--do_predict needs test data: give --test_file"):
        read("klue-nli", "train predict", data_dir=folder("klue-nli"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"task_name": "klue-ner"}, "--task_name klue-ner is trained by run_token_cls.py"),
        ({"data_dir": "data"}, "--data_dir goes with --task_name"),
        ({"task_name": "ynat", "train_file": "a.json", "dataset_name": "klue/klue"}, "exclude each other"),
    ],
)
def test_contradictions(flags, message):
    with pytest.raises(ValueError, match=message):
        SequenceDataArguments(**flags)


def test_flags_win_over_the_benchmark(folder):
    files = folder("nsmc")
    data = SequenceDataArguments(
        task_name="nsmc", data_dir=str(files), train_file="mine.txt", validation_split=0.2, label_column_name="mood"
    )
    assert (data.train_file, data.test_file) == ("mine.txt", str(files / "ratings_test.txt"))
    assert (data.validation_split, data.label_column_name) == (0.2, "mood")
    assert SequenceDataArguments(task_name="nsmc", data_dir=str(files)).validation_split == 0.05


def test_columns_by_flag_win_over_their_place(folder, read):
    task, prepared = read("korsts", "train", data_dir=folder("korsts"), text_column_name="sentence2")
    assert find_columns(prepared["train"].split, task.data) == Columns("sentence2", "sentence2", "score", "id")
