"""Splits: who is held out, who is counted, and what is said where data are missing."""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections import Counter
from pathlib import Path

import datasets
import pytest

from utils.arguments import DataArguments, HeadTrainingArguments, SequenceDataArguments
from utils.data.splits import Group, Split, label_rows, load_splits
from utils.data.tables import read_table
from utils.errors import UserError
from utils.files import Row
from utils.tasks import SequenceClassification

TEXTS = [
    "영화 정말 좋다",
    "서울은 대한민국의 수도",
    "the movie is good",
    "the movie is bad",
    "",
    "  ",
    "ㅋㅋ",
    "나쁘다",
]
# What `int(blake2b(text, digest_size=8).hexdigest(), 16) / 2**64 < 0.375` says: a split that everybody shares must never move.
HELD_OUT = ["영화 정말 좋다", "the movie is bad", "나쁘다"]


@pytest.fixture
def write(tmp_path):
    """Writes texts, one a line, and gives the file's name."""

    def _write(name: str, texts: list[str]) -> str:
        path = tmp_path / name
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return str(path)

    return _write


def texts_of(split: Split) -> list[str]:
    return list(split.column("text"))


def groups_of(split: Split) -> list[Group]:
    return [Group(text) for text in texts_of(split)]


def load(tmp_path: Path, stages: str, **data) -> dict[str, list[str]]:
    """The texts of every split, for stages such as "train eval"."""
    training = HeadTrainingArguments(
        output_dir=str(tmp_path / "run"), **{f"do_{stage}": True for stage in stages.split()}
    )
    splits, test = load_splits(DataArguments(**data), training, read_table, groups_of, lambda split: None)
    found = {name: texts_of(split) for name, split in splits.items()}
    return found | {part.name: found.get("test") or texts_of(part) for part in test}


def test_membership_is_the_documented_hash(write, tmp_path):
    splits = load(tmp_path, "train eval", train_file=write("a.txt", TEXTS), validation_split=0.375)
    assert splits["validation"] == HELD_OUT
    assert splits["train"] == [text for text in TEXTS if text not in HELD_OUT]


def test_share_equal_texts_and_nesting(write, tmp_path):
    draw = random.Random(0)
    texts = [f"text {draw.randrange(1500)}" for _ in range(3000)]
    file = write("a.txt", texts)
    splits = load(tmp_path, "train eval", train_file=file, validation_split=0.1)
    assert 240 <= len(splits["validation"]) <= 360
    assert not set(splits["train"]) & set(splits["validation"])
    assert sorted(splits["train"] + splits["validation"]) == sorted(texts)
    assert splits["validation"] == [text for text in texts if text in set(splits["validation"])]  # in order
    larger = load(tmp_path, "train eval", train_file=file, validation_split=0.2)
    assert set(splits["validation"]) < set(larger["validation"])
    numbers = [int(hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), 16) / 2**64 for text in texts]
    assert splits["train"] == [text for text, number in zip(texts, numbers, strict=True) if number >= 0.1]


@pytest.mark.parametrize("seed", range(12))
def test_each_class_of_few_rows_gives_its_share(seed, tmp_path):
    """Whatever the hashes are: 160 rows, half of each class, and 999 of three classes."""
    for rows, classes, share in ((160, 2, 0.1), (999, 3, 0.2)):
        file = tmp_path / f"{rows}.csv"
        lines = (f"text {i},{'abc'[i % classes]}\n" for i in range(rows))
        file.write_text("text,label\n" + "".join(lines), encoding="utf-8")
        data = SequenceDataArguments(train_file=str(file), validation_split=share, validation_split_seed=seed)
        task = SequenceClassification(data, None)
        training = HeadTrainingArguments(output_dir=str(tmp_path / "run"), do_train=True, do_eval=True)
        splits, _ = load_splits(data, training, task.read, task.groups, lambda split: None)
        counts = Counter(splits["validation"].column("label"))
        each = share * rows / classes
        assert all(abs(counts["abc"[i]] - each) <= max(1, each / 10) for i in range(classes)), counts


