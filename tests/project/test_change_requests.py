"""The examples of CONTRIBUTING.md do what it says, in as many files as it says."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
import types
from pathlib import Path

import numpy as np
import pytest
import test_head_contract as contract
import torch
from sklearn.metrics import balanced_accuracy_score
from tiny import TASKS as MODELS
from tiny import pad, tiny_labels, tiny_model, tiny_sequences
from torch import nn
from transformers.trainer_utils import PredictionOutput

from heads import HEADS
from utils import benchmarks
from utils.arguments import SequenceDataArguments
from utils.benchmarks import BENCHMARKS, Benchmark
from utils.data import tables
from utils.data.splits import Split
from utils.data.tables import read_table
from utils.errors import UserError
from utils.files import Row
from utils.tasks import SequenceClassification
from utils.tasks.labels import Labels

ROOT = Path(__file__).resolve().parents[2]


def examples() -> dict[str, str]:
    """The code of CONTRIBUTING.md by the file that its first line names, in order; lines of HEADS are left out."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n# ([^\n]+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return dict(blocks)


EXAMPLES = examples()


def documented_module(file: str, monkeypatch) -> types.ModuleType:
    """The module of an example, as if its file were there."""
    name = file.removesuffix(".py").replace("/", ".")
    module = types.ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(EXAMPLES[file], file, "exec"), module.__dict__)
    return module


def test_every_example_is_tested_here():
    assert list(EXAMPLES) == [
        "heads/attention.py",
        "heads/no_i_after_o.py",
        "utils/metrics/balanced.py",
        "utils/benchmarks.py, in BENCHMARKS",
        "utils/data/yaml_rows.py",
        "utils/data/tables.py",
        "utils/tasks/sequence_classification.py, the last line of the loop in `records`",
    ]


# A head


