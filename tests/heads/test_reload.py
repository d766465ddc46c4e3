"""Save, reload in a fresh process in another folder, with and without the project at hand: the same logits."""

import re

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import FAMILIES, TASKS, answers, pad, perturb, run_elsewhere, tiny_config, tiny_model, tiny_sequences

from heads import HEADS

# Other than the defaults, so that a reload that forgets them fails; a head that is not named runs with its defaults.
HEAD_KWARGS = {
    "dense": {"dropout": 0.3},
    "cnn": {"kernel_sizes": [3, 7], "num_filters": 4},
    "lstm": {"lstm_size": 8, "num_layers": 2},
}
LABELS = {0: "부정", 1: "긍정", 2: "중립"}
# torch's LSTM reads weights at other addresses in other ways; 7.5e-9 was seen.
TOLERANCES = {"lstm": 1e-6}
CHECKPOINTS = [f"{task}-{head}-{family}" for task in TASKS for head in HEADS for family in FAMILIES]

RELOAD = """
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file

if {with_project}:
    import heads

torch.set_num_threads(1)
auto = {{
    "seq_cls": transformers.AutoModelForSequenceClassification,
    "token_cls": transformers.AutoModelForTokenClassification,
    "qa": transformers.AutoModelForQuestionAnswering,
}}
for checkpoint in {checkpoints}:
    model = auto[checkpoint.split("-")[0]].from_pretrained(checkpoint, trust_remote_code=not {with_project})
    assert type(model).__module__.split(".")[0] == "{module}", type(model)
    with torch.no_grad():
        output = model(**load_file(checkpoint + ".inputs"))
    logits = {{name: values.contiguous() for name, values in output.items() if "logits" in name}}
    save_file(logits, checkpoint + ".{module}", {{"labels": " ".join(model.config.id2label.values())}})
"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A folder with every task, head and encoder family saved, and what a batch gave before."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for checkpoint in CHECKPOINTS:
        task, head, family = checkpoint.split("-", 2)
        config = tiny_config(family)
        model = perturb(tiny_model(task, head, config, id2label=LABELS, head_kwargs=HEAD_KWARGS.get(head)))
        model.save_pretrained(folder / checkpoint)
        batch = pad(tiny_sequences(7, 1, 4), config.pad_token_id, extra=1)
        save_file(batch, folder / f"{checkpoint}.inputs")
        save_file({"logits": answers(model, batch)}, folder / f"{checkpoint}.before")
    return folder


@pytest.fixture(scope="module", params=["heads", "transformers_modules"])
def module(request, checkpoints) -> str:
    """The package that the models come from, after a fresh process has loaded them all."""
    with_project = request.param == "heads"
    code = RELOAD.format(with_project=with_project, checkpoints=CHECKPOINTS, module=request.param)
    run_elsewhere(code, folder=checkpoints, with_project=with_project)
    return request.param


@pytest.mark.long
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_same_logits_in_a_fresh_process(checkpoint, module, checkpoints):
    before = load_file(checkpoints / f"{checkpoint}.before")["logits"]
    after = load_file(checkpoints / f"{checkpoint}.{module}")
    found = after["logits"] if "logits" in after else torch.stack([after["start_logits"], after["end_logits"]], dim=-1)
    tolerance = TOLERANCES.get(checkpoint.split("-")[1], 0)
    torch.testing.assert_close(found, before, atol=tolerance, rtol=0)


def test_a_checkpoint_holds_its_code_and_nothing_of_the_project_around_it(checkpoints):
    files = {path.name for path in (checkpoints / CHECKPOINTS[0]).iterdir()}
    modules = {"configuration_headed_encoder.py", "modeling_headed_encoder.py", "masking.py", "tag_marks.py"}
    modules |= {"losses.py", "weights.py", "windows.py", "sequence_classification.py"}
    modules |= {"characters.py", "spans.py", "question_answering.py", "crf.py", "pooling.py", "token_classification.py"}
    modules |= {head.__module__.split(".")[-1] + ".py" for head in HEADS.values()}
    assert files == {"config.json", "model.safetensors"} | modules
    for name in modules:
        code = (checkpoints / CHECKPOINTS[0] / name).read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) (heads|utils)", code, re.MULTILINE), name


def test_same_logits_from_a_bf16_checkpoint(head, task, tmp_path):
    model = tiny_model(task, head).to(torch.bfloat16)
    model.save_pretrained(tmp_path)
    batch = pad(tiny_sequences(7, 1, 4))
    same, wider = (TASKS[task].from_pretrained(tmp_path, **dtype) for dtype in ({}, {"dtype": torch.float32}))
    assert (same.dtype, wider.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(answers(same, batch), answers(model, batch), atol=TOLERANCES.get(head, 0), rtol=0)
    assert torch.equal(answers(wider, batch), answers(model.float(), batch))