def test_few_rows_are_held_out_as_the_share_says(tmp_path):
    """The hash alone holds out 13 of these 160 rows, and 1 of the 20 of the rare class."""
    rows = [Row(i + 1, {"text": f"review {i}", "label": "rare" if i % 8 == 0 else "usual"}) for i in range(160)]
    groups = [Group(row.fields["text"], row.fields["label"]) for row in rows]
    training = HeadTrainingArguments(output_dir=str(tmp_path / "run"), do_train=True, do_eval=True)

    def held_out(share: float, order: int = 1) -> set[str]:
        data = DataArguments(train_file="a.csv", validation_split=share)
        ordered = rows[::order]
        splits, _ = load_splits(
            data, training, lambda file: iter(ordered), lambda split: groups[::order], lambda split: None
        )
        assert len(splits["train"].rows) + len(splits["validation"].rows) == 160
        return set(splits["validation"].column("text"))

    def labels(texts: set[str]) -> Counter:
        return Counter(group.label for group in groups if group.text in texts)

    numbers = {group.text: int(hashlib.blake2b(group.text.encode(), digest_size=8).hexdigest(), 16) for group in groups}
    assert sum(number / 2**64 < 0.1 for number in numbers.values()) == 13
    assert labels(held_out(0.1)) == {"usual": 14, "rare": 2}
    assert held_out(0.1) == held_out(0.1, order=-1)
    assert labels(held_out(0.04)) == {"usual": 5, "rare": 1}  # 5.6 and 0.8 of 6.4
    rare = sorted((text for text in numbers if labels({text})["rare"]), key=numbers.__getitem__)
    assert set(rare[:2]) <= held_out(0.1)


def test_few_rows_with_equal_texts(write, tmp_path):
    texts = [f"text {i // 4}" for i in range(40)]
    held_out = load(tmp_path, "eval", train_file=write("a.txt", texts), validation_split=0.2)["validation"]
    assert len(held_out) == 8 and len(set(held_out)) == 2


def test_order_of_rows_does_not_change_the_members(write, tmp_path):
    forwards = load(tmp_path, "eval", train_file=write("a.txt", TEXTS), validation_split=0.375)
    backwards = load(tmp_path, "eval", train_file=write("b.txt", TEXTS[::-1]), validation_split=0.375)
    assert forwards["validation"] == backwards["validation"][::-1]


def test_rows_stay_held_out_whichever_stages_run(write, tmp_path):
    """Training in one run and evaluating in the next is the same as both in one."""
    data = {"train_file": write("a.txt", TEXTS), "validation_split": 0.375}
    both = load(tmp_path, "train eval", **data)
    assert load(tmp_path, "train", **data) == {"train": both["train"]}
    assert load(tmp_path, "eval", **data) == {"validation": both["validation"]}


def test_validation_file_leaves_training_rows_alone(write, tmp_path):
    files = {"train_file": write("a.txt", TEXTS), "validation_file": write("b.txt", ["x", "y"])}
    splits = load(tmp_path, "train eval", validation_split=0.375, **files)
    assert splits == {"train": TEXTS, "validation": ["x", "y"]}


def test_only_what_the_stages_need_is_read(write, tmp_path):
    files = {f"{name}_file": write(f"{name}.txt", [name]) for name in ("train", "validation", "test")}
    assert load(tmp_path, "eval", **files) == {"validation": ["validation"]}
    assert load(tmp_path, "predict", **files, validation_split=0.5) == {"test": ["test"]}
    assert load(tmp_path, "train predict", **files) == {"train": ["train"], "test": ["test"]}


