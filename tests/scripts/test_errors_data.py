"""What is wrong with a file: one line that names file, row, column and cure; exit code 2; nothing lost."""

from __future__ import annotations

import json
import re

import pytest
from small_data import questions, reviews, sentences, write_columns, write_csv, write_jsonl, write_squad

TWO = "text,label\n영화 좋다,긍정\n영화 나쁘다,부정\n"

# For each script: the file's name and content, and what the line says behind the file's path.
TRAIN_FILES = {
    "seq_cls": {
        "empty file": ("a.csv", "", "the file is empty (0 bytes); was it downloaded or written completely?"),
        "header only": ("a.csv", "text,label\n", "the file holds no records"),
        "no column of text": ("a.csv", "words,label\na,b\n", "no column of text; name one of words, label with --text_column_name"),
        "no column of labels": ("a.csv", "text,mood\na,b\n", "a.csv: no column of labels; name one of mood with --label_column_name"),
        "a row without a label": ("a.csv", TWO + "the,\n", ", row 4, column 'label': no label"),
        "every text empty": ("a.csv", "text,label\n,긍정\n  ,부정\n", ", column 'text': every text is empty; name another --text"),
        "every pair empty": ("a.csv", "text,text_pair,label\n,,0\n", ", column 'text': every text is empty"),
        "no text": ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": null, "label": "y"}\n', ", row 2, column 'text': text expected, found nothing; write it as text, or delete the row"),
        "a number for a text": ("a.jsonl", '{"text": 5, "label": "x"}\n', ", row 1, column 'text': text expected, found int 5"),
        "ragged row": ("a.csv", TWO + "the,movie,긍정\n", ", row 4: fields: 2 expected (as in the header), 3 found"),
        "open quote": ("a.csv", TWO + '"the,긍정\n', ", row 4: a quote opened in this row is never closed; close it"),
        "invalid JSON": ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": \n', ", row 2: invalid JSON at line 2"),
        "cp949": ("a.csv", TWO.encode("cp949"), "it decodes as cp949: convert it with `iconv -f cp949 -t utf-8 a.csv > utf8-a.csv`"),
        "sets and single labels": ("a.jsonl", '{"text": "a", "label": ["x"]}\n{"text": "b", "label": "y"}\n', ", row 2, column 'label': a list of labels expected, as in the first row"),
        "an extension": ("a.xlsx", "PK", "this is a spreadsheet; save it as CSV, or: `python -c \"import pandas; pandas.read_excel('a.xlsx', dtype=str)"),
        "half a letter": ("a.jsonl", '{"text": "a \\ud83d b", "label": "x"}\n', ", row 1, column 'text': \\ud83d is half a character"),
    },
    "token_cls": {
        "empty file": ("a.tsv", "", "the file is empty (0 bytes)"),
        "no tags": ("a.tsv", "영화\n\n서울\n", ", row 1: no tags; give a tag for every token, or name"),
        "unlike lengths": ("a.jsonl", '{"tokens": ["a", "b"], "tags": ["O"]}\n', ", row 1, column 'tags': tokens and tags differ in number (2 and 1)"),
        "ragged row": ("a.tsv", "영화\tO\n서울\tB-LOC\tx\n", ", row 2: columns: 2 expected (as in the rows above), 3 found"),
        "a token without a tag": ("a.tsv", "영화\tO\n서울\t\n", ", row 2: a token without a tag; write its tag"),
        "no column of tokens": ("a.jsonl", '{"letters": ["a"]}\n', ", row 1: no column of tokens among letters; name it with --text_column_name"),
        "cp949": ("a.tsv", "영화\tO\n".encode("cp949"), ", row 1: not UTF-8"),
        "nothing to tag": ("a.jsonl", '{"tokens": [], "tags": []}\n{"tokens": [" "], "tags": ["O"]}\n', "every sentence is empty"),
    },
    "qa": {
        "empty file": ("a.json", "", "the file is empty (0 bytes)"),
        "no question": ("a.json", '[{"context": "a", "text": "b"}]', ", row 1, column 'question': expected text, found null"),
        "an answer elsewhere": ("a.json", json.dumps([{"id": "q7", "question": "a?", "context": "the movie", "answers": [{"text": "movie", "answer_start": 3}]}]), ", row 1, column 'answers': question \"q7\": the context has \" movi\" at answer_start 3, not \"movie\"; it first stands at 4"),
        "no answer": ("a.json", json.dumps([{"question": "a?", "context": "the movie", "answers": []}]), ", row 1, column 'answers': no answer; give --version_2_with_negative if questions may have none"),
        "long question": ("a.json", json.dumps([{"question": "is " * 60, "context": "the", "answers": [{"text": "the", "answer_start": 0}]}]), ", row 1, column 'question': the question has 60 tokens, the window room for 53; shorten it or raise --max_seq_length"),
        "every context empty": ("a.json", json.dumps([{"question": "a?", "context": " ", "answers": []}]), "every context is empty"),
    },
}  # fmt: skip
CASES = [(task, name) for task, cases in TRAIN_FILES.items() for name in cases]


