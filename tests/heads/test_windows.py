"""Long texts in windows: the windows' tokens, their pooled logits, and the pipeline that reads them."""

from __future__ import annotations

import json

import pytest
import torch
from tiny import pad, perturb, run_elsewhere, tiny_config, tiny_labels, tiny_model, tiny_sequences

from heads.windows import Windows, encode_texts, largest_stride, pool_windows
from utils.training.saving import write_for_all_releases

LABELS = {0: "부정", 1: "긍정", 2: "중립"}
LONG = "the good movie is bad the movie is good good bad"  # 11 words, a token each


def windowed(pooling: str = "mean", head: str = "cnn", length: int = 6, stride: int = 2, **config):
    windows = Windows(pooling, length, stride)._asdict()
    return perturb(tiny_model("seq_cls", head, windows=windows, id2label=LABELS, **config))


def texts_in_windows(counts: list[int], width: int, windows: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """A batch (B, W, T) of texts that have so many of the windows each."""
    flat = pad(windows, extra=width - max(map(len, windows)))
    batch = {name: torch.zeros(len(counts), max(counts), width, dtype=torch.long) for name in flat}
    for name, values in flat.items():
        for text, own in enumerate(values.split(counts)):
            batch[name][text, : len(own)] = own
    return batch


def test_windows_of_a_text(tiny_tokenizer):
    encoded = encode_texts([LONG, "good", ""], tiny_tokenizer, Windows("mean", 7, 2))
    words = [" ".join(tiny_tokenizer.convert_ids_to_tokens(ids)) for ids in encoded["input_ids"]]
    assert words == [
        "[CLS] the good movie is bad [SEP]",
        "[CLS] is bad the movie is [SEP]",
        "[CLS] movie is good good bad [SEP]",
        "[CLS] good [SEP]",
        "[CLS] [SEP]",
    ]
    assert encoded["overflow_to_sample_mapping"] == [0, 0, 0, 1, 2]
    assert largest_stride(tiny_tokenizer, 7) == 2


def test_pooled_logits():
    logits = torch.tensor([[1.0, -2.0], [3.0, -4.0], [8.0, 0.5]])
    real = torch.tensor([[True, True, False], [True, False, False]])
    assert pool_windows(logits, real, "mean").tolist() == [[2.0, -3.0], [8.0, 0.5]]
    assert pool_windows(logits, real, "max").tolist() == [[3.0, -2.0], [8.0, 0.5]]


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_a_text_of_one_window_is_the_plain_path(pooling, head):
    """Bit for bit, gradients too."""
    model = windowed(pooling, head)
    batch = pad(tiny_sequences(5, 3, 6))
    labels = tiny_labels("seq_cls", batch["attention_mask"])["labels"]
    found = []
    for inputs in (batch, {name: values.unsqueeze(1) for name, values in batch.items()}):
        model.zero_grad()
        output = model(**inputs, labels=labels)
        output.loss.backward()
        found.append([output.loss, output.logits, *(parameter.grad for parameter in model.parameters())])
    for plain, one in zip(*found, strict=True):
        assert plain is one is None or torch.equal(plain, one)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_each_window_on_its_own_then_pooled(pooling, head):
    """Whatever stands beside a text, and however wide the batch is."""
    model = windowed(pooling, head)
    windows = tiny_sequences(6, 6, 3, 6, 2, 5)
    with torch.no_grad():
        alone = torch.cat([model(window.unsqueeze(0)).logits for window in windows])
        pooled = {"mean": lambda own: own.mean(0), "max": lambda own: own.amax(0)}[pooling]
        expected = torch.stack([pooled(alone[:3]), pooled(alone[3:4]), pooled(alone[4:])])
        for width in (6, 9):
            batch = texts_in_windows([3, 1, 2], width, windows)
            batch["token_type_ids"].zero_()
            torch.testing.assert_close(model(**batch).logits, expected, atol=1e-5, rtol=0)
            batch["input_ids"][batch["attention_mask"] == 0] = 9
            torch.testing.assert_close(model(**batch).logits, expected, atol=1e-5, rtol=0)


def test_the_loss_is_one_per_text():
    model, plain = windowed("mean"), windowed("mean")
    batch = texts_in_windows([3, 1], 6, tiny_sequences(6, 6, 3, 6))
    labels = torch.tensor([2, 0])
    output = model(**batch, labels=labels, num_items_in_batch=4)
    expected = torch.nn.functional.cross_entropy(output.logits, labels, reduction="sum") / 4
    torch.testing.assert_close(output.loss, expected)
    with pytest.raises(ValueError, match="need config.windows"):
        plain.config.windows = None
        plain(**batch)
    with pytest.raises(ValueError, match="pooled by one of mean, max"):
        windowed("sum")


def test_the_pipeline(tiny_tokenizer):
    """The logits of each window by hand, in any batch size; in transformers' own forms."""
    model = windowed("mean", encoder_config=tiny_config(vocab_size=len(tiny_tokenizer)))
    ask = model.pipeline(tiny_tokenizer)
    texts = [LONG, "good", "", "영화 정말 좋다 the movie"]
    encoded = [encode_texts([text], tiny_tokenizer, Windows("mean", 6, 2))["input_ids"] for text in texts]
    with torch.no_grad():
        logits = [torch.cat([model(torch.tensor([ids])).logits for ids in own]).mean(0) for own in encoded]
    expected = torch.stack(logits).softmax(dim=-1)
    for size in (1, 3):
        answers = ask(texts, batch_size=size)
        assert [one["label"] for one in answers] == [LABELS[int(i)] for i in expected.argmax(dim=-1)]
        assert [one["score"] for one in answers] == pytest.approx(expected.amax(dim=-1).tolist(), abs=1e-6)
    (every,) = ask([LONG], top_k=None)
    assert {one["label"]: one["score"] for one in every} == pytest.approx(
        dict(zip(LABELS.values(), expected[0].tolist(), strict=True)), abs=1e-6
    )
    assert ask({"text": LONG}) == ask(LONG)[0] and ask("e\u0301") == ask("é")
    with pytest.raises(ValueError, match="single texts, in windows"):
        ask({"text": "good", "text_pair": "bad"})


ELSEWHERE = """
import json
from pathlib import Path

from transformers import pipeline

texts = json.loads(Path("texts.json").read_text(encoding="utf-8"))
found = []
for name in ("text-classification", "sentiment-analysis"):
    ask = pipeline(name, model="long", trust_remote_code=True)
    assert type(ask).__name__ == "SequenceClassificationPipeline", type(ask)
    found.append(ask(texts, batch_size=3))
Path("found.json").write_text(json.dumps(found), encoding="utf-8")
"""


@pytest.mark.long
def test_the_same_answers_without_the_project(tiny_tokenizer, tmp_path):
    model = windowed("max", encoder_config=tiny_config(vocab_size=len(tiny_tokenizer)))
    model.save_pretrained(tmp_path / "long")
    tiny_tokenizer.save_pretrained(tmp_path / "long")
    write_for_all_releases(tmp_path / "long")
    texts = [LONG, "", "good"]
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    run_elsewhere(ELSEWHERE, tmp_path, with_project=False)
    expected = model.pipeline(tiny_tokenizer)(texts)
    for answers in json.loads((tmp_path / "found.json").read_text(encoding="utf-8")):
        assert [one["label"] for one in answers] == [one["label"] for one in expected]
        assert [one["score"] for one in answers] == pytest.approx([one["score"] for one in expected], abs=1e-5)
