"""The model around encoder and head: its arguments, its configuration, its inputs and its answers."""

import json

import pytest
import torch
from tiny import TASKS, answers, pad, tiny_config, tiny_labels, tiny_model, tiny_sequences

from heads import HEADS, HeadedEncoderConfig, check_head

SEQUENCES = tiny_sequences(7, 3, 9, 5)


def test_unknown_head(task):
    with pytest.raises(ValueError, match=f"unknown head 'conv': choose one of {', '.join(HEADS)}$"):
        tiny_model(task, "conv")


@pytest.mark.parametrize(
    "head, valid",
    [
        ("dense", "activation, pooling, dropout"),
        ("cnn", "kernel_sizes, num_filters, dropout"),
        ("lstm", "lstm_size, num_layers, dropout"),
    ],
)
def test_unknown_head_argument(task, head, valid):
    with pytest.raises(ValueError, match=f"the {head} head has no argument 'widht': valid ones are {valid}$"):
        tiny_model(task, head, head_kwargs={"dropout": 0.1, "widht": 3})


@pytest.mark.parametrize("given", ["hidden_size", "num_labels", "per_token", "self"])
def test_arguments_that_the_model_gives_are_not_the_users(head, given):
    with pytest.raises(ValueError, match=f"has no argument '{given}'"):
        check_head(head, {given: 1})


def test_every_head_takes_a_dropout(head):
    check_head(head, {"dropout": 0.1})  # the encoder's is passed where the user gives none


def test_even_width_for_tokens():
    tiny_model("seq_cls", "cnn", head_kwargs={"kernel_sizes": [2, 4]})
    for task in ("token_cls", "qa"):
        with pytest.raises(ValueError, match="must be odd"):
            tiny_model(task, "cnn", head_kwargs={"kernel_sizes": [3, 4]})


def test_configuration_round_trip(family, tmp_path):
    encoder_config = tiny_config(family)
    labels = {0: "부정", 1: "긍정", 2: "중립"}
    config = HeadedEncoderConfig(
        encoder_config,
        head="cnn",
        head_kwargs={"kernel_sizes": [3, 5], "dropout": 0.25},
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
        problem_type="single_label_classification",
    )
    config.save_pretrained(tmp_path)
    again = HeadedEncoderConfig.from_pretrained(tmp_path)
    assert again.head == "cnn"
    assert again.head_kwargs == {"kernel_sizes": [3, 5], "dropout": 0.25}
    assert again.id2label == labels
    assert again.label2id == {"부정": 0, "긍정": 1, "중립": 2}
    assert again.num_labels == 3
    assert again.problem_type == "single_label_classification"
    assert type(again.encoder_config) is type(encoder_config)
    assert again.encoder_config.to_dict() == encoder_config.to_dict()
    assert again.vocab_size == encoder_config.vocab_size
    assert again.hidden_size == encoder_config.hidden_size
    assert again.pad_token_id == encoder_config.pad_token_id
    stored = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert stored["id2label"] == {"0": "부정", "1": "긍정", "2": "중립"}


def test_configuration_without_arguments():
    config = HeadedEncoderConfig()
    assert (config.encoder_config.model_type, config.head, config.head_kwargs) == ("electra", "dense", {})
    assert HeadedEncoderConfig().head_kwargs is not config.head_kwargs


def test_question_answering_has_two_labels_whatever_the_configuration_says():
    assert tiny_model("qa", "dense", num_labels=7).head.out_proj.out_features == 2


def test_masked_positions_cannot_be_an_answer(head):
    model = tiny_model("qa", head)
    batch = pad(SEQUENCES)
    batch |= tiny_labels("qa", batch["attention_mask"])
    p_mask = 1 - batch["attention_mask"]
    p_mask[:, 1:3] = 1
    for dtype in (torch.float32, torch.bfloat16):
        model.to(dtype)
        with torch.no_grad():
            free, masked = model(**batch), model(**batch, p_mask=p_mask)
        assert torch.equal(free.loss, masked.loss)
        for name in ("start_logits", "end_logits"):
            assert (masked[name][p_mask == 1] == torch.finfo(dtype).min).all()
            assert torch.equal(masked[name][p_mask == 0], free[name][p_mask == 0])


