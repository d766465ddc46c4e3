"""Every parameter begins finite and sanely scaled, whatever the way a model was built or loaded.

Loading builds on the meta device: what `_init_weights` does not fill is uninitialised memory.
"""

import math

import pytest
import torch
from safetensors.torch import load_file
from tiny import TASKS, run_elsewhere, tiny_config, tiny_model
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    set_seed,
)

from heads import HEADS, HeadedEncoderConfig

AUTO = {
    "seq_cls": AutoModelForSequenceClassification,
    "token_cls": AutoModelForTokenClassification,
    "qa": AutoModelForQuestionAnswering,
}


def assert_linear(module: nn.Linear, initializer_range: float) -> None:
    assert module.weight.std().item() == pytest.approx(initializer_range, rel=0.35)  # 32 numbers at the least
    assert abs(module.weight.mean().item()) < initializer_range / 2
    assert (module.bias == 0).all()


def assert_convolution(module: nn.Conv1d) -> None:
    fan_in = module.in_channels * module.kernel_size[0]
    assert module.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.1)
    assert (module.bias == 0).all()


def assert_lstm(module: nn.LSTM) -> None:
    size = module.hidden_size
    for name, parameter in module.named_parameters():
        gates = dict(zip(("input", "forget", "cell", "output"), parameter.chunk(4), strict=True))
        for gate, values in gates.items():
            if "weight_ih" in name:
                bound = math.sqrt(6 / sum(values.shape))
                assert values.abs().max() <= bound
                assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)
            elif "weight_hh" in name:
                torch.testing.assert_close(values @ values.T, torch.eye(size), atol=1e-5, rtol=0)
            else:
                assert (values == (1 if "bias_ih" in name and gate == "forget" else 0)).all(), (name, gate)


def assert_sane(model) -> None:
    for name, parameter in model.named_parameters():
        assert parameter.device.type == "cpu", name
        assert parameter.isfinite().all(), name
        assert parameter.abs().max() < 10, name
        if parameter.dim() > 1:  # neither zeros nor what memory held
            assert parameter.std() > 1e-3, name
    for module in model.head.modules():
        if isinstance(module, nn.Linear):
            assert_linear(module, model.config.initializer_range)
        elif isinstance(module, nn.Conv1d):
            assert_convolution(module)
        elif isinstance(module, nn.LSTM):
            assert_lstm(module)


def config_of(head: str, **changes) -> HeadedEncoderConfig:
    return HeadedEncoderConfig(tiny_config(), head=head, **({"num_labels": 3} | changes))


def another(head: str) -> str:
    return next(other for other in HEADS if other != head)


def assert_encoder_equals_file(model, folder) -> None:
    stored = load_file(folder / "model.safetensors")
    for name, parameter in model.encoder.named_parameters():
        assert torch.equal(parameter, stored["encoder." + name]), name


def test_fresh(head, task):
    assert_sane(tiny_model(task, head))
    assert_sane(AUTO[task].from_config(config_of(head)))


@pytest.mark.parametrize("initializer_range", [0.02, 0.1])
def test_linear_layers_follow_the_encoders_initializer_range(head, task, initializer_range):
    model = tiny_model(task, head, tiny_config(initializer_range=initializer_range))
    assert_linear(model.head.out_proj, initializer_range)


def test_every_encoder_family(family, head, task):
    assert_sane(tiny_model(task, head, tiny_config(family)))


def test_around_a_pretrained_encoder(head, task, tmp_path):
    AutoModel.from_config(tiny_config()).save_pretrained(tmp_path)
    encoder = AutoModel.from_pretrained(tmp_path)
    assert_sane(TASKS[task](HeadedEncoderConfig(encoder.config, head=head, num_labels=3), encoder=encoder))


def test_from_our_own_checkpoint(head, task, tmp_path):
    tiny_model(task, head).save_pretrained(tmp_path)
    model, report = TASKS[task].from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert_sane(model)


