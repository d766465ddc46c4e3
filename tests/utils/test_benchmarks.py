"""The benchmarks by name: their official files and Hub copies become the rows, labels and metrics of the publications."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmark_files as own
import datasets
import numpy as np
import pytest
import torch
from benchmark_files import FILES, write_benchmark
from transformers import ElectraConfig, EvalPrediction
from transformers.trainer_utils import PredictionOutput

from utils.arguments import QADataArguments, SequenceDataArguments, TokenDataArguments
from utils.benchmarks import BENCHMARKS
from utils.errors import UserError
from utils.metrics.catalogue import KORQUAD
from utils.tasks import PreparedSplit, QuestionAnswering, question_answering
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


class Read(Exception):
    """Ends a script once its data are read."""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory) -> Path:
    """A folder with a configuration and a tokenizer, without weights."""
    folder = tmp_path_factory.mktemp("configuration")
    tokenizer = own.tokenizer()
    tokenizer.save_pretrained(folder)
    ElectraConfig(vocab_size=len(tokenizer), max_position_embeddings=64).save_pretrained(folder)
    return folder


@pytest.fixture
def read(configuration, monkeypatch, tmp_path) -> Callable[..., tuple[Any, dict[str, PreparedSplit]]]:
    """`read(benchmark, flag=value, ...)`: runs its script until the data are read; gives the task and what it prepared."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")

    def _read(name: str, stages: str = "train eval", **flags) -> tuple[Any, dict[str, PreparedSplit]]:
        script = importlib.import_module(SCRIPTS[name])
        found: list[Any] = []

        def data_report(task, prepared):
            found.extend((task, prepared))
            raise Read

        monkeypatch.setattr(script, "data_report", data_report)
        flags = {"task_name": name, "config_name": configuration, "output_dir": tmp_path / "run"} | flags
        words = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))]
        monkeypatch.setattr(sys, "argv", [script.__name__, *words, *(f"--do_{stage}" for stage in stages.split())])
        with pytest.raises(Read):
            script.main()
        task, prepared = found
        return task, prepared

    return _read


@pytest.fixture
def folder(tmp_path) -> Callable[..., Path]:
    """`folder(benchmark)`: a folder with its official files."""
    return lambda name, **options: write_benchmark(name, tmp_path / name, **options)


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
    assert len(lines["validation"]) in (3, 4)
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
    task, prepared = read("naver-ner", "train eval predict", data_dir=folder("naver-ner"))
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


# The Hub


def classes(*names: str) -> datasets.ClassLabel:
    return datasets.ClassLabel(names=list(names))


def as_on_the_hub(name: str) -> dict[str | None, datasets.DatasetDict]:
    """What `load_dataset` gives for each configuration: class indices in the Hub's order, nested labels and answers."""
    text, number = datasets.Value("string"), datasets.Value("float64")
    inference = classes("entailment", "neutral", "contradiction")

    def both(make: Callable[[str], list[dict]], features: dict) -> datasets.DatasetDict:
        return datasets.DatasetDict(
            {
                split: datasets.Dataset.from_list(
                    [{field: row[field] for field in features} for row in make(split)], datasets.Features(features)
                )
                for split in ("train", "validation")
            }
        )

    def pairs(labels: datasets.ClassLabel, *splits: str) -> datasets.DatasetDict:
        rows = [{"premise": first, "hypothesis": second, "label": label} for first, second, label in own.PAIRS]
        features = datasets.Features({"premise": text, "hypothesis": text, "label": labels})
        return datasets.DatasetDict({split: datasets.Dataset.from_list(rows, features) for split in splits})

    def questions(split: str, merged: bool) -> list[dict]:
        """`merged`: the Hub's KLUE-MRC holds the plausible answers among the answers, at the offsets of version 1.0."""
        rows = []
        for i, (question, answers, kind, impossible, plausible) in enumerate(own.QUESTIONS):
            found = [own.answer(answer) for answer in (answers if merged else answers[:1])]
            found += [{"text": answer, "answer_start": 0} for answer in plausible] if merged else []
            row = {"guid": f"q{i}", "id": f"q{i}", "title": "누리시", "context": own.context(), "question": question}
            row |= {"news_category": "", "source": "own", "question_type": kind, "is_impossible": impossible}
            row["answers"] = {key: [answer[key] for answer in found] for key in ("text", "answer_start")}
            if merged or not impossible:
                rows.append(row)
        return rows

    answers = {"text": datasets.List(text), "answer_start": datasets.List(datasets.Value("int32"))}
    entity = {"word": text, "start_idx": datasets.Value("int32"), "end_idx": datasets.Value("int32"), "type": text}
    squad = {"title": text, "context": text, "question": text, "answers": answers}
    mrc = squad | {"guid": text, "is_impossible": datasets.Value("bool"), "question_type": datasets.Value("int32")}
    nested = {"label": number, "real-label": number, "binary-label": classes("negative", "positive")}
    tags = classes(*(f"{side}-{kind}" for kind in ("DT", "LC", "OG", "PS", "QT", "TI") for side in "BI"), "O")
    characters = [
        {"sentence": "".join(tokens), "tokens": tokens, "ner_tags": tags_of} for tokens, tags_of in own.characters()
    ]
    made: dict[str, dict[str | None, datasets.DatasetDict]] = {
        "ynat": {
            "ynat": both(
                own.topics,
                {"guid": text, "title": text, "label": classes(*sorted(TOPICS)), "url": text, "date": text},
            )
        },
        "klue-sts": {
            "sts": both(
                own.similarities, {"guid": text, "source": text, "sentence1": text, "sentence2": text, "labels": nested}
            )
        },
        "klue-nli": {"nli": pairs(inference, "train", "validation")},
        "klue-re": {
            "re": both(
                own.relations,
                {"guid": text, "sentence": text, "subject_entity": entity, "object_entity": entity}
                | {"label": classes(*reversed(BENCHMARKS["klue-re"].labels)), "source": text},
            )
        },
        "kornli": {"multi_nli": pairs(inference, "train"), "xnli": pairs(inference, "validation", "test")},
        "paws": {
            "ko": both(
                lambda split: [
                    {"id": i, "sentence1": first, "sentence2": second, "label": i % 2}
                    for i, (first, second, _) in enumerate(own.PAIRS)
                ],
                {"id": datasets.Value("int32"), "sentence1": text, "sentence2": text, "label": classes("0", "1")},
            )
        },
        "klue-ner": {
            "ner": both(
                lambda split: characters,
                {"sentence": text, "tokens": datasets.List(text), "ner_tags": datasets.List(tags)},
            )
        },
        "klue-mrc": {"mrc": both(lambda split: questions(split, merged=True), mrc)},
        "korquad": {None: both(lambda split: questions(split, merged=False), squad | {"id": text})},
    }
    return made[name]


