"""From the `comparison.json` of several comparisons to everything that their common page says, as one dictionary."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any

from scipy.stats import rankdata

from utils.arguments import command_line
from utils.errors import UserError
from utils.files import fits, read_json

from ..inference.across import DataSetDifference, PairAcross, compare_across, unpooled

# Of a `comparison.json`, as far as it is put together with others; see `utils.files.fits`.
HEAD = {
    "seeds": [int],
    "scores": {str: {"mean": float, "standard_deviation": (float, None)}},
    "parameters": (int, None),
    "encoder_parameters": (int, None),
    "cost": ({"latency_ms": (float, None), "training_seconds": (float, None)}, None),
}
PAIR = {
    **dict.fromkeys(("head", "baseline", "metric", "unit"), str),
    **dict.fromkeys(("difference", "low", "high", "rows_error", "seeds_error", "p_value"), float),
    "better": (str, None),
    "covers_seeds": bool,
}
NEEDED = {
    "title": str,
    "metric": str,
    "unit": str,
    "scale": float,
    "rows": int,
    "file": str,
    "heads": {str: HEAD},
    "comparisons": [PAIR],
    "smaller_is_better": bool,
    "equal": {"arguments": (dict, None)},
}
OTHERS = {"sha256": (str, None), "earlier": (dict, None)}
COSTS = ("model_parameters", "latency_ms", "training_seconds")

ENOUGH = 4  # seeds per head; with fewer, standard errors are rough


def gather_across(folders: Sequence[str | Path], title: str | None = None) -> dict[str, Any]:
    """What finished comparisons show together; the keys are those of `across.json`.

    Args:
        folders: of the comparisons; nothing but their `comparison.json` is read.
        title: of the page.

    Raises:
        UserError: a folder without a comparison, fewer than two, or one data set twice with the same encoder.
    """
    read = [(Path(folder), _read(Path(folder))) for folder in folders]
    if len(read) < 2:
        raise UserError("--across puts several comparisons together: name at least two folders")
    _check_different(read)
    entries = _named([_entry(folder, comparison) for folder, comparison in read])
    encoders = list(dict.fromkeys(entry["encoder"] for entry in entries))
    families, alone = _families(entries, [comparison for _, comparison in read], len(encoders) > 1)
    pairs = compare_across(families)
    costs, reference = _costs(entries)
    return {
        "title": title or f"{len({entry['data_set'] for entry in entries})} data sets",
        "date": date.today().isoformat(),
        "command": command_line(),
        "encoders": encoders,
        "data_sets": entries,
        "pairs": [asdict(pair) | {"sentence": str(pair)} for pair in pairs],
        "ranks": _ranks(entries, encoders),
        "cost_reference": reference,
        "costs": costs,
        "verdict": _verdict(pairs),
        "notes": [*_notes(pairs, entries), *_notes_on_seeds(entries, [comparison for _, comparison in read]), *alone],
    }


def _read(folder: Path) -> dict[str, Any]:
    file = folder / "comparison.json"
    if not file.is_file():
        cure = "name the --output_dir of a comparison that has ended"
        raise UserError(f"there is no comparison.json; {cure}", file=folder)
    try:
        comparison = read_json(file)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({error}); run the comparison again", file=file) from error
    missing = [name for name in NEEDED if not isinstance(comparison, dict) or name not in comparison]
    if missing:
        raise UserError(f"is not that of a comparison: it has no '{missing[0]}'; run the comparison again", file=file)
    wrong = [name for name, shape in (NEEDED | OTHERS).items() if not fits(comparison.get(name), shape)]
    wrong += [
        "heads" for head in comparison["heads"].values() if not wrong and comparison["metric"] not in head["scores"]
    ]
    if wrong:
        raise UserError(f"'{wrong[0]}' is not what was written there; run the comparison again", file=file)
    return comparison


def _check_different(read: Sequence[tuple[Path, Mapping[str, Any]]]) -> None:
    seen: dict[tuple[str, str], Path] = {}
    for folder, comparison in read:
        if comparison.get("sha256"):
            key = comparison["sha256"], _encoder(comparison)
            if key in seen:
                same = f"{seen[key]} and {folder} compare on the same rows ({comparison['file']}) with the same encoder"
                raise UserError(f"{same} ({key[1]}): leave one of them out, or it would count twice")
            seen[key] = folder


def _encoder(comparison: Mapping[str, Any]) -> str:
    """The encoder by name, with what makes it another one."""
    arguments = comparison["equal"].get("arguments") or {}
    name = arguments.get("model_name_or_path") or arguments.get("config_name") or "unknown"
    parts = [] if arguments.get("model_name_or_path") else ["from scratch"]
    parts += [str(arguments["model_revision"])] if arguments.get("model_revision") else []
    parts += ["frozen"] if comparison.get("frozen_encoder") else []
    parts += [f"{arguments['freeze_layers']} layers frozen"] if arguments.get("freeze_layers") else []
    name = str(name).rstrip("/")
    return f"{name} ({', '.join(parts)})" if parts and name != "unknown" else name


def _entry(folder: Path, comparison: Mapping[str, Any]) -> dict[str, Any]:
    """One comparison, as far as the page needs it; scores in the unit of its differences."""
    metric, scale = comparison["metric"], comparison["scale"]
    heads = {}
    for name, head in comparison["heads"].items():
        scores, cost = head["scores"][metric], head.get("cost") or {}
        sizes = [head.get("parameters"), head.get("encoder_parameters")]
        heads[name] = {
            "seeds": len(set(head["seeds"])),
            "mean": scale * scores["mean"],
            "standard_deviation": None
            if scores.get("standard_deviation") is None
            else scale * scores["standard_deviation"],
            "parameters": head.get("parameters"),
            "model_parameters": None if None in sizes else sum(sizes),
            "latency_ms": cost.get("latency_ms"),
            "training_seconds": cost.get("training_seconds"),
        }
    return {
        "data_set": comparison["title"],
        "encoder": _encoder(comparison),
        "encoder_name": _encoder(comparison),
        "folder": str(folder),
        **{name: comparison.get(name) for name in ("script", "metric", "unit", "smaller_is_better", "rows", "split")},
        **{name: comparison.get(name) for name in ("file", "sha256", "date")},
        "heads": heads,
        "pairs": [
            {name: pair[name] for name in ("head", "baseline", "difference", "low", "high", "better")}
            for pair in comparison["comparisons"]
        ],
    }


def _named(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Makes names short and different: an encoder without its owner, files with the same title with their folder."""
    files: dict[str, set[str]] = {}
    for entry in entries:
        files.setdefault(entry["data_set"], set()).add(entry["sha256"] or entry["folder"])
    same: dict[tuple[str, str], str] = {}  # with another encoder the data set keeps its name
    for entry in entries:
        title = entry["data_set"]
        if len(files[title]) > 1:
            name = f"{title} ({entry['folder']})"
            entry["data_set"] = same.setdefault((title, entry["sha256"] or entry["folder"]), name)
    full = {entry["encoder_name"] for entry in entries}
    short = {name: name.rpartition("/")[2] for name in full}
    if len(set(short.values())) == len(full):
        for entry in entries:
            entry["encoder"] = short[entry["encoder_name"]]
    return entries


