"""Stock transformers checkpoints, out of the dense head and into it: the same logits, bit for bit."""

from __future__ import annotations

import json
import re
import runpy

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny import (
    FAMILIES,
    TASKS,
    answers,
    pad,
    perturb,
    run_elsewhere,
    tiny_config,
    tiny_model,
    tiny_sequences,
)
from transformers import AutoTokenizer, set_seed

from heads import HeadedEncoderConfig, HeadedEncoderForSequenceClassification
from utils.arguments import ModelArguments
from utils.errors import UserError
from utils.models import stock
from utils.models.configuration import load_config
from utils.models.loading import build_model, load_tokenizer
from utils.tasks.labels import Labels

# As transformers has them; utils/models/stock.py says the same in another form.
STOCK = {
    "electra": ("Electra", "gelu"),
    "bert": ("Bert", "tanh"),
    "roberta": ("Roberta", "tanh"),
    "xlm-roberta": ("XLMRoberta", "tanh"),
    "distilbert": ("DistilBert", "relu"),
    "deberta-v2": ("DebertaV2", "gelu"),
}
SUFFIX = {
    "seq_cls": "ForSequenceClassification",
    "token_cls": "ForTokenClassification",
    "qa": "ForQuestionAnswering",
}
NAMES = {0: "부정", 1: "긍정", 2: "중립"}
ROWS = 140  # of the embeddings, as many as the tokenizer has pieces
CASES = [f"{task}-{family}" for task in TASKS for family in STOCK]


def labels_of(task: str) -> dict:
    return {} if task == "qa" else {"id2label": NAMES, "label2id": {name: i for i, name in NAMES.items()}}


def batch_of(config) -> dict[str, torch.Tensor]:
    batch = pad(tiny_sequences(7, 1, 4), config.pad_token_id, extra=1)
    del batch["token_type_ids"]  # not every stock class takes them
    return batch


def headed(task: str, family: str, head: str = "dense", **changes):
    """One of our models, with the activation that its stock class needs."""
    kwargs = {"activation": STOCK[family][1]} if (task, head) == ("seq_cls", "dense") and family in STOCK else None
    options = {"head_kwargs": kwargs} | ({"num_labels": 2} if task == "qa" else labels_of(task)) | changes
    return perturb(tiny_model(task, head, tiny_config(family, vocab_size=ROWS), **options))


def stock_model(task: str, family: str, **fields):
    set_seed(0)
    kind = getattr(transformers, {**STOCK, "modernbert": ("ModernBert", "")}[family][0] + SUFFIX[task])
    return perturb(kind(tiny_config(family, vocab_size=ROWS, **(labels_of(task) | fields)))).eval()


@pytest.fixture
def save(tiny_tokenizer, tmp_path):
    """`save(model)`: a folder with it and the tokenizer."""

    def _save(model, name: str = "stock"):
        model.save_pretrained(tmp_path / name)
        tiny_tokenizer.save_pretrained(tmp_path / name)
        return tmp_path / name

    return _save


def load(task: str, folder, do_train: bool = False, **flags):
    """As a script does it."""
    arguments = ModelArguments(model_name_or_path=str(folder), **flags)
    config = load_config(arguments, TASKS[task], do_train)
    return build_model(TASKS[task], arguments, config, load_tokenizer(arguments), labels_of(task))


@pytest.fixture
def export(monkeypatch, tmp_path, capsys):
    """`export(checkpoint)`: the folder that export_stock.py writes."""

    def _export(checkpoint, output=tmp_path / "exported"):
        monkeypatch.setattr("sys.argv", ["export_stock.py", str(checkpoint), "--output", str(output)])
        runpy.run_path("export_stock.py")["main"]()
        return output

    return _export


# Out


@pytest.fixture(scope="module")
def exported(tmp_path_factory, tiny_tokenizer):
    """A folder with every task and family exported, and the logits before and after, the latter of a fresh process
    without this project."""
    folder = tmp_path_factory.mktemp("exported")
    argv, here = "sys.argv", pytest.MonkeyPatch()
    for case in CASES:
        model = headed(*case.split("-", 1), problem_type="single_label_classification", token_unit="words")
        model.save_pretrained(folder / f"{case}-ours")
        tiny_tokenizer.save_pretrained(folder / f"{case}-ours")
        batch = batch_of(model.config.encoder_config)
        save_file(batch, folder / f"{case}.inputs")
        save_file({"logits": answers(model, batch)}, folder / f"{case}.before")
        here.setattr(argv, ["export_stock.py", str(folder / f"{case}-ours"), "--output", str(folder / case)])
        runpy.run_path("export_stock.py", run_name="__main__")
    here.undo()
    code = f"""
        import sys
        sys.modules["utils"] = None
        import torch, transformers
        from safetensors.torch import load_file, save_file
        torch.set_num_threads(1)
        for case in {CASES}:
            suffix = {SUFFIX}[case.split("-")[0]]
            model = getattr(transformers, "AutoModel" + suffix).from_pretrained(case)
            tokenizer = transformers.AutoTokenizer.from_pretrained(case)
            with torch.no_grad():
                output = model(**load_file(case + ".inputs"))
                model(**tokenizer(["영화 정말", "good"], ["좋다", "bad"], return_tensors="pt", padding=True))
            logits = {{name: values.contiguous() for name, values in output.items() if "logits" in name}}
            save_file(logits, case + ".after", {{"class": type(model).__name__, "module": type(model).__module__}})
    """
    run_elsewhere(code, folder=folder, with_project=False)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_an_exported_checkpoint_gives_the_same_logits_without_this_project(case, exported):
    before, after = load_file(exported / f"{case}.before")["logits"], load_file(exported / f"{case}.after")
    found = after["logits"] if "logits" in after else torch.stack([after["start_logits"], after["end_logits"]], dim=-1)
    assert before.abs().max() > 0.1
    assert torch.equal(found, before)