@pytest.mark.parametrize(
    "family, used", [("electra", True), ("bert", True), ("roberta", False), ("xlm-roberta", False)]
)
def test_token_types_count_where_the_encoder_has_several(family, used, task):
    """klue/roberta: one row of types, and a tokenizer that emits type 1."""
    config = tiny_config(family)
    model = tiny_model(task, "dense", config)
    batch = pad(SEQUENCES, config.pad_token_id)
    assert batch["token_type_ids"].max() == 1
    with_types = answers(model, batch)
    del batch["token_type_ids"]
    assert torch.equal(answers(model, batch), with_types) is not used


@pytest.mark.parametrize("family", ["distilbert", "deberta-v2", "modernbert"])
def test_encoders_without_token_types_ignore_them(family, task):
    config = tiny_config(family)
    model = tiny_model(task, "dense", config)
    batch = pad(SEQUENCES, config.pad_token_id)
    with_types = answers(model, batch)
    del batch["token_type_ids"]
    assert torch.equal(answers(model, batch), with_types)


@pytest.mark.parametrize("side", ["right", "left"])
def test_given_positions_stay_with_their_tokens(task, side):
    model = tiny_model(task, "dense")
    batch = pad(SEQUENCES, side=side)
    real = batch["attention_mask"] == 1
    counted = (batch["attention_mask"].cumsum(dim=1) - 1).clamp(min=0)  # from each first real token
    for position_ids, same in ((counted, True), (counted + 1, False)):
        wanted, found = answers(model, batch), answers(model, batch | {"position_ids": position_ids})
        if model.per_token:
            wanted, found = wanted[real], found[real]
        assert torch.allclose(found, wanted, atol=1e-5) is same


def test_vocabulary_can_grow(family, task, tmp_path):
    config = tiny_config(family)
    model = tiny_model(task, "dense", config)
    batch = pad(SEQUENCES, config.pad_token_id)
    before = answers(model, batch)
    model.resize_token_embeddings(70, mean_resizing=False)
    assert model.config.vocab_size == model.config.encoder_config.vocab_size == 70
    assert torch.equal(answers(model, batch), before)
    batch["input_ids"][0, 1] = 69
    grown = answers(model, batch)
    model.save_pretrained(tmp_path)
    again = TASKS[task].from_pretrained(tmp_path)
    assert again.get_input_embeddings().num_embeddings == 70
    assert torch.equal(answers(again, batch), grown)


def test_tuples_and_hidden_states_on_request(task):
    model = tiny_model(task, "dense")
    batch = pad(SEQUENCES)
    batch |= tiny_labels(task, batch["attention_mask"])
    output = model(**batch, output_hidden_states=True)
    assert [len(output.hidden_states), output.attentions] == [3, None]
    as_tuple = model(**batch, return_dict=False)
    assert len(as_tuple) == (3 if task == "qa" else 2)
    assert torch.equal(as_tuple[0], output.loss)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_encoder_uses_the_attention_that_was_asked_for(task, attention, tmp_path):
    tiny_model(task, "dense").save_pretrained(tmp_path)
    model = TASKS[task].from_pretrained(tmp_path, attn_implementation=attention)
    assert model.encoder.config._attn_implementation == attention
    built = TASKS[task]._from_config(HeadedEncoderConfig(tiny_config()), attn_implementation=attention)
    assert built.encoder.config._attn_implementation == attention


def test_attentions_on_request(tmp_path):
    tiny_model("seq_cls", "dense").save_pretrained(tmp_path)
    model = TASKS["seq_cls"].from_pretrained(tmp_path, attn_implementation="eager")
    batch = pad(SEQUENCES)
    assert [tuple(layer.shape) for layer in model(**batch, output_attentions=True).attentions] == [(4, 2, 9, 9)] * 2


def test_attention_is_the_encoders_own_choice_where_nothing_was_asked_for(family, tmp_path):
    config = tiny_config(family)
    model = tiny_model("seq_cls", "dense", config)
    wanted = "eager" if family == "deberta-v2" else "sdpa"  # DeBERTa-v2 has no other
    assert model.encoder.config._attn_implementation == wanted
    assert tiny_model("seq_cls", "dense", config).encoder.config._attn_implementation == wanted  # the same config again
    model.save_pretrained(tmp_path)
    assert TASKS["seq_cls"].from_pretrained(tmp_path).encoder.config._attn_implementation == wanted


def test_unsupported_attention_is_refused(tmp_path):
    tiny_model("seq_cls", "dense", tiny_config("deberta-v2")).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="scaled_dot_product_attention"):
        TASKS["seq_cls"].from_pretrained(tmp_path, attn_implementation="sdpa")