def _families(
    entries: Sequence[Mapping[str, Any]], comparisons: Sequence[Mapping[str, Any]], several_encoders: bool
) -> tuple[list[PairAcross], list[str]]:
    """The pairs that at least two data sets have, encoder by encoder, and notes on the others."""
    found: dict[tuple[str, frozenset[str]], tuple[str, str, list[DataSetDifference]]] = {}
    for entry, comparison in zip(entries, comparisons, strict=True):
        for pair in comparison["comparisons"]:
            names = pair["head"], pair["baseline"]
            head, baseline, differences = found.setdefault((entry["encoder"], frozenset(names)), (*names, []))
            differences.append(_difference(entry, pair, turned=names != (head, baseline)))
    families, notes = [], []
    for (encoder, _), (head, baseline, differences) in found.items():
        if len(differences) > 1:
            families.append(unpooled(head, baseline, encoder, differences, several_encoders))
        elif not several_encoders:
            notes.append(f"{head} − {baseline} was compared on {differences[0].data_set} alone: nothing to pool")
    return families, notes


def _difference(entry: Mapping[str, Any], pair: Mapping[str, Any], turned: bool) -> DataSetDifference:
    """Turns the pair round where another comparison has it so."""
    ends = pair["low"], pair["high"]
    return DataSetDifference(
        data_set=entry["data_set"],
        metric=pair["metric"],
        unit=pair["unit"],
        difference=-pair["difference"] if turned else pair["difference"],
        low=-ends[1] if turned else ends[0],
        high=-ends[0] if turned else ends[1],
        standard_error=math.hypot(pair["rows_error"], pair["seeds_error"]),
        p_value=pair["p_value"],
        better=pair["better"],
        smaller_is_better=entry["smaller_is_better"],
        covers_seeds=pair["covers_seeds"],
    )


