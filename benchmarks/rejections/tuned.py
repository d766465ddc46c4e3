"""How often a comparison is wrong after tuning: the best of N noisy trials is picked per head, then trained with fresh seeds.

    python -m benchmarks.rejections.tuned [--simulations 1000] [--trials 8] [--settings 0 0.5 2] [--seeds 5] [--rows 1000]

Two heads that are alike at every setting. Each has its trials, one model per setting, scored on validation rows; the best setting is
trained with fresh seeds and scored on test rows. Prints how often a difference is found; how often the interval misses the true
difference between the two settings that were picked, which is what a tuned comparison is about.
"""

from __future__ import annotations

import argparse

import numpy as np

from comparison.inference.evidence import Evidence
from comparison.inference.p_values import LEVEL

from .worlds import METRICS, World, simulate, simulate_trials

ACCURACY = METRICS["accuracy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument(
        "--settings", type=float, nargs="+", default=[0.0, 0.5, 2.0], help="sd between settings, in points"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed_deviation", type=float, default=0.5, help="between the seeds of a head, in points")
    parser.add_argument("--rows", type=int, default=1000, help="for validation, and as many for the test")
    arguments = parser.parse_args()
    world = World(rows=arguments.rows)
    print(
        f"{arguments.simulations} comparisons per line, best of {arguments.trials} trials, {arguments.seeds} fresh seeds, "
        f"{arguments.rows:,} rows, sd between seeds {arguments.seed_deviation:g} points\n"
    )
    names = ["sd between settings, points", "different settings are picked", "p < .05", "interval misses the truth"]
    print(f"| {' | '.join(names)} |")
    print("|---" * len(names) + "|")
    for deviation in arguments.settings:
        generator = np.random.default_rng([arguments.trials, round(1000 * deviation)])
        found = np.zeros(3)
        for _ in range(arguments.simulations):
            skills = deviation * generator.standard_normal(arguments.trials)
            trials = simulate_trials(world, skills, arguments.seed_deviation, generator)
            picked = {name: int(ACCURACY.score(own.sum(axis=1)).argmax()) for name, own in trials.items()}
            difference = float(skills[picked["cnn"]] - skills[picked["dense"]])
            counts = simulate(world, arguments.seeds, arguments.seed_deviation, difference, generator)
            evidence = Evidence(counts["cnn"], counts["dense"], ACCURACY)
            low, high = evidence.interval()
            found += [
                picked["cnn"] != picked["dense"],
                evidence.p_value < LEVEL,
                not low <= difference <= high,
            ]
        shares = " | ".join(f"{100 * share:.1f} %" for share in found / arguments.simulations)
        print(f"| {deviation:g} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