def test_the_validation_rows_are_predicted_where_that_is_asked(write, tmp_path):
    held_out = {"train_file": write("a.txt", TEXTS), "validation_split": 0.375, "predict_split": "validation"}
    rest = [text for text in TEXTS if text not in HELD_OUT]
    assert load(tmp_path, "train predict", **held_out) == {"train": rest, "test": HELD_OUT}
    assert load(tmp_path, "predict", **held_out) == {"test": HELD_OUT}
    assert load(tmp_path, "predict", **held_out, test_file=write("b.txt", ["test"])) == {"test": HELD_OUT}
    assert load(tmp_path, "eval predict", **held_out)["validation"] == HELD_OUT
    file = {"validation_file": write("c.txt", ["x", "y"]), "predict_split": "validation"}
    assert load(tmp_path, "predict", **file) == {"test": ["x", "y"]}
    with pytest.raises(UserError, match="--do_predict needs validation data: give --validation_file, or --validation_"):
        load(tmp_path, "predict", train_file=held_out["train_file"], predict_split="validation")


def test_another_seed_holds_out_other_rows(write, tmp_path):
    data = {"train_file": write("a.txt", [f"text {i}" for i in range(2000)]), "validation_split": 0.2}
    held_out = [set(load(tmp_path, "eval", **data, validation_split_seed=seed)["validation"]) for seed in (0, 1, 2)]
    assert held_out[0] == set(load(tmp_path, "eval", **data)["validation"])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert 340 < len(held_out[one]) < 460 and 45 < len(held_out[one] & held_out[other]) < 120  # 80 by chance
    with pytest.raises(ValueError, match="--validation_split_seed must be at least 0, not -1"):
        load(tmp_path, "eval", **data, validation_split_seed=-1)


def test_first_rows_only(write, tmp_path):
    file = write("a.txt", TEXTS)
    limits = {"max_train_samples": 2, "max_eval_samples": 3, "max_predict_samples": 1}
    splits = load(tmp_path, "train eval predict", train_file=file, validation_file=file, test_file=file, **limits)
    assert splits == {"train": TEXTS[:2], "validation": TEXTS[:3], "test": TEXTS[:1]}


@pytest.mark.parametrize(
    ("stages", "given", "cure"),
    [
        ("train", "test", "--do_train needs train data: give --train_file"),
        ("eval", "train", "--do_eval needs validation data: give --validation_file, or --validation_split 0.1"),
        ("predict", "train", "--do_predict needs test data: give --test_file"),
    ],
)
def test_missing_data_are_named(write, tmp_path, stages, given, cure):
    with pytest.raises(UserError, match=cure):
        load(tmp_path, stages, **{f"{given}_file": write("a.txt", TEXTS)})


def test_one_text_in_two_normal_forms_is_held_out_once(write, tmp_path):
    forms = [unicodedata.normalize(form, text) for text in TEXTS for form in ("NFC", "NFD")]
    splits = load(tmp_path, "train eval", train_file=write("a.txt", forms), validation_split=0.375)
    assert [unicodedata.normalize("NFC", text) for text in splits["validation"]] == [t for t in HELD_OUT for _ in "12"]


def test_rows_of_one_text_are_no_split(write, tmp_path):
    with pytest.raises(UserError, match=r"a\.txt: no row is left for validation: all rows have the same text"):
        load(tmp_path, "train eval", train_file=write("a.txt", ["the movie"] * 20), validation_split=0.375)


def test_no_row_left(write, tmp_path):
    file = write("a.txt", ["one"])
    with pytest.raises(UserError, match=r"a\.txt: no row is left for train"):
        load(tmp_path, "train eval", train_file=file, validation_split=0.999)
    with pytest.raises(UserError, match=r"a\.txt: no row is left for validation"):
        load(tmp_path, "train eval", train_file=file, validation_split=0.001)


