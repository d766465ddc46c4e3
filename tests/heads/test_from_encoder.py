"""`from_encoder`: labels by name, errors that say what to do, and a checkpoint that works without the project."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import TASKS, run_elsewhere, tiny_config, tiny_model
from transformers import AutoConfig, AutoModel, Trainer, TrainingArguments, set_seed

from heads import HeadedEncoderForSequenceClassification, HeadedEncoderForTokenClassification

Classifier = HeadedEncoderForSequenceClassification


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    set_seed(0)
    AutoModel.from_config(tiny_config()).save_pretrained(folder)
    return str(folder)


def test_labels_by_name(encoder):
    names = ["주문", "취소", "문의"]
    model = Classifier.from_encoder(
        encoder, head="cnn", head_kwargs={"kernel_sizes": [2], "num_filters": 7}, labels=names
    )
    assert model.config.id2label == dict(enumerate(names)) and model.config.label2id["문의"] == 2
    assert model.head.out_proj.weight.shape == (3, 7)
    same = Classifier.from_encoder(encoder, id2label={0: "a", 1: "b"})
    assert same.config.label2id == {"a": 0, "b": 1} and same.config.head == "dense"
    assert Classifier.from_encoder(encoder, num_labels=1, problem_type="regression").config.num_labels == 1


def test_levers(encoder):
    tags = ["O", "B-LC", "I-LC"]
    model = HeadedEncoderForTokenClassification.from_encoder(
        encoder, labels=tags, crf=True, decoding="constrained", use_last_layers=2
    )
    assert model.crf is not None and model.mix is not None and model.decodes
    plain = HeadedEncoderForTokenClassification.from_encoder(encoder, labels=tags, crf=False, decoding="argmax")
    assert not {"crf", "decoding", "use_last_layers"} & plain.config.to_diff_dict().keys()


def test_layers_beside_each_other(encoder):
    model = HeadedEncoderForSequenceClassification.from_encoder(
        encoder, num_labels=2, use_last_layers=2, combine_layers="concat"
    )
    assert model.config.combine_layers == "concat" and model.mix is None
    assert model.head.dense.in_features == 2 * model.config.hidden_size


def test_equal_seeds_make_equal_heads(encoder, task, head):
    models = []
    for _ in range(2):
        set_seed(3)
        models.append(TASKS[task].from_encoder(encoder, head=head, num_labels=3))
    one, other = (model.state_dict() for model in models)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"how many classes are there\? give labels=\[...\] or num_labels=N"),
        ({"num_label": 5}, "from_encoder has no argument 'num_label': valid ones are labels, num_labels, id2label"),
        ({"labels": ["a", "b"], "num_labels": 3}, "labels are the names of all classes: leave num_labels"),
        ({"labels": ["a", "a"]}, "two classes have the same name"),
        ({"num_labels": 2, "head": "conv"}, "unknown head 'conv'"),
        ({"num_labels": 2, "head_kwargs": {"width": 1}}, "the dense head has no argument 'width'"),
        ({"num_labels": 2, "use_last_layers": 5}, "use_last_layers must be 1 to 2"),
    ],
)
def test_what_is_wrong_is_one_line(encoder, given, message):
    with pytest.raises(ValueError, match=message) as error:
        Classifier.from_encoder(encoder, **given)
    assert "\n" not in str(error.value)


def test_a_missing_weight_is_no_random_one(encoder, tmp_path):
    weights = load_file(f"{encoder}/model.safetensors")
    del weights[next(name for name in weights if "layer.1" in name)]
    AutoConfig.from_pretrained(encoder).save_pretrained(tmp_path)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="lacks 1 weights of a model of its type, electra"):
        Classifier.from_encoder(str(tmp_path), num_labels=2)


def test_a_pickle_is_refused(encoder, tmp_path):
    AutoConfig.from_pretrained(encoder).save_pretrained(tmp_path)
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="pytorch_model.bin is a pickle, which can run code"):
        Classifier.from_encoder(str(tmp_path), num_labels=2)


def test_each_of_the_two_ways_names_the_other(encoder, tmp_path):
    message = rf"{encoder} is a model of type electra: from_encoder\('{encoder}', head=...\) puts a head on its encoder"
    with pytest.raises(ValueError, match=message):
        Classifier.from_pretrained(encoder)
    tiny_model("seq_cls", "cnn").save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=rf"has a head already: from_pretrained\('{tmp_path}'\) loads it"):
        Classifier.from_encoder(str(tmp_path), num_labels=3)


def test_plain_trainer_and_a_checkpoint_with_its_code_inside(encoder, tmp_path, tiny_tokenizer):
    model = Classifier.from_encoder(encoder, head="lstm", labels=["no", "yes"])
    rows = [{"input_ids": [2, 10 + i % 2, 3], "attention_mask": [1, 1, 1], "labels": i % 2} for i in range(16)]
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "run"), num_train_epochs=20, learning_rate=1e-2, report_to="none", use_cpu=True
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, processing_class=tiny_tokenizer)
    trainer.train()
    assert trainer.predict(rows).predictions.argmax(axis=-1).tolist() == [row["labels"] for row in rows]
    trainer.save_model(str(tmp_path / "saved"))
    config = json.loads((tmp_path / "saved" / "config.json").read_text(encoding="utf-8"))
    assert encoder not in json.dumps(config) and config["id2label"] == {"0": "no", "1": "yes"}
    run_elsewhere(
        """
        from transformers import AutoModelForSequenceClassification
        model = AutoModelForSequenceClassification.from_pretrained("saved", trust_remote_code=True)
        assert model.config.head == "lstm"
        """,
        tmp_path,
        with_project=False,
    )
