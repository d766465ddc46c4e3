"""Questions and contexts to windows of tokens, and the way back to the answer's text."""

from __future__ import annotations

import random
import unicodedata
from typing import Any

import datasets
import pytest
import torch
from question_rows import arguments, split_of, task_of
from tiny import make_tokenizer
from tokenizers import normalizers
from transformers.trainer_utils import PredictionOutput

from heads.characters import whole_characters
from utils.data.splits import Split
from utils.errors import UserError
from utils.tasks import PreparedSplit, question_windows
from utils.tasks.question_checks import check_questions

WORDS = ["영화", "서울은", "대한민국의", "the", "good", "movie.", "abc", "뷁", "😀", "e\u0301", "  ", "좋다!"]


def tokenize(split: Split, tokenizer, size: int = 32, stride: int = 8, training: bool = False) -> dict[str, list]:
    sizes = {"max_seq_length": size, "doc_stride": stride}
    columns = question_windows.feature_columns(split, negative=False)
    return question_windows.tokenize(columns, tokenizer, **sizes, legacy=False, training=training)


def random_rows(tokenizer, count: int = 60) -> list[dict]:
    """Contexts of 1 to 60 words with an answer that begins and ends where sub-words do."""
    draw = random.Random(0)
    rows = []
    while len(rows) < count:
        context = " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, 60)))
        offsets = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        if offsets:
            first = draw.randrange(len(offsets))
            last = min(first + draw.randrange(4), len(offsets) - 1)
            start, end = offsets[first][0], offsets[last][1]
            answers = [{"text": context[start:end], "answer_start": start}] if draw.random() < 0.8 else []
            rows.append({"context": context, "question": draw.choice(WORDS), "answers": answers})
    return rows


