"""Adapters change the encoder by B A alpha / r and nothing else, and leave an ordinary model."""

from __future__ import annotations

import json
import re

import pytest
import torch
from peft import PeftModel
from safetensors.torch import save_file
from tiny import TASKS, answers, pad, tiny_config, tiny_labels, tiny_model, tiny_sequences

from utils.arguments import HeadTrainingArguments
from utils.errors import UserError
from utils.models.adapters import add_adapters, check_resumed_adapters

SEQUENCES = tiny_sequences(9, 3, 6, 5)


@pytest.fixture
def training(tmp_path):
    def _training(**flags):
        return HeadTrainingArguments(output_dir=str(tmp_path), do_train=True, lora=json.dumps(flags))

    return _training


def learn(model, task: str, steps: int = 3, **flags) -> None:
    """A few steps with all that wants a gradient."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05, weight_decay=0.1)
    batch = pad(SEQUENCES, model.config.pad_token_id)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        model(**batch, **tiny_labels(task, batch["attention_mask"])).loss.backward()
        optimizer.step()
    model.eval()


def copied(state):
    return {name: tensor.clone() for name, tensor in state.items()}


def test_merged_weights_by_hand(family, training):
    """alpha 12 and r 3: scaling 4."""
    model = tiny_model("seq_cls", "dense", tiny_config(family))
    before = copied(model.state_dict())
    adapters = add_adapters(model, model.config, training(r=3, lora_alpha=12))
    learn(model, "seq_cls")
    trained = copied(model.state_dict())
    merged = copied(adapters.merged_state())
    for name, value in model.state_dict().items():  # merging for a checkpoint left the model in training as it was
        assert torch.equal(value, trained[name]), name
    changed = 0
    for name, base in before.items():
        layer = name.removesuffix(".weight")
        if f"{layer}.lora_A.default.weight" in trained:
            a, b = trained[f"{layer}.lora_A.default.weight"], trained[f"{layer}.lora_B.default.weight"]
            torch.testing.assert_close(merged[name], base + 4.0 * b @ a, atol=1e-6, rtol=0)
            assert a.shape[0] == b.shape[1] == 3 and not torch.equal(merged[name], base)
            assert torch.equal(trained[f"{layer}.base_layer.weight"], base)
            changed += 1
        elif name.startswith("encoder."):  # embeddings, biases and norms too
            assert torch.equal(merged[name], base), name
        else:
            assert torch.equal(merged[name], trained[name]), name
    linear = [
        m for m in tiny_model("seq_cls", "dense", tiny_config(family)).encoder.modules() if type(m) is torch.nn.Linear
    ]
    assert changed == len(linear) == len(adapters.config.target_modules)
    logits = answers(model, pad(SEQUENCES, model.config.pad_token_id))
    adapters.merge()
    assert list(model.state_dict()) == list(before)
    for name, value in model.state_dict().items():
        assert torch.equal(value, merged[name]), name
    torch.testing.assert_close(answers(model, pad(SEQUENCES, model.config.pad_token_id)), logits, atol=1e-5, rtol=1e-4)


def test_what_is_trained(task, head, training):
    model = tiny_model(task, head, use_last_layers=2, **({"crf": True} if task == "token_cls" else {}))
    own = sum(p.numel() for name, p in model.named_parameters() if not name.startswith("encoder."))
    size = sum(p.numel() for p in model.parameters())
    adapters = add_adapters(model, model.config, training(r=2, target_modules=["query", "value"]))
    wanting = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert all(re.search(r"\.(query|value)\.lora_[AB]\.", name) for name in wanting if name.startswith("encoder."))
    assert {name.split(".")[0] for name in wanting} == {"encoder", "head", "mix"} | (
        {"crf"} if task == "token_cls" else set()
    )
    # Two layers, two places, two matrices of 16 x 2.
    assert adapters.sizes == {"trained": own + 2 * 2 * 2 * 16 * 2, "all": size}
    learn(model, task)
    assert all(p.grad is not None for name, p in model.named_parameters() if name in wanting)


def test_saved_and_loaded(task, tmp_path, training):
    """On the same encoder and under a head that begins with other weights, as a training does that goes on."""
    model = tiny_model(task, "lstm", use_last_layers=2)
    adapters = add_adapters(model, model.config, training(r=4))
    learn(model, task)
    model.save_pretrained(tmp_path, state_dict=adapters.merged_state())
    adapters.save(tmp_path)
    other = tiny_model(task, "lstm", use_last_layers=2)
    torch.nn.init.ones_(other.head.out_proj.weight)
    again = add_adapters(other, other.config, training(r=4))
    again.load(tmp_path)
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    # The ordinary class, which knows nothing of adapters.
    loaded = TASKS[task].from_pretrained(tmp_path)
    for name, value in adapters.merged_state().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    # peft alone, on the encoder.
    encoder = PeftModel.from_pretrained(tiny_model(task, "lstm").encoder, tmp_path / "adapter")
    batch = pad(SEQUENCES)
    torch.testing.assert_close(
        encoder(**batch).last_hidden_state, loaded.encoder(**batch).last_hidden_state, atol=1e-5, rtol=1e-4
    )
    assert (tmp_path / "adapter" / "adapter_model.safetensors").stat().st_size < (
        tmp_path / "model.safetensors"
    ).stat().st_size


def test_new_words_are_learned(training):
    """Rows that the vocabulary grew by are random: they are trained, and no other row is."""
    model = tiny_model("seq_cls", "dense")
    before = model.config.encoder_config.to_dict()
    config = type(model.config.encoder_config).from_dict(before)
    model.resize_token_embeddings(66)
    rows = model.get_input_embeddings().weight.detach().clone()
    adapters = add_adapters(model, config, training(r=2))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    ids = torch.tensor([[5, 64, 65, 7]])
    model(input_ids=ids, labels=torch.tensor([1])).loss.backward()
    optimizer.step()
    adapters.merge()
    found = model.get_input_embeddings().weight
    assert torch.equal(found[:64], rows[:64]) and not torch.isclose(found[64:], rows[64:]).any(dim=1).all()


def test_gradients_through_checkpoints_are_the_same(training):
    """Activations that are computed again: the first layer's input wants no gradient."""
    gradients = []
    for on in (False, True):
        model = tiny_model("seq_cls", "dense")
        add_adapters(model, model.config, training(r=2))
        if on:
            model.gradient_checkpointing_enable()
        model.train()
        torch.manual_seed(0)
        batch = pad(SEQUENCES)
        model(**batch, **tiny_labels("seq_cls", batch["attention_mask"])).loss.backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.requires_grad})
    assert all(torch.allclose(gradients[1][name], value, atol=1e-6) for name, value in gradients[0].items())