@pytest.mark.parametrize(("task", "name"), CASES, ids=[f"{task}-{name}".replace(" ", "_") for task, name in CASES])
def test_training_files(task, name, fail, encoder, tmp_path):
    file, content, expected = TRAIN_FILES[task][name]
    path = tmp_path / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    flags = {"max_seq_length": 64, "doc_stride": 16} if task == "qa" else {}
    if name == "every context empty":
        flags["version_2_with_negative"] = True
    message = fail(task, model_name_or_path=encoder, do_train=True, train_file=path, **flags)
    assert message.startswith(f"error: {path}")
    assert expected in message


def test_missing_file_and_the_one_that_was_meant(task, fail, encoder, files):
    file = files[task]["train_file"]
    wrong = file.with_name(file.name.replace("train", "trian"))
    message = fail(task, model_name_or_path=encoder, do_train=True, train_file=wrong)
    assert message == f"error: {wrong}: no such file; did you mean '{file.name}'?"


def test_missing_column(fail, encoder, files):
    options = {"model_name_or_path": encoder, "do_train": True, "train_file": files["seq_cls"]["train_file"]}
    message = fail("seq_cls", text_column_name="review", **options)
    assert message.endswith(
        "train.csv, column 'review': no such column; --text_column_name can be one of id, text, label"
    )
    message = fail("seq_cls", label_column_name="mood", **options)
    assert message.endswith(
        "train.csv, column 'mood': no such column; --label_column_name can be one of id, text, label"
    )


def test_unknown_labels(fail, encoder, files, tmp_path, learn):
    rows = reviews(5)
    rows[3]["label"] = "중립"
    path = write_csv(tmp_path / "a.csv", rows)
    expected = f"error: {path}, row 5, column 'label': unknown label '중립'; known ones are 긍정, 부정"
    both = {"model_name_or_path": encoder, "do_train": True, "train_file": files["seq_cls"]["train_file"]}
    assert fail("seq_cls", do_eval=True, validation_file=path, **both) == expected
    checkpoint = learn("seq_cls", head="cnn").folder
    message = fail("seq_cls", model_name_or_path=checkpoint, do_predict=True, test_file=path)
    assert message == f"{expected}; --label_column_name none predicts without scores"
    message = fail("seq_cls", model_name_or_path=checkpoint, do_train=True, train_file=path)
    assert message == f"{expected}; a checkpoint keeps its labels: begin with an encoder to learn others"


def test_unknown_tag(fail, encoder, files, tmp_path):
    rows = sentences(3)
    rows[1][1][0] = "B-DATE"
    path = write_columns(tmp_path / "a.tsv", rows)
    both = {"model_name_or_path": encoder, "do_train": True, "train_file": files["token_cls"]["train_file"]}
    message = fail("token_cls", do_eval=True, validation_file=path, **both)
    line = len(rows[0][0]) + 2
    assert message.startswith(
        f"error: {path}, row {line}: unknown tag 'B-DATE' at token 1 of the sentence; known ones are O,"
    )


@pytest.mark.parametrize("score", ["good", "nan", "inf", ""])
def test_scores_that_are_no_numbers(score, fail, encoder, tmp_path):
    (tmp_path / "a.csv").write_text(f"text,score\nthe,1.5\nis,{score}\n", encoding="utf-8")
    options = {"do_regression": True, "model_name_or_path": encoder, "do_train": True, "train_file": tmp_path / "a.csv"}
    message = fail("seq_cls", **options)
    assert re.search(r"a\.csv, row 3, column 'score': (a number expected, found|no label)", message)


def test_some_empty_texts_are_kept_and_said(run, encoder, tmp_path):
    rows = reviews(6)
    rows[2]["text"], rows[4]["text"] = "", " "
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    outcome = run("seq_cls", model_name_or_path=encoder, do_train=True, train_file=path, max_steps=1)
    assert f"{path}: 2 rows with an empty text are kept (the first is row 3)" in outcome.stdout
    assert outcome.read("train_results.json")["train_samples"] == 6


def test_answers_at_the_very_end_are_found(run, encoder, tmp_path):
    rows = questions(4)
    for row in rows:
        row["context"] = row["context"] + " 서울"
        row["answers"] = [{"text": "서울", "answer_start": len(row["context"]) - 2}]
    path = write_squad(tmp_path / "a.json", rows)
    options = {"max_seq_length": 64, "doc_stride": 16, "max_steps": 1}
    run("qa", model_name_or_path=encoder, do_train=True, train_file=path, **options)
