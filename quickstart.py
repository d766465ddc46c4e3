"""Fine-tunes the three heads on the embedded reviews and sets them side by side, in two to four minutes on a CPU.

    python quickstart.py      # or `make quickstart`, which also makes an environment and installs into it

Every command is printed before it runs, so that it can be copied and changed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from safetensors import safe_open

ROOT = Path(__file__).resolve().parent
HEADS = ("dense", "cnn", "lstm")

COMMAND = """\
python run_seq_cls.py --config_name examples/tiny-electra --head {head} --seed 42 \\
    --train_file examples/reviews/train.txt --validation_split 0.1 --test_file examples/reviews/test.txt \\
    --do_train --do_eval --do_predict --output_dir runs/quickstart/{head} \\
    --learning_rate 5e-4 --warmup_steps 0.1 --num_train_epochs 8 --per_device_train_batch_size 32 \\
    --eval_strategy epoch --logging_strategy epoch --save_strategy no"""

NEXT = {
    "Your own texts, one a line, through a model you have just trained": """\
python run_seq_cls.py --model_name_or_path runs/quickstart/cnn --test_file my_texts.txt --do_predict \\
    --output_dir runs/my-texts""",
    "Your own texts and labels (csv, tsv, json, jsonl, parquet) on a pretrained encoder from the Hub": """\
python run_seq_cls.py --model_name_or_path monologg/koelectra-small-v3-discriminator --head cnn \\
    --train_file my_train.csv --validation_split 0.1 --do_train --do_eval --head_learning_rate 1e-3 \\
    --output_dir runs/mine""",
    "Names in sentences": """\
python run_token_cls.py --config_name examples/tiny-electra --head lstm --train_file examples/ner/train.tsv \\
    --validation_file examples/ner/dev.tsv --do_train --do_eval --learning_rate 1e-3 --num_train_epochs 8 \\
    --output_dir runs/ner""",
    "Answers in a text": """\
python run_qa.py --model_name_or_path monologg/koelectra-small-v3-discriminator --head cnn \\
    --train_file examples/qa/train.json --validation_file examples/qa/dev.json --version_2_with_negative \\
    --do_train --do_eval --head_learning_rate 1e-3 --output_dir runs/qa""",
}


class HeadOutcome(NamedTuple):
    """What one run came to; accuracies lie in 0..1."""

    head: str
    parameters: int
    dev_accuracy: float
    test_accuracy: float
    seconds: float


def main() -> int:
    formatter = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=__doc__, formatter_class=formatter, allow_abbrev=False).parse_args()
    outcomes = []
    for number, head in enumerate(HEADS, start=1):
        command = COMMAND.format(head=head)
        if any(folder(head).glob("checkpoint-*")):  # of one that was stopped
            command += " \\\n    --resume_from_checkpoint true"
        print(f"\n[{number}/{len(HEADS)}] {head}\n\n{command}\n", flush=True)
        began = time.monotonic()
        exit_code = run(command)
        if exit_code != 0:
            print(f"\nThe {head} run ended with exit code {exit_code}; the reason stands above.", file=sys.stderr)
            return exit_code
        outcomes.append(read_outcome(head, time.monotonic() - began))
    print(side_by_side(outcomes, read_test_labels()))
    print("\nNext:")
    for purpose, command in NEXT.items():
        print(f"\n# {purpose}\n{command}")
    return 0


def run(command: str) -> int:
    """Runs a printed command with this Python, in the project's folder; returns its exit code."""
    _, *arguments = shlex.split(command.replace("\\\n", " "))
    # So small a model gains nothing from a second thread, and loses much where a core is busy with something else.
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    # A terminal sends Ctrl-C to the run as well, which says so itself and saves first.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def folder(head: str) -> Path:
    return ROOT / "runs" / "quickstart" / head


def read_outcome(head: str, seconds: float) -> HeadOutcome:
    """Reads what a run left in its folder."""
    results = json.loads((folder(head) / "all_results.json").read_text(encoding="utf-8"))
    with safe_open(folder(head) / "model.safetensors", framework="numpy") as weights:
        names = [name for name in list(weights.keys()) if name.startswith("head.")]
        shapes = [weights.get_slice(name).get_shape() for name in names]
    parameters = sum(math.prod(shape) for shape in shapes)
    return HeadOutcome(
        head=head,
        parameters=parameters,
        dev_accuracy=results["eval_accuracy"],
        test_accuracy=results["predict_accuracy"],
        seconds=seconds,
    )


def read_test_labels() -> dict[str, int]:
    """How often each label occurs in the test data."""
    report = json.loads((folder(HEADS[0]) / "data_report.json").read_text(encoding="utf-8"))
    return report["test"]["labels"]


def side_by_side(outcomes: list[HeadOutcome], test_labels: dict[str, int]) -> str:
    """The table, and what it does not show."""
    rows = sum(test_labels.values())
    majority = max(test_labels.values()) / rows
    variance = max(outcome.test_accuracy * (1 - outcome.test_accuracy) for outcome in outcomes)
    margin = 196 * math.sqrt(variance / rows)  # in points, 95 %
    lines = [
        "",
        f"One tiny encoder without pretraining, {len(outcomes)} heads, {rows} test reviews",
        "",
        "head         head parameters   dev accuracy   test accuracy   seconds",
        *(
            f"{outcome.head:<12} {outcome.parameters:>15,} {outcome.dev_accuracy:>14.3f} {outcome.test_accuracy:>15.3f}"
            f" {outcome.seconds:>9.0f}"
            for outcome in outcomes
        ),
        f"{'one label for all':<43} {majority:>15.3f}",
        "",
        f"One seed does not show which head is better: {rows} reviews alone leave up to {margin:.1f} points of doubt",
        "on each score, and another seed moves it again. The reviews are invented and the encoder is not pretrained:",
        "results on your data may differ.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