def test_another_encoder_is_refused(tmp_path, training):
    model = tiny_model("seq_cls", "dense")
    adapters = add_adapters(model, model.config, training(r=2))
    model.save_pretrained(tmp_path, state_dict=adapters.merged_state())
    adapters.save(tmp_path)
    other = tiny_model("seq_cls", "dense", seed=1)
    with pytest.raises(UserError, match="its adapters were trained on another encoder than this run's"):
        add_adapters(other, other.config, training(r=2)).load(tmp_path)


def test_other_adapters_are_refused(tmp_path, training):
    model = tiny_model("seq_cls", "dense")
    adapters = add_adapters(model, model.config, training(r=2))
    adapters.save(tmp_path)
    check_resumed_adapters(None, None)
    check_resumed_adapters(str(tmp_path), adapters)
    for flags, message in (
        ({"r": 3}, "its r is 2, this run's 3; give what it was begun with"),
        ({"r": 2, "lora_alpha": 4}, "its lora_alpha is 8, this run's 4"),
        ({"r": 2, "target_modules": ["query"]}, "its adapters are in other layers"),
    ):
        model = tiny_model("seq_cls", "dense")
        with pytest.raises(UserError, match=message):
            check_resumed_adapters(str(tmp_path), add_adapters(model, model.config, training(**flags)))
    with pytest.raises(UserError, match="it was begun with --lora, and this run is without"):
        check_resumed_adapters(str(tmp_path), None)
    (tmp_path / "ordinary").mkdir()
    with pytest.raises(UserError, match="it was begun without --lora, and this run has it"):
        check_resumed_adapters(str(tmp_path / "ordinary"), adapters)


def test_layers_that_are_not_there(training):
    model = tiny_model("seq_cls", "dense")
    with pytest.raises(UserError, match=r"--lora: Target modules \{'q_lin'\} not found in the base model"):
        add_adapters(model, model.config, training(target_modules=["q_lin"]))


def test_the_name_of_a_folder_is_not_published(tmp_path, training):
    model = tiny_model("seq_cls", "dense")
    for name, expected in (("someone/encoder", "someone/encoder"), (str(tmp_path), None)):
        model = tiny_model("seq_cls", "dense")
        model.config._name_or_path = name
        add_adapters(model, model.config, training(r=2)).save(tmp_path)
        written = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
        assert written["base_model_name_or_path"] == expected and written["inference_mode"] is True
        assert written["target_modules"] == sorted(written["target_modules"])


def test_a_head_that_a_file_lacks_is_missed(tmp_path, training):
    """It never stays at its random weights without a word."""
    model = tiny_model("seq_cls", "dense")
    adapters = add_adapters(model, model.config, training(r=2))
    adapters.save(tmp_path)
    state = {name: value for name, value in adapters.merged_state().items() if name != "head.out_proj.weight"}
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(RuntimeError, match="head.out_proj.weight"):
        adapters.load(tmp_path)
