"""Models of somebody else: nothing in their folders is run."""

from __future__ import annotations

import json
import logging
import runpy
import shutil
from pathlib import Path

import pytest
import torch
from checkpoint_files import Payload
from tiny import make_tokenizer, tiny_config, tiny_model
from transformers import AutoModel

from heads import HeadedEncoderConfig, HeadedEncoderForSequenceClassification
from utils.arguments import ModelArguments
from utils.errors import UserError
from utils.models import named_code, onnx_graph
from utils.models.configuration import load_config
from utils.models.loading import build_model, load_checkpoint, load_tokenizer

LABELS = {"id2label": {0: "a", 1: "b"}, "label2id": {"a": 0, "b": 1}}
CODE = "open({mark!r}, 'w').close()\n"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = make_tokenizer()
    AutoModel.from_config(tiny_config(vocab_size=len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def model(encoder, tmp_path) -> Path:
    """A folder to change, with a file of Python in it that leaves a mark where it is run."""
    folder = Path(shutil.copytree(encoder, tmp_path / "model"))
    (folder / "evil.py").write_text(CODE.format(mark=str(tmp_path / "mark")), encoding="utf-8")
    return folder


def change(folder: Path, name: str = "config.json", **fields) -> Path:
    file = folder / name
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | fields), encoding="utf-8")
    return folder


def load(folder: Path | str, **flags):
    arguments = ModelArguments(model_name_or_path=str(folder), **flags)
    config = load_config(arguments, HeadedEncoderForSequenceClassification, True)
    return build_model(HeadedEncoderForSequenceClassification, arguments, config, load_tokenizer(arguments), LABELS)


def refused(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load(folder)
    assert not (folder.parent / "mark").exists() and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("beside_safetensors", [False, True])
def test_pickled_weights(model, beside_safetensors, tmp_path):
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt"):
        torch.save({"weight": Payload(tmp_path / "mark")}, model / name)
    if beside_safetensors:
        load(model)
        assert not (tmp_path / "mark").exists()
    else:
        (model / "model.safetensors").unlink()
        assert "pytorch_model.bin is a pickle, which can run code when it is loaded" in refused(model)


KERNELS = ["kernels-community/flash-attn2", "evil/kernel@v1:run", "paged|evil/kernel"]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("field", ["attn_implementation", "_attn_implementation", "experts_implementation"])
def test_kernels_that_a_configuration_names(model, field, kernel):
    assert f"has code fetched from the Hub and run, {field.lstrip('_')} {kernel}" in refused(
        change(model, **{field: kernel})
    )


def test_kernels_that_a_configuration_names_for_a_part_of_it(model):
    inner = json.loads((model / "config.json").read_text(encoding="utf-8")) | {"attn_implementation": "evil/kernel"}
    change(model, model_type="headed_encoder", encoder_config=inner, architectures=None, head="dense")
    arguments = ModelArguments(model_name_or_path=str(model))
    config = load_config(arguments, HeadedEncoderForSequenceClassification, True)
    assert config.encoder_config._attn_implementation is None  # what is said of the whole goes before, also nothing
    change(model, attn_implementation={"encoder_config": "evil/kernel"})
    assert "attn_implementation evil/kernel" in refused(model)


def test_kernels_in_place_of_a_package_that_is_missing(model, monkeypatch):
    change(model, attn_implementation="flash_attention_2")
    assert "cannot load weights" in refused(model)  # neither flash-attn nor kernels are installed
    monkeypatch.setattr(named_code, "is_kernels_available", lambda: True)
    assert "attn_implementation flash_attention_2" in refused(model)


def test_other_flags_of_kernels_have_no_effect(model):
    change(
        model, use_kernels=True, kernel_config={"RMSNorm": "evil/kernel:Norm"}, _attn_implementation_internal="evil/k"
    )
    assert not load(model).encoder.use_kernels


@pytest.mark.parametrize("method", [{"quant_method": "fp8"}, {"quant_method": "bitsandbytes", "load_in_8bit": True}])
def test_quantized_weights(model, method):
    assert "its weights are quantized" in refused(change(model, quantization_config=method))


TRUSTING = {"trust_remote_code": True, "auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}}
ELSEWHERE = {"AutoConfig": "other/repository--evil.C", "AutoModel": "other/repository--evil.M"}


def test_a_configuration_that_trusts_itself(model):
    """A known type is read with the library's own code, an unknown one not at all."""
    load(change(model, **TRUSTING))
    load(change(model, **(TRUSTING | {"auto_map": ELSEWHERE})))
    assert not (model.parent / "mark").exists()
    assert "no configuration at" in refused(change(model, model_type="evil", **TRUSTING))
    assert "no configuration at" in refused(change(model, **(TRUSTING | {"auto_map": ELSEWHERE})))


def test_a_part_of_a_configuration_that_trusts_itself(model):
    inner = json.loads((model / "config.json").read_text(encoding="utf-8")) | TRUSTING
    config = HeadedEncoderConfig(tiny_config(), num_labels=2).to_dict() | TRUSTING
    change(model, **(config | {"encoder_config": inner | {"model_type": "evil"}}))
    assert "no configuration at" in refused(model)
    detector = {"model_type": "evil", "auto_map": ELSEWHERE, "trust_remote_code": True}
    assert "no configuration at" in refused(change(model, model_type="lightglue", keypoint_detector_config=detector))


def test_a_tokenizer_that_trusts_itself(model):
    for places in (["evil.T", "evil.T"], [None, "other/repository--evil.T"]):
        change(
            model,
            "tokenizer_config.json",
            auto_map={"AutoTokenizer": places},
            tokenizer_class="T",
            trust_remote_code=True,
        )
        load(model)
        assert not (model.parent / "mark").exists()


def test_code_of_another_repository_is_said(model, caplog):
    change(model, auto_map=ELSEWHERE)
    config = HeadedEncoderConfig(tiny_config())
    config.auto_map = ELSEWHERE
    named_code.check_no_code(config, "a/model", trust_remote_code=True)
    assert caplog.messages == ["a/model: its code comes from elsewhere, as it is there today: other/repository"]


NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_json_nested_100_000_deep(model, name, text):
    (model / name).write_text(text, encoding="utf-8")
    assert "recursion" in refused(model)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["null", "[]", "9" * 5000, "\ufeff\x00{"])
def test_json_of_another_kind(model, name, text):
    (model / name).write_text(text, encoding="utf-8")
    assert str(model) in refused(model)


@pytest.mark.parametrize("name", ["../../b", "a/../../b", "a/..b", "a\x1b[31mb"])
def test_names_that_lead_elsewhere(name, tmp_path, monkeypatch):
    (tmp_path / "c" / "d").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "c" / "d")  # nothing near has a name like these
    with pytest.raises(UserError, match="there is no such folder$") as caught:
        load(name)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("file", ["../../../etc/hostname", "/etc/hostname", "evil.bin", "..\\a.safetensors", 3])
