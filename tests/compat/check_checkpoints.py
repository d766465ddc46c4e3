"""Loads the checkpoints of `write_checkpoints.py` under whatever transformers is installed, without the project.

    .compat/4.57/bin/python tests/compat/check_checkpoints.py .compat/checkpoints

For each of them: the same token ids, logits and answers of the pipeline as where it was written, also after saving it
again, and the code in what was saved. Exit code 1 where something differs.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_MODULES_CACHE"] = tempfile.mkdtemp()  # no code of an earlier run
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
import transformers

MODELS = {
    "seq_cls": transformers.AutoModelForSequenceClassification,
    "token_cls": transformers.AutoModelForTokenClassification,
    "qa": transformers.AutoModelForQuestionAnswering,
}
TOLERANCE = 1e-5  # of logits of order 1; releases multiply in another order


def check(folder: Path, expected: dict[str, Any]) -> tuple[Any, Any, float]:
    """Model and tokenizer of a folder, which answer as expected, and the largest difference of a logit.

    Raises:
        AssertionError: they do not.
    """
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    assert tokenizer(expected["texts"])["input_ids"] == expected["input_ids"], "token ids"
    model = MODELS[expected["task"]].from_pretrained(folder, trust_remote_code=True)
    assert type(model).__module__.startswith("transformers_modules."), type(model)
    with torch.no_grad():
        output = model(**{name: torch.tensor(values) for name, values in expected["batch"].items()})
    logits = output.logits if "logits" in output else torch.stack([output.start_logits, output.end_logits], dim=-1)
    differences = (logits - torch.tensor(expected["logits"])).abs()
    if differences.ndim == 3:
        differences = differences[torch.tensor(expected["batch"]["attention_mask"]) == 1]  # padding has no meaning
    difference = differences.max().item()
    assert difference < TOLERANCE, f"logits differ by {difference}"
    pipe = transformers.pipeline(expected["pipeline"], model=str(folder), trust_remote_code=True)
    for call, answers in zip(expected["calls"], expected["answers"], strict=True):
        compare(pipe(**call), answers, str(call))
    if expected["task"] == "qa":
        assert type(transformers.pipeline(model=str(folder), trust_remote_code=True)).__name__ == type(pipe).__name__
        compare(model.pipeline(tokenizer)(**expected["calls"][0]), expected["answers"][0], "model.pipeline")
    else:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        own = type(pipe).__name__ in ("TaggingPipeline", "SequenceClassificationPipeline")
        assert ("custom_pipelines" in config) == own == ("decoding" in config or "windows" in config)
    return pipe, tokenizer, difference


def compare(found: Any, expected: Any, place: str) -> None:
    """Equal in everything but the last digits of numbers."""
    if isinstance(expected, float):
        assert abs(found - expected) < TOLERANCE, f"{place}: {found}, not {expected}"
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys(), f"{place}: {found}, not {expected}"
        for name in expected:
            compare(found[name], expected[name], f"{place}, {name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), f"{place}: {len(found)} answers, not {len(expected)}"
        for i, value in enumerate(expected):
            compare(found[i], value, f"{place}, {i}")
    else:
        assert found == expected, f"{place}: {found!r}, not {expected!r}"


def code(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.py")}


def main(folder: Path) -> int:
    assert importlib.util.find_spec("heads") is None, "the project is importable here: nothing would be shown"
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, without the project")
    failures = 0
    checkpoints = sorted(path.parent for path in folder.glob("*/expected.json"))
    assert checkpoints, f"no checkpoints in {folder}"
    for checkpoint in checkpoints:
        expected = json.loads((checkpoint / "expected.json").read_text(encoding="utf-8"))
        try:
            pipe, tokenizer, difference = check(checkpoint, expected)
            with tempfile.TemporaryDirectory() as again:
                pipe.model.save_pretrained(again)
                tokenizer.save_pretrained(again)
                assert code(Path(again)) == code(checkpoint) != {}, "the code is not what it was after saving again"
                check(Path(again), expected)
            print(f"ok      {checkpoint.name:28} logits within {difference:.1e}")
        except Exception as error:
            failures += 1
            print(f"FAILED  {checkpoint.name:28} {type(error).__name__}: {error}")
    shutil.rmtree(os.environ["HF_MODULES_CACHE"])
    print(f"{len(checkpoints) - failures} of {len(checkpoints)} checkpoints answer as where they were written")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