def test_from_a_checkpoint_with_other_labels(head, task, tmp_path):
    source = tiny_model("token_cls" if task == "qa" else task, head)  # question answering has no number to change
    source.save_pretrained(tmp_path)
    set_seed(1)
    labels = {} if task == "qa" else {"num_labels": 5}
    model = TASKS[task].from_pretrained(tmp_path, ignore_mismatched_sizes=True, **labels)
    assert model.head.out_proj.out_features == (2 if task == "qa" else 5)
    assert_sane(model)
    stored = load_file(tmp_path / "model.safetensors")
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, stored[name]) or name.startswith("head.out_proj"), name


def test_from_a_checkpoint_of_another_head(head, task, tmp_path):
    tiny_model(task, another(head)).save_pretrained(tmp_path)
    set_seed(1)
    model = TASKS[task].from_pretrained(tmp_path, config=config_of(head), ignore_mismatched_sizes=True)
    assert_sane(model)
    assert_encoder_equals_file(model, tmp_path)


def test_from_a_bare_checkpoint_with_half_a_head(task, tmp_path):
    """What is missing is initialised, what is there is kept, also inside one LSTM."""
    source = tiny_model(task, "lstm")
    weights = source.state_dict()
    kept = {name: values for name, values in weights.items() if "forward_lstms.0.weight_hh" not in name}
    kept["head.forward_lstms.0.bias_ih_l0"] = torch.full_like(kept["head.forward_lstms.0.bias_ih_l0"], 0.5)
    source.save_pretrained(tmp_path, state_dict=kept)
    set_seed(1)
    lstm = TASKS[task].from_pretrained(tmp_path).head.forward_lstms[0]
    assert torch.equal(lstm.weight_ih_l0, weights["head.forward_lstms.0.weight_ih_l0"])
    assert (lstm.bias_ih_l0 == 0.5).all()
    for gate in lstm.weight_hh_l0.chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(lstm.hidden_size), atol=1e-5, rtol=0)


def test_half_precision(head, task, tmp_path):
    """Where an initialisation has no bf16 kernel it must not fail."""
    model = AUTO[task].from_config(config_of(head), dtype=torch.bfloat16)
    tiny_model(task, another(head)).to(torch.bfloat16).save_pretrained(tmp_path)
    loaded = TASKS[task].from_pretrained(tmp_path, config=config_of(head), ignore_mismatched_sizes=True)
    for built in (model, loaded):
        assert {parameter.dtype for parameter in built.parameters()} == {torch.bfloat16}
        assert all(parameter.isfinite().all() and parameter.abs().max() < 10 for parameter in built.parameters())


def test_the_seed_decides_every_weight(head, task):
    first, same, other = (tiny_model(task, head, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(same[name], values) for name, values in first.items())
    assert not torch.equal(other["head.out_proj.weight"], first["head.out_proj.weight"])


def test_from_a_checkpoint_of_another_head_by_the_code_in_it(tmp_path):
    """The same where only the checkpoint's own copy of the code can be imported."""
    for head in HEADS:
        tiny_model("seq_cls", another(head)).save_pretrained(tmp_path / f"before-{head}")
    run_elsewhere(
        f"""
        from transformers import AutoModelForSequenceClassification, set_seed
        set_seed(1)
        for head in {list(HEADS)}:
            model = AutoModelForSequenceClassification.from_pretrained(
                f"before-{{head}}", head=head, ignore_mismatched_sizes=True, trust_remote_code=True
            )
            assert type(model).__module__.startswith("transformers_modules."), type(model)
            model.save_pretrained(f"after-{{head}}")
        """,
        folder=tmp_path,
        with_project=False,
    )
    for head in HEADS:
        model = TASKS["seq_cls"].from_pretrained(tmp_path / f"after-{head}")
        assert model.config.head == head
        assert_sane(model)
        assert_encoder_equals_file(model, tmp_path / f"before-{head}")
