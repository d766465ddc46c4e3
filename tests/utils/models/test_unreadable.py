"""Models that are not there or are damaged: which of the two, and what to do."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, PretrainedConfig

from heads import HeadedEncoderForSequenceClassification
from utils.arguments import ModelArguments
from utils.errors import UserError
from utils.models import unreadable
from utils.models.configuration import load_config
from utils.models.loading import build_model, load_tokenizer

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture
def encoder(tiny_electra_folder, tmp_path):
    """A folder with weights, configuration and tokenizer."""
    folder = shutil.copytree(tiny_electra_folder, tmp_path / "encoder")
    AutoModel.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


def load(name) -> None:
    arguments = ModelArguments(model_name_or_path=str(name))
    config = load_config(arguments, HeadedEncoderForSequenceClassification, do_train=True)
    labels = {"id2label": {0: "a", 1: "b"}, "label2id": {"a": 0, "b": 1}}
    build_model(HeadedEncoderForSequenceClassification, arguments, config, load_tokenizer(arguments), labels)


def refused(name) -> str:
    with pytest.raises(UserError) as caught:
        load(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_sound_loads(encoder):
    load(encoder)


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "a/b/c", "~/nowhere-at-all", "한글", "a b"])
def test_no_folder_and_no_name_of_the_hub(name):
    assert refused(name) == f"no configuration at '{name}': there is no such folder"


def test_no_folder_while_the_hub_is_out_of_reach(encoder, monkeypatch):
    monkeypatch.chdir(encoder.parent)
    reach = "and the Hub cannot be reached; offline, name a local folder"
    assert refused("user/model") == f"no configuration at 'user/model': there is no such folder, {reach}"
    assert (
        refused("encodr") == f"no configuration at 'encodr': there is no such folder (did you mean encoder?), {reach}"
    )
    assert refused(encoder.parent / "encodr").endswith(f"there is no such folder (did you mean {encoder}?)")


def test_one_request_decides_whether_the_hub_can_be_reached(encoder, monkeypatch, tmp_path):
    asked = []

    def connect(url):
        asked.append(url)
        raise OSError("Name or service not known")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(unreadable, "get_hf_file_metadata", connect)
    monkeypatch.setattr(PretrainedConfig, "get_config_dict", lambda *_, **__: pytest.fail("the library asks again"))
    assert "the Hub cannot be reached" in refused("user/model")
    with pytest.raises(UserError, match="no tokenizer at 'user/words': .* the Hub cannot be reached"):
        load_tokenizer(ModelArguments(model_name_or_path="user/model", tokenizer_name="user/words"))
    assert [url.removeprefix(constants.ENDPOINT) for url in asked] == [
        "/user/model/resolve/main/config.json",
        "/user/words/resolve/main/config.json",
    ]
    (tmp_path / "cache/models--user--model").mkdir(parents=True)
    for known in ("user/model", str(encoder), "a/b/c"):  # kept from the Hub, on this disk, no name of the Hub
        unreadable.check_reachable(known, "main")
    assert len(asked) == 2


def test_folders_without_a_configuration(encoder):
    (encoder / "config.json").unlink()
    assert refused(encoder) == f"no configuration at '{encoder}': there is no config.json in this folder"
    checkpoint = encoder / "checkpoint-5"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text("{}", encoding="utf-8")
    assert refused(encoder).endswith(f"in this folder; did you mean {checkpoint}?")
    assert refused(encoder / "tokenizer.json").endswith("it is a file, and no configuration")


@pytest.mark.parametrize("size", [0, 5, 1000, -1000])
def test_weights_that_are_cut_short(size, encoder):
    file = encoder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:size])
    message = refused(encoder)
    assert message.startswith(f"cannot load weights from '{encoder}': the file is cut short or damaged (")
    assert message.endswith("; download or copy it again")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_files_that_git_has_not_fetched(name, encoder):
    (encoder / name).write_bytes(POINTER)
    assert f"{name} is only a pointer of Git LFS; fetch the file itself with `git lfs pull`" in refused(encoder)


def test_a_tokenizer_that_is_cut_short_or_missing(encoder):
    file = encoder / "tokenizer.json"
    file.write_bytes(file.read_bytes()[:500])
    assert f"no tokenizer at '{encoder}': its files cannot be read (" in refused(encoder)
    file.unlink()
    for rest in encoder.glob("vocab*"):
        rest.unlink()
    expected = f"no tokenizer at '{encoder}': no vocabulary in this folder; name one with --tokenizer_name"
    assert refused(encoder) == expected


def test_weights_that_are_no_numbers(encoder):
    weights = load_file(encoder / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"][3] = torch.inf
    save_file(weights, encoder / "model.safetensors", metadata={"format": "pt"})
    assert refused(encoder) == (
        f"{encoder} cannot be used: its weight encoder.layer.0.output.dense.bias holds values that are no numbers "
        "(nan or infinite)"
    )


def test_a_configuration_that_is_none(encoder):
    (encoder / "config.json").write_text("{", encoding="utf-8")
    assert "is not a valid JSON file" in refused(encoder)
    (encoder / "config.json").write_text(json.dumps({"model_type": "foo"}), encoding="utf-8")
    assert "model type `foo`" in refused(encoder)
