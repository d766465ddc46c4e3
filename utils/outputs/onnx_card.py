"""The card of an exported folder: what it is, how to run it without this project, and what is known of its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..files import fits, json_fields
from ..tasks import TASKS, QuestionAnswering, SequenceClassification, Task
from ..tasks.columns import reads_pairs
from ..tasks.label_kinds import REGRESSION, SETS
from .card import STAGES, scores_of
from .escaping import code, literal

# The program of a card: what asks the graph, and by kind of answer what prints it.
ASK = """\
import json

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

names = json.load(open("config.json", encoding="utf-8"))["id2label"]
tokenizer = Tokenizer.from_file("tokenizer.json")
session = onnxruntime.InferenceSession("model.onnx")

rows = tokenizer.encode_batch([{example}])
parts = {{"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}}
inputs = {{given.name: np.array([getattr(row, parts[given.name]) for row in rows]) for given in session.get_inputs()}}
"""
PRINT_SCORES = """\
print(session.run(["logits"], inputs)[0][:, 0])"""
PRINT_SETS = """\
for logits in session.run(["logits"], inputs)[0]:
    print([names[str(i)] for i in np.flatnonzero(logits > 0)])"""
PRINT_CLASSES = """\
logits = session.run(["logits"], inputs)[0]
print([names[str(best)] for best in logits.argmax(axis=-1)])"""
PRINT_TAGS = """\
for row, logits in zip(rows, session.run(["logits"], inputs)[0]):
    tags = [names[str(best)] for best in logits.argmax(axis=-1)]
    print([(token, tag) for token, tag, special in zip(row.tokens, tags, row.special_tokens_mask) if not special])"""
PRINT_ANSWERS = """\
starts, ends = session.run(["start_logits", "end_logits"], inputs)
for row, start, end in zip(rows, starts, ends):
    inside = np.array([part == 1 for part in row.sequence_ids])  # the tokens of the text
    scores = start[:, None] + end[None, :] + np.where(inside[:, None] & inside[None, :], 0, -np.inf)
    scores = np.where(np.triu(np.ones_like(scores)) > 0, scores, -np.inf)  # no end before its start
    first, last = np.unravel_index(scores.argmax(), scores.shape)
    print({context}[row.offsets[first][0] : row.offsets[last][1]])"""
# What a card says of fields of the configuration that few have.
MORE_FIELDS = {
    "tag_chain": "Its tags are decided together: `tag_chain` holds what they score beside their logits, and the code above, which takes the "
    "best tag of each token, is not all of it.",
    "windows": "Texts longer than a window are read in several; `windows` says how their logits become the text's.",
    "calibration": "`calibration` is what predictions go by besides the logits; the graph's logits are without it.",
}


def render_onnx_card(
    model: HeadedEncoderPreTrainedModel,
    checkpoint: str,
    config: Mapping[str, Any],
    opsets: Mapping[str, int],
    int8: bool,
    difference: float,
) -> str:
    """`README.md` of the folder.

    Args:
        model: that was exported.
        checkpoint: the folder or Hub id that it came from; its `run.json`, where there is one, has the scores.
        config: the contents of the folder's `config.json`.
        opsets: of the graph, by domain.
        int8: whether the weights have 8 bits.
        difference: of the graph's logits from torch's, the largest that was seen.
    """
    own: Any = model.config
    folder = Path(checkpoint)
    name = folder.resolve().name if folder.is_dir() else checkpoint
    task = next(task for task in TASKS.values() if isinstance(model, task.model_class))
    metadata = ModelCardData(
        library_name="onnx", pipeline_tag=task.pipeline_tag, tags=["electra-heads", own.head, "onnx"]
    )
    weights = "8-bit weights" if int8 else "32-bit weights"
    labels = [f"| {index} | {literal(label)} |" for index, label in config["id2label"].items()]
    sections = [
        f"# {literal(name)} as ONNX",
        f"{task.pipeline_tag.replace('-', ' ').capitalize()}: a **{own.head}** head on {literal(config['model_type'])}, exported from "
        f"{code(name)} with electra-heads, with {weights}. Its logits differ from those of torch by at most {difference:.1g}, as seen on "
        "random tokens in batches of several shapes.",
        "## Run it",
        "`pip install onnxruntime tokenizers numpy`; in this folder:",
        f"```python\n{_code(task, own)}\n```",
        *(text for field, text in MORE_FIELDS.items() if config.get(field) is not None),
        *(
            ["## Labels", "\n".join(["| index | label |", "|---|---|", *labels])]
            if task is not QuestionAnswering
            else []
        ),
        "## Scores",
        _scores(folder, int8),
        "## Graph",
        "Batches of any size and length; "
        + ", ".join(f"opset {number} of {domain}" for domain, number in opsets.items())
        + ".",
    ]
    return f"---\n{metadata.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n"


def _code(task: type[Task], config: Any) -> str:
    """A program that answers about an example; it runs as it stands."""
    first, second = task.examples["ko"]
    example = json.dumps(first, ensure_ascii=False)
    if task is QuestionAnswering or reads_pairs(config):
        example = f"({example}, {json.dumps(second, ensure_ascii=False)})"
    ending = PRINT_TAGS
    if task is QuestionAnswering:
        ending = PRINT_ANSWERS.format(context=json.dumps(second, ensure_ascii=False))
    elif task is SequenceClassification:
        kinds = {REGRESSION: PRINT_SCORES, SETS: PRINT_SETS}
        ending = kinds.get(config.problem_type, PRINT_CLASSES)
    return ASK.format(example=example) + ending


def _scores(folder: Path, int8: bool) -> str:
    """What the run that trained the checkpoint has written of its scores."""
    run = json_fields(folder / "run.json")
    metrics = run["metrics"] if fits(run, {"metrics": {str: float}}) else {}
    rows = [
        f"| {split} | {literal(name)} | {value:.4f} |"
        for split, prefix in STAGES.items()
        for name, value in scores_of(metrics, prefix).items()
    ]
    if not rows:
        return "Not known here: there was no record of a scored run beside the checkpoint."
    said = "Of the checkpoint, scored with torch before the export."
    said += " The 8-bit weights were not scored: score them on your own rows." if int8 else ""
    return "\n".join(["| split | metric | value |", "|---|---|---|", *rows]) + f"\n\n{said}"
