"""transformers' pipelines on checkpoints of this project: literal answers, and the same ones in a fresh process without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny import TASKS, make_tokenizer, run_elsewhere, tiny_config, tiny_model
from transformers import AutoTokenizer, pipeline

from utils.tasks.relations import MARKERS, add_markers
from utils.training.saving import write_for_all_releases

TEXTS = ["영화 서울은 대한민국의 서울!", "the good movie", "좋다", "서울의 영화는 정말 bad, e\u0301 서울대한민국"]
LABELS = {"seq_cls": {0: "부정", 1: "긍정", 2: "중립"}, "token_cls": {0: "O", 1: "B-LC", 2: "B-OG"}}
CALLS = {
    "seq_cls": ("text-classification", {"top_k": None}),
    "token_cls": ("token-classification", {"aggregation_strategy": "simple"}),
    "qa": ("question-answering", {"top_k": 3, "max_seq_len": 32, "doc_stride": 8}),
}
QUESTIONS = [{"question": "is?", "context": " ".join(TEXTS) * 4}, {"question": "서울", "context": TEXTS[0]}]

ELSEWHERE = """
import json
from pathlib import Path

from transformers import pipeline

for task, (name, options, inputs) in json.loads(Path("calls.json").read_text(encoding="utf-8")).items():
    pipe = pipeline(name, model=task, trust_remote_code=True)
    assert type(pipe.model).__module__.startswith("transformers_modules."), type(pipe.model)
    answers = pipe(inputs, batch_size=3, **options)
    pipe.save_pretrained(task + "-again")
    again = pipeline(name, model=task + "-again", trust_remote_code=True)(inputs, batch_size=3, **options)
    Path(task + ".json").write_text(json.dumps([answers, again], default=float), encoding="utf-8")
try:
    pipeline("question-answering", model="qa", trust_remote_code=False)
except ValueError as error:
    assert "trust_remote_code" in str(error), error
else:
    raise AssertionError("code was run that nobody trusts")
