"""The loss of an evaluation: the mean over all labels, however the rows fall into batches."""

from __future__ import annotations

import datasets
import pytest
import torch
from tiny import tiny_model, tiny_sequences

from utils.arguments import HeadTrainingArguments
from utils.errors import UserError
from utils.training.collation import Collator
from utils.training.trainer import HeadTrainer

LENGTHS = (9, 3, 14, 5, 5, 20, 2, 11, 7, 4, 16)


def rows(task: str) -> datasets.Dataset:
    """Inputs of unlike lengths, with unlike numbers of labels: one token of three has none, and one row has none at all."""
    ids = [row.tolist() for row in tiny_sequences(*LENGTHS)]
    columns: dict[str, list] = {"input_ids": ids, "length": [len(row) for row in ids]}
    if task == "seq_cls":
        columns["labels"] = [i % 3 for i in range(len(ids))]
    elif task == "token_cls":
        columns["labels"] = [[-100 if j % 3 == 0 or i == 4 else j % 3 for j in range(n)] for i, n in enumerate(LENGTHS)]
    else:
        columns |= {"start_positions": [n // 2 for n in LENGTHS], "end_positions": [n - 1 for n in LENGTHS]}
        columns["p_mask"] = [[1] * (n // 3) + [0] * (n - n // 3) for n in LENGTHS]
    return datasets.Dataset.from_dict(columns)


@pytest.fixture
def evaluate(tiny_tokenizer, tmp_path):
    """`evaluate(task, rows, flag=value, ...)`: the loss and the logits of the tiny model."""

    def _evaluate(task: str, features, problem_type=None, damage=None, **flags) -> tuple[float, object]:
        model = tiny_model(task, "cnn", problem_type=problem_type, num_labels=1 if problem_type == "regression" else 3)
        if damage is not None:
            damage(model)
        arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_eval=True, use_cpu=True, **flags)
        fill = {"token_cls": {"labels": -100}, "qa": {"p_mask": 1}}.get(task, {})
        trainer = HeadTrainer(model, arguments, Collator(tiny_tokenizer, fill), eval_dataset=features)
        output = trainer.predict(features, metric_key_prefix="eval")
        assert trainer.evaluate()["eval_loss"] == output.metrics["eval_loss"]
        return output.metrics["eval_loss"], output.predictions

    return _evaluate


def alone(task: str, features) -> float:
    """The sum of the rows' own losses, each without padding, over the number of labels."""
    model = tiny_model(task, "cnn")
    total, count = 0.0, 0
    for row in features:
        batch = {name: torch.tensor([row[name]]) for name in row if name not in ("length", "p_mask")}
        labels = batch.get("labels", torch.zeros(1))
        total += model(**batch, num_items_in_batch=1).loss.item()
        count += int((labels != -100).sum())
    return total / count


@pytest.mark.parametrize("size", [1, 2, 4, 11])
def test_is_that_of_the_labels_whatever_the_batch_size(task, size, evaluate):
    features = rows(task)
    loss, _ = evaluate(task, features, per_device_eval_batch_size=size)
    assert loss == pytest.approx(alone(task, features), rel=1e-6)


def test_is_a_mean_over_rows_for_classes_and_scores(evaluate):
    features = rows("seq_cls")
    loss, logits = evaluate("seq_cls", features, per_device_eval_batch_size=3)
    shares = torch.tensor(logits).log_softmax(-1)
    assert loss == pytest.approx(-sum(shares[i, i % 3].item() for i in range(11)) / 11, rel=1e-6)
    scores = features.remove_columns("labels").add_column("labels", [float(i) for i in range(11)])
    loss, predictions = evaluate("seq_cls", scores, "regression", per_device_eval_batch_size=3)
    assert loss == pytest.approx(sum((predictions[i, 0] - i) ** 2 for i in range(11)) / 11, rel=1e-6)


def test_logits_are_left_as_they_are(evaluate, task):
    whole, parts = (evaluate(task, rows(task), per_device_eval_batch_size=size)[1] for size in (11, 1))
    model = tiny_model(task, "cnn")
    first = torch.tensor([rows(task)[0]["input_ids"]])
    expected = model(first)[0 if task != "qa" else "start_logits"][0]
    found = torch.tensor((parts[0] if task == "qa" else parts)[0])[: len(expected)]
    kept = found > -1e30  # p_mask closes the others
    torch.testing.assert_close(found[kept], expected.detach()[kept], atol=1e-5, rtol=0)
    assert kept.any() and type(whole) is type(parts)


@pytest.mark.parametrize("size", [1, 4])
def test_smoothed_labels_and_bf16(size, evaluate):
    features = rows("token_cls")
    plain, _ = evaluate("token_cls", features, per_device_eval_batch_size=size)
    one, _ = evaluate("token_cls", features, per_device_eval_batch_size=11, label_smoothing_factor=0.2)
    loss, _ = evaluate("token_cls", features, per_device_eval_batch_size=size, label_smoothing_factor=0.2)
    assert loss == pytest.approx(one, rel=1e-6) and loss != plain
    assert evaluate("token_cls", features, per_device_eval_batch_size=size, bf16=True)[0] == pytest.approx(plain, 0.02)


def test_rows_without_labels_have_no_loss(tiny_tokenizer, tmp_path):
    features = rows("token_cls").remove_columns("labels")
    arguments = HeadTrainingArguments(output_dir=str(tmp_path), do_eval=True, use_cpu=True)
    trainer = HeadTrainer(tiny_model("token_cls", "cnn"), arguments, Collator(tiny_tokenizer, {}))
    assert "eval_loss" not in trainer.predict(features, metric_key_prefix="eval").metrics
    assert trainer.loss_labels == 0


def test_a_loss_that_is_no_number_is_one_line(evaluate):
    def damage(model):
        model.head.out_proj.weight.data[0, 0] = float("nan")

    with pytest.raises(UserError, match="^the loss of the evaluation is nan: "):
        evaluate("seq_cls", rows("seq_cls"), damage=damage)
