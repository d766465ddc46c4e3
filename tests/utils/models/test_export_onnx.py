"""Exported files: torch's logits at any batch size, length and side of padding, without this project at hand."""

from __future__ import annotations

import ast
import copy
import functools
import itertools
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import FAMILIES, TASKS, answers, pad, perturb, run_elsewhere, tiny_config, tiny_model, tiny_sequences
from tokenizers import Tokenizer

from heads import HEADS
from utils.errors import ShownError, UserError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

import export_onnx  # noqa: E402
from utils.models import onnx_graph as graphs  # noqa: E402

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "onnx.md"
LABELS = {0: "부정", 1: "긍정", 2: "중립"}
# Other than the defaults: an even number of reversals, and more than one window.
HEAD_KWARGS = {"cnn": {"kernel_sizes": [3, 7], "num_filters": 4}, "lstm": {"lstm_size": 8, "num_layers": 2}}
# Every head with every task, and every family at least once: head and encoder meet in hidden states alone.
EXPORTS = list(zip(itertools.product(TASKS, HEADS), itertools.cycle(FAMILIES), strict=False))
QUICK = set(zip(TASKS, HEADS, strict=True))  # an export takes many seconds: the others are among the long tests


def run_script(*arguments: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["export_onnx.py", *map(str, arguments)])
        export_onnx.main()


