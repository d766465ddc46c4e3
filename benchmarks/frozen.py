"""What --freeze_encoder or --freeze_layers saves: training from kept hidden states, against what is frozen in every step.

    OMP_NUM_THREADS=1 python -m benchmarks.frozen my_recipe.yaml --script run_token_cls.py --freeze_encoder --seeds 0 1 2 3 4 \
        --output_dir runs/frozen

The flags are those of compare_heads.py. Every head is trained with every seed both ways in turn, each run in a process of its own.
Prints their CPU seconds, start-up and scoring included, and their scores as a Markdown table. The first run computes the
hidden states that the others read.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

from comparison.arguments import parse_comparison
from comparison.cells import Cell, Plan, make_plan
from utils.errors import ShownError, run
from utils.files import read_json
from utils.tasks import TASKS
from utils.tasks.base import comparable_metrics


def in_every_step() -> None:
    """The long way: no hidden states are kept, and what is frozen runs on every batch, without dropout. For BERT and its like."""
    from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel
    from utils.models import frozen

    modules = []

    def freeze(model, tokenizer, prepared, training):
        modules[:] = [model.encoder]
        if training.freeze_layers is not None:
            lower = [model.encoder.embeddings, getattr(model.encoder, "embeddings_project", None)]
            modules[:] = filter(None, [*lower, *model.encoder.encoder.layer[: training.freeze_layers]])
        for module in modules:
            module.requires_grad_(False)
        return prepared, []

    train = HeadedEncoderPreTrainedModel.train

    def all_but_the_frozen(self, mode=True):
        train(self, mode)
        for module in modules:
            module.eval()
        return self

    HeadedEncoderPreTrainedModel.train = all_but_the_frozen
    frozen.freeze = freeze


def run_script(words: list[str], log: Path, before: Callable[[], None] | None) -> None:
    """Runs a script with its flags in this process; what it prints goes into a file."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    if before is not None:
        before()
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")


def measure(plan: Plan, cell: Cell, before: Callable[[], None] | None = None) -> tuple[float, float]:
    """CPU seconds and score of one run."""
    folder = plan.folder / ("kept" if before is None else "every-step") / cell.name
    folder.mkdir(parents=True, exist_ok=True)
    began = _cpu_seconds()
    words = [*cell.words[1:-1], str(folder)]  # the last one is the folder of --output_dir
    process = multiprocessing.get_context("spawn").Process(target=run_script, args=(words, folder / "log", before))
    process.start()
    process.join()
    if process.exitcode:
        raise ShownError(f"a run failed, see {folder / 'log'}")
    results = read_json(folder / "predict_results.json")
    names = comparable_metrics(TASKS[plan.script])
    scores = (results[f"predict_{name}"] for name in names if f"predict_{name}" in results)
    return _cpu_seconds() - began, next(scores)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    plan = make_plan(parse_comparison(sys.argv[1:]))
    os.environ["HF_DATASETS_CACHE"] = str(plan.folder / "cache")  # where nothing is kept yet
    totals = [0.0, 0.0]
    print("| head | seed | from kept states, s | every step, s | ratio | scores |\n|---|---|---|---|---|---|")
    for cell in plan.cells:
        (kept, score), (long, other) = measure(plan, cell), measure(plan, cell, in_every_step)
        totals = [totals[0] + kept, totals[1] + long]
        scores = f"{score:.4f}, {other:.4f}"
        print(f"| {cell.head} | {cell.seed} | {kept:.1f} | {long:.1f} | {long / kept:.1f} | {scores} |", flush=True)
    print(f"| all | | {totals[0]:.1f} | {totals[1]:.1f} | {totals[1] / totals[0]:.1f} | |")


if __name__ == "__main__":
    run(main)
