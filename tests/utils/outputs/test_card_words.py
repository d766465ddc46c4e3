"""What a card says in words: the language, an example about nothing in particular, and where the model is loaded from."""

from __future__ import annotations

import unicodedata
from types import SimpleNamespace

import pytest
from question_rows import task_of

from utils.arguments import HeadTrainingArguments, SequenceDataArguments
from utils.outputs import card
from utils.outputs.card import _by_class, _loading, _widget, loaded_from
from utils.outputs.language import language_of
from utils.tasks import TASKS, SequenceClassification
from utils.tasks.columns import Columns
from utils.tasks.labels import Labels


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["주문 취소할게요", "배송은 언제 오나요?"], "ko"),
        ([unicodedata.normalize("NFD", "주문 취소할게요")], "ko"),
        (["KLUE 데이터로 학습한 모델입니다", "ㅋㅋㅋ"], "ko"),
        (["cancel my order, 주문"], None),
        (["1234 !!"], None),
        ([], None),
    ],
)
def test_language(texts, language):
    assert language_of(texts) == language


def sequences(pair: str | None = None, **labels) -> SequenceClassification:
    task = SequenceClassification(SequenceDataArguments(train_file="a.csv"), None)
    task.known = Columns(text="a", pair=pair, label="b", id=None)
    task.labels = Labels(**labels)
    return task


def test_examples_are_in_every_language_of_every_task():
    assert {frozenset(task.examples) for task in TASKS.values()} == {frozenset({"ko", "en"})}


def test_single_texts_pairs_and_questions():
    one = sequences(problem_type="single_label_classification", names=["주문", "취소"])
    assert 'print(ask("오늘은 날씨가 맑습니다."))' in _loading("runs/a", one, one.example("ko"), None)
    assert _widget(one.example("en")) == [{"text": "The weather is fine today."}]
    two = sequences(pair="c", problem_type="single_label_classification", names=["주문", "취소"])
    asked = 'ask({"text": "오늘은 날씨가 맑습니다.", "text_pair": "내일도 맑겠습니다."})'
    assert asked in _loading("runs/a", two, two.example("ko"), None) and _widget(two.example("ko")) is None
    qa = task_of()
    asked = 'ask(question="대한민국의 수도는 어디인가?", context="서울은 대한민국의 수도이다.")'
    assert asked in _loading("runs/a", qa, qa.example("ko"), None)
    assert _widget(qa.example("en"))[0].keys() == {"text", "context"}


def test_what_it_is_for():
    kinds = {"single_label_classification": "one of these classes: 주문, 취소"}
    kinds |= {"multi_label_classification": "any of these labels: 주문, 취소", "regression": "a number"}
    for kind, words in kinds.items():
        names = [] if kind == "regression" else ["주문", "취소"]
        assert sequences(problem_type=kind, names=names).purpose() == f"gives a text {words}"
    task = TASKS["run_token_cls.py"](SimpleNamespace(), None)
    task.labels = SimpleNamespace(names=["O", "B-LC", "I-LC"], style=None)
    assert task.purpose() == "gives every token one of these tags: O, B-LC, I-LC"
    assert task_of(version_2_with_negative=True).purpose().endswith("or says that it is not there")


def test_it_is_loaded_from_the_hub_or_from_the_folder_as_it_was_given():
    def place(folder, hub=None, pushed_to=None):
        return loaded_from(HeadTrainingArguments(output_dir=folder, do_eval=True, hub_model_id=hub), pushed_to)

    assert place("runs/mine/") == "runs/mine" and place("/home/somebody/runs/mine") == "/home/somebody/runs/mine"
    assert place("runs/mine", "me/my-model") == "me/my-model"
    assert place("/home/somebody/mine", pushed_to="me/mine") == "me/mine"


def test_the_table_of_classes_has_a_heading_for_each_column(monkeypatch):
    scores = {"좋음": {"f1": 0.5, "support": 1200}, "bad": {"f1": 0.25, "support": 3}}
    monkeypatch.setattr(card, "numbered", lambda names: {})
    assert _by_class(scores, "class").splitlines() == [
        "| class | f1 | how many |",
        "| --- | --- | --- |",
        "| 좋음 | 0.5000 | 1,200 |",
        "| bad | 0.2500 | 3 |",
    ]
    monkeypatch.setattr(card, "numbered", lambda names: {"좋음": "class 0"})
    assert "| 좋음 (class 0 in the picture) |" in _by_class(scores, "class")
