"""Writes the `comparison.json` of small comparisons for tests."""

from __future__ import annotations

import json
from pathlib import Path


def write_comparison(folder: Path, **more) -> Path:
    """A comparison of dense and cnn on 500 rows; what is given replaces what is here."""
    title = more.get("title", folder.name)
    scale = more.get("scale", 100)
    scores = more.pop("scores", {"dense": 0.80, "cnn": 0.81})
    pairs = more.pop("pairs", {("cnn", "dense"): (1.0, 0.3)})
    metric, unit = more.get("metric", "accuracy"), more.get("unit", "points")
    heads = {
        head: {
            "seeds": [0, 1, 2],
            "scores": {metric: {"mean": mean, "standard_deviation": 0.01}},
            "parameters": 100 * (i + 1),
            "encoder_parameters": 900,
            "cost": {"latency_ms": 2.0 + i, "training_seconds": 10.0},
        }
        for i, (head, mean) in enumerate(scores.items())
    }
    comparisons = [
        {
            "head": head,
            "baseline": baseline,
            "metric": metric,
            "unit": unit,
            "difference": difference,
            "low": difference - 2 * error,
            "high": difference + 3 * error,
            "rows_error": 0.6 * error,
            "seeds_error": 0.8 * error,
            "p_value": 1e-4,
            "covers_seeds": True,
            "better": head,
        }
        for (head, baseline), (difference, error) in pairs.items()
    ]
    comparison = {
        "title": title,
        "script": "run_seq_cls.py",
        "metric": metric,
        "unit": unit,
        "scale": scale,
        "smaller_is_better": False,
        "rows": 500,
        "split": "test",
        "file": f"{title}.csv",
        "sha256": f"sha of {title}",
        "date": "2026-11-23",
        "equal": {"arguments": {"model_name_or_path": "klue/bert-base"}},
        "frozen_encoder": False,
        "heads": heads,
        "comparisons": comparisons,
        **more,
    }
    folder.mkdir(parents=True)
    (folder / "comparison.json").write_text(json.dumps(comparison), encoding="utf-8")
    return folder
