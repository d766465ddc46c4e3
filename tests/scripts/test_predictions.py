"""predictions.jsonl: one line per input row, in order, with the row's own id and the answer of the model on that row alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from script_runs import Outcome
from small_data import questions, reviews, sentences, write_columns, write_csv, write_jsonl, write_squad
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    pipeline,
)

from heads.question_answering import QuestionAnsweringPipeline

# Rows of unlike lengths in small batches: any other order than that of the file, or a batch-mate that is heard, shows.
ALL = {"max_seq_length": 64, "per_device_eval_batch_size": 3}


def predict(run, trained: Outcome, task: str, test_file, **flags) -> Outcome:
    options = ALL | ({"doc_stride": 16} if task == "qa" else {}) | flags
    return run(task, model_name_or_path=trained.folder, do_predict=True, test_file=test_file, **options)


def load(kind: Any, trained: Outcome) -> Any:
    return kind.from_pretrained(trained.folder).eval()


@torch.no_grad()
def logits(model, tokenizer, *texts: str) -> Any:
    return model(**tokenizer(*texts, return_tensors="pt", truncation=True, max_length=64))


# Sequence classification


def test_classes_are_those_of_each_row_alone(run, learn, head, tmp_path):
    trained = learn("seq_cls", head=head)
    rows = reviews(41, seed=9)
    rows[7]["text"] = ""
    outcome = predict(run, trained, "seq_cls", write_csv(tmp_path / "a.csv", rows))
    model, tokenizer = load(AutoModelForSequenceClassification, trained), AutoTokenizer.from_pretrained(trained.folder)
    assert [row["id"] for row in outcome.predictions] == [row["id"] for row in rows]
    for row, found in zip(rows, outcome.predictions, strict=True):
        shares = logits(model, tokenizer, row["text"]).logits[0].softmax(-1)
        assert found["prediction"] == model.config.id2label[int(shares.argmax())]
        assert found["score"] == pytest.approx(float(shares.max()), abs=1e-5)
    assert len({round(row["score"], 4) for row in outcome.predictions}) > 30
    accuracy = sum(r["label"] == p["prediction"] for r, p in zip(rows, outcome.predictions, strict=True)) / len(rows)
    assert outcome.metrics("predict")["predict_accuracy"] == pytest.approx(accuracy)


def test_rows_that_are_held_out(run, learn, files, tmp_path):
    """The same rows for every seed, trained in the same run or predicted later."""
    held_out = {"validation_split": 0.3, "predict_split": "validation", "train_file": files["seq_cls"]["train_file"]}
    trained = learn("seq_cls", seed=5, test_file=None, validation_file=None, **held_out)
    again = run("seq_cls", model_name_or_path=trained.folder, do_predict=True, **held_out)
    metrics = trained.read("all_results.json")
    assert metrics["train_samples"] + len(trained.predictions) == 48 and 5 < len(trained.predictions) < 25
    assert metrics["predict_accuracy"] == metrics["eval_accuracy"]
    assert [row["id"] for row in again.predictions] == [row["id"] for row in trained.predictions]
    assert again.metrics("predict")["predict_accuracy"] == metrics["predict_accuracy"]


def test_ids_that_repeat_are_missing_or_are_numbers(run, learn, tmp_path):
    rows: list[dict] = reviews(6)
    for row, value in zip(rows, ("x", "x", None, 7, "", "y"), strict=True):
        row["id"] = value
    del rows[0]["id"], rows[5]["id"]
    outcome = predict(run, learn("seq_cls", head="cnn"), "seq_cls", write_jsonl(tmp_path / "a.jsonl", rows))
    assert [row.get("id") for row in outcome.predictions] == [None, "x", None, 7, "", None]


def test_rows_without_ids_and_labels(run, learn, tmp_path):
    rows = [{"text": row["text"]} for row in reviews(5)]
    outcome = predict(run, learn("seq_cls", head="cnn"), "seq_cls", write_jsonl(tmp_path / "a.jsonl", rows))
    assert [row.keys() for row in outcome.predictions] == [{"prediction", "score"}] * 5
    assert "predict_accuracy" not in outcome.metrics("predict")
    (tmp_path / "a.txt").write_text("".join(row["text"] + "\n" for row in rows), encoding="utf-8")
    plain = predict(run, learn("seq_cls", head="cnn"), "seq_cls", tmp_path / "a.txt")
    assert plain.predictions == outcome.predictions


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_column_of_empty_labels_is_none(name, run, learn, tmp_path):
    separator = "\t" if name.endswith("tsv") else ","
    lines = ["text,label", *(f"{row['text']}," for row in reviews(5))]
    (tmp_path / name).write_text("".join(line.replace(",", separator) + "\n" for line in lines), encoding="utf-8")
    outcome = predict(run, learn("seq_cls", head="cnn"), "seq_cls", tmp_path / name)
    assert len(outcome.predictions) == 5
    assert "predict_accuracy" not in outcome.metrics("predict")
    assert outcome.read("data_report.json")["test"]["labels"] == {}


def test_texts_that_tokenise_to_nothing(run, learn, tmp_path):
    texts = ["\u200b", "영화 좋다", "   ", "\ufeff\u200d", ""]
    rows = [{"id": i, "text": text} for i, text in enumerate(texts)]
    outcome = predict(run, learn("seq_cls", head="lstm"), "seq_cls", write_jsonl(tmp_path / "a.jsonl", rows))
    assert [row["id"] for row in outcome.predictions] == [0, 1, 2, 3, 4]
    empty = [outcome.predictions[i] for i in (0, 2, 3, 4)]
    assert len({row["prediction"] for row in empty}) == 1
    assert "4 rows with an empty text are kept (the first is row 1)" in outcome.stdout


# Token classification


def tags_alone(model, tokenizer, tokens: list[str]) -> list[str]:
    """The tags of a sentence's characters, one window, spaces by hand."""
    text = "".join(tokens)
    offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    best = logits(model, tokenizer, text).logits[0].argmax(-1).tolist()
    tags = [""] * len(tokens)
    for (start, end), label in zip(offsets, best, strict=True):
        for i in range(start, end):
            name = model.config.id2label[label]
            tags[i] = name if i == start else name.replace("B-", "I-")
    for i, token in enumerate(tokens):
        if token == " ":
            inside = 0 < i < len(tokens) - 1 and tags[i + 1][:2] == "I-" and tags[i - 1][2:] == tags[i + 1][2:]
            tags[i] = tags[i + 1] if inside else "O"
    return tags