"""


def stub(task: str, tokenizer, logits: dict[str, list[float]], default: list[float]):
    """A pipeline whose logits are those of the first known token (sequence) or of each token."""
    model = tiny_model(task, "dense", tiny_config(vocab_size=len(tokenizer)), id2label=LABELS[task])
    table = torch.tensor([default] * len(tokenizer))
    for token, values in logits.items():
        table[tokenizer.convert_tokens_to_ids(token)] = torch.tensor(values)

    def _logits(input_ids, *others, **more):
        return (table[input_ids] if model.per_token else table[input_ids].sum(dim=1)), {}

    model._logits = _logits
    return pipeline(CALLS[task][0], model=model, tokenizer=tokenizer)


def test_literal_classes(tiny_tokenizer):
    one = stub("seq_cls", tiny_tokenizer, {"좋다": [0.0, 2.0, 0.0], "bad": [3.0, 0.0, 0.0]}, [0.0, 0.0, 0.0])
    e = torch.tensor([3.0, 0.0, 0.0]).softmax(-1)
    assert one(["영화 좋다", "bad movie is"], batch_size=2) == [
        {"label": "긍정", "score": pytest.approx(0.786986, abs=1e-6)},  # e**2 / (e**2 + 2)
        {"label": "부정", "score": pytest.approx(0.909443, abs=1e-6)},  # e**3 / (e**3 + 2)
    ]
    scores = {row["label"]: row["score"] for row in one("bad", top_k=None)}
    assert scores == pytest.approx({"부정": e[0].item(), "긍정": e[1].item(), "중립": e[2].item()})


@pytest.mark.parametrize("batch_size", [1, 2])
def test_literal_entities(tiny_tokenizer, batch_size):
    known = {"서울": [0.0, 4.0, 0.0], "대한민국": [0.0, 0.0, 4.0]}
    one = stub("token_cls", tiny_tokenizer, known, [4.0, 0.0, 0.0])
    text = "영화 서울은 대한민국의 서울!"
    share = pytest.approx(0.964664, abs=1e-6)  # e**4 / (e**4 + 2)

    def entities(strategy: str) -> list[list[dict]]:
        return one([text, "good", "서울"], batch_size=batch_size, aggregation_strategy=strategy)

    first, none, last = entities("simple")
    assert none == []
    assert last == [{"entity_group": "LC", "score": share, "word": "서울", "start": 0, "end": 2}]
    assert first == [
        {"entity_group": "LC", "score": share, "word": "서울", "start": 3, "end": 5},
        {"entity_group": "OG", "score": share, "word": "대한민국", "start": 7, "end": 11},
        {"entity_group": "LC", "score": share, "word": "서울", "start": 13, "end": 15},
    ]
    # A word is what its first token is, with the particle behind it.
    words = [(row["entity_group"], text[row["start"] : row["end"]]) for row in entities("first")[0]]
    assert words == [("LC", "서울은"), ("OG", "대한민국의"), ("LC", "서울")]


@pytest.fixture(scope="module")
def checkpoints(tiny_tokenizer, tmp_path_factory) -> Path:
    """A folder with a checkpoint of every task, and what they answered in a process without the project."""
    folder = tmp_path_factory.mktemp("checkpoints")
    calls = {}
    for task, (name, options) in CALLS.items():
        labels = {"id2label": LABELS[task]} if task in LABELS else {}
        tiny_model(task, "cnn", tiny_config(vocab_size=len(tiny_tokenizer)), **labels).save_pretrained(folder / task)
        tiny_tokenizer.save_pretrained(folder / task)
        write_for_all_releases(folder / task)
        calls[task] = (name, options, QUESTIONS if task == "qa" else TEXTS)
    (folder / "calls.json").write_text(json.dumps(calls), encoding="utf-8")
    run_elsewhere(ELSEWHERE, folder, with_project=False)
    return folder


def rounded(value):
    """With numbers to 4 digits."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def test_the_same_answers_without_the_project(task, checkpoints, tiny_tokenizer):
    name, options = CALLS[task]
    model = TASKS[task].from_pretrained(checkpoints / task)
    if task == "qa":
        expected = model.pipeline(tiny_tokenizer)(QUESTIONS, **options)
    else:
        expected = pipeline(name, model=model, tokenizer=tiny_tokenizer)(TEXTS, **options)
    answers, again = json.loads((checkpoints / f"{task}.json").read_text(encoding="utf-8"))
    assert len(answers) == len(expected) and any(answers)
    assert rounded(answers) == rounded(again) == rounded(json.loads(json.dumps(expected, default=float)))


def test_saving_without_the_project_keeps_the_code(task, checkpoints):
    def code(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.glob("*.py")}

    def config(folder: Path) -> dict:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))

    before, after = checkpoints / task, checkpoints / f"{task}-again"
    assert code(after) == code(before) and "question_answering.py" in code(after)
    for name in ("auto_map", "custom_pipelines", "architectures"):
        assert config(after).get(name) == config(before).get(name)


def test_only_question_answering_advertises_its_pipeline(task, checkpoints):
    config = json.loads((checkpoints / task / "config.json").read_text(encoding="utf-8"))
    assert ("custom_pipelines" in config) == (task == "qa")


def test_a_tokenizer_is_saved_in_the_words_of_all_releases(tmp_path):
    """transformers 4 knows neither the class TokenizersBackend nor extra special tokens as a list."""
    tokenizer = make_tokenizer()
    add_markers(tokenizer)
    tokenizer.add_special_tokens({"extra_special_tokens": ["<year>"]})
    tokenizer.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert (written["tokenizer_class"], written["extra_special_tokens"]) == ("TokenizersBackend", ["<year>"])
    write_for_all_releases(tmp_path)
    written = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert (written["tokenizer_class"], written["additional_special_tokens"]) == ("PreTrainedTokenizerFast", ["<year>"])
    assert "extra_special_tokens" not in written
    again = AutoTokenizer.from_pretrained(tmp_path)
    text = "영화 <subj>서울</subj>은 <obj>the</obj> <year> bad"
    assert again(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert again.extra_special_tokens == ["<year>"]
    assert [again.decode([i]) for i in again.convert_tokens_to_ids(list(MARKERS))] == list(MARKERS)
