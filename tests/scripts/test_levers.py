"""The levers as a user pulls them: flags, checkpoints, predictions, errors of one line."""

from __future__ import annotations

import itertools

import pytest
import torch
from safetensors.torch import load_file
from small_data import WINDOWS, sentences, write_columns
from test_accumulation import FLAGS as ACCUMULATION

from utils.errors import UserError
from utils.models.loading import load_checkpoint
from utils.models.stock import to_stock

SHORT = {"do_train": True, "max_steps": 6, "save_strategy": "no", "learning_rate": 3e-3}


def allowed(tags: list[str]) -> bool:
    """No I-X but after B-X or I-X."""
    pairs = itertools.pairwise(["O", *tags])
    return all(not tag.startswith("I-") or before in (tag, f"B-{tag[2:]}") for before, tag in pairs)


@pytest.fixture
def ask(fail, encoder, files):
    """`ask(task, flag=value, ...)`: the error of a script with these flags on top of sound ones."""

    def _ask(task: str = "token_cls", **flags) -> str:
        sound = {"model_name_or_path": encoder, "do_train": True, "train_file": files[task]["train_file"]}
        return fail(task, **(sound | flags))

    return _ask


# What is read


def test_what_is_read_is_kept_in_the_checkpoint(run, encoder, files):
    """The frozen encoder's states on disk are those of both layers: scored again from the checkpoint, the loss is the same."""
    file = files["seq_cls"]
    flags = SHORT | {"train_file": file["train_file"], "validation_file": file["validation_file"], "do_eval": True}
    flags |= {"pooling": "attention", "use_last_layers": 2, "freeze_encoder": True, "learning_rate": 0.05}
    trained = run("seq_cls", model_name_or_path=encoder, **flags)
    config = trained.read("config.json")
    assert (config["use_last_layers"], config["head_kwargs"]) == (2, {"pooling": "attention"})
    assert load_file(trained.folder / "model.safetensors")["mix.weights"].abs().max() > 0
    assert "head: dense {'pooling': 'attention'} on 2 layers, new" in trained.read("run.json")["notes"]
    again = run("seq_cls", model_name_or_path=trained.folder, do_eval=True, validation_file=file["validation_file"])
    assert again.metrics("eval")["eval_loss"] == pytest.approx(trained.metrics("eval")["eval_loss"], rel=1e-5)


def test_layers_beside_each_other(run, encoder, files):
    """Read at every step and from disk, kept in the checkpoint, and resumed."""
    file = files["seq_cls"]
    flags = SHORT | {"train_file": file["train_file"], "validation_file": file["validation_file"], "do_eval": True}
    flags |= {"head": "cnn", "use_last_layers": 2, "combine_layers": "concat"}
    for freezing in ({}, {"freeze_encoder": True}):
        trained = run("seq_cls", model_name_or_path=encoder, **flags | freezing)
        config = trained.read("config.json")
        assert (config["use_last_layers"], config["combine_layers"]) == (2, "concat")
        assert "head: cnn on 2 layers beside each other, new" in trained.read("run.json")["notes"]
        again = run("seq_cls", model_name_or_path=trained.folder, do_eval=True, validation_file=file["validation_file"])
        assert again.metrics("eval")["eval_loss"] == pytest.approx(trained.metrics("eval")["eval_loss"], rel=1e-5)


def test_what_cannot_be_read(ask, learn):
    assert "the cnn head has no argument 'pooling'" in ask("seq_cls", head="cnn", pooling="mean")
    assert ask("token_cls", pooling="mean").endswith(
        "makes one vector of a sequence, and here every token has an output"
    )
    assert "--pooling mean contradicts --head_kwargs" in ask("seq_cls", pooling="mean", head_kwargs={"pooling": "max"})
    assert "use_last_layers must be 1 to 2, the encoder's layers, not 3" in ask("seq_cls", use_last_layers=3)
    checkpoint = learn("seq_cls").folder
    assert "has use_last_layers 1; leave --use_last_layers 2 out" in ask(
        "seq_cls", model_name_or_path=checkpoint, use_last_layers=2
    )
    assert "has combine_layers sum; leave --combine_layers concat out" in ask(
        "seq_cls", model_name_or_path=checkpoint, combine_layers="concat"
    )
    assert "for several layers: give --use_last_layers as well" in ask("seq_cls", combine_layers="concat")
    assert "keeps its head's arguments; leave --pooling out" in ask(
        "seq_cls", model_name_or_path=checkpoint, pooling="mean"
    )


# Freezing