@pytest.mark.parametrize(("size", "stride"), [(16, 0), (16, 3), (24, 8), (32, 100), (512, 8)])
def test_windows_hold_the_answers(tiny_tokenizer, size, stride):
    split = split_of(random_rows(tiny_tokenizer))
    features = tokenize(split, tiny_tokenizer, size, stride)
    windows: dict[int, list[int]] = {}
    for window, row in enumerate(features["row"]):
        windows.setdefault(row, []).append(window)
    assert sorted(windows) == list(range(len(split.rows)))
    for row, own in windows.items():
        fields = split.rows[row].fields
        context, answer = fields["context"], (fields["answers"] or [None])[0]
        whole = tiny_tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        asked = len(tiny_tokenizer(fields["question"], add_special_tokens=False)["input_ids"])
        room = size - 3 - asked
        expected = min(stride, room // 2)
        covered: list[tuple[int, int]] = []
        found = []
        for place, window in enumerate(own):
            assert features["length"][window] == len(features["input_ids"][window]) <= size
            free = [i for i, masked in enumerate(features["p_mask"][window]) if not masked]
            assert free[0] == 0 and free[1:] == list(range(2 + asked, features["length"][window] - 1))
            spans = [(features["starts"][window][i], features["ends"][window][i]) for i in free[1:]]
            if place:
                assert covered[len(covered) - expected :] == spans[:expected]
            covered += spans[expected if place else 0 :]
            start, end = features["start_positions"][window], features["end_positions"][window]
            if start:
                first, last = features["starts"][window][start], features["ends"][window][end]
                found.append((first, context[first:last]))
            else:
                assert end == 0
                inside = answer and spans and spans[0][0] <= answer["answer_start"] < spans[-1][1]
                assert not inside or answer["answer_start"] + len(answer["text"]) > spans[-1][1]
        assert covered == whole
        assert {text for _, text in found} <= ({answer["text"]} if answer else set())
        if answer and expected >= 4:  # an answer of at most 4 tokens fits into the overlap
            assert (answer["answer_start"], answer["text"]) in found


def test_training_features_leave_out_what_only_the_text_needs(tiny_tokenizer):
    split = split_of(random_rows(tiny_tokenizer, 5))
    full, lean = tokenize(split, tiny_tokenizer), tokenize(split, tiny_tokenizer, training=True)
    assert full.keys() - lean.keys() == {"p_mask", "starts", "ends"}
    assert all(lean[name] == full[name] for name in lean)


def test_an_answer_with_spaces_around_it(tiny_tokenizer):
    plain = {"context": "the good movie", "answers": [{"text": "good", "answer_start": 4}]}
    wide = {"context": "the good movie", "answers": [{"text": " good ", "answer_start": 3}]}
    features = tokenize(split_of([plain, wide]), tiny_tokenizer)
    for name in ("start_positions", "end_positions"):
        assert features[name][0] == features[name][1] > 0


def test_an_answer_inside_a_token_is_taken_with_the_whole_token(tiny_tokenizer):
    split = split_of([{"context": "the movie", "answers": [{"text": "vi", "answer_start": 6}]}])
    features = tokenize(split, tiny_tokenizer)
    assert features["start_positions"] == features["end_positions"] == [len(features["input_ids"][0]) - 2]


@pytest.mark.parametrize("normalizer", [None, normalizers.NFC(), normalizers.NFKC(), normalizers.NFD()])
def test_a_decomposed_text_gives_the_tokens_of_the_composed_one(normalizer):
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizer
    rows = [row for row in random_rows(tokenizer) if row["answers"]]
    decomposed = []
    for row in rows:
        nfd = {name: unicodedata.normalize("NFD", row[name]) for name in ("question", "context")}
        start, text = row["answers"][0]["answer_start"], row["answers"][0]["text"]
        before = len(unicodedata.normalize("NFD", row["context"][:start]))
        nfd["answers"] = [{"text": unicodedata.normalize("NFD", text), "answer_start": before}]
        decomposed.append(nfd)
    composed, found = (tokenize(split_of(those), tokenizer, 24, 8) for those in (rows, decomposed))
    for name in composed.keys() - {"starts", "ends"}:
        assert found[name] == composed[name], name
    for row, *offsets in zip(*(found[name] for name in ("row", "starts", "ends")), strict=True):
        context = decomposed[row]["context"]
        for start, end in zip(*offsets, strict=True):
            assert whole_characters(context, start, end) == (start, end)
    for row, window in enumerate(found["row"]):
        assert found["ends"][row] != composed["ends"][row] or decomposed[window]["context"] == rows[window]["context"]


def test_every_answer_of_a_decomposed_text_can_be_found():
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    context = unicodedata.normalize("NFD", "서울은 대한민국")
    answers = [{"text": unicodedata.normalize("NFD", "대한민국"), "answer_start": 9}]
    split = split_of([{"context": context, "answers": answers}])
    assert question_windows.ceiling(split, tokenizer, "korquad") == 100
    features = tokenize(split, tokenizer)
    first, last = features["start_positions"][0], features["end_positions"][0]
    assert context[features["starts"][0][first] : features["ends"][0][last]] == answers[0]["text"]


def test_questions_that_leave_no_room(tiny_tokenizer):
    answers = [{"text": "the", "answer_start": 0}]
    rows = [{"question": "is " * n, "context": "the movie", "answers": answers} for n in (5, 21, 22)]
    check_questions(split_of(rows[:2]), tiny_tokenizer, arguments(max_seq_length=32, doc_stride=4))
    with pytest.raises(
        UserError, match=r"a\.json, row 3, column 'question': the question has 22 tokens, .* room for 21"
    ):
        check_questions(split_of(rows), tiny_tokenizer, arguments(max_seq_length=32, doc_stride=4))
    features = tokenize(split_of([rows[1] | {"context": "the movie " * 20}]), tiny_tokenizer, 32, 20)
    assert len(features["row"]) > 3 and set(features["length"]) == {32}  # the overlap shrinks, the windows go on


def test_rows_without_answers(tiny_tokenizer):
    none = [{"context": "the movie"}]
    with pytest.raises(UserError, match="column 'answers': no answer; give --version_2_with_negative"):
        check_questions(split_of(none), tiny_tokenizer, arguments())
    check_questions(split_of(none), tiny_tokenizer, arguments(version_2_with_negative=True))
    check_questions(split_of(none, "test"), tiny_tokenizer, arguments())
    assert "start_positions" not in tokenize(split_of(none, "test"), tiny_tokenizer)
    # Validation rows are scored, also where none of them has an answer.
    assert tokenize(split_of(none), tiny_tokenizer)["start_positions"] == [0]
    assert tokenize(split_of([{"context": "a", "is_impossible": True}], "test"), tiny_tokenizer)["end_positions"] == [0]


def test_search_and_answers_together_find_the_gold(tiny_tokenizer):
    """Logits that point at the gold tokens give back the gold texts, whatever the order of the windows."""
    rows = [row for row in random_rows(tiny_tokenizer) if row["answers"]]
    split = split_of(rows)
    features = tokenize(split, tiny_tokenizer, 24, 10)
    order = random.Random(1).sample(range(len(features["row"])), len(features["row"]))
    shuffled = {name: [values[i] for i in order] for name, values in features.items()}
    width = max(shuffled["length"])
    sides = torch.full((2, len(order), width), -1.0)
    task = task_of(max_answer_length=8, n_best_size=20)
    for window, masked in enumerate(shuffled["p_mask"]):
        for side, name in zip(sides, ("start_positions", "end_positions"), strict=True):
            side[window, len(masked) :] = torch.finfo(torch.float32).min
            side[window, : len(masked)].masked_fill_(torch.tensor(masked).bool(), torch.finfo(torch.float32).min)
            if shuffled[name][window]:
                side[window, shuffled[name][window]] = 5.0
    parts = [part.numpy() for part in task.reduce_logits((sides[0], sides[1]), None)]
    output: Any = PredictionOutput(tuple(parts), None, None)
    found = task.records(PreparedSplit(split, datasets.Dataset.from_dict(shuffled)), output)
    pairs = zip(rows, found, strict=True)
    assert all(row["answers"][0]["text"].strip() == answer["prediction"] for row, answer in pairs)


# What is said


ANSWER = {"context": "the movie", "answers": [{"text": "movie", "answer_start": 4}]}
IMPOSSIBLE = {"context": "the movie", "is_impossible": True}
UNSAID = {"context": "the movie"}  # or said to be possible
EMPTY = {"context": "the movie", "is_impossible": None}  # an empty list of answers, as in the Hub's squad_v2


@pytest.mark.parametrize(
    ("rows", "negative", "scored", "said"),
    [
        ([ANSWER, ANSWER], False, True, ""),
        ([UNSAID, EMPTY], False, False, "no question has an answer: the questions are not scored"),
        ([UNSAID, EMPTY], True, False, "no question has an answer: the questions are not scored"),
        ([ANSWER, IMPOSSIBLE], False, True, ""),
        ([ANSWER, IMPOSSIBLE], True, True, ""),
        (
            [ANSWER, UNSAID, EMPTY],
            False,
            False,
            "2 of 3 questions have no answer and are not said to be impossible: all are",
        ),
        ([ANSWER, UNSAID, EMPTY], True, False, "all are predicted, none is scored; set 'is_impossible' or remove them"),
        ([IMPOSSIBLE, UNSAID], True, False, "1 of 2 questions"),
        ([ANSWER, EMPTY], False, False, "none is scored"),
        (
            [ANSWER, EMPTY],
            True,
            True,
            "1 of 2 questions have no answer and are not said to be impossible: they count as",
        ),
    ],
)
def test_which_test_files_are_scored(tiny_tokenizer, caplog, rows, negative, scored, said):
    split = split_of(rows, "test")
    task = task_of(tiny_tokenizer, version_2_with_negative=negative, max_seq_length=32)
    with caplog.at_level("INFO"):
        task.check(split)
    assert task.labelled(split) is scored
    assert ("start_positions" in task.prepare(split).features.column_names) is scored
    assert [said in message for message in caplog.messages] == ([True] if said else [])


def test_training_rows_that_say_nothing_are_unanswerable(tiny_tokenizer, caplog):
    with caplog.at_level("INFO"):
        check_questions(split_of([ANSWER, UNSAID], "train"), tiny_tokenizer, arguments(version_2_with_negative=True))
    assert caplog.messages == [
        "a.json: 1 of 2 questions have no answer and are not said to be impossible: they count as unanswerable"
    ]


def test_empty_questions_are_said(tiny_tokenizer, caplog):
    rows = [ANSWER, ANSWER | {"question": " "}, ANSWER | {"question": "\u200b"}]
    check_questions(split_of(rows), tiny_tokenizer, arguments())
    assert caplog.messages == ["a.json: 2 empty questions are kept (the first is row 2)"]


def test_ids_that_stand_more_than_once(tiny_tokenizer, caplog):
    with caplog.at_level("INFO"):
        check_questions(split_of([ANSWER | {"id": "a"}] * 3 + [ANSWER | {"id": "b"}]), tiny_tokenizer, arguments())
    assert caplog.messages == [
        'a.json: 1 ids stand more than once, such as "a"; predictions are in the order of the questions'
    ]


@pytest.mark.parametrize(
    ("stride", "legacy", "said"),
    [
        (10, False, []),
        (
            40,
            False,
            [
                "--doc_stride 40 does not fit into windows of 32 tokens, question included: 2 of 2 long contexts are read in "
                "windows that share 12 to 13 tokens"
            ],
        ),
        (
            40,
            True,
            [
                "--doc_stride 40 does not fit into windows of 32 tokens, question included: 2 of 2 long contexts are read in "
                "windows that begin 25 to 27 tokens apart"
            ],
        ),
        (20, True, []),
    ],
)
def test_a_stride_that_does_not_fit_is_said_once(tiny_tokenizer, caplog, stride, legacy, said):
    long = {"context": "the movie " * 40, "answers": ANSWER["answers"]}
    split = split_of([long, long | {"question": "is is is is"}, ANSWER | {"question": "is " * 12}])
    task = task_of(tiny_tokenizer, max_seq_length=32, doc_stride=stride, legacy_doc_stride=legacy)
    with caplog.at_level("INFO"):
        task.prepare(split)
        task.prepare(split)
    assert caplog.messages == said
