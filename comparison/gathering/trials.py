"""From the folders of the trials to what a report says of the tuning, as one dictionary of plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from utils.data.splits import Split
from utils.errors import ShownError

from ..cells import Plan, Trial, Tuning
from ..inference.tuning import leading_sentence, tuning_curve
from .rows import compared_metric, labelled_task


def gather_trials(tuning: Tuning, plan: Plan, split: Split) -> dict[str, Any]:
    """What the trials show, all of them ended; the value of `tuning` in `comparison.json`.

    Args:
        plan: the comparison without tuning.
        split: the test rows, for the names of the labels; they are not scored.

    Raises:
        UserError: a metric that does not fit the labels.
        ShownError: a head has no trial with a score.
    """
    first = next(trial for trials in tuning.trials.values() for trial in trials if trial.cell.finished)
    task = labelled_task(plan, first.cell.folder, split)
    metric = compared_metric(task, plan.metric)
    heads: dict[str, dict[str, Any]] = {}
    for head, trials in tuning.trials.items():
        scores = [trial.score(metric.name) for trial in trials]
        heads[head] = {
            "trials": [_trial(trial, score) for trial, score in zip(trials, scores, strict=True)],
            "best": best_trial(head, scores, metric.smaller_is_better),
            "steps": sum(trial.steps for trial in trials),
            "seconds": round(sum(trial.seconds for trial in trials), 1),
        }
    curves = {
        head: tuning_curve([trial["score"] for trial in found["trials"]], metric.smaller_is_better)
        for head, found in heads.items()
    }
    return {
        "trials": max(len(trials) for trials in tuning.planned.values()),
        "seed": first.cell.seed,
        "space": tuning.space.as_dict(),
        "file": Path(tuning.file).name,
        "limits": {name: limit for name, limit in (("steps", tuning.steps), ("seconds", tuning.seconds)) if limit},
        "sentence": leading_sentence(curves, metric.smaller_is_better),
        "heads": {head: found | {"curve": [asdict(one) for one in curves[head]]} for head, found in heads.items()},
    }


def best_trials(tuned: Mapping[str, Any]) -> dict[str, int]:
    """The number of the best trial of each head."""
    return {head: found["best"] for head, found in tuned["heads"].items()}


def best_trial(head: str, scores: Sequence[float | None], smaller_is_better: bool) -> int:
    """The number, from 1, of the best trial; of several that score alike the first.

    Raises:
        ShownError: none has a score.
    """
    scored = {i: score for i, score in enumerate(scores, start=1) if score is not None}
    if not scored:
        cure = "lower the learning rates of the space"
        raise ShownError(f"no trial of {head} has a score: all failed or diverged; {cure}, or see their logs")
    return (min if smaller_is_better else max)(scored, key=lambda i: scored[i])


def _trial(trial: Trial, score: float | None) -> dict[str, Any]:
    failed = trial.failure or ("diverged: a loss or score is no finite number" if score is None else None)
    return {
        "trial": trial.number,
        "settings": trial.settings,
        "score": score,
        "seconds": round(trial.seconds, 1),
        "steps": trial.steps,
        "failed": failed,
    }
