"""compare_heads.py --tune with real trials, killed in the middle of them."""

from __future__ import annotations

import json

import pytest
from killed_comparisons import is_free, read, wait_for
from script_runs import as_flags, start

from comparison.arguments import parse_comparison
from comparison.cells import make_plan, plan_trials

SPACE = "shared: {learning_rate: {log: [1e-4, 1e-2]}}\nheads: {cnn: {num_filters: {choice: [4, 8]}}}\n"


@pytest.mark.long
def test_a_killed_tuning_goes_on_to_the_same_numbers(run, encoder, files, tmp_path):
    space = tmp_path / "space.yaml"
    space.write_text(SPACE, encoding="utf-8")
    flags = {"model_name_or_path": encoder, **files["seq_cls"], "max_steps": 20, "save_steps": 5}
    out = {"output_dir": tmp_path / "out"}
    own = [
        "--script",
        "run_seq_cls.py",
        "--heads",
        "dense",
        "cnn",
        "--seeds",
        "3",
        "--tune",
        "2",
        "--space",
        str(space),
    ]
    words = [*own, *as_flags(flags | out)]
    arguments = parse_comparison(words)
    trials = plan_trials(arguments, make_plan(arguments)).planned
    first, second = trials["dense"][0], trials["cnn"][0]

    process = start("compare", words, tmp_path / "streams")
    wait_for((second.cell.folder / "checkpoint-10").exists)
    process.kill()
    process.join()
    wait_for(lambda: is_free(second.cell))
    assert first.ended
    times = {path: path.stat().st_mtime_ns for path in first.cell.folder.iterdir() if path.suffix == ".json"}
    outcome = run("compare", *own, **flags, **out)
    assert "trials: 2 per head in " in outcome.stdout and " 3 to do now" in outcome.stdout
    assert "--resume_from_checkpoint true" in second.cell.log.read_text(encoding="utf-8")
    assert times == {path: path.stat().st_mtime_ns for path in times}

    found = read(tmp_path / "out" / "comparison.json")["tuning"]["heads"]
    for head, own in found.items():
        for trial, planned in zip(own["trials"], trials[head], strict=True):
            folder = planned.cell.folder
            assert trial["score"] == read(folder / "eval_results.json")["eval_accuracy"] and trial["steps"] == 20
            assert trial["settings"] == planned.settings and trial["failed"] is None
            left = {path.name for path in folder.iterdir()}
            assert not left & {"predict_results.json", "predictions.jsonl", "model.safetensors", "checkpoint-20"}
        scores = [trial["score"] for trial in own["trials"]]
        assert own["best"] == 1 + scores.index(max(scores))
    # The trial that was killed scores as one that never was, and the comparison is that of the chosen settings.
    alone = run(
        "seq_cls",
        head="cnn",
        seed=1234,
        do_train=True,
        do_eval=True,
        **flags,
        learning_rate=second.settings["learning_rate"],
        head_kwargs=json.dumps({"num_filters": second.settings["num_filters"]}),
    )
    alone_results, killed_results = (
        read(folder / "eval_results.json") for folder in (alone.folder, second.cell.folder)
    )
    for name in ("eval_accuracy", "eval_loss"):
        assert alone_results[name] == killed_results[name]
    heads = read(tmp_path / "out" / "comparison.json")["heads"]
    best = trials["cnn"][found["cnn"]["best"] - 1].settings
    assert heads["cnn"]["head_flags"] | heads["cnn"]["head_kwargs"] == best and heads["cnn"]["seeds"] == [3]
    assert "Tuning" in (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
