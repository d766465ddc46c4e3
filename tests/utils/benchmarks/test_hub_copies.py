"""Copies of benchmarks on the Hub give what the official files give."""

from __future__ import annotations

from collections.abc import Callable

import benchmark_files as own
import datasets
import pytest

from utils.benchmarks import BENCHMARKS


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
                {
                    "guid": text,
                    "title": text,
                    "label": classes("IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치"),
                    "url": text,
                    "date": text,
                },
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


@pytest.mark.parametrize("name", [name for name, benchmark in BENCHMARKS.items() if benchmark.hub])
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