class Export:
    """A checkpoint and what the script made of it."""

    def __init__(self, task: str, head: str, family: str, tokenizer, root: Path):
        # 512 tokens: RoBERTa's positions begin behind the padding id.
        rows = 514 if "roberta" in family else 512
        self.config = tiny_config(family, vocab_size=len(tokenizer), max_position_embeddings=rows)
        self.task, self.head, self.family = task, head, family
        self.model = perturb(tiny_model(task, head, self.config, id2label=LABELS, head_kwargs=HEAD_KWARGS.get(head)))
        self.checkpoint, self.folder = root / "checkpoint", root / "exported"
        self.model.save_pretrained(self.checkpoint)
        tokenizer.save_pretrained(self.checkpoint)
        for code in self.checkpoint.glob("*.py"):
            code.write_text("raise SystemExit('the code of a checkpoint was run')\n", encoding="utf-8")
        run_script(self.checkpoint, "--output", self.folder)
        self.path = self.folder / "model.onnx"

    def batch(self, *lengths: int, side: str = "right") -> dict[str, torch.Tensor]:
        return pad(tiny_sequences(*lengths), self.config.pad_token_id, side=side, garbage=True)

    def found(self, session, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """As `tiny.answers`."""
        names = ["start_logits", "end_logits"] if self.task == "qa" else ["logits"]
        given = {item.name: batch[item.name].numpy() for item in session.get_inputs()}
        outputs = [torch.from_numpy(values) for values in session.run(names, given)]
        return torch.stack(outputs, dim=-1) if self.task == "qa" else outputs[0]


@pytest.fixture(scope="module")
def exports(tiny_tokenizer, tmp_path_factory) -> Callable[[str, str, str], Export]:
    """Exports once each; it takes seconds."""

    @functools.cache
    def make(task: str, head: str, family: str) -> Export:
        return Export(task, head, family, tiny_tokenizer, tmp_path_factory.mktemp("onnx"))

    return make


@pytest.fixture(
    params=[
        pytest.param((both, family), id="-".join((*both, family)), marks=[] if both in QUICK else [pytest.mark.long])
        for both, family in EXPORTS
    ]
)
def export(request, exports) -> Export:
    (task, head), family = request.param
    return exports(task, head, family)


@pytest.fixture
def classifier(exports) -> Export:
    return exports("seq_cls", "dense", "electra")


@pytest.fixture
def no_exporter(monkeypatch, classifier):
    """The graph is copied from another export."""
    monkeypatch.setattr(graphs, "export", lambda model, path: shutil.copy(classifier.path, path))


def test_every_family_is_exported():
    assert {family for _, family in EXPORTS} == set(FAMILIES)


def test_logits_of_torch_at_any_shape(export):
    session = graphs.session(export.path, threads=1)
    for size, longest, side in itertools.product((1, 2, 3, 8), (1, 7, 64, 128, 512), ("right", "left", "both")):
        batch = export.batch(*(max(1, longest * (size - row) // size) for row in range(size)), side=side)
        found, expected = export.found(session, batch), answers(export.model, batch)
        assert found.shape == expected.shape
        if export.task != "seq_cls":  # what stands at padding means nothing
            found, expected = (values[batch["attention_mask"] == 1] for values in (found, expected))
        assert (found - expected).abs().max() < 1e-4, (size, longest, side)


def test_inputs_and_outputs(export):
    graph = onnx.load(export.path).graph
    shapes = {
        item.name: [size.dim_param or size.dim_value for size in item.type.tensor_type.shape.dim]
        for item in [*graph.input, *graph.output]
    }
    free = ["batch", "sequence"]
    inputs = ["input_ids", "attention_mask"] + ["token_type_ids"] * (export.family in ("electra", "bert"))
    outputs = {
        "seq_cls": {"logits": ["batch", 3]},
        "token_cls": {"logits": [*free, 3]},
        "qa": {"start_logits": free, "end_logits": free},
    }
    assert shapes == {name: free for name in inputs} | outputs[export.task]


@pytest.mark.long
@pytest.mark.parametrize("pooling", ["max", "cls_mean", "attention"])
def test_what_a_head_reads_is_in_the_graph(pooling, tmp_path):
    config = tiny_config("electra")
    model = tiny_model("seq_cls", "dense", config, head_kwargs={"pooling": pooling}, use_last_layers=2)
    graphs.export(perturb(model), tmp_path / "model.onnx")
    assert graphs.difference(model, tmp_path / "model.onnx") < 1e-4


@pytest.mark.long
@pytest.mark.parametrize("head", ["dense", "lstm"])
def test_layers_beside_each_other_are_in_the_graph(head, tmp_path):
    model = tiny_model("token_cls", head, use_last_layers=2, combine_layers="concat")
    graphs.export(perturb(model), tmp_path / "model.onnx")
    assert graphs.difference(model, tmp_path / "model.onnx") < 1e-4


def test_files_are_as_readable_as_others(classifier, tmp_path):
    (tmp_path / "other").touch()
    modes = {path.stat().st_mode for path in classifier.folder.iterdir()}
    assert modes == {(tmp_path / "other").stat().st_mode}


def test_int8(export, tmp_path):
    graphs.quantize(export.path, tmp_path / "int8.onnx")
    graph = onnx.load(tmp_path / "int8.onnx").graph
    kinds = [weight.data_type for weight in graph.initializer if np.prod(weight.dims) > 64]
    eight, rest = (sum(kind == onnx.TensorProto.INT8 for kind in kinds), kinds.count(onnx.TensorProto.FLOAT))
    assert eight > rest
    if export.head == "lstm":
        assert [node.op_type for node in graph.node].count("DynamicQuantizeLSTM") == 4  # 2 layers, 2 directions
    session = graphs.session(tmp_path / "int8.onnx", threads=1)
    for size, longest in itertools.product((1, 3), (1, 7, 64, 512)):
        batch = export.batch(*(max(1, longest // (row + 1)) for row in range(size)))
        found, expected = export.found(session, batch), answers(export.model, batch)
        if export.task != "seq_cls":
            found, expected = (values[batch["attention_mask"] == 1] for values in (found, expected))
        # Weights of 7 bits in 2 layers: a tenth of the logits' own spread, which a wrong operator would exceed.
        assert (found - expected).abs().mean() < 0.1 * answers(export.model, export.batch(64, 63, 62)).std()


def test_quantize_flag(classifier, no_exporter, tmp_path, capsys):
    run_script(classifier.checkpoint, "--output", tmp_path / "int8", "--quantize", "int8")
    assert "quantised, differs from torch by at most" in capsys.readouterr().out
    kinds = {weight.data_type for weight in onnx.load(tmp_path / "int8" / "model.onnx").graph.initializer}
    assert onnx.TensorProto.INT8 in kinds
    files = {"model.onnx", "config.json", "tokenizer.json", "tokenizer_config.json", "README.md"}
    assert {path.name for path in (tmp_path / "int8").iterdir()} == files


def test_the_code_of_the_card_runs(export, monkeypatch, capsys):
    card = (export.folder / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    monkeypatch.chdir(export.folder)
    capsys.readouterr()  # of the export
    exec(code, {})
    printed = capsys.readouterr().out.strip()
    if export.task == "seq_cls":
        assert ast.literal_eval(printed)[0] in LABELS.values()
    elif export.task == "token_cls":
        assert {tag for _, tag in ast.literal_eval(printed)} <= set(LABELS.values())
    else:
        assert printed in "서울은 대한민국의 수도이다."
    assert str(export.checkpoint.parent) not in card and "# checkpoint as ONNX" in card
    assert ("| 0 | 부정 |" in card) == (export.task != "qa")
    assert "Not known here" in card


def test_the_card_has_the_scores_of_the_run(classifier, no_exporter, tmp_path):
    checkpoint = Path(shutil.copytree(classifier.checkpoint, tmp_path / "run"))
    metrics = {"eval_accuracy": 0.75, "eval_loss": 0.1, "predict_accuracy": 0.71234, "train_loss": 0.3}
    (checkpoint / "run.json").write_text(json.dumps({"metrics": metrics}), encoding="utf-8")
    run_script(checkpoint, "--output", tmp_path / "int8", "--quantize", "int8")
    card = (tmp_path / "int8" / "README.md").read_text(encoding="utf-8")
    rows = "| split | metric | value |\n|---|---|---|\n| validation | accuracy | 0.7500 |\n| test | accuracy | 0.7123 |\n\nOf"
    assert rows in card and "The 8-bit weights were not scored" in card and "8-bit weights. Its" in card
    (version,) = re.findall(r"opset (\d+) of ai.onnx", card)
    assert int(version) == {one.domain: one.version for one in onnx.load(classifier.path).opset_import}[""]


def test_labels_and_no_trace_of_the_machine(export):
    text = (export.folder / "config.json").read_text(encoding="utf-8")
    config = json.loads(text)
    names = {0: "LABEL_0", 1: "LABEL_1"} if export.task == "qa" else LABELS
    assert config["id2label"] == {str(index): name for index, name in names.items()}
    assert config["label2id"] == {name: index for index, name in names.items()}
    assert config["model_type"] == export.family
    assert not {"_name_or_path", "tag_chain", "token_unit"} & config.keys()


def test_tokenizer_pads_and_truncates_by_itself(classifier, tiny_tokenizer):
    texts = ["영화 정말 좋다", "the movie is good " * 50, ""]
    rows = Tokenizer.from_file(str(classifier.folder / "tokenizer.json")).encode_batch(texts)
    expected = tiny_tokenizer(texts, padding=True, truncation=True)
    assert [row.ids for row in rows] == expected["input_ids"]
    assert [row.attention_mask for row in rows] == expected["attention_mask"]
    assert {len(row.ids) for row in rows} == {64}  # the tokenizer's own limit, less than the model's 512


def test_tokenizer_of_a_model_with_fewer_positions(tiny_tokenizer, tmp_path):
    config = tiny_model("seq_cls", "dense", tiny_config("roberta", max_position_embeddings=20)).config
    tiny_tokenizer.save_pretrained(tmp_path)
    tokenizer = type(tiny_tokenizer).from_pretrained(tmp_path)
    export_onnx.write_tokenizer(tokenizer, config, tmp_path)
    assert len(Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode("good " * 50).ids) == 18


def test_read_where_the_project_is_not_installed(classifier, tiny_tokenizer, tmp_path):
    expected = tiny_tokenizer(["영화 정말 좋다", "good"], padding=True)["input_ids"]
    code = f"""
        from transformers import AutoConfig, AutoTokenizer
        tokenizer = AutoTokenizer.from_pretrained({str(classifier.folder)!r})
        assert tokenizer(["영화 정말 좋다", "good"], padding=True)["input_ids"] == {expected}
        config = AutoConfig.from_pretrained({str(classifier.folder)!r})
        assert config.id2label == {LABELS}, config.id2label
        """
    run_elsewhere(code, folder=tmp_path, with_project=False)


def documented_code() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", DOCUMENTATION.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_documented_decoding_is_that_of_the_model(tmp_path):
    labels = {0: "O", 1: "B-LC", 2: "I-LC"}
    for config in ({"crf": True}, {"decoding": "constrained"}, {"crf": True, "decoding": "constrained"}):
        model = tiny_model("token_cls", "dense", id2label=labels, token_unit="words", **config)
        if model.crf is not None:
            model.crf.transitions.data.normal_()
        export_onnx.write_config(model, tmp_path)
        written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
        assert written["token_unit"] == "words" and (written["tag_chain"]["start"][2] is None) == ("decoding" in config)
        namespace: dict = {"np": np}
        exec(compile(documented_code()[1], str(DOCUMENTATION), "exec"), namespace)
        for length in (1, 2, 9):
            logits = torch.randn(1, length, 3)
            found = namespace["best_tags"](logits[0].numpy(), written["tag_chain"])
            assert found == model.decode(logits, torch.ones(1, length))[0][0].tolist()


def test_documented_windows_and_calibration(tiny_tokenizer, tmp_path):
    """The files of a checkpoint that reads windows say what its pipeline does."""
    calibration = {"temperature": 1.7, "rows": 9}
    windows = {"pooling": "mean", "max_seq_length": 8, "doc_stride": 2}
    config = tiny_config(vocab_size=len(tiny_tokenizer))
    model = perturb(tiny_model("seq_cls", "cnn", config, id2label=LABELS, windows=windows, calibration=calibration))
    tokenizer = copy.deepcopy(tiny_tokenizer)
    export_onnx.write_config(model, tmp_path)
    export_onnx.write_tokenizer(tokenizer, model.config, tmp_path)
    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert written["windows"] == windows and written["calibration"] == calibration
    namespace: dict = {"np": np}
    for code in documented_code()[2:]:
        exec(compile(code, str(DOCUMENTATION), "exec"), namespace)

    def run(rows):
        return answers(model, {"input_ids": torch.tensor([row.ids for row in rows])}).numpy()

    text = "the good movie is bad the movie is good bad"
    row = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(text)
    assert len(row.overflowing) == 1
    shares = namespace["decide"](namespace["text_logits"](row, run, "mean"), written)
    (answer,) = model.pipeline(tiny_tokenizer)(text)
    assert answer["label"] == LABELS[int(shares.argmax())] and answer["score"] == pytest.approx(shares.max(), abs=1e-6)
    sets = written | {"calibration": {"thresholds": {"부정": 0.1, "긍정": 0.6, "중립": 0.9}}}
    assert namespace["decide"](np.array([-1.0, 0.3, 3.0]), sets) == ["부정", "중립"]


def test_documented_code(classifier, tmp_path, monkeypatch, capsys):
    code = documented_code()[0]
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert modules == {"json", "numpy", "onnxruntime", "tokenizers"}
    (text,) = re.findall(r'\["(.+)", "(.+)"\]', code)
    batch = Tokenizer.from_file(str(classifier.folder / "tokenizer.json")).encode_batch(list(text))
    best = [int(answers(classifier.model, {"input_ids": torch.tensor([row.ids])}).argmax()) for row in batch[:1]]
    (tmp_path / "runs" / "quickstart").mkdir(parents=True)
    (tmp_path / "runs" / "quickstart" / "cnn-onnx").symlink_to(classifier.folder)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(DOCUMENTATION), "exec"), {})
    shown = ast.literal_eval(capsys.readouterr().out)
    assert len(shown) == 2
    assert shown[0] == LABELS[best[0]]


# Errors


def test_a_graph_that_differs_is_not_written(classifier, no_exporter, tmp_path):
    shutil.copytree(classifier.checkpoint, tmp_path / "other")
    other = perturb(tiny_model("seq_cls", "dense", classifier.config, id2label=LABELS, seed=1))
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(ShownError, match="the graph differs from the model by") as raised:
        run_script(tmp_path / "other", "--output", tmp_path / "exported")
    assert raised.value.exit_code == 1
    assert not (tmp_path / "exported").exists()


def test_nothing_is_overwritten(classifier):
    before = sorted((path.name, path.stat().st_mtime_ns) for path in classifier.folder.iterdir())
    with pytest.raises(UserError, match="is there already and not an empty folder; name another --output"):
        run_script(classifier.checkpoint, "--output", classifier.folder)
    assert sorted((path.name, path.stat().st_mtime_ns) for path in classifier.folder.iterdir()) == before


def test_an_encoder_is_no_checkpoint(tiny_tokenizer, tmp_path):
    tiny_config().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="is no checkpoint of this project, but a model of type electra$"):
        run_script(tmp_path, "--output", tmp_path / "exported")


def test_no_checkpoint_at_all(tmp_path):
    with pytest.raises(UserError, match="^no configuration at '.*nowhere'"):
        run_script(tmp_path / "nowhere", "--output", tmp_path / "exported")


def test_lacking_packages(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(export_onnx, "PACKAGES", ("onnx", "onnxruntime_of_tomorrow"))
    with pytest.raises(
        UserError, match=r'^exporting needs onnxruntime_of_tomorrow: pip install -c constraints.txt -e "\.\[onnx\]"$'
    ):
        run_script(classifier.checkpoint, "--output", tmp_path / "exported")


def test_unknown_flag(tmp_path):
    with pytest.raises(UserError, match="unrecognized arguments: --fp16; export_onnx.py --help lists all flags"):
        run_script("checkpoint", "--output", tmp_path, "--fp16")
