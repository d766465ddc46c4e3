"""The sentences that stand beside tables and charts, for Markdown and HTML alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from utils.outputs.page.formatting import number

from .tables import crossed_with, margin_of, metric_format, run_counts


def subject_line(comparison: Mapping[str, Any]) -> str:
    """Says what was compared, on which rows, with how many seeds, and when."""
    counts = run_counts(next(iter(comparison["heads"].values())))
    runs = " × ".join(f"{count} {name if count > 1 else name[:-1]}" for name, count in counts.items())
    if "rule" in comparison:
        seeds = sorted({len(head["seeds"]) for head in comparison["heads"].values()})
        runs = f"{seeds[0]} to {seeds[-1]} seeds" if len(seeds) > 1 else f"{seeds[0]} seeds"
    parts = [
        f"{comparison['metric']} on {number(comparison['rows'])} {comparison['split']} rows of {comparison['file']}",
        f"{runs} per head",
    ]
    if comparison["frozen_encoder"]:
        parts.append("the encoder frozen")
    parts.append(comparison["date"])
    return ", ".join(parts) + "."


def score_note(comparison: Mapping[str, Any]) -> str:
    """Says how to read the scores."""
    main = metric_format(comparison)
    parts = []
    crossed = crossed_with(comparison)
    if crossed is not None:
        where = "" if crossed == "hold-out" else " on these rows"
        parts.append(
            f"Mean ± standard deviation of a run with a new seed and {crossed}; the interval is that of the mean over further "
            f"seeds and {crossed}s{where}, for runs that share them."
        )
    elif any(len(head["seeds"]) > 1 for head in comparison["heads"].values()):
        parts.append(
            "Mean ± standard deviation over seeds; the interval is that of the mean over further seeds on these rows."
        )
    else:
        parts.append("One seed per head: how far another seed would move a score is unknown.")
    if main.unit and main.scale == 100:
        parts.append(f"Points are hundredths: {main.name} times 100.")
    if comparison["smaller_is_better"]:
        parts.append(f"A smaller {main.name} is better.")
    return " ".join(parts)


def pair_note(comparison: Mapping[str, Any]) -> str:
    """Says how to read the differences."""
    pairs = comparison["comparisons"]
    side = "Below" if comparison["smaller_is_better"] else "Above"
    covered = all(pair.get("covers_seeds", True) for pair in pairs)
    crossed = crossed_with(comparison)
    cover = {"data order": "test rows, seeds and data orders", "hold-out": "seeds and hold-outs"}.get(
        crossed or "", "test rows and seeds"
    )
    parts = [
        f"{side} zero the head that is named first is better.",
        f"The intervals (95 %) cover {cover}."
        if covered
        else "The intervals (95 %) cover the test rows; where a head has one seed they are about these trained models.",
    ]
    if crossed == "hold-out":
        parts.append(
            "The training rows of two hold-outs are mostly the same; the error of their mean is corrected for that (Nadeau and "
            "Bengio 2003)."
        )
    if len(pairs) > 1:
        parts.append(f"p values are corrected for {len(pairs)} pairs (Holm 1979).")
    if margin := margin_of(comparison):
        parts.append(
            f"Equal within {margin:g}: two one-sided tests at 5 % (Schuirmann 1987), that is, a 90 % interval within the margin."
        )
        if len(pairs) > 1:
            parts.append("Their p values are corrected by Holm apart from those of the differences.")
    if "rule" in comparison:
        parts.append(
            "p values and intervals hold for all looks together; each pair has the numbers of the look that ended it."
        )
    if any(pair.get("minimum_detectable") for pair in pairs):
        parts.append("Minimum detectable: the difference that these rows and seeds find with 80 % power.")
    if any(pair.get("rows_needed") or pair.get("seeds_needed") for pair in pairs):
        parts.append("Rows or seeds to find a difference: the other number as it is; a dash where no number does.")
    if any(pair.get("mcnemar_p") for pair in pairs):
        parts.append(
            "Rows won and lost are means over pairs of seeds; McNemar's exact test (1947) is about one such pair each."
        )
    return " ".join(parts)


def look_note(comparison: Mapping[str, Any]) -> str:
    """Says by which rule seeds were added, and how to read the table of the looks."""
    rule = comparison["rule"]
    planned = ", ".join(map(str, rule["looks"]))
    margin = "" if rule["margin"] is None else f", or equal within {rule['margin']:g}"
    return (
        f"Fixed before the first look: looks at {planned} seeds per head, until every pair is shown different{margin}. "
        "The 5 % are spent over the looks as by Lan and DeMets (1983, after O'Brien and Fleming): shown different is a pair whose "
        "p value at this look alone is below the level, here before the correction for several pairs. Information: the share of what "
        "the last look will know, carefully estimated."
    )


def outlook_note(comparison: Mapping[str, Any]) -> str:
    """Says what to do after a pilot."""
    seeds = [seed for head in comparison["heads"].values() for seed in head["seeds"]]
    note = (
        f"{'Two' if len(set(seeds)) == 2 else 'Three'} seeds tell little about their spread: these numbers are rough. "
    )
    return (
        note
        + f"Take seeds that the pilot did not see (--seeds {max(seeds) + 1} ...), and fix their number first, or --until_decided."
    )


def equal_lines(comparison: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lists what was the same for every head, by name. The arguments come last, in one line."""
    equal = dict(comparison["equal"])
    arguments = equal.pop("arguments", None) or {}
    lines = [(name, plain_value(value)) for name, value in equal.items() if value is not None]
    encoder = {head.get("encoder_parameters") for head in comparison["heads"].values()} - {None}
    if len(encoder) == 1:
        lines.append(("parameters of the encoder", number(encoder.pop())))
    if comparison.get("sha256"):
        lines.append((f"SHA-256 of {comparison['file']}", comparison["sha256"]))
    said = [f"{name} {plain_value(value)}" for name, value in arguments.items() if value is not None]
    return [*lines, ("arguments", ", ".join(said))] if said else lines


def head_lines(comparison: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lists the arguments of every head that was given some."""
    heads = comparison["heads"].items()
    return [
        (f"--head_kwargs of {name}", plain_value(head["head_kwargs"]))
        for name, head in heads
        if head.get("head_kwargs")
    ]


def unequal_lines(comparison: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lists how heads were trained that were not trained like the others, and what tuning chose for each."""
    chosen = chosen_settings(comparison)
    own = {name: head.get("head_flags", {}) | chosen.get(name, {}) for name, head in comparison["heads"].items()}
    return [
        (name, ", ".join(f"{flag} {plain_value(value)}" for flag, value in values.items()))
        for name, values in own.items()
        if values
    ]


def chosen_settings(comparison: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Returns the setting that tuning chose for each head; empty where nothing was tuned."""
    tuned = comparison.get("tuning") or {"heads": {}}
    return {name: found["trials"][found["best"] - 1]["settings"] for name, found in tuned["heads"].items()}


def plain_value(value: Any) -> str:
    """Writes a value of JSON for readers: no quotes around a text, commas in a count."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)
