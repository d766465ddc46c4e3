"""The pipeline of checkpoints whose tags are decided together: the tags of `run_token_cls.py`, in transformers' own form."""

from __future__ import annotations

import json

import datasets
import pytest
import torch
from tagged_rows import NAMES, split_of, task_of, tokenize
from tiny import make_tokenizer, perturb, run_elsewhere, tiny_config, tiny_model
from transformers.trainer_utils import PredictionOutput

from utils.metrics.iob2 import PREFIX
from utils.tasks import PreparedSplit
from utils.tasks.tags import Tags
from utils.training.saving import write_for_all_releases

WORDS = "서울 대한민국의 the good, movie is 뷁 좋다. 영화는 bad 9.5 e\u0301t".split()
KINDS = [{"decoding": "constrained"}, {"crf": True}, {"crf": True, "decoding": "constrained"}]


def tagger(tokenizer, unit: str = "words", **config):
    """A model whose logits depend on the token alone, so that it does not matter how a text is cut."""
    labels = {"id2label": dict(enumerate(NAMES)), "num_labels": 5, "token_unit": unit}
    model = tiny_model("token_cls", "dense", tiny_config(vocab_size=len(tokenizer)), **labels, **config)
    table = 3 * torch.randn(len(tokenizer), 5, generator=torch.Generator().manual_seed(0))
    if model.crf is not None:
        model.crf.transitions.data.normal_(generator=torch.Generator().manual_seed(1))
    model._logits = lambda input_ids, *others, **more: (table[input_ids], {})
    return model


def predicted(model, tokenizer, rows: list[list[str]], unit: str) -> list[tuple[list[str], list[float]]]:
    """What `predictions.jsonl` would say."""
    split, tags = split_of(rows, [["O"] * len(row) for row in rows]), Tags(NAMES, unit)
    features = tokenize(split, tags, tokenizer, 64)
    width = max(features["length"])
    ids = torch.tensor([row + [0] * (width - len(row)) for row in features["input_ids"]])
    prepared = PreparedSplit(split, datasets.Dataset.from_dict({n: features[n] for n in ("row", "first", "end")}))
    output = PredictionOutput(model(ids).logits.numpy(), None, None)
    return [(one["prediction"], one["score"]) for one in task_of(tags).with_decoder(model).records(prepared, output)]


@pytest.mark.parametrize("config", KINDS, ids=["constrained", "crf", "both"])
@pytest.mark.parametrize("unit", ["words", "characters"])
def test_entities_are_those_of_the_predictions(config, unit, tiny_tokenizer):
    model = tagger(tiny_tokenizer, unit, **config)
    joiner = " " if unit == "words" else ""
    rows = [WORDS[i:] + WORDS[:i] for i in range(len(WORDS))] + [WORDS[:1], WORDS[6:7]]
    rows = rows if unit == "words" else [list(" ".join(row)) for row in rows]
    ask = model.pipeline(tiny_tokenizer, ignore_labels=[])
    expected = predicted(model, tiny_tokenizer, rows, unit)
    texts = [joiner.join(row) for row in rows]
    for size in (1, 3):
        whole = ask(texts, batch_size=size, aggregation_strategy="simple")
        for row, text, pieces, groups, (tags, scores) in zip(
            rows, texts, ask(texts, batch_size=size), whole, expected, strict=True
        ):
            starts = [len(joiner.join(row[:i])) + len(joiner) * (i > 0) for i in range(len(row))]
            said = {one["start"]: one for one in reversed(pieces)}  # the first sub-word of each token
            for start, tag, score in zip(starts, tags, scores, strict=True):
                if text[start] != " " and start in said:  # else nothing that the tokenizer knows begins there
                    assert said[start]["entity"] == tag
                    if config == {"decoding": "constrained"} and tag == "O":
                        assert said[start]["score"] == pytest.approx(score, abs=2e-2)
            if "decoding" in config:  # elsewhere transformers begins an entity with an I as well
                found = [(one["start"], one["entity_group"]) for one in groups if one["entity_group"] != "O"]
                assert found == [(starts[one.first], one.kind) for one in PREFIX.entities(tags)]


def test_tags_of_every_sub_word(tiny_tokenizer):
    """Those after the first of a word are inside; the score is that of the word."""
    model = tagger(tiny_tokenizer, decoding="constrained")
    ids = tiny_tokenizer("서울abc is")["input_ids"]
    table = torch.zeros(len(tiny_tokenizer), 5)
    table[ids[1]] = torch.tensor([0.0, 3.0, 0.0, 0.0, 0.0])
    table[ids[2:5]] = torch.tensor([9.0, 0.0, 0.0, 0.0, 0.0])  # ##a ##b ##c would be O
    table[ids[5]] = torch.tensor([0.0, 0.0, 3.0, 0.0, 0.0])
    model._logits = lambda input_ids, *others, **more: (table[input_ids], {})
    answers = model.pipeline(tiny_tokenizer)("서울abc is")
    assert [one["entity"] for one in answers] == ["B-LOC", "I-LOC", "I-LOC", "I-LOC", "I-LOC"]
    assert len({one["score"] for one in answers[:4]}) == 1 and 0.8 < answers[4]["score"] < answers[0]["score"] < 1
    assert model.pipeline(tiny_tokenizer, ignore_labels=[])(" ") == []
    (whole,) = model.pipeline(tiny_tokenizer, aggregation_strategy="first")("서울abc is")
    assert (whole["start"], whole["end"], whole["entity_group"]) == (0, 8, "LOC")


