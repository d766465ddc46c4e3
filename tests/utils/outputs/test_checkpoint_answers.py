"""What a checkpoint says of one text, as its own pipeline says it, and what that came from."""

from __future__ import annotations

import pytest
from tiny import TASKS as MODELS
from tiny import make_tokenizer, perturb, tiny_config, tiny_model

from utils.errors import UserError
from utils.outputs.answers import Checkpoint, load_checkpoints
from utils.outputs.explanations import SequenceReader
from utils.tasks import TASKS

TEXT = "서울은 정말 좋다. good movie"
NAMES = {"id2label": {0: "나쁨", 1: "보통", 2: "좋음"}}
WINDOWS = {"pooling": "mean", "max_seq_length": 8, "doc_stride": 2}
TAGS = {"id2label": {0: "O", 1: "B-LC", 2: "I-LC"}}


def checkpoint(task: str, head: str, inputs=("text",), **config) -> Checkpoint:
    tokenizer = make_tokenizer()
    size = {"vocab_size": len(tokenizer)}
    model = perturb(tiny_model(task, head, tiny_config(**size), **config))
    own = next(one for one in TASKS.values() if one.model_class is MODELS[task])
    return Checkpoint(name=head, place=head, model=model, tokenizer=tokenizer, task=own, inputs=inputs)


@pytest.mark.parametrize(
    "config", [{}, {"windows": WINDOWS}, {"windows": WINDOWS | {"pooling": "max"}}, {"use_last_layers": 2}]
)
def test_probabilities_are_those_of_the_pipeline_and_ngrams_add_up(config):
    one = checkpoint("seq_cls", "cnn", **NAMES, **config)
    answer = one.answer([TEXT])
    told = one.model.pipeline(one.tokenizer)(TEXT, top_k=None)
    assert [name for name, _ in answer.choices] == [choice["label"] for choice in told]
    assert [share for _, share in answer.choices] == pytest.approx([choice["score"] for choice in told], abs=1e-6)
    assert answer.prediction == told[0]["label"]
    explanation = answer.explanation
    assert explanation.exact and explanation.label == answer.prediction
    assert explanation.bias + sum(value for _, value in explanation.parts) == pytest.approx(explanation.logit, abs=1e-5)


def test_ngrams_are_written_as_they_stand_in_the_texts():
    one = checkpoint("seq_cls", "cnn", inputs=("text", "second text"), num_labels=3)
    texts = ["서울은  정말", "bad movie"]
    explanation = one.answer(texts).explanation
    assert explanation.bias + sum(value for _, value in explanation.parts) == pytest.approx(explanation.logit, abs=1e-5)
    inside = " ".join(f"[CLS] {texts[0]} [SEP] {texts[1]} [SEP]".split())
    assert all(name in inside for name, _ in explanation.parts)
    for text, shades in zip(texts, explanation.shades, strict=True):
        assert shades and {text[shade.start : shade.end] for shade in shades} <= {"서울", "은", "정말", "bad", "movie"}


def test_a_text_in_nfd_is_read_as_in_nfc_and_coloured_where_it_stands():
    one = checkpoint("seq_cls", "cnn", num_labels=3)
    composed, parts = "영화 is 좋다", "영화 is 좋다"
    found = one.answer([parts])
    assert found.choices == one.answer([composed]).choices
    assert {parts[shade.start : shade.end] for shade in found.explanation.shades[0]} == set(parts.split())


@pytest.mark.parametrize("head", ["dense", "lstm"])
def test_other_heads_are_told_by_leaving_words_out(head):
    one = checkpoint("seq_cls", head, **NAMES)
    answer = one.answer([TEXT])
    explanation, reader = answer.explanation, SequenceReader(one.model, one.tokenizer)
    label = list(NAMES["id2label"].values()).index(answer.prediction)
    assert not explanation.exact and [TEXT[s.start : s.end] for s in explanation.shades[0]] == TEXT.split()
    without = reader.logits([[TEXT.replace("정말", "")]])[0][0, label].item()
    assert dict(explanation.parts)["정말"] == pytest.approx(explanation.logit - without, abs=1e-6)


