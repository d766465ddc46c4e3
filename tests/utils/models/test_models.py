"""Which weights a run begins with; encoders themselves are tested in test_pretrained_encoder.py."""

from __future__ import annotations

import copy

import pytest
import torch
from tiny import TASKS, tiny_config
from transformers import AutoConfig, AutoModel
from transformers.trainer_utils import align_special_tokens

from heads import HeadedEncoderForSequenceClassification
from utils.arguments import ModelArguments
from utils.models.configuration import check_length, load_config
from utils.models.loading import build_model, load_tokenizer

LABELS = {"id2label": {0: "a", 1: "b", 2: "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}


@pytest.fixture
def folder(tiny_tokenizer, tmp_path):
    AutoModel.from_config(tiny_config(vocab_size=len(tiny_tokenizer))).save_pretrained(tmp_path)
    tiny_tokenizer.save_pretrained(tmp_path)
    return tmp_path


def build(task: str, **flags):
    arguments = ModelArguments(**flags)
    config = load_config(arguments, TASKS[task], do_train=True)
    return build_model(TASKS[task], arguments, config, load_tokenizer(arguments), {} if task == "qa" else dict(LABELS))


def test_an_encoder_under_a_fresh_head(folder, head, task):
    model = build(task, model_name_or_path=str(folder), head=head)
    assert (model.config.head, model.config.num_labels) == (head, 2 if task == "qa" else 3)
    source = AutoModel.from_pretrained(folder).state_dict()
    assert all(torch.equal(values, source[name]) for name, values in model.encoder.state_dict().items())


def test_a_checkpoint_keeps_its_head_its_arguments_and_its_labels(folder, task, tmp_path, tiny_tokenizer):
    model = build(task, model_name_or_path=str(folder), head="cnn", head_kwargs='{"num_filters": 3}')
    model.save_pretrained(tmp_path / "checkpoint")
    tiny_tokenizer.save_pretrained(tmp_path / "checkpoint")
    again = build(task, model_name_or_path=str(tmp_path / "checkpoint"))
    assert (again.config.head, again.config.head_kwargs) == ("cnn", {"num_filters": 3})
    assert again.config.id2label == model.config.id2label
    assert all(torch.equal(values, again.state_dict()[name]) for name, values in model.state_dict().items())
    assert build(task, model_name_or_path=str(tmp_path / "checkpoint"), head="cnn").config.head == "cnn"


def test_from_scratch_the_vocabulary_is_the_tokenizers(folder, tiny_tokenizer):
    config = AutoConfig.from_pretrained(folder)
    config.vocab_size = 5
    config.save_pretrained(folder)
    model = build("seq_cls", config_name=str(folder))
    assert model.get_input_embeddings().num_embeddings == len(tiny_tokenizer)
    assert model.config.head == "dense"


def test_a_larger_tokenizer_makes_the_vocabulary_grow(folder, tiny_tokenizer, tmp_path, caplog):
    tokenizer = load_tokenizer(ModelArguments(model_name_or_path=str(folder)))
    tokenizer.add_tokens(["<subj>", "<obj>"])
    tokenizer.save_pretrained(tmp_path / "larger")
    with caplog.at_level("WARNING", logger="utils"):
        model = build("seq_cls", model_name_or_path=str(folder), tokenizer_name=str(tmp_path / "larger"))
    assert model.get_input_embeddings().num_embeddings == len(tiny_tokenizer) + 2
    assert model.config.vocab_size == len(tiny_tokenizer) + 2
    assert "the vocabulary grows from" in caplog.text
    model.save_pretrained(tmp_path / "grown")
    again = HeadedEncoderForSequenceClassification.from_pretrained(tmp_path / "grown")
    assert again.get_input_embeddings().num_embeddings == len(tiny_tokenizer) + 2


def test_the_special_tokens_are_the_tokenizers_before_trainer_would_say_so(folder, tiny_tokenizer, caplog):
    tokenizer = copy.deepcopy(tiny_tokenizer)
    tokenizer.bos_token, tokenizer.eos_token = "[CLS]", "[SEP]"
    tokenizer.save_pretrained(folder)
    model = build("seq_cls", model_name_or_path=str(folder))
    assert (model.config.bos_token_id, model.config.eos_token_id, model.config.pad_token_id) == (2, 3, 0)
    caplog.clear()
    with caplog.at_level("WARNING", logger="transformers"):
        align_special_tokens(model, tokenizer)
    assert caplog.text == ""


def test_a_half_precision_checkpoint_is_trained_in_full(folder):
    AutoModel.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(folder)
    assert {p.dtype for p in build("seq_cls", model_name_or_path=str(folder)).parameters()} == {torch.float32}


@pytest.mark.parametrize(("family", "longest"), [("electra", 64), ("roberta", 62), ("xlm-roberta", 62), ("bert", 64)])
def test_longest_input(family, longest, tiny_tokenizer, caplog):
    config = tiny_config(family)
    assert check_length(20, config, tiny_tokenizer) == 20
    assert not caplog.records
    with caplog.at_level("WARNING", logger="utils"):
        assert check_length(512, config, tiny_tokenizer) == longest
    assert f"max_seq_length: {longest}, as much as the model takes, instead of 512" in caplog.text