def test_a_tag_that_is_not_the_likeliest_of_its_token_is_shown(tiny_tokenizer):
    model = tagger(tiny_tokenizer, decoding="constrained")
    ids = tiny_tokenizer("the good")["input_ids"]
    table = torch.zeros(len(tiny_tokenizer), 5)
    table[ids[1]] = torch.tensor([3.0, 2.9, -9.0, 2.9, -9.0])
    table[ids[2]] = torch.tensor([2.5, -9.0, 2.45, -9.0, 2.45])
    model._logits = lambda input_ids, *others, **more: (table[input_ids], {})
    ask = model.pipeline(tiny_tokenizer, ignore_labels=[])
    (tags, scores), *_ = predicted(model, tiny_tokenizer, [["the", "good"]], "words")
    assert [one["entity"] for one in ask("the good")] == tags == ["O", "O"]


@pytest.mark.parametrize("config", KINDS, ids=["constrained", "crf", "both"])
@pytest.mark.parametrize("stride", [4, 5, 16])
def test_a_text_in_chunks_is_decided_as_a_whole(config, stride):
    text = " ".join(WORDS * 9)
    tokenizer = make_tokenizer()
    model = tagger(tokenizer, **config)
    tokenizer.model_max_length = 512
    whole = model.pipeline(tokenizer, aggregation_strategy="simple")(text)
    tokenizer.model_max_length = 24
    chunks = model.pipeline(tokenizer, aggregation_strategy="simple", stride=stride)(text)
    places = {(one["start"], one["end"], one["entity_group"]) for one in whole}
    # transformers groups chunk by chunk: of an entity that the end of a chunk cuts the longer part is shown.
    for one in chunks:
        assert any(a <= one["start"] and one["end"] <= b and kind == one["entity_group"] for a, b, kind in places)
    assert len(whole) > 10 and len(chunks) > 10


def test_words_that_are_split_already(tiny_tokenizer):
    model = tagger(tiny_tokenizer, decoding="constrained")
    joined = model.pipeline(tiny_tokenizer)(" ".join(WORDS))
    (split,) = model.pipeline(tiny_tokenizer)([WORDS], is_split_into_words=True)
    assert [(one["entity"], one["start"], one["end"]) for one in split] == [
        (one["entity"], one["start"], one["end"]) for one in joined
    ]


ELSEWHERE = """
import json
from pathlib import Path

from transformers import pipeline

texts = json.loads(Path("texts.json").read_text(encoding="utf-8"))
found = {}
for name in ("token-classification", "ner"):
    ask = pipeline(name, model="crf", trust_remote_code=True, aggregation_strategy="simple")
    assert type(ask).__name__ == "TaggingPipeline", type(ask)
    ask.save_pretrained(f"{name}-again")
    again = pipeline(name, model=f"{name}-again", trust_remote_code=True, aggregation_strategy="simple")
    found[name] = [ask(texts, batch_size=3), again(texts)]
Path("found.json").write_text(json.dumps(found, default=float), encoding="utf-8")
try:
    pipeline("ner", model="crf", trust_remote_code=False)
except ValueError as error:
    assert "trust_remote_code" in str(error), error
else:
    raise AssertionError("code was run that nobody trusts")
"""


@pytest.mark.long
def test_the_same_answers_without_the_project(tiny_tokenizer, tmp_path):
    labels = {"id2label": dict(enumerate(NAMES)), "num_labels": 5, "token_unit": "words"}
    config = tiny_config(vocab_size=len(tiny_tokenizer))
    model = perturb(tiny_model("token_cls", "cnn", config, crf=True, decoding="constrained", **labels))
    model.save_pretrained(tmp_path / "crf")
    tiny_tokenizer.save_pretrained(tmp_path / "crf")
    write_for_all_releases(tmp_path / "crf")
    texts = [" ".join(WORDS), "", "서울의 영화"]
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    run_elsewhere(ELSEWHERE, tmp_path, with_project=False)
    expected = json.loads(
        json.dumps(model.pipeline(tiny_tokenizer, aggregation_strategy="simple")(texts), default=float)
    )
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert any(expected)
    for answers in (*found["token-classification"], *found["ner"]):
        for one, other in zip(answers, expected, strict=True):
            assert [(e["start"], e["end"], e["entity_group"]) for e in one] == [
                (e["start"], e["end"], e["entity_group"]) for e in other
            ]
            assert [e["score"] for e in one] == pytest.approx([e["score"] for e in other], abs=1e-4)
