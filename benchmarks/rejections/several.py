"""How often `--until_decided` says anything wrong of three heads: their pairs end one by one, corrected by Holm at each look.

    python -m benchmarks.rejections.several [--simulations 1000] [--rows 1000] [--seed_deviation 0.2] [--margin 2] [--max_seeds 20]

Three heads that are alike, of which every difference is false; and three that lie a margin apart, of which every equality is false.
"""

from __future__ import annotations

import argparse
from itertools import combinations

import numpy as np

from comparison.arguments.flags import LOOKS, planned_looks
from comparison.inference.p_values import LEVEL
from comparison.inference.sequential import Rule
from comparison.inference.spending import Look

from .sequential import MeanEvidence
from .worlds import METRICS, World, simulate_heads

Pair = tuple[str, str]


def follow_all(counts: dict[str, np.ndarray], rule: Rule) -> dict[Pair, tuple[str, int]]:
    """How each pair ends, and with how many seeds; what `inference.sequential.decide` decides, without its numbers."""
    pairs = list(combinations(counts, 2))
    looks: dict[Pair, tuple[Look, float, float]] = {}
    ended: dict[Pair, tuple[str, int]] = {}
    assert rule.margin is not None
    for number, count in enumerate(rule.looks, start=1):
        for baseline, head in pairs:
            if (baseline, head) not in ended:
                evidence = MeanEvidence(counts[head][:count], counts[baseline][:count], METRICS["accuracy"])
                look = rule.look(number, evidence)
                looks[baseline, head] = look, evidence.p_value, 2 * evidence.p_outside(rule.margin)
        different = shown({pair: (look, p) for pair, (look, p, _) in looks.items()}, LEVEL)
        equal = shown({pair: (look, p) for pair, (look, _, p) in looks.items()}, 2 * LEVEL)
        for pair in pairs:
            if pair not in ended and (pair in different or pair in equal):
                ended[pair] = "different" if pair in different else "equal", count
        if len(ended) == len(pairs):
            break
    return {pair: ended.get(pair, ("undecided", rule.looks[-1])) for pair in pairs}


def shown(looks: dict[Pair, tuple[Look, float]], alpha: float) -> set[Pair]:
    """Holm's steps: one pair more at alpha / (pairs that are left), as long as there is one."""
    found: set[Pair] = set()
    while len(found) < len(looks):
        more = {pair for pair, (look, p) in looks.items() if p < look.level(alpha / (len(looks) - len(found)))} - found
        if not more:
            break
        found.add(more.pop())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed_deviation", type=float, default=0.2, help="between the seeds of a head, in points")
    parser.add_argument("--margin", type=float, default=2.0, help="in points")
    parser.add_argument("--max_seeds", type=int, default=20)
    arguments = parser.parse_args()
    looks = tuple(planned_looks(LOOKS[0], arguments.max_seeds))
    rule, world = Rule(looks, arguments.margin), World(rows=arguments.rows)
    print(
        f"{arguments.simulations} comparisons of three heads per line, {arguments.rows:,} rows, sd between seeds "
        f"{arguments.seed_deviation:g} points, margin {arguments.margin:g}, looks at {', '.join(map(str, looks))}\n"
    )
    print("| heads | anything wrong | pairs decided | seeds of all heads, mean | without the rule |")
    print("|---|---|---|---|---|")
    for apart, false in ((0.0, "different"), (arguments.margin, "equal")):
        generator = np.random.default_rng([arguments.rows, round(1000 * apart)])
        wrong, decided, seeds = 0, 0, 0
        for _ in range(arguments.simulations):
            better = {"dense": 0.0, "cnn": apart, "lstm": -apart}
            counts = simulate_heads(world, better, looks[-1], arguments.seed_deviation, generator)
            endings = follow_all(counts, rule)
            wrong += any(ending == false for ending, _ in endings.values())
            decided += sum(ending != "undecided" for ending, _ in endings.values())
            seeds += sum(max(count for pair, (_, count) in endings.items() if head in pair) for head in counts)
        name = "alike" if apart == 0 else "a margin apart"
        cells = [name, f"{100 * wrong / arguments.simulations:.1f} %", f"{decided / arguments.simulations:.2f} of 3"]
        print(f"| {' | '.join([*cells, f'{seeds / arguments.simulations:.1f}', str(3 * looks[-1])])} |", flush=True)


if __name__ == "__main__":
    main()