@pytest.fixture
def attention_head(monkeypatch) -> str:
    """The head of CONTRIBUTING.md, entered in HEADS as it says."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(EXAMPLES["heads/attention.py"].strip().splitlines()) < 30
    module = documented_module("heads/attention.py", monkeypatch)
    name, class_name = re.findall(r'^HEADS.*"(\w+)": (\w+)', text, flags=re.MULTILINE)[-1]
    head = getattr(module, class_name)
    assert issubclass(head, nn.Module)
    monkeypatch.setitem(HEADS, name, head)
    return name


@pytest.mark.parametrize("task", MODELS)
def test_documented_head_keeps_the_contract(attention_head, task):
    contract.test_padding_never_changes_a_result(attention_head, task, "fp32")
    contract.test_padding_never_changes_a_result(attention_head, task, "bf16")
    contract.test_batch_mates_and_their_order_never_change_a_result(attention_head, task, "fp32")
    contract.test_sequences_of_one_token(attention_head, task)


@pytest.mark.parametrize("per_token", [False, True])
def test_documented_head_never_reads_padding(attention_head, per_token):
    contract.test_a_head_never_reads_padded_hidden_states(attention_head, per_token, float("nan"))
    contract.test_a_head_leaves_its_inputs_alone(attention_head, per_token)


# A head with a loss and a decision of its own: its file and the entry in HEADS


def test_a_head_may_bring_its_own_loss_and_decision(monkeypatch):
    module = documented_module("heads/no_i_after_o.py", monkeypatch)
    monkeypatch.setitem(HEADS, "no_i_after_o", module.NoIAfterOHead)
    own, dense = (tiny_model("token_cls", head) for head in ("no_i_after_o", "dense"))
    with torch.no_grad():
        dense.head.out_proj.bias += torch.tensor([0.0, -9.0, 0.3])
    own.load_state_dict(dense.state_dict())
    batch = pad(tiny_sequences(9, 4))
    labels = tiny_labels("token_cls", batch["attention_mask"])
    with torch.no_grad():
        free, decided = dense(**batch, **labels), own(**batch, **labels)
        undecided = own.train()(**batch).logits
    assert torch.equal(free.loss, decided.loss)
    tags = {name: output.logits.argmax(dim=-1)[0].tolist() for name, output in (("free", free), ("decided", decided))}
    assert [0, 2] in [tags["free"][i : i + 2] for i in range(8)]
    assert [0, 2] not in [tags["decided"][i : i + 2] for i in range(8)]
    assert undecided.shape == decided.logits.shape  # in training the loss alone counts


def test_a_loss_of_its_own_is_the_loss(monkeypatch):
    class Doubled(HEADS["dense"]):
        def loss(self, logits, labels):
            return 2 * nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="sum", ignore_index=-100)

    monkeypatch.setitem(HEADS, "doubled", Doubled)
    batch = pad(tiny_sequences(5, 3))
    labels = tiny_labels("token_cls", batch["attention_mask"])
    losses = [tiny_model("token_cls", head)(**batch, **labels).loss for head in ("dense", "doubled")]
    torch.testing.assert_close(losses[1], 2 * losses[0])


# A benchmark with a metric: a file in utils/metrics and the entry in BENCHMARKS


def test_a_benchmark_with_its_own_metric(monkeypatch, tiny_tokenizer):
    metric = documented_module("utils/metrics/balanced.py", monkeypatch).BALANCED
    entry = eval("{" + EXAMPLES["utils/benchmarks.py, in BENCHMARKS"] + "}", vars(benchmarks) | {"BALANCED": metric})
    ((name, benchmark),) = entry.items()
    assert isinstance(benchmark, Benchmark)
    monkeypatch.setitem(BENCHMARKS, name, benchmark)
    task = SequenceClassification(SequenceDataArguments(task_name=name, train_file="a.tsv"), tiny_tokenizer)
    task.labels = Labels("single_label_classification", ["a", "b", "c"])
    predictions, references = list("aabbbc"), list("aaabca")
    expected = balanced_accuracy_score(references, predictions)
    assert task.score({"predictions": predictions, "references": references}) == {
        "balanced_accuracy": pytest.approx(expected)
    }
    assert task.metric.default(task.labels.names) == "balanced_accuracy"
    sums = task.metric.sums("balanced_accuracy", task.labels.names)
    weights = np.array([1, 0, 2, 1, 1, 1])
    rows = np.repeat(np.arange(6), weights)
    again = balanced_accuracy_score([references[i] for i in rows], [predictions[i] for i in rows])
    assert sums.score(weights @ sums.count(predictions, references)) == pytest.approx(again)


# A file format: a file in utils/data and the entry in RECORDS


def test_another_file_format(monkeypatch, tmp_path):
    read_yaml = documented_module("utils/data/yaml_rows.py", monkeypatch).read_yaml
    documented = eval(EXAMPLES["utils/data/tables.py"].partition("=")[2], vars(tables) | {"read_yaml": read_yaml})
    assert documented == tables.RECORDS | {".yaml": read_yaml}
    monkeypatch.setitem(tables.RECORDS, ".yaml", read_yaml)
    file = tmp_path / "a.yaml"
    file.write_text("- {text: 좋다, labels: {mood: good}}\n- {text: 나쁘다, labels: {mood: bad}}\n", encoding="utf-8")
    assert [row.fields for row in read_table(file)] == [
        {"text": "좋다", "labels.mood": "good"},
        {"text": "나쁘다", "labels.mood": "bad"},
    ]
    file.write_text("- a\n", encoding="utf-8")
    with pytest.raises(UserError, match="row 1: a record must be a mapping"):
        list(read_table(file))


# A column in predictions.jsonl: one file for each task


def test_a_column_in_the_predictions(tiny_tokenizer):
    line = EXAMPLES["utils/tasks/sequence_classification.py, the last line of the loop in `records`"].strip()
    source = textwrap.dedent(inspect.getsource(SequenceClassification.records))
    old = "records.append(record | predict(values, self.labels, self.calibration))"
    assert source.count(old) == 1
    module = dict(vars(sys.modules[SequenceClassification.__module__]))
    exec(source.replace(old, line), module)

    class WithColumn(SequenceClassification):
        records = module["records"]

    task = WithColumn(SequenceDataArguments(test_file="a.csv"), tiny_tokenizer)
    task.labels = Labels("single_label_classification", ["0", "1"])
    split = Split(name="test", file="a.csv", rows=[Row(2, {"text": "좋다"}), Row(3, {"text": "the movie"})])
    prepared = task.prepare(split)
    logits = np.zeros((2, 2))
    records = task.records(prepared, PredictionOutput(logits, None, None))
    assert [record["characters"] for record in records] == [2, 9]
