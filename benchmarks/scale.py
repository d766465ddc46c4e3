"""Time and memory of a run by the number of rows of its file: a line of a table for each.

    python benchmarks/scale.py seq_cls 10000 100000 1000000
    python benchmarks/scale.py token_cls 10000 100000 --streaming
    python benchmarks/scale.py qa 10000 100000 --predict

The rows are written by chance. A tiny encoder is trained for a few steps, a tenth of the rows is held out, and 900 of these are
evaluated: what takes memory is reading, checking, tokenizing and counting, which go through all rows. With --predict they are test rows with
labels. Of what a run holds, pages of mapped files are told apart: the system takes these back when it needs them. Seconds are those of the
CPU, which other work on the machine changes little. Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
WORDS = "the a film plot actors scene music long short good bad dull bright warm cold slow fast end start story".split()
COMMON = "--per_device_eval_batch_size 64 --save_strategy no --report_to none"
TRAIN = "--config_name examples/tiny-electra --do_train --max_steps 5"
EVALUATE = "--validation_split 0.1 --do_eval --max_eval_samples 900"
MEMORY = ("RssAnon", "RssFile")  # of /proc/PID/status, in KB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["seq_cls", "token_cls", "qa"])
    parser.add_argument("rows", nargs="+", type=int)
    parser.add_argument("--streaming", action="store_true", help="train with --streaming")
    parser.add_argument("--predict", action="store_true", help="predict the rows with a checkpoint of a hundred others")
    arguments = parser.parse_args()
    print("| rows | file, MB | CPU seconds | ms per row | memory, MB | mapped files, MB |\n|---|---|---|---|---|---|")
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file = write(arguments.task, rows, folder)
            words = [*TRAIN.split(), *EVALUATE.split(), "--train_file", str(file)]
            words += ["--streaming"] if arguments.streaming else []
            if arguments.predict:
                few = str(write(arguments.task, 100, folder / "few"))
                measure(
                    arguments.task, [*TRAIN.split(), "--train_file", few, "--output_dir", str(folder / "model")], folder
                )
                words = ["--model_name_or_path", str(folder / "model"), "--do_predict", "--test_file", str(file)]
            seconds, own, mapped = measure(arguments.task, [*words, "--output_dir", str(folder / "run")], folder)
            size = file.stat().st_size / 1e6
        print(
            f"| {rows:,} | {size:.1f} | {seconds:.0f} | {1000 * seconds / rows:.2f} | {own:.0f} | {mapped:.0f} |",
            flush=True,
        )


def write(task: str, rows: int, folder: Path) -> Path:
    """A file of so many rows."""
    folder.mkdir(exist_ok=True)
    file = folder / ("rows.csv" if task == "seq_cls" else "rows.jsonl")
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(lines(task, rows))
    return file


def lines(task: str, rows: int) -> Iterator[str]:
    """The lines of a file of so many rows."""
    draw = random.Random(rows)
    if task == "seq_cls":
        yield "text,label\n"
    for number in range(rows):
        words = [draw.choice(WORDS) for _ in range(draw.randint(4, 16))]
        if task == "seq_cls":
            yield f"{' '.join(words)} {number},{draw.choice(['pos', 'neg'])}\n"
        elif task == "token_cls":
            tags = ["B-X" if word in ("film", "music") else "O" for word in words]
            yield json.dumps({"tokens": [*words, str(number)], "tags": [*tags, "O"]}) + "\n"
        else:
            context = f"{' '.join(words)} {number // 5}"
            answers = {"text": [words[0]], "answer_start": [0]}
            yield (
                json.dumps({"id": str(number), "question": f"what {number}?", "context": context, "answers": answers})
                + "\n"
            )


def measure(task: str, words: list[str], folder: Path) -> tuple[float, float, float]:
    """CPU seconds of a run, the most MB of memory of its own that it held, and the most MB of mapped files."""
    command = [sys.executable, f"run_{task}.py", *COMMON.split(), *words]
    environment = os.environ | {"HF_DATASETS_CACHE": str(folder / "cache")}
    before, most = os.times(), dict.fromkeys(MEMORY, 0)
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT)
        while run.poll() is None:
            for line in Path(f"/proc/{run.pid}/status").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in most:
                    most[name] = max(most[name], int(value.split()[0]))
            time.sleep(0.1)
    if run.returncode:
        sys.exit((folder / "log").read_text())
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, most["RssAnon"] / 1000, most["RssFile"] / 1000


if __name__ == "__main__":
    main()
