# PYTHON_ARGCOMPLETE_OK
"""Trains every head with every seed under the same conditions and compares them on the same rows.

    python compare_heads.py --script run_seq_cls.py --config_name examples/tiny-electra --heads dense cnn --seeds 0 1 \\
        --train_file examples/reviews/train.txt --validation_split 0.1 --test_file examples/reviews/test.txt \\
        --learning_rate 1e-3 --output_dir runs/reviews-heads
    python compare_heads.py --script run_token_cls.py --config_name examples/tiny-electra --heads dense lstm --seeds 0 1 \\
        --train_file examples/ner/train.tsv --validation_file examples/ner/dev.tsv --learning_rate 1e-3 \\
        --workers 2 --output_dir runs/ner-heads

Stopped or killed, the same command resumes where it stopped. All flags that are not here are the script's. The file of a study in the
place of a recipe runs a comparison for each of its recipes and encoders; `--across FOLDER ...` puts finished ones on one page.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utils.errors import ShownError, run, say  # first: from here on Ctrl-C is one line

# isort: split
from comparison.arguments import ComparisonArguments, Study, is_study, parse_comparison, parse_study
from comparison.cells import Cell, Plan, make_plan, plan_ensembles, plan_trials
from comparison.gathering.across import gather_across
from comparison.gathering.earlier import look_back, read_earlier
from comparison.gathering.ensembles import gather_ensembles
from comparison.gathering.gather import gather
from comparison.gathering.looks import next_look
from comparison.gathering.rows import check_metric, labelled_task, read_rows
from comparison.gathering.trials import best_trials, gather_trials
from comparison.inference.sequential import Rule
from comparison.report.across_writing import write_across
from comparison.report.writing import write_report
from comparison.running import FURTHER, run_cells, run_trials, shell_lines
from utils.arguments import command_line
from utils.data.splits import Split
from utils.files import fits, json_fields
from utils.outputs.closing import example_command
from utils.outputs.language import language_of


def print_lines(cells: Sequence[Cell]) -> None:
    """Prints a line of shell for every run that is still to do."""
    for line in shell_lines(cells):
        say(line)


def main() -> None:
    words = sys.argv[1:]
    if is_study(words):
        run_study(parse_study(words))
        return
    arguments = parse_comparison(words, description=__doc__)
    if arguments.across is not None:
        put_together(arguments.across, Path(arguments.output_dir or ""))
    else:
        compare(arguments)


def compare(arguments: ComparisonArguments) -> None:
    """Runs what is still to do, and writes the report."""
    plan, rows = prepare(arguments)
    how: dict[str, Any] = {
        "workers": arguments.workers or 1,
        "ray_address": arguments.ray_address,
        "launcher": arguments.launcher,
    }
    tuned = None
    if arguments.tune is not None:
        tuning = plan_trials(arguments, plan)
        due = [trial.cell for trial in tuning.due()]
        if arguments.plan and due:
            say("note: these are trials; when they have ended, --plan prints what comes next", error=True)
            print_lines(due)
            return
        if due:
            say(f"trials: {arguments.tune} per head in {plan.folder / 'trials'}, {len(due)} to do now")
        run_trials(tuning, **how)
        tuned = gather_trials(tuning, plan, rows)
        plan = make_plan(tuning.choose(arguments, best_trials(tuned)))
    rule = Rule(tuple(arguments.looks), arguments.margin) if arguments.until_decided else None
    earlier = look_back(read_earlier(plan, rows.file), plan, rule, arguments.margin)
    if not arguments.plan:
        for note in plan.notes:
            say(f"note: {note}")
    undecided = True
    while undecided:
        number, part = (1, plan) if rule is None else next_look(plan, rows, rule)
        place = "" if rule is None else f"look {number} of {len(rule.looks)}, {rule.looks[number - 1]} seeds per head; "
        if arguments.plan:
            if rule is not None and part.unfinished:
                say(f"note: {place}when these have ended, --plan prints what comes next", error=True)
            print_lines(part.cells)
            return
        counts = f"{len(part.cells)} in {plan.folder / 'cells'}, {len(part.unfinished)} of them to do"
        say(f"{place}runs: {counts}")
        run_cells(part.cells, **how)
        ensembles = plan_ensembles(arguments, part) if arguments.ensembles else []
        if ensembles:
            say(f"ensembles: {len(ensembles)} in {plan.folder / 'ensembles'}")
            run_cells(ensembles, **how)
        say("scoring the runs and measuring what prediction costs")
        comparison = gather(part, rows, tuned, rule, arguments.margin, earlier)
        if ensembles:
            comparison["ensembles"] = gather_ensembles(part, ensembles, rows)
        write_report(comparison, plan.folder)
        print_findings(comparison, plan.folder)
        undecided = rule is not None and bool(comparison["rule"]["heads"])
    say(f"next: {next_command(plan, rows, comparison)}")


def print_findings(comparison: Mapping[str, Any], folder: Path) -> None:
    """Prints what was found, in sentences, and where the page is."""
    sentences = [pair["sentence"] for pair in comparison["comparisons"]]
    if tuned := comparison.get("tuning"):
        sentences = [tuned["sentence"], *sentences]
    if outlook := comparison.get("outlook"):
        sentences += [f"pilot: {one['sentence']}" for one in outlook]
    sentences += [pair["sentence"] for pair in comparison.get("ensembles", {}).get("comparisons", [])]
    sentences += [head["variance"]["sentence"] for head in comparison["heads"].values() if "variance" in head]
    for sentence in filter(None, sentences):
        say(sentence)
    say(f"page: {folder / 'comparison.html'}\nverdict: {comparison['verdict']}")


def next_command(plan: Plan, rows: Split, comparison: Mapping[str, Any]) -> str:
    """A command that asks a model of the head with the best mean score."""
    means = {head: entry["scores"][comparison["metric"]]["mean"] for head, entry in comparison["heads"].items()}
    best = (min if comparison["smaller_is_better"] else max)(means, key=lambda head: means[head])
    folder = next(cell.folder for cell in plan.cells if cell.head == best)
    task = labelled_task(plan, folder, rows)
    return example_command(task, folder, language_of(task.texts(rows)))


def prepare(arguments: ComparisonArguments) -> tuple[Plan, Split]:
    """Lays out the runs and reads the rows: whatever is wrong with them is found before hours of training."""
    plan = make_plan(arguments)
    task = plan.load_task()
    if arguments.metric is not None:
        check_metric(task, plan.arguments, arguments.metric)
    return plan, read_rows(task, plan.arguments.training)


def put_together(folders: Sequence[str | Path], output_dir: Path, title: str | None = None) -> None:
    """Writes one page about finished comparisons."""
    across = gather_across(folders, title)
    write_across(across, output_dir)
    for pair in across["pairs"]:
        say(pair["sentence"])
    say(f"page: {output_dir / 'across.html'}\nverdict: {across['verdict']}")


def run_study(study: Study) -> None:
    """Runs every comparison that has not ended, and puts together those that have; one that fails does not stop the others."""
    plans = {folder: prepare(parse_comparison(words))[0] for folder, words in study.comparisons.items()}
    if study.plan:
        for words in study.comparisons.values():
            compare(parse_comparison([*words, "--plan"]))
        return
    failed = []
    for number, (folder, words) in enumerate(study.comparisons.items(), start=1):
        place = f"comparison {number} of {len(study.comparisons)}: {folder}"
        with as_command(words) as command:
            if has_ended(plans[folder], command):
                say(f"{place} has ended before")
                continue
            say(place)
            try:
                compare(parse_comparison(words))
            except ShownError as error:
                say(f"{folder} failed: {error}")
                failed.append(folder)
    ended = [folder for folder in study.comparisons if folder not in failed]
    if len(ended) > 1:
        put_together(ended, study.folder, study.title)
    if failed:
        count = f"{len(failed)} of {len(study.comparisons)} comparisons failed"
        raise ShownError(f"{count}, see above; the same command goes on with them")


def has_ended(plan: Plan, command: str) -> bool:
    """Whether the same command has written its comparison to the end, and nothing that it depends on has changed since."""
    comparison = json_fields(plan.folder / "comparison.json")
    if not fits(comparison, {"command": str, "heads": {str: {"seeds": [int]}}, "rule": ({"heads": [str]}, None)}):
        return False
    if comparison["command"] != command:
        return False
    if "rule" not in comparison:
        return not plan.unfinished
    seeds = {head: entry["seeds"] for head, entry in comparison["heads"].items()}
    taken = [cell for cell in plan.cells if cell.seed in seeds.get(cell.head, ())]
    return not comparison["rule"]["heads"] and all(cell.finished for cell in taken)


@contextmanager
def as_command(words: Sequence[str]) -> Iterator[str]:
    """Makes these the words of the command line, which a comparison writes down; yields the command."""
    before = sys.argv
    sys.argv = [before[0], *words]
    try:
        yield command_line()
    finally:
        sys.argv = before


if __name__ == "__main__":
    run(main, FURTHER)