def test_freezing_is_resumed_in_either_phase(run, encoder, files):
    """The weights of a run without an interruption, from before the encoder is trained, from that step, and from after it."""
    file = files["seq_cls"]
    flags = {"model_name_or_path": encoder, "train_file": file["train_file"], "do_train": True, "save_steps": 2}
    flags |= {
        "save_total_limit": 0,
        "max_steps": 8,
        "learning_rate": 3e-3,
        "layerwise_lr_decay": 0.5,
        "bf16": True,
        "head": "cnn",
    }
    source = {name.removeprefix("electra."): one for name, one in load_file(encoder / "model.safetensors").items()}
    for freezing, same in (({"unfreeze_after": 0.5}, (2, 4)), ({"freeze_layers": 1}, (2, 4, 6, 8))):
        folder = run("seq_cls", **flags, **freezing).folder
        expected = (folder / "model.safetensors").read_bytes()
        for step in (2, 4, 6, 8):
            weights = load_file(folder / f"checkpoint-{step}" / "model.safetensors")
            name = "encoder.layer.0.output.dense.weight"
            assert torch.equal(weights[f"encoder.{name}"], source[name]) == (step in same), (freezing, step)
        for step in (2, 4, 6):
            resume = {"output_dir": folder, "resume_from_checkpoint": folder / f"checkpoint-{step}"}
            again = run("seq_cls", **flags, **freezing, **resume)
            assert (again.folder / "model.safetensors").read_bytes() == expected, (freezing, step)
    resume = {"resume_from_checkpoint": folder / "checkpoint-2"}  # of frozen layers
    lines = run("seq_cls", **flags, **resume, code=2).stderr.splitlines()  # after a warning of the library
    assert lines[-1].startswith(
        f"error: {folder}/checkpoint-2: --resume_from_checkpoint: its optimizer is not that of this run ("
    )
    assert lines[-1].endswith("give the flags of rates, freezing and --optim that it was begun with")


# Tags


def test_constrained_decoding_is_for_any_checkpoint(run, encoder, files):
    """The weights are the same; the tags are allowed; the checkpoint keeps it, and a flag takes it back."""
    file = files["token_cls"]
    flags = SHORT | WINDOWS["token_cls"] | {"train_file": file["train_file"], "test_file": file["test_file"]}
    flags |= {"do_predict": True}
    plain = run("token_cls", model_name_or_path=encoder, **flags)
    own = run("token_cls", model_name_or_path=encoder, decoding="constrained", **flags)
    names = [(one.folder / "model.safetensors").read_bytes() for one in (plain, own)]
    assert names[0] == names[1]
    assert not all(allowed(row["prediction"]) for row in plain.predictions)
    assert all(allowed(row["prediction"]) for row in own.predictions)
    assert all(0 <= score <= 1 for row in own.predictions for score in row["score"])

    flags = WINDOWS["token_cls"] | {"do_predict": True, "test_file": file["test_file"]}
    kept = run("token_cls", model_name_or_path=own.folder, **flags)
    late = run("token_cls", model_name_or_path=plain.folder, decoding="constrained", **flags)
    back = run("token_cls", model_name_or_path=own.folder, decoding="argmax", **flags)
    assert kept.predictions == late.predictions == own.predictions and back.predictions == plain.predictions
    assert kept.metrics("predict")["predict_entity_f1"] == own.metrics("predict")["predict_entity_f1"]
    assert "decoding" not in plain.read("config.json") and own.read("config.json")["decoding"] == "constrained"


def test_a_crf_is_trained_kept_and_resumed(run, encoder, files, fail):
    file = files["token_cls"]
    flags = WINDOWS["token_cls"] | {"model_name_or_path": encoder, "train_file": file["train_file"], "crf": True}
    flags |= {"do_train": True, "save_steps": 3, "learning_rate": 3e-3, "head_learning_rate": 0.1, "head": "cnn"}
    whole = run("token_cls", max_steps=6, **flags)
    weights = load_file(whole.folder / "model.safetensors")
    assert weights["crf.transitions"].abs().max() > 0.1  # at the head's rate
    assert whole.read("config.json")["crf"] is True
    resume = {"output_dir": whole.folder, "resume_from_checkpoint": whole.folder / "checkpoint-3"}
    again = run("token_cls", max_steps=6, **(flags | resume))
    for name, values in load_file(again.folder / "model.safetensors").items():
        assert torch.equal(values, weights[name]), name
    scored = run("token_cls", model_name_or_path=whole.folder, do_eval=True, validation_file=file["validation_file"])
    assert scored.metrics("eval")["eval_loss"] > 0
    del resume["output_dir"]
    message = fail("token_cls", **(flags | resume | {"crf": None, "max_steps": 6}))
    assert "its crf is True, this run's False" in message