def test_tags_are_those_of_each_sentence_alone(run, learn, head, tmp_path):
    trained = learn("token_cls", head=head, num_train_epochs=4)
    rows = sentences(41, seed=9)
    outcome = predict(run, trained, "token_cls", write_columns(tmp_path / "a.tsv", rows))
    model, tokenizer = load(AutoModelForTokenClassification, trained), AutoTokenizer.from_pretrained(trained.folder)
    expected = [tags_alone(model, tokenizer, tokens) for tokens, _ in rows]
    assert [row["prediction"] for row in outcome.predictions] == expected
    assert len({tuple(tags) for tags in expected}) > 20
    gold = [(t, g) for (tokens, tags) in rows for t, g in zip(tokens, tags, strict=True)]
    said = [tag for row in outcome.predictions for tag in row["prediction"]]
    right = [tag == g for (t, g), tag in zip(gold, said, strict=True) if t != " "]
    assert outcome.metrics("predict")["predict_accuracy"] == pytest.approx(sum(right) / len(right))


def test_long_sentences_have_a_tag_for_every_token(run, learn, tmp_path):
    trained = learn("token_cls", head="cnn", num_train_epochs=4)
    short = sentences(3, seed=5)
    long = (
        [token for row in sentences(9, seed=6) for token in row[0]],
        [tag for row in sentences(9, seed=6) for tag in row[1]],
    )
    rows = [short[0], long, short[1], long, short[2]]
    file = write_columns(tmp_path / "a.tsv", rows)
    outcome = predict(run, trained, "token_cls", file, max_seq_length=16)
    assert outcome.read("data_report.json")["test"]["inputs"] >= 3 + 2 * 3
    assert [len(row["prediction"]) for row in outcome.predictions] == [len(tokens) for tokens, _ in rows]
    assert outcome.predictions[1] == outcome.predictions[3]
    assert all(score > 0 for score, token in zip(outcome.predictions[1]["score"], long[0], strict=True) if token != " ")
    # Behind the first window's edge the entities go on being found.
    assert "B-LOC" in outcome.predictions[1]["prediction"][len(long[0]) // 2 :]


def test_sentences_keep_their_ids(run, learn, tmp_path):
    ids = ["x", "x", None, "y", ""]
    rows = [{"id": i, "tokens": tokens, "tags": tags} for i, (tokens, tags) in zip(ids, sentences(5), strict=True)]
    file = write_jsonl(tmp_path / "a.jsonl", rows)
    outcome = predict(run, learn("token_cls", head="cnn"), "token_cls", file)
    assert [row.get("id") for row in outcome.predictions] == ids


def test_tokens_that_mean_nothing(run, learn, tmp_path):
    rows = [{"tokens": tokens} for tokens in (["\u200b"], [], list("서울"), [" "], ["\u200d", "a"])]
    file = write_jsonl(tmp_path / "a.jsonl", rows)
    outcome = predict(run, learn("token_cls", head="lstm"), "token_cls", file)
    assert [len(row["prediction"]) for row in outcome.predictions] == [1, 0, 2, 1, 2]
    assert outcome.predictions[0]["prediction"] == ["O"]


# Question answering


def span_alone(model, tokenizer, question: str, context: str) -> tuple[str, int]:
    """The best of all spans of at most 30 tokens, by trying every one."""
    encoded = tokenizer(question, context, return_offsets_mapping=True)
    output = logits(model, tokenizer, question, context)
    start, end = output.start_logits[0], output.end_logits[0]
    inside = [i for i, part in enumerate(encoded.sequence_ids()) if part == 1]
    scores = {(i, j): float(start[i] + end[j]) for i in inside for j in inside if i <= j < i + 30}
    first, last = max(scores, key=lambda span: scores[span])
    place = encoded["offset_mapping"][first][0]
    return context[place : encoded["offset_mapping"][last][1]], place


def test_answers_are_those_of_each_question_alone(run, learn, head, tmp_path):
    trained = learn("qa", head=head)
    rows = questions(41, seed=9, words=30)
    for i in (3, 4):
        rows[i]["id"] = "twice"
    outcome = predict(run, trained, "qa", write_squad(tmp_path / "a.json", rows))
    assert outcome.read("data_report.json")["test"]["inputs"] == 41
    assert [row["id"] for row in outcome.predictions] == [row["id"] for row in rows]
    model, tokenizer = load(AutoModelForQuestionAnswering, trained), AutoTokenizer.from_pretrained(trained.folder)
    for row, found in zip(rows, outcome.predictions, strict=True):
        expected = span_alone(model, tokenizer, row["question"], row["context"])
        assert (found["prediction"], found["answer_start"]) == expected


def test_long_contexts_are_read_to_their_end(run, encoder, tmp_path):
    near, far = questions(40, words=12), questions(20, seed=1, words=12)
    for row in far:
        row["context"] = "the movie is " * 20 + row["context"]
        row["answers"][0]["answer_start"] += len("the movie is " * 20)
    files = {"train_file": write_squad(tmp_path / "a.json", near), "test_file": write_squad(tmp_path / "b.json", far)}
    options = {"learning_rate": 2e-3, "num_train_epochs": 15, "max_seq_length": 32, "doc_stride": 8}
    stages = {"do_train": True, "do_predict": True, "save_strategy": "no"}
    outcome = run("qa", model_name_or_path=encoder, head="cnn", **stages, **options, **files)
    assert outcome.read("data_report.json")["test"]["inputs"] > 3 * 20
    assert len(outcome.predictions) == 20
    assert all(row["answer_start"] >= 0 for row in outcome.predictions)
    for row, found in zip(far, outcome.predictions, strict=True):
        assert row["context"][found["answer_start"] :].startswith(found["prediction"])
    assert any(row["answer_start"] > 260 for row in outcome.predictions)


def test_questions_without_answers_and_ids(run, learn, tmp_path):
    rows = [{"question": row["question"], "context": row["context"]} for row in questions(4)]
    outcome = predict(run, learn("qa", head="cnn"), "qa", write_jsonl(tmp_path / "a.jsonl", rows))
    assert all("id" not in row and row["prediction"] for row in outcome.predictions)
    assert "predict_f1" not in outcome.metrics("predict")


def test_no_answer(run, learn, tmp_path):
    rows = questions(8, seed=2, impossible=0.5)
    options = {
        "max_seq_length": 32,
        "doc_stride": 8,
        "version_2_with_negative": True,
        "null_score_diff_threshold": -1e6,
    }
    outcome = predict(run, learn("qa", head="cnn"), "qa", write_squad(tmp_path / "a.json", rows), **options)
    assert {row["prediction"] for row in outcome.predictions} == {""}
    assert {row["answer_start"] for row in outcome.predictions} == {-1}
    without = sum(not row["answers"] for row in rows)
    assert outcome.metrics("predict")["predict_exact_match"] == pytest.approx(100 * without / 8)
    options["null_score_diff_threshold"] = 1e6
    outcome = predict(run, learn("qa", head="cnn"), "qa", write_squad(tmp_path / "b.json", rows), **options)
    assert all(row["prediction"] for row in outcome.predictions)


def test_the_pipeline_answers_as_the_script_does(run, learn, head, tmp_path):
    trained = learn("qa", head=head)
    rows = questions(12, seed=5, impossible=0.4, words=60)
    windows = {"max_seq_length": 32, "doc_stride": 8, "max_answer_length": 6}
    flags = windows | {"version_2_with_negative": True, "null_score_diff_threshold": -2.0}
    outcome = predict(run, trained, "qa", write_squad(tmp_path / "a.json", rows), **flags)
    assert outcome.read("data_report.json")["test"]["inputs"] >= 2 * 12
    pipe = pipeline("question-answering", model=str(trained.folder), pipeline_class=QuestionAnsweringPipeline)
    options = {"max_seq_len": 32, "doc_stride": 8, "max_answer_len": 6, "batch_size": 5, "top_k": 10}
    found = pipe(rows, handle_impossible_answer=True, null_score_diff_threshold=-2.0, **options)
    for answers, expected in zip(found, outcome.predictions, strict=True):
        assert answers[0]["answer"] == expected["prediction"]
        assert answers[0]["start"] == max(expected["answer_start"], 0)
        assert [row["answer"] for row in answers] == [row["text"] for row in expected["n_best"][:10]]
        scores = [row["score"] for row in expected["n_best"][:10]]
        assert [row["score"] for row in answers] == pytest.approx(scores, abs=1e-5)


def test_file_is_json_lines(learn):
    lines = (learn("qa", head="cnn").folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
