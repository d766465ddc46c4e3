"""How often `--until_decided` is wrong, what it finds, and how many seeds it takes, against the same comparison with all seeds.

    python -m benchmarks.rejections.sequential [--simulations 1000] [--rows 1000] [--seed_deviation 0.2] [--margin 2]
        [--differences 0 1 2 3] [--max_seeds 20] [--metric accuracy]

Prints, for every true difference, the share of simulated comparisons that end different, equal within the margin and undecided; how
often the better head is found; what a comparison of all seeds shows; how many seeds are taken in the mean; and
how often at least one look has p < .05, which is what looking without a plan comes to.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from comparison.arguments.flags import LOOKS, planned_looks
from comparison.inference.evidence import Evidence
from comparison.inference.p_values import LEVEL
from comparison.inference.sequential import Rule

from .worlds import METRICS, World, simulate


@dataclass(frozen=True)
class Course:
    """One simulated comparison.

    Attributes:
        ending: "different", "equal" or "undecided".
        upwards: whether `cnn` was shown to be better.
        seeds: per head, at the end.
        information: share at the first look.
        all_different, all_equal: what all seeds show, tested once.
        unplanned: whether a look has p < .05.
    """

    ending: str
    upwards: bool
    seeds: int
    information: float
    all_different: bool
    all_equal: bool
    unplanned: bool


class MeanEvidence(Evidence):
    """Evidence by a mean over rows: a row adds its own difference, which 20 seeds need not exchange 400 times."""

    @cached_property
    def _effects(self) -> np.ndarray:
        assert self.metric.points
        own = self.head[..., 0].mean(axis=0) - self.baseline[..., 0].mean(axis=0)
        return self.metric.points * own / self.head.shape[1]


def follow(counts: dict[str, np.ndarray], metric_name: str, rule: Rule) -> Course:
    """Takes all looks at one pair of heads, `cnn` and `dense`; the decision is that of `inference.sequential.decide`."""
    ending, upwards, seeds = "undecided", False, rule.looks[-1]
    p_values, information = [], []
    assert rule.margin is not None
    for number, count in enumerate(rule.looks, start=1):
        of = MeanEvidence if metric_name == "accuracy" else Evidence
        evidence = of(counts["cnn"][:count], counts["dense"][:count], METRICS[metric_name])
        look = rule.look(number, evidence)
        information.append(look.times[-1])
        p_values.append(evidence.p_value)
        if ending == "undecided" or count == rule.looks[-1]:
            outside = evidence.p_outside(rule.margin)
        if ending == "undecided":
            if evidence.p_value < look.level():
                ending, seeds, upwards = "different", count, evidence.difference > 0
            elif outside < look.level(2 * LEVEL) / 2:
                ending, seeds = "equal", count
    return Course(
        ending=ending,
        upwards=upwards,
        seeds=seeds,
        information=information[0],
        all_different=p_values[-1] < LEVEL,
        all_equal=outside < LEVEL,
        unplanned=min(p_values) < LEVEL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed_deviation", type=float, default=0.2, help="between the seeds of a head, in points")
    parser.add_argument("--margin", type=float, default=2.0, help="in points")
    parser.add_argument("--differences", type=float, nargs="+", default=[0.0, 1.0, 2.0, 3.0], help="in points")
    parser.add_argument("--max_seeds", type=int, default=20)
    parser.add_argument("--metric", choices=METRICS, default="accuracy")
    arguments = parser.parse_args()
    looks = tuple(planned_looks(LOOKS[0], arguments.max_seeds))
    rule = Rule(looks, arguments.margin)
    print(
        f"{arguments.simulations} comparisons per line by {arguments.metric}, {arguments.rows:,} rows, sd between seeds "
        f"{arguments.seed_deviation:g} points, margin {arguments.margin:g}, looks at {', '.join(map(str, looks))}\n"
    )
    names = [
        "true difference",
        "different",
        "equal",
        "undecided",
        "cnn better",
        "all seeds: different",
        "all seeds: equal",
    ]
    names += ["seeds, mean", "information at the first look", "unplanned looks: p < .05"]
    print(f"| {' | '.join(names)} |")
    print("|---" * len(names) + "|")
    for difference in arguments.differences:
        generator = np.random.default_rng(
            [arguments.rows, round(1000 * difference), round(1000 * arguments.seed_deviation)]
        )
        world = World(rows=arguments.rows, metric=arguments.metric)
        courses = [
            follow(simulate(world, looks[-1], arguments.seed_deviation, difference, generator), arguments.metric, rule)
            for _ in range(arguments.simulations)
        ]
        endings = ("different", "equal", "undecided")
        shares = [np.mean([course.ending == name for course in courses]) for name in endings]
        shares.append(np.mean([course.upwards for course in courses]))
        shares += [
            np.mean([course.all_different for course in courses]),
            np.mean([course.all_equal for course in courses]),
        ]
        cells = [f"{difference:g}", *(f"{100 * share:.1f} %" for share in shares)]
        cells.append(f"{np.mean([course.seeds for course in courses]):.1f}")
        cells.append(f"{100 * np.mean([course.information for course in courses]):.0f} %")
        cells.append(f"{100 * np.mean([course.unplanned for course in courses]):.1f} %")
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
