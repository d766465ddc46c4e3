"""Writes tiny checkpoints of every task, head and encoder family, and what they answer, for `check_checkpoints.py`.

    python tests/compat/write_checkpoints.py .compat/checkpoints

Run with the project's own environment. The tokenizers are of three kinds: a bare tokenizer.json with added tokens (as
relation extraction adds them, and extra special ones), the same without, and a BERT tokenizer.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from tiny import FAMILIES, answers, make_tokenizer, perturb, tiny_config, tiny_model
from transformers import AutoTokenizer, pipeline

from heads import HEADS
from utils.tasks.relations import add_markers, mark
from utils.training.saving import write_for_all_releases

REPOSITORY = Path(__file__).resolve().parents[2]
LABELS = {
    "seq_cls": {0: "부정", 1: "긍정", 2: "중립"},
    "token_cls": {0: "O", 1: "B-LC", 2: "I-LC"},
    "qa": {0: "start", 1: "end"},
}
TEXTS = ["서울은 대한민국의 서울, 영화는 나쁘다!", "The Good movie is bad", "영화", "e\u0301 😀 뷁 좋다"]
CONTEXT = "영화 정말 좋다. the good movie is bad, 서울은 대한민국의! " * 8
CALLS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "seq_cls": ("text-classification", [{"inputs": TEXTS, "batch_size": 3, "top_k": None}]),
    "token_cls": (
        "token-classification",
        [{"inputs": TEXTS, "batch_size": 3, "aggregation_strategy": how} for how in ("none", "simple", "first")],
    ),
    "qa": (
        "question-answering",
        [
            {"question": "is?", "context": CONTEXT},
            {"inputs": {"question": "서울", "context": CONTEXT}, "max_seq_len": 32, "doc_stride": 8, "top_k": 4},
            {
                "question": ["is?", "서울", "good"],
                "context": CONTEXT,
                "batch_size": 4,
                "handle_impossible_answer": True,
                "null_score_diff_threshold": -1.0,
                "max_seq_len": 24,
                "doc_stride": 4,
                "max_answer_len": 5,
                "top_k": 30,
            },
        ],
    ),
}


def tokenizer_for(task: str):
    if task == "token_cls":
        return AutoTokenizer.from_pretrained(REPOSITORY / "examples" / "tiny-electra")
    tokenizer = make_tokenizer()
    if task == "seq_cls":
        add_markers(tokenizer)
        tokenizer.add_special_tokens({"extra_special_tokens": ["<year>"]})
    return tokenizer


def write(folder: Path, task: str, head: str, family: str, **levers: Any) -> None:
    """One checkpoint, and in `expected.json` its inputs, logits and the pipeline's answers; `levers` go into its config."""
    tokenizer = tokenizer_for(task)
    config = tiny_config(family, vocab_size=len(tokenizer))
    model = perturb(tiny_model(task, head, config, num_labels=len(LABELS[task]), id2label=LABELS[task], **levers))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_for_all_releases(folder)
    texts = [*TEXTS, mark(TEXTS[0], (0, 2), (4, 8)), "<year> bad"]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    name, calls = CALLS[task]
    if task == "qa":
        batch = tokenizer(["is?", "서울"], ["the good movie", CONTEXT[:30]], padding=True, return_tensors="pt")
    if getattr(model.config, "custom_pipelines", None):
        pipe = model.pipeline(tokenizer)
    else:
        pipe = pipeline(name, model=model, tokenizer=tokenizer)
    expected = {
        "task": task,
        "texts": texts,
        "input_ids": tokenizer(texts)["input_ids"],
        "batch": {column: values.tolist() for column, values in batch.items()},
        "logits": answers(model, dict(batch)).tolist(),
        "pipeline": name,
        "calls": calls,
        "answers": [pipe(**call) for call in calls],
    }
    text = json.dumps(expected, ensure_ascii=False, indent=1, default=float)  # token scores are numpy's
    (folder / "expected.json").write_text(text, encoding="utf-8")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    shutil.rmtree(folder, ignore_errors=True)
    for task in CALLS:
        for head in HEADS:
            write(folder / f"{task}-{head}-electra", task, head, "electra")
    for family in FAMILIES:
        write(folder / f"token_cls-dense-{family}", "token_cls", "dense", family)
    write(folder / "token_cls-cnn-crf", "token_cls", "cnn", "electra", crf=True, decoding="constrained")
    windows = {"pooling": "mean", "max_seq_length": 12, "doc_stride": 3}
    calibration = {"temperature": 1.5, "rows": 9}
    write(folder / "seq_cls-cnn-windows", "seq_cls", "cnn", "electra", windows=windows, calibration=calibration)
    print(f"{len(list(folder.iterdir()))} checkpoints in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