@pytest.mark.parametrize("case", CASES)
def test_an_exported_checkpoint_is_stock(case, exported):
    task, family = case.split("-", 1)
    files = {path.name for path in (exported / case).iterdir()}
    assert files >= {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert not [name for name in files if name.endswith((".py", ".bin"))]
    modes = {(exported / case / name).stat().st_mode for name in files}
    assert len(modes) == 1  # as readable as others
    text = "".join((exported / case / name).read_text(encoding="utf-8") for name in files if name.endswith(".json"))
    assert not re.search("auto_map|headed_encoder|head_kwargs|encoder_config", text)
    config = json.loads((exported / case / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == family
    assert config["architectures"] == [STOCK[family][0] + SUFFIX[task]]
    assert (config["problem_type"], config["token_unit"]) == ("single_label_classification", "words")
    if task != "qa":
        assert config["id2label"] == {str(i): name for i, name in NAMES.items()}


@pytest.mark.parametrize("case", CASES)
def test_there_and_back_again(case, exported):
    task = case.split("-")[0]
    model = load(task, exported / case)
    first = load_file(exported / f"{case}-ours" / "model.safetensors")
    assert model.state_dict().keys() == first.keys()
    assert all(torch.equal(values, first[name]) for name, values in model.state_dict().items())
    assert (model.config.head, model.config.token_unit) == ("dense", "words")


def test_weights_are_exported_in_full_precision(save, export):
    config = tiny_config(vocab_size=ROWS, dtype="bfloat16")  # as of an encoder that was published so
    model = perturb(tiny_model("seq_cls", "dense", config))
    stored = load_file(export(save(model)) / "model.safetensors")
    assert {values.dtype for values in stored.values()} == {torch.float32}
    assert torch.equal(stored["classifier.out_proj.weight"], model.head.out_proj.weight)


def test_types_that_the_encoder_has_no_row_for_stay_out_of_the_exported_tokenizer(save, export):
    folder = export(save(headed("seq_cls", "roberta")))
    assert set(AutoTokenizer.from_pretrained(folder)("the movie", "is good")) == {"input_ids", "attention_mask"}


@pytest.mark.parametrize("head", ["cnn", "lstm"])
def test_other_heads_have_no_stock_class(head, save, export, tmp_path):
    with pytest.raises(UserError, match=f"^no stock class has the head '{head}'; only --head dense has its like"):
        export(save(headed("seq_cls", "electra", head)))
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("family", STOCK)
def test_another_activation_than_the_stock_class_applies(family):
    name, activation = STOCK[family]
    other = "relu" if activation == "gelu" else "gelu"
    model = headed("seq_cls", family, head_kwargs={"activation": other})
    with pytest.raises(UserError) as error:
        stock.to_stock(model)
    assert str(error.value) == (
        f"{name}ForSequenceClassification applies {activation} where this head applies {other}; "
        f"""train with --head_kwargs '{{"activation": "{activation}"}}'"""
    )


def test_no_head_is_that_of_modernbert(task):
    with pytest.raises(UserError, match="^no stock class for a head on modernbert: a dense layer, an activation and a"):
        stock.to_stock(headed(task, "modernbert"))


def test_an_output_folder_with_something_in_it(save, export):
    folder = save(headed("seq_cls", "electra"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UserError, match="is there already and not an empty folder; name another --output"):
        export(folder, output=folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_is_no_checkpoint_of_this_project(save, export):
    with pytest.raises(UserError, match="is no checkpoint of this project, but a model of type bert$"):
        export(save(stock_model("token_cls", "bert")))


# In


@pytest.mark.parametrize("case", CASES)
def test_a_stock_checkpoint_gives_the_same_logits_here(case, save):
    task, family = case.split("-", 1)
    wanted = stock_model(task, family, problem_type="multi_label_classification")
    found = load(task, save(wanted)).eval()
    batch = batch_of(wanted.config)
    assert answers(wanted, batch).abs().max() > 0.1
    assert torch.equal(answers(found, batch), answers(wanted, batch))
    assert isinstance(found, TASKS[task]) and found.config.head == "dense"
    assert found.config.problem_type == "multi_label_classification"
    assert found.config.id2label == wanted.config.id2label


def test_one_score_without_a_problem_type_is_a_regression(save):
    model = stock_model("seq_cls", "electra", id2label={0: "score"}, label2id={"score": 0})
    assert Labels.of_checkpoint(load("seq_cls", save(model)).config) == Labels("regression", [])


def test_half_precision_is_widened(save):
    wanted = stock_model("seq_cls", "bert").to(torch.bfloat16)
    folder = save(wanted)
    found = load("seq_cls", folder).eval()
    assert {values.dtype for values in found.state_dict().values()} == {torch.float32}
    batch = batch_of(wanted.config)
    assert torch.equal(answers(found, batch), answers(wanted.float(), batch))


def test_with_training_the_head_is_fresh_and_the_log_says_so(save, caplog):
    wanted = stock_model("seq_cls", "electra")
    folder = save(wanted)
    with caplog.at_level("INFO", logger="utils"):
        found = load("seq_cls", folder, do_train=True, head="cnn")
    assert found.config.head == "cnn"
    assert torch.equal(found.get_input_embeddings().weight, wanted.get_input_embeddings().weight)
    assert "encoder: that of a ElectraForSequenceClassification, whose own head is dropped" in caplog.messages


def test_a_deberta_head_with_an_activation_of_its_own(save):
    wanted = stock_model("seq_cls", "deberta-v2", pooler_hidden_act="tanh")
    found = load("seq_cls", save(wanted)).eval()
    batch = batch_of(wanted.config)
    assert found.config.head_kwargs == {"activation": "tanh"}
    assert torch.equal(answers(found, batch), answers(wanted, batch))
    assert stock.to_stock(found).config.pooler_hidden_act == "tanh"
    with pytest.raises(UserError, match="applies mish in its head; the dense head knows gelu, tanh, relu$"):
        load("seq_cls", save(stock_model("seq_cls", "deberta-v2", pooler_hidden_act="mish"), "mish"))


def test_modernbert_is_refused(task, save):
    with pytest.raises(
        UserError, match=rf"is a ModernBert{SUFFIX[task]}: a dense layer, an activation and a norm come"
    ):
        load(task, save(stock_model(task, "modernbert")))


@pytest.mark.parametrize("name", ["AlbertForSequenceClassification", "MyForSequenceClassification"])
def test_an_unknown_class_is_named(name, save):
    folder = save(stock_model("seq_cls", "bert"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"architectures": [name]}
    config |= {"model_type": "albert"} if name.startswith("Albert") else {}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UserError, match=f"is a {name}: not one of the classes that convert, those of electra, bert, "):
        load("seq_cls", folder)


def test_flags_that_contradict_a_stock_checkpoint(save):
    folder = save(stock_model("seq_cls", "electra"))
    for flags in ({"head": "cnn"}, {"head_kwargs": '{"activation": "tanh"}'}):
        with pytest.raises(UserError, match="has a head of its own, which is 'dense' here; leave --head and --head_kw"):
            load("seq_cls", folder, **flags)
    assert load("seq_cls", folder, head="dense").config.head == "dense"
    with pytest.raises(UserError, match=r"is a ElectraForSequenceClassification, this script takes a \.\.\.ForQuesti"):
        load("qa", folder)


def test_a_head_without_its_weights_is_refused(save):
    """BERT's pooler is part of its head: left random, it would spoil every score."""
    folder = save(stock_model("seq_cls", "bert"))
    weights = load_file(folder / "model.safetensors")
    kept = {name: values for name, values in weights.items() if "pooler" not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"lacks 2 weights of a model of its type, bert \(bert\.pooler\.dense\.bias, "):
        load("seq_cls", folder)


def test_pickled_weights_and_the_cure(save):
    folder = save(stock_model("seq_cls", "electra"))
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    cure = "from transformers import ElectraForSequenceClassification as A; "
    with pytest.raises(UserError, match=f"pytorch_model.bin is a pickle, .*{cure}"):
        load("seq_cls", folder)


# Without a checkpoint


def test_the_families_are_those_of_the_tests():
    assert stock.FAMILIES.keys() | stock.UNLIKE.keys() == FAMILIES.keys()


@pytest.mark.parametrize("name", ["", "silu"])
def test_unknown_activation(name):
    config = HeadedEncoderConfig(tiny_config(), head_kwargs={"activation": name})
    with pytest.raises(ValueError, match=f"^unknown activation '{name}': choose one of gelu, tanh, relu$"):
        HeadedEncoderForSequenceClassification(config)


def test_a_pooling_or_several_layers_have_no_stock_class():
    for config in (
        {"head_kwargs": {"pooling": "mean"}},
        {"use_last_layers": 2},
        {"use_last_layers": 2, "combine_layers": "concat"},
    ):
        with pytest.raises(UserError, match="a stock class reads the last layer's first token"):
            stock.to_stock(tiny_model("seq_cls", "dense", **config))
