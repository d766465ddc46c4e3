"""What tuning shows, in tables and sentences, for Markdown and HTML alike; each takes the dictionary of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.outputs.page.blocks import Table
from utils.outputs.page.formatting import NOTHING, interval, number, significant

from .tables import MetricFormat, metric_format
from .words import plain_value

_MOST_COUNTS = 9  # rows of the table of expectations


def tuning_note(comparison: Mapping[str, Any]) -> str:
    """Says how the trials were made and how to read them."""
    tuned = comparison["tuning"]
    parts = [
        f"Per head: {comparison['equal']['tuning']}; the ranges are those of {tuned['file']}.",
        "A trial is scored on the validation rows and never on the test rows; one that failed or diverged counts as a trial "
        "without a score.",
        f"With the setting of its best trial each head was then trained anew, with {_seeds(comparison)}: the score of a best "
        "trial is too good, since it was chosen for being high.",
    ]
    return " ".join(parts)


def curve_note(comparison: Mapping[str, Any]) -> str:
    """Says how to read the curves."""
    return (
        "The score that the best of n trials reaches in half of all tunings, with its 95 % band for all n at once (Lourie et al. "
        "2023). Where no end is given, these trials are too few to set one. The band is that of trials drawn at random and of "
        "one seed per trial; its trials are spread more evenly, which makes it rather too wide."
    )


def best_table(comparison: Mapping[str, Any]) -> Table:
    """Returns, per head, its best trial, and what all of its trials took."""
    main = metric_format(comparison)
    header = ["head", f"best validation {main}", "best trial", "trials", "without a score", "training, s", "steps"]
    rows = []
    for head, found in comparison["tuning"]["heads"].items():
        trials = found["trials"]
        best = trials[found["best"] - 1]
        rows.append(
            [
                head,
                number(main.scaled(best["score"]), main.decimals),
                number(best["trial"]),
                number(len(trials)),
                number(sum(trial["score"] is None for trial in trials)),
                significant(found["seconds"]),
                number(found["steps"]),
            ]
        )
    return Table(header, rows)


def expectation_table(comparison: Mapping[str, Any]) -> Table:
    """Returns, per number of trials, what to expect of the best of them."""
    main, heads = metric_format(comparison), comparison["tuning"]["heads"]
    most = max(len(found["curve"]) for found in heads.values())
    counts = [n for n in range(1, most + 1) if n == most or most <= _MOST_COUNTS or n & (n - 1) == 0]
    rows = [
        [
            number(n),
            *(
                _expectation(found["curve"][n - 1], main, comparison["smaller_is_better"])
                if n <= len(found["curve"])
                else NOTHING
                for found in heads.values()
            ),
        ]
        for n in counts
    ]
    return Table(["best of n trials", *heads], rows)


def trial_table(comparison: Mapping[str, Any]) -> Table:
    """Returns one row per trial."""
    main, heads = metric_format(comparison), comparison["tuning"]["heads"]
    trials = [(head, trial) for head, found in heads.items() for trial in found["trials"]]
    names = list(dict.fromkeys(name for _, trial in trials for name in trial["settings"]))
    rows = []
    for head, trial in trials:
        settings = [plain_value(trial["settings"][name]) if name in trial["settings"] else NOTHING for name in names]
        score = number(main.scaled(trial["score"]), main.decimals)
        costs = [significant(trial["seconds"]), number(trial["steps"])]
        rows.append([f"{head} {trial['trial']}", score, *settings, *costs, trial["failed"] or ""])
    return Table(["trial", f"validation {main}", *names, "training, s", "steps", "failed"], rows)


def _expectation(best: Mapping[str, Any], main: MetricFormat, smaller_is_better: bool) -> str:
    """Writes `84.10 (82.00 to 85.30)`, or `84.10 (from 82.00)` where one end is not known."""
    text = number(main.scaled(best["median"]), main.decimals)
    ends = [main.scaled(best[end]) for end in ("worst", "best")]
    low, high = reversed(ends) if smaller_is_better else ends
    if low is not None and high is not None:
        return f"{text} ({interval(low, high, main.decimals)})"
    if low is not None:
        return f"{text} (from {number(low, main.decimals)})"
    return text if high is None else f"{text} (to {number(high, main.decimals)})"


def _seeds(comparison: Mapping[str, Any]) -> str:
    count = len(set(next(iter(comparison["heads"].values()))["seeds"]))
    return "a fresh seed" if count == 1 else f"{count} fresh seeds"