def test_an_index_of_weights_that_names_a_pickle_or_a_file_elsewhere(model, file):
    """The library would open any file that is no safetensors with torch.load."""
    (model / "model.safetensors").rename(model / "a.safetensors")
    torch.save({"weight": Payload(model.parent / "mark")}, model / "evil.bin")
    index = {"metadata": {}, "weight_map": {"embeddings.word_embeddings.weight": file}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert "which is no *.safetensors beside it" in refused(model)


@pytest.mark.parametrize("content", ["[" * 100_000, "null", "[]", '{"weight_map": 3}', "\\udc00"])
def test_an_index_of_weights_that_is_none(model, content):
    (model / "model.safetensors").rename(model / "a.safetensors")
    (model / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    assert "its model.safetensors.index.json cannot be read" in refused(model)


def test_weights_in_pieces_are_read(model):
    AutoModel.from_pretrained(model).save_pretrained(model, max_shard_size="20KB")
    (model / "model.safetensors").unlink()
    assert len(list(model.glob("model-0*.safetensors"))) > 1
    load(model)


@pytest.mark.parametrize("name", ["/etc", "other/model", "../model"])
def test_an_adapter_beside_the_model(model, name):
    """Where peft is installed, the library would read its weights, a pickle as well, or load the model that it names."""
    adapter = {"base_model_name_or_path": name, "peft_type": "LORA", "r": 4, "target_modules": ["query"]}
    (model / "adapter_config.json").write_text(json.dumps(adapter), encoding="utf-8")
    torch.save({"weight": Payload(model.parent / "mark")}, model / "adapter_model.bin")
    assert "adapter_config.json stands beside the model" in refused(model)


COUNTS = ["num_hidden_layers", "n_layer", "num_layers", "num_labels", "num_experts", "num_hidden_groups"]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("field", COUNTS)
def test_a_configuration_that_asks_for_a_billion_parts(model, field, whole):
    """They would be built one by one, until the memory is full."""
    change(model, **({field: 10**9} if whole else {"head_kwargs": {field: 1e9}}))
    assert f"asks for {field} 1000000000" in refused(model)


VALUES = {
    "num_attention_heads": 0,
    "hidden_act": "__import__('os').system",
    "pad_token_id": 10**9,
    "hidden_size": 10**7,
}
VALUES |= {"layer_norm_eps": "x", "dtype": "os.system", "tie_word_embeddings": "x", "type_vocab_size": 10**12}


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.parametrize("scratch", [False, True])
def test_a_configuration_whose_values_make_no_model(model, field, scratch):
    change(model, **{field: VALUES[field]})
    flags = {"config_name" if scratch else "model_name_or_path": str(model)}
    arguments = ModelArguments(**flags, tokenizer_name=str(model))
    with pytest.raises(UserError) as caught:
        config = load_config(arguments, HeadedEncoderForSequenceClassification, True)
        build_model(HeadedEncoderForSequenceClassification, arguments, config, load_tokenizer(arguments), LABELS)
    assert str(model) in str(caught.value) and "\n" not in str(caught.value)


@pytest.fixture
def own_logging():
    """A script sets how all libraries log, for its process."""
    root, utils = logging.getLogger(), logging.getLogger("utils")
    before, handlers = [(one, one.level) for one in (root, utils)], root.handlers[:]
    yield
    root.handlers[:] = handlers
    for one, level in before:
        one.setLevel(level)


@pytest.mark.parametrize("script", ["export_stock.py", "export_onnx.py"])
def test_links_beside_a_checkpoint_that_is_exported(script, tmp_path, monkeypatch, own_logging):
    """Nothing that they lead to is copied or changed; an output folder that leads to one with something in it is refused."""
    outside, own, output = tmp_path / "outside", tmp_path / "own", tmp_path / "output"
    outside.mkdir()
    secret = outside / "secret.json"
    secret.write_text('"of somebody else"', encoding="utf-8")
    tiny_model("seq_cls", "dense", num_labels=2).save_pretrained(own)
    make_tokenizer().save_pretrained(own)
    for name in ("README.md", "run.json", "notes.txt", "model.onnx", "checkpoint-1"):
        (own / name).symlink_to(outside if name == "checkpoint-1" else secret)
    (tmp_path / "linked").symlink_to(outside)
    if script == "export_onnx.py":  # its graph is the library's, and takes seconds
        monkeypatch.setattr(onnx_graph, "export", lambda model, file: file.write_bytes(b"graph"))
        monkeypatch.setattr(onnx_graph, "difference", lambda model, file: 0.0)
        monkeypatch.setattr(onnx_graph, "opsets", lambda file: {"ai.onnx": 20})
    main = runpy.run_path(script)["main"]
    monkeypatch.setattr("sys.argv", [script, str(own), "--output", str(tmp_path / "linked")])
    with pytest.raises(UserError, match="not an empty folder"):
        main()
    monkeypatch.setattr("sys.argv", [script, str(own), "--output", str(output)])
    main()
    written = [path for path in output.rglob("*") if path.is_file()]
    assert written and not [path for path in written if path.is_symlink() or b"of somebody else" in path.read_bytes()]
    assert [path.name for path in outside.iterdir()] == ["secret.json"]
    assert secret.read_text(encoding="utf-8") == '"of somebody else"'


@pytest.mark.parametrize(
    "fields",
    [
        {"id2label": {"0": "a", "7": "b"}},
        {"calibration": {"temperature": 0}},
        {"windows": ["mean", 8, 2]},
        {"tag_scheme": "BIOES"},
        {"problem_type": "__import__('os')"},
        {"encoder_config": tiny_config().to_dict() | {"chunk_size_feed_forward": "1"}},
        {"architectures": {"a": 1}},
    ],
)
def test_fields_that_hold_what_no_checkpoint_has_there(fields, tmp_path):
    tiny_model("seq_cls", "dense", num_labels=2).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    change(tmp_path, **fields)
    with pytest.raises(UserError) as caught:
        load_checkpoint(str(tmp_path))
    assert next(iter(fields)) in str(caught.value) or "chunk_size_feed_forward" in str(caught.value)