# Data sets from the Hub


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Stands in for the Hub: `hub["name"] = DatasetDict`."""
    stored: dict[str, datasets.DatasetDict] = {}

    def load_dataset(name, configuration=None):
        if name not in stored:
            raise ValueError(f"Couldn't find any data file at {name}.\nSecond line.")
        return stored[name]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return stored


def dataset(labels: list, feature) -> datasets.Dataset:
    texts = [f"text {i}" for i in range(len(labels))]
    features = datasets.Features({"text": datasets.Value("string"), "label": feature})
    return datasets.Dataset.from_dict({"text": texts, "label": labels}, features=features)


def read_hub(tmp_path, stages: str) -> dict[str, Split]:
    training = HeadTrainingArguments(
        output_dir=str(tmp_path / "run"), **{f"do_{stage}": True for stage in stages.split()}
    )
    splits, test = load_splits(
        DataArguments(dataset_name="user/data"), training, read_table, groups_of, lambda split: None
    )
    return splits | {part.name: part for part in test}


def test_hub_labels_come_by_name_in_order(hub, tmp_path):
    names = datasets.ClassLabel(names=["부정", "긍정"])
    hub["user/data"] = datasets.DatasetDict({"train": dataset([1, 0, 1], names), "test": dataset([-1, -1], names)})
    splits = read_hub(tmp_path, "train predict")
    assert splits["train"].column("label") == ["긍정", "부정", "긍정"]
    assert splits["train"].column("text") == ["text 0", "text 1", "text 2"]
    assert splits["test"].column("label") == [None, None]  # -1 is how the Hub hides a label
    assert splits["train"].file.endswith(".parquet") and Path(splits["train"].file).is_file()


def test_hub_lists_of_labels_come_by_name(hub, tmp_path):
    names = datasets.List(datasets.ClassLabel(names=["O", "B-PER"]))
    hub["user/data"] = datasets.DatasetDict({"train": dataset([[0, 1], [], [1]], names)})
    assert read_hub(tmp_path, "train")["train"].column("label") == [["O", "B-PER"], [], ["B-PER"]]


def test_hub_plain_columns_stay(hub, tmp_path):
    hub["user/data"] = datasets.DatasetDict({"train": dataset([0.5, 2.0], datasets.Value("float64"))})
    assert read_hub(tmp_path, "train")["train"].column("label") == [0.5, 2.0]


def test_hub_errors(hub, tmp_path):
    with pytest.raises(UserError, match="cannot load --dataset_name user/data: Couldn't find") as caught:
        read_hub(tmp_path, "train")
    assert "\n" not in str(caught.value)
    hub["user/data"] = datasets.DatasetDict({"train": dataset([0.5], datasets.Value("float64"))})
    with pytest.raises(UserError, match="--do_predict needs test data: user/data has none"):
        read_hub(tmp_path, "predict")


def test_a_look_at_the_first_rows_uses_nothing_up():
    parts = [Split(name="test", file="a.csv", rows=[], part=number) for number in range(3)]
    first, test = label_rows({}, iter(parts))
    assert first is parts[0]
    assert list(test) == parts
    validation = Split(name="validation", file="b.csv", rows=[])
    first, test = label_rows({"validation": validation}, parts)
    assert first is validation and test is parts


def test_labels_are_read_off_all_training_rows(write, tmp_path):
    file = write("a.txt", TEXTS)
    training = HeadTrainingArguments(output_dir=str(tmp_path / "run"), do_train=True, do_eval=True)
    data = DataArguments(train_file=file, validation_split=0.375, max_train_samples=2)
    splits, test = load_splits(data, training, read_table, groups_of, lambda split: None)
    rows, _ = label_rows(splits, test)
    assert texts_of(rows) == TEXTS and (rows.name, rows.file) == ("train", file)
    assert texts_of(splits["train"]) == [text for text in TEXTS if text not in HELD_OUT][:2]
    assert texts_of(splits["validation"]) == HELD_OUT

    data = DataArguments(train_file=file, validation_file=file, max_eval_samples=3)
    splits, test = load_splits(data, training, read_table, groups_of, lambda split: None)
    assert label_rows(splits, test)[0] is splits["train"]
