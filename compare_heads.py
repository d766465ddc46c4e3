"""Trains every head with every seed under the same conditions and compares them on the same rows.

    python compare_heads.py --script run_seq_cls.py --config_name examples/tiny-electra --heads dense cnn --seeds 0 1 \\
        --train_file examples/reviews/train.txt --validation_split 0.1 --test_file examples/reviews/test.txt \\
        --learning_rate 1e-3 --output_dir runs/reviews-heads
    python compare_heads.py --script run_token_cls.py --config_name examples/tiny-electra --heads dense lstm --seeds 0 1 \\
        --train_file examples/ner/train.tsv --validation_file examples/ner/dev.tsv --learning_rate 1e-3 \\
        --workers 2 --output_dir runs/ner-heads

Stopped or killed, the same command goes on where it was. All flags that are not here are the script's.
"""

import sys

from comparison.arguments import parse_comparison
from comparison.cells import make_plan
from comparison.gathering.gather import gather
from comparison.gathering.rows import read_rows
from comparison.report.writing import write_report
from comparison.running import run_cells, shell_lines
from utils.errors import run


def main() -> None:
    arguments = parse_comparison(sys.argv[1:])
    plan = make_plan(arguments)
    rows = read_rows(
        plan.load_task(), plan.arguments.training
    )  # whatever is wrong with them is found before hours of training
    if arguments.plan:
        for line in shell_lines(plan.cells):
            print(line)
        return
    for note in plan.notes:
        print(f"note: {note}")
    print(f"runs: {len(plan.cells)} in {plan.folder / 'cells'}, {len(plan.unfinished)} of them to do", flush=True)
    run_cells(plan.cells, arguments.workers or 1, arguments.ray_address, arguments.launcher)
    print("scoring the runs and measuring what prediction costs", flush=True)
    comparison = gather(plan, rows)
    write_report(comparison, plan.folder)
    for pair in comparison["comparisons"]:
        print(pair["sentence"])
    print(f"{comparison['verdict']}\n{plan.folder / 'comparison.html'}")


if __name__ == "__main__":
    run(main)