def test_a_crf_under_accumulation(run, sober_encoder, files):
    """Eight at once are four times two."""
    flags = ACCUMULATION | WINDOWS["token_cls"] | {"model_name_or_path": sober_encoder, "crf": True}
    ends = []
    for size, steps in ((8, 1), (2, 4)):
        batches = {"per_device_train_batch_size": size, "gradient_accumulation_steps": steps}
        outcome = run("token_cls", train_file=files["token_cls"]["train_file"], **batches, **flags)
        ends.append(load_file(outcome.folder / "model.safetensors"))
    for name in ends[0]:
        torch.testing.assert_close(ends[0][name], ends[1][name], atol=1e-6, rtol=0)
    assert ends[0]["crf.transitions"].abs().max() > 1e-3


# The loss

FOCAL = {"loss": "focal", "class_weights": "balanced"}
SMOOTHED = {"class_weights": "balanced", "label_smoothing_factor": 0.1}


@pytest.mark.parametrize(("task", "loss"), [("token_cls", FOCAL), ("seq_cls", SMOOTHED)], ids=["focal", "smoothed"])
def test_losses_under_accumulation(task, loss, run, sober_encoder, files):
    """Eight at once are four times two."""
    flags = ACCUMULATION | WINDOWS[task] | {"model_name_or_path": sober_encoder, "max_steps": 4} | loss
    file = files[task]["train_file"]
    ends, losses = [], []
    for size, steps in ((8, 1), (2, 4)):
        batches = {"per_device_train_batch_size": size, "gradient_accumulation_steps": steps}
        outcome = run(task, train_file=file, validation_file=file, do_eval=True, **batches, **flags)
        ends.append(load_file(outcome.folder / "model.safetensors"))
        losses.append(outcome.metrics("eval")["eval_loss"])
    for name in ends[0]:
        torch.testing.assert_close(ends[0][name], ends[1][name], atol=1e-6, rtol=0)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert any(note.startswith("class weights: ") for note in outcome.read("run.json")["notes"])


def test_a_file_of_weights(run, encoder, files, ask, tmp_path):
    """A class whose weight is 0 is never learned; its labels are still counted."""
    weights = tmp_path / "weights.yaml"
    weights.write_text("긍정: 0\n부정: 1\n", encoding="utf-8")
    file = files["seq_cls"]
    flags = SHORT | {"train_file": file["train_file"], "test_file": file["test_file"], "do_predict": True}
    flags |= {"model_name_or_path": encoder, "learning_rate": 0.01, "max_steps": 10}
    assert {row["prediction"] for row in run("seq_cls", class_weights=weights, **flags).predictions} == {"부정"}
    weights.write_text("긍정: 1\n", encoding="utf-8")
    message = ask("seq_cls", class_weights=weights)
    assert message == f"error: {weights}: --class_weights: a weight is missing for 부정; give every class one"
    assert "weights.yml: --class_weights: cannot be read (No such file" in ask(
        "seq_cls", class_weights=tmp_path / "weights.yml"
    )


def test_what_tags_alone_can_have(ask, learn, tmp_path):
    for flag in ({"crf": True}, {"decoding": "constrained"}):
        assert ask("seq_cls", **flag).endswith("is about tags, which run_token_cls.py learns; leave it out")
    file = tmp_path / "pos.tsv"
    write_columns(file, [(tokens, ["N" if i % 2 else "V" for i in range(len(tokens))]) for tokens, _ in sentences(8)])
    message = ask(train_file=file, decoding="constrained")
    assert message == (
        "error: --decoding constrained: tags such as N, V say nothing of what may follow what; B-X, I-X and O do"
    )
    message = ask(model_name_or_path=learn("token_cls").folder, crf=True)
    assert message.endswith("has no CRF; leave --crf out, or begin with its encoder")
    assert ask(crf=True, label_smoothing_factor=0.1).endswith("and a CRF has another; leave it out")


def test_a_stock_class_has_no_crf(run, encoder, files):
    trained = run(
        "token_cls", model_name_or_path=encoder, train_file=files["token_cls"]["train_file"], crf=True, **SHORT
    )
    model, _ = load_checkpoint(str(trained.folder))
    with pytest.raises(UserError, match="no stock class has a CRF"):
        to_stock(model)
