"""Stock fine-tuned checkpoints, scored by the scripts without training."""

from __future__ import annotations

import json

import pytest
import torch
from small_data import WINDOWS, reviews, write_csv
from transformers import AutoTokenizer, ElectraConfig, ElectraForSequenceClassification, set_seed

from utils.models.loading import load_checkpoint
from utils.models.stock import to_stock


@pytest.fixture
def stock(encoder, tmp_path):
    """A folder with a stock sequence classifier that numbers its two classes only."""
    set_seed(3)
    model = ElectraForSequenceClassification(ElectraConfig.from_pretrained(encoder, num_labels=2))
    model.classifier.out_proj.bias.data[0] += 0.95  # so that neither class wins everywhere
    model.save_pretrained(tmp_path / "stock")
    AutoTokenizer.from_pretrained(encoder).save_pretrained(tmp_path / "stock")
    return tmp_path / "stock"


def test_scores_are_those_of_the_stock_class(stock, run, tmp_path):
    rows = [row | {"label": int(row["label"] == "긍정")} for row in reviews(40)]
    file = write_csv(tmp_path / "numbers.csv", rows)
    stages = {"do_eval": True, "validation_file": file, "do_predict": True, "test_file": file}
    outcome = run("seq_cls", model_name_or_path=stock, **stages)

    model, tokenizer = ElectraForSequenceClassification.from_pretrained(stock), AutoTokenizer.from_pretrained(stock)
    with torch.no_grad():
        wanted = torch.cat([model(**tokenizer(row["text"], return_tensors="pt")).logits for row in rows])
    accuracy = sum(int(best) == row["label"] for best, row in zip(wanted.argmax(dim=-1), rows, strict=True)) / 40
    assert 0 < accuracy < 1 and len(wanted.argmax(dim=-1).unique()) == 2
    assert outcome.metrics("eval")["eval_accuracy"] == accuracy
    assert [row["prediction"] for row in outcome.predictions] == [f"LABEL_{i}" for i in wanted.argmax(dim=-1)]
    scores = wanted.softmax(dim=-1).max(dim=-1).values.tolist()
    assert [row["score"] for row in outcome.predictions] == pytest.approx(scores, abs=1e-6)  # batched with padding
    note = "head: dense {'activation': 'gelu'}, kept from the ElectraForSequenceClassification"
    assert note in outcome.read("run.json")["notes"]


def test_names_for_numbered_classes_are_not_guessed(stock, fail, files):
    file = files["seq_cls"]["validation_file"]
    message = fail("seq_cls", model_name_or_path=stock, do_eval=True, validation_file=file)
    assert message.startswith(f"error: {file}, row 2, column 'label': unknown label ")
    cure = "name them, in the order it was trained with, in its config.json"
    assert message.endswith(f"; known ones are LABEL_0, LABEL_1; the checkpoint numbers its classes only: {cure}")


def test_another_head_needs_training(stock, fail, files):
    message = fail(
        "seq_cls", model_name_or_path=stock, head="cnn", do_predict=True, test_file=files["seq_cls"]["test_file"]
    )
    assert message.endswith(
        "has a head of its own, which is 'dense' here; leave --head and --head_kwargs out, or give --do_train"
    )


def test_what_was_trained_here_scores_the_same_as_a_stock_checkpoint(task, learn, run, files, tmp_path):
    trained = learn(task, head="dense")
    model, tokenizer = load_checkpoint(str(trained.folder))
    to_stock(model).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config.pop("token_unit", None)  # as where another program trained it: read off the rows then
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = {"model_name_or_path": tmp_path, "per_device_eval_batch_size": 4} | WINDOWS[task]
    evaluated = run(task, do_eval=True, validation_file=files[task]["validation_file"], **options)
    assert evaluated.metrics("eval") == trained.metrics("eval")
    predicted = run(task, do_predict=True, test_file=files[task]["test_file"], **options)
    assert predicted.metrics("predict") == trained.metrics("predict")
    assert predicted.predictions == trained.predictions