@pytest.mark.parametrize("name", HUB)
def test_a_hub_copy_gives_the_same_features(name, read, folder, monkeypatch):
    """Whatever the order of its labels: class ids are those of the official files."""
    task, from_files = read(name, data_dir=folder(name))
    asked = []

    def load_dataset(hub_id, configuration=None):
        asked.append(hub_id)
        return as_on_the_hub(name)[configuration]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    hub_task, from_hub = read(name)
    assert set(asked) == {
        {
            "kornli": "kakaobrain/kor_nli",
            "paws": "google-research-datasets/paws-x",
            "korquad": "KorQuAD/squad_kor_v1",
        }.get(name, "klue/klue")
    }
    assert from_hub.keys() == from_files.keys() == {"train", "validation"}
    for split, one in from_hub.items():
        assert one.split.file.endswith(".parquet")
        assert one.features[:] == from_files[split].features[:]
        assert hub_task.label_names(one.split) == task.label_names(from_files[split].split)


def test_kornli_on_the_hub_is_spread_over_two_configurations(read, monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", lambda hub_id, name=None: as_on_the_hub("kornli")[name])
    _, prepared = read("kornli", "train eval predict")
    assert prepared.keys() == {"train", "validation", "test"}


def test_another_copy_on_the_hub(read, monkeypatch):
    """--dataset_name wins over the benchmark's own."""
    rows = [{"id": i, "document": text or "없음", "label": int(label)} for i, (text, label) in enumerate(own.REVIEWS)]
    asked = []

    def load_dataset(hub_id, configuration=None):
        asked.append((hub_id, configuration))
        return datasets.DatasetDict(
            {"train": datasets.Dataset.from_list(rows), "test": datasets.Dataset.from_list(rows)}
        )

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    task, prepared = read("nsmc", "train eval predict", dataset_name="somebody/nsmc")
    assert asked == [("somebody/nsmc", None)]
    assert task.labels.names == ["0", "1"] and prepared["validation"].split.rows


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


# Windows of long contexts


def windows_in_the_original_script(tokens: int, room: int, stride: int) -> list[int]:
    """Starts of the windows, computed as in the SQuAD script of the BERT release: `stride` is the step."""
    starts, start = [], 0
    while start < tokens:
        starts.append(start)
        length = min(tokens - start, room)
        if start + length == tokens:
            break
        start += min(length, stride)
    return starts


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize(("length", "stride"), [(64, 16), (40, 7), (64, 30), (510, 128), (40, 200)])
@pytest.mark.parametrize("repeat", [1, 2, 9])
def test_windows(legacy, length, stride, repeat):
    tokenizer, question, context = own.tokenizer(), own.QUESTIONS[0][0], own.context(repeat)
    whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    room = length - len(tokenizer.tokenize(question)) - 3
    batch = {"row": [0], "question": [question], "context": [context]}
    features = question_answering.tokenize(batch, tokenizer, length, stride, legacy, training=False)
    places = []
    for mask, starts in zip(features["p_mask"], features["starts"], strict=True):
        inside = [start for closed, start in zip(mask[1:], starts[1:], strict=True) if not closed]
        first = [start for start, _ in whole].index(inside[0])
        assert inside == [start for start, _ in whole[first : first + len(inside)]]
        places.append((first, len(inside)))
    # As the step, `stride` is at most a window; as the overlap, it is at most half of one, or no window would advance.
    step = min(stride, room) if legacy else room - min(stride, room // 2)
    assert [first for first, _ in places] == windows_in_the_original_script(len(whole), room, step)
    assert all(size == min(room, len(whole) - first) for first, size in places)


# Answers


def perfect_logits(prepared: PreparedSplit, found: float = 9.0) -> list[tuple[int, int, float]]:
    """For every window the first and the last token of the answer, token 0 where it holds none, and their logit."""
    features = prepared.features
    questions = {row: prepared.split.rows[row].fields for row in set(features["row"])}
    spans = []
    columns = zip(*(features[name] for name in ("row", "p_mask", "starts", "ends")), strict=True)
    for row, mask, starts, ends in columns:
        place = (0, 0)
        for answer in questions[row]["answers"][:1]:
            begin, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            touched = [i for i in range(1, len(mask)) if not mask[i] and starts[i] < end and ends[i] > begin]
            place = (touched[0], touched[-1]) if touched else place
        spans.append((*place, found if place != (0, 0) or not questions[row]["answers"] else 0.0))
    return spans


def outcome(task, prepared: PreparedSplit) -> PredictionOutput:
    """What a model gives that is right about every question."""
    spans, features = perfect_logits(prepared), prepared.features
    logits = torch.full((2, len(spans), max(features["length"])), torch.finfo(torch.float32).min)
    for window, mask in enumerate(features["p_mask"]):
        logits[:, window, [i for i, closed in enumerate(mask) if not closed]] = -5.0
    for window, (first, last, score) in enumerate(spans):
        logits[0, window, first] = logits[1, window, last] = score
    assert (task.data.max_answer_length, task.data.n_best_size) == (30, 20)
    reduced = task.reduce_logits((logits[0], logits[1]), None)
    return PredictionOutput(tuple(part.numpy() for part in reduced), None, None)


def test_klue_mrc_scores(read, folder):
    task, prepared = read("klue-mrc", data_dir=folder("klue-mrc"), max_seq_length=64, doc_stride=32)
    validation = prepared["validation"]
    assert len(validation.features) > 4  # several windows a question
    output = outcome(task, validation)
    records = task.records(validation, output)
    assert [record["prediction"] for record in records] == ["강가의 도시", "한별이다", "", "빵과 차"]
    assert records[0]["id"] == "klue-mrc-v1_dev_00000" and records[2]["answer_start"] == -1
    scores = task.compute_metrics(validation, output)
    # 한별 is a part of the token 한별이다: 2 of its 4 characters, 2 * 2 / (4 + 2).
    assert scores["exact_match"] == 75.0
    assert scores["rouge_w"] == scores["f1"] == pytest.approx(100 * (3 + 2 / 3) / 4)
    assert [scores[f"exact_match_type_{kind}"] for kind in "123"] == [100.0, 0.0, 100.0]
    assert scores["rouge_w_type_2"] == pytest.approx(100 * 2 / 3)
    assert scores["no_answer_accuracy"] == 100.0
    assert task.ceiling(validation) == {"exact_match": 75.0}


def test_null_threshold_and_n_best(read, folder):
    task, prepared = read("klue-mrc", data_dir=folder("klue-mrc"))
    validation = prepared["validation"]
    output = outcome(task, validation)
    shy = QuestionAnswering(with_threshold(task.data, -1000.0), task.tokenizer)
    bold = QuestionAnswering(with_threshold(task.data, 1000.0), task.tokenizer)
    assert [record["prediction"] for record in shy.records(validation, output)] == [""] * 4
    found = bold.records(validation, output)
    assert all(record["prediction"] for record in found)
    assert [len(record["n_best"]) for record in found] == [21] * 4  # 20 spans, and none
    assert found[0]["n_best"][0]["text"] == "강가의 도시"
    assert found[0]["n_best"][-1]["text"] == ""
    assert sum(best["score"] for best in found[0]["n_best"]) == pytest.approx(1.0)


def with_threshold(data: QADataArguments, threshold: float) -> QADataArguments:
    changed = QADataArguments(
        train_file=data.train_file, version_2_with_negative=True, null_score_diff_threshold=threshold
    )
    changed.benchmark = data.benchmark
    return changed


def test_korquad_scores(read, folder):
    task, prepared = read("korquad", data_dir=folder("korquad"))
    validation = prepared["validation"]
    scores = task.compute_metrics(validation, outcome(task, validation))
    assert scores == {"exact_match": pytest.approx(200 / 3), "f1": pytest.approx(100 * (2 + 2 / 3) / 3)}
    assert task.metric is KORQUAD
    assert task.ceiling(validation) == {"exact_match": pytest.approx(200 / 3)}
