"""Time and memory of a run by the number of rows of its training file: a line of a table for each.

    python benchmarks/scale.py seq_cls 10000 100000 1000000
    python benchmarks/scale.py token_cls 10000 100000
    python benchmarks/scale.py qa 10000 100000

The rows are written by chance, and a tenth of them is held out. A tiny encoder is trained for a few steps and evaluated on
10,000 rows at most: what takes memory is reading, checking, tokenizing and counting, which go through all rows. Of what a run
holds, pages of mapped files are told apart: the system takes these back when it needs them. Linux.
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
COMMON = "--config_name examples/tiny-electra --validation_split 0.1 --do_train --do_eval --max_steps 5 --max_eval_samples 10000"
COMMON += " --per_device_eval_batch_size 64 --save_strategy no --report_to none"
MEMORY = ("RssAnon", "RssFile")  # of /proc/PID/status, in KB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["seq_cls", "token_cls", "qa"])
    parser.add_argument("rows", nargs="+", type=int)
    arguments = parser.parse_args()
    print("| rows | file, MB | seconds | ms per row | memory, MB | mapped files, MB |\n|---|---|---|---|---|---|")
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / ("train.csv" if arguments.task == "seq_cls" else "train.jsonl")
            with file.open("w", encoding="utf-8") as stream:
                stream.writelines(lines(arguments.task, rows))
            seconds, own, mapped = measure(arguments.task, file, Path(folder))
            size = file.stat().st_size / 1e6
        print(
            f"| {rows:,} | {size:.1f} | {seconds:.0f} | {1000 * seconds / rows:.2f} | {own:.0f} | {mapped:.0f} |",
            flush=True,
        )


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


def measure(task: str, file: Path, folder: Path) -> tuple[float, float, float]:
    """Seconds of a run, the most MB of memory of its own that it held, and the most MB of mapped files."""
    command = [
        sys.executable,
        f"run_{task}.py",
        *COMMON.split(),
        "--train_file",
        str(file),
        "--output_dir",
        str(folder / "run"),
    ]
    environment = os.environ | {"HF_DATASETS_CACHE": str(folder / "cache")}
    began, most = time.monotonic(), dict.fromkeys(MEMORY, 0)
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
    return time.monotonic() - began, most["RssAnon"] / 1000, most["RssFile"] / 1000


if __name__ == "__main__":
    main()