def _ranks(entries: Sequence[Mapping[str, Any]], encoders: Sequence[str]) -> list[dict[str, Any]]:
    """Mean ranks of the heads that all data sets of an encoder have; 1 is the best, equal scores share their ranks."""
    ranks = []
    for encoder in encoders:
        own = [entry for entry in entries if entry["encoder"] == encoder]
        heads = [head for head in own[0]["heads"] if all(head in entry["heads"] for entry in own)]
        if len(own) < 2 or len(heads) < 2:
            continue
        table = []
        for entry in own:
            sign = 1 if entry["smaller_is_better"] else -1
            table.append(rankdata([sign * entry["heads"][head]["mean"] for head in heads]))
        means = {head: fmean(float(row[i]) for row in table) for i, head in enumerate(heads)}
        firsts = Counter(heads[i] for row in table for i in range(len(heads)) if row[i] == 1)
        ranks.append(
            {"encoder": encoder, "data_sets": len(own), "heads": means, "first": {h: firsts[h] for h in heads}}
        )
    return ranks


def _costs(entries: Sequence[Mapping[str, Any]]) -> tuple[dict[str, dict[str, Any]], str]:
    """What every head costs relative to dense, or else to the first head: geometric mean, least and most."""
    names = list(dict.fromkeys(head for entry in entries for head in entry["heads"]))
    reference = "dense" if "dense" in names else names[0]
    costs: dict[str, dict[str, Any]] = {}
    for name in names:
        both = [
            (entry["heads"][name], entry["heads"][reference])
            for entry in entries
            if {name, reference} <= entry["heads"].keys()
        ]
        if name == reference or not both:
            continue
        costs[name] = {"comparisons": len(both)}
        for cost in COSTS:
            ratios = [one[cost] / other[cost] for one, other in both if one[cost] and other[cost]]
            found = {"mean": geometric_mean(ratios), "low": min(ratios), "high": max(ratios)} if ratios else None
            costs[name][cost] = found
    return costs, reference


def _notes(pairs: Sequence[PairAcross], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    notes = []
    used = [one for pair in pairs for one in pair.data_sets]
    metrics = sorted({one.metric for one in used if one.weight is not None})
    if len(metrics) > 1:
        notes.append(f"points of different metrics are pooled as they are: {', '.join(metrics)}")
    alone = sorted({one.data_set for one in used if not one.covers_seeds})
    if alone:
        where = ", ".join(alone)
        notes.append(f"one seed per head on {where}: what seeds add counts as variation between data sets there")
    few = {
        entry["data_set"] for entry in entries if 1 < min(head["seeds"] for head in entry["heads"].values()) < ENOUGH
    }
    if few and any(pair.pooled for pair in pairs):
        where = ", ".join(sorted(few))
        notes.append(
            f"fewer than {ENOUGH} seeds per head on {where}: their standard errors, and so tau and weights, are rough"
        )
    return notes


def _notes_on_seeds(entries: Sequence[Mapping[str, Any]], comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Notes on comparisons whose number of seeds depended on what was seen."""
    notes = []
    both = list(zip(entries, comparisons, strict=True))
    if ruled := [entry["data_set"] for entry, comparison in both if "rule" in comparison]:
        where = ", ".join(ruled)
        notes.append(
            f"seeds were added until a decision on {where}: the p values allow for it, differences that ended early are a little too large"
        )
    if added := [entry["data_set"] for entry, comparison in both if comparison.get("earlier", {}).get("seeds")]:
        notes.append(f"seeds were added after a look on {', '.join(added)}: the p values are optimistic there")
    return notes


def _verdict(pairs: Sequence[PairAcross]) -> str:
    if not pairs:
        return "No pair of heads was compared on two data sets with the same encoder: nothing is pooled."
    by_encoder: dict[str, list[str]] = {}
    for pair in pairs:
        by_encoder.setdefault(pair.encoder if pair.several_encoders else "", []).extend(pair.findings)
    sentences = [
        (f"With {encoder}: " if encoder else "Shown: ") + "; ".join(findings) + "."
        for encoder, findings in by_encoder.items()
        if findings
    ]
    return " ".join(sentences) or "No head is shown to be better than another over these data sets."