def test_sets_go_by_their_thresholds_and_scores_have_no_probability():
    sets = {"problem_type": "multi_label_classification"} | NAMES
    never = {"rows": 9, "thresholds": dict.fromkeys(NAMES["id2label"].values(), 1.0)}
    always = {"rows": 9, "thresholds": dict.fromkeys(NAMES["id2label"].values(), 0.0)}
    assert checkpoint("seq_cls", "dense", calibration=never, **sets).answer([TEXT]).prediction == ""
    assert checkpoint("seq_cls", "dense", calibration=always, **sets).answer([TEXT]).prediction == "나쁨, 보통, 좋음"
    score = checkpoint("seq_cls", "cnn", problem_type="regression", num_labels=1).answer([TEXT])
    assert score.choices == [] and float(score.prediction) == pytest.approx(score.explanation.logit, abs=6e-4)


def test_a_long_text_is_cut_and_says_so():
    one = checkpoint("seq_cls", "dense", num_labels=3)
    assert one.answer(["좋다 " * 100]).note == "the first 64 tokens were read, the others cut"
    assert one.answer([TEXT]).note == ""


@pytest.mark.parametrize("unit", ["words", "characters"])
@pytest.mark.parametrize("config", [{}, {"crf": True}, {"decoding": "constrained"}])
def test_entities_are_marked_in_the_text(unit, config):
    text = "서울은 대한민국 서울 좋다 " * 8  # longer than a window
    one = checkpoint("token_cls", "cnn", token_unit=unit, **TAGS, **config)
    answer = one.answer([text])
    assert answer.explanation is None
    for mark in answer.marks:
        assert mark.label == "LC" and 0 <= mark.probability <= 1
        assert text[mark.start : mark.end] == text[mark.start : mark.end].strip() != ""
    ends = [place for mark in answer.marks for place in (mark.start, mark.end)]
    assert ends == sorted(ends)
    assert not one.answer(["  "]).marks


def test_tags_that_are_no_entities_stand_at_every_word():
    one = checkpoint("token_cls", "dense", token_unit="words", id2label={0: "NOUN", 1: "VERB", 2: "ADJ"})
    assert [TEXT[mark.start : mark.end] for mark in one.answer([TEXT]).marks] == TEXT.split()


def test_an_answer_is_marked_in_the_context():
    one = checkpoint("qa", "lstm", inputs=("question", "context"))
    answer = one.answer(["the movie?", TEXT])
    (mark,) = answer.marks
    assert TEXT[mark.start : mark.end] == answer.prediction == answer.choices[0][0] and answer.marked == 1
    assert 0 < sum(share for _, share in answer.choices) <= 1


@pytest.fixture
def saved(tmp_path):
    def _saved(name: str, one: Checkpoint) -> str:
        one.model.save_pretrained(tmp_path / name)
        one.tokenizer.save_pretrained(tmp_path / name)
        return str(tmp_path / name)

    return _saved


def test_runs_are_of_one_task_and_read_alike(saved):
    first = saved("first", checkpoint("seq_cls", "dense", num_labels=3))
    tags = saved("tags", checkpoint("token_cls", "dense", token_unit="words", **TAGS))
    pairs = saved("pairs", checkpoint("seq_cls", "cnn", num_labels=3, input_columns={"text": "a", "pair": "b"}))
    both = load_checkpoints([first, first], ["one", "two"])
    assert [one.name for one in both] == ["one", "two"] and both[0].inputs == ("text",)
    with pytest.raises(UserError, match=r"tags is for token classification, .*first for text classification"):
        load_checkpoints([first, tags], ["one", "two"])
    with pytest.raises(UserError, match=r"pairs reads pairs, .*first single texts"):
        load_checkpoints([first, pairs], ["one", "two"])
