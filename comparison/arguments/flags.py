"""The flags of a comparison; all others are those of the script that runs its cells."""

from __future__ import annotations

import difflib
import json
import math
import shlex
import sys
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from heads import HEADS
from utils.arguments import HeadTrainingArguments
from utils.tasks import TASKS

# Flags of training that make no sense for one head alone.
ALIKE = (
    "output_dir",
    "do_train",
    "do_eval",
    "do_predict",
    "seed",
    "freeze_encoder",
    "resume_from_checkpoint",
    "push_to_hub",
    "run_name",
)

# What a head may have for itself besides flags of training.
LEVERS = ("use_last_layers", "combine_layers", "crf", "decoding")

TRIAL_SEED = 1234  # of every trial; a comparison takes others

LOOKS = (3, 5, 8, 12, 20, 30, 50)  # seeds per head at which --until_decided looks
MOST_SEEDS = 20  # the last look, where nothing is said


@dataclass
class ComparisonArguments:
    """Which heads and seeds, scored by what, run where.

    Attributes:
        recipe: the YAML or JSON file, where there is one.
        flags: what is passed on to the script.
        kwargs: the arguments of each head that has some.
        flags_by_head: the training flags of each head that has some.
        notes: what was overridden.
        looks: seeds per head at each look; empty where their number is fixed. `seeds` are then those of the last look.
    """

    _argument_group_name: ClassVar[str] = "comparison"  # in --help

    recipe: str | None = field(init=False, default=None)
    flags: list[str] = field(init=False, default_factory=list)
    kwargs: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)
    flags_by_head: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)
    notes: list[str] = field(init=False, default_factory=list)
    looks: list[int] = field(init=False, default_factory=list)
    heads: list[str] = field(
        default_factory=lambda: list(HEADS),
        metadata={"help": "The heads; each is compared with every one before it.", "choices": list(HEADS)},
    )
    seeds: list[int] = field(
        default_factory=lambda: [0, 1, 2],
        metadata={"help": "Every head is trained once with every seed; more seeds show smaller differences."},
    )
    data_seeds: list[int] | None = field(
        default=None,
        metadata={
            "help": "Every seed with every one of these orders of the training rows: --seeds then decide on initial weights and "
            "dropout alone, and the report says how much each of the two moves a score. At least two of both."
        },
    )
    validation_splits: int | None = field(
        default=None,
        metadata={
            "help": "Hold out --validation_split of the training rows so many times, other rows each time, train every head with "
            "every seed without them, and compare the heads on them. At least two hold-outs and two --seeds."
        },
    )
    head_kwargs: str | None = field(
        default=None, metadata={"help": """Arguments of the heads as JSON, by head: '{"lstm": {"lstm_size": 128}}'."""}
    )
    head_flags: str | None = field(
        default=None,
        metadata={
            "help": """Training flags of the heads as JSON, by head: '{"lstm": {"head_learning_rate": 1e-3}}'. The others are """
            "trained without them."
        },
    )
    metric: str | None = field(
        default=None,
        metadata={
            "help": "What the heads are compared by (default: accuracy; pearsonr for scores, micro_f1 for relations and sets "
            "of classes, entity_f1 for tags, f1 for answers)."
        },
    )
    output_dir: str | None = field(
        default=None,
        metadata={
            "help": "Folder of the comparison (default: runs/RECIPE-heads); each run has its own in OUTPUT_DIR/cells. "
            "Of a study: runs/STUDY, of --across: runs/across."
        },
    )
    script: str | None = field(
        default=None, metadata={"help": "The script of your own data; a task_name has one.", "choices": list(TASKS)}
    )
    workers: int | None = field(
        default=None,
        metadata={"help": "Runs at a time on this machine (default: 1), each with its share of the processor's cores."},
    )
    launcher: str | None = field(
        default=None,
        metadata={"help": "What runs the script instead of python, e.g. 'accelerate launch --num_processes 2'."},
    )
    ray_address: str | None = field(
        default=None, metadata={"help": "Run on this Ray cluster, whose machines share these folders."}
    )
    plan: bool = field(
        default=False, metadata={"help": "Print one shell line for every run that is still to do, and run nothing."}
    )
    across: list[str] | None = field(
        default=None,
        metadata={"help": "Train nothing: put the finished comparisons in these folders on one page, across.html."},
    )
    tune: int | None = field(
        default=None,
        metadata={
            "help": "Trials per head: settings from one sequence, scored on the validation rows. The best of each head are then "
            "compared with --seeds."
        },
    )
    space: str | None = field(
        default=None,
        metadata={
            "help": "YAML file of the ranges that are tuned (default: one of recipes/spaces, by script and encoder)."
        },
    )
    tune_steps: int | None = field(
        default=None, metadata={"help": "A head begins no further trial once its trials have taken so many steps."}
    )
    tune_seconds: float | None = field(
        default=None, metadata={"help": "A head begins no further trial once its trials have trained for so long."}
    )
    ensembles: bool = field(
        default=False,
        metadata={
            "help": "Score the seeds of each head together as well, by the mean of their probabilities (ensemble.py), and compare that "
            "with one of them. For classes, sets, scores and tags."
        },
    )
    margin: float | None = field(
        default=None,
        metadata={
            "help": "Differences below this, in points, do not matter: a pair may also end in 'equal within MARGIN points'."
        },
    )
    until_decided: bool = field(
        default=False,
        metadata={
            "help": "Add seeds in planned looks (3, 5, 8, 12, 20, 30, 50 per head, at most --max_seeds) until every pair is shown different, or equal within "
            "--margin. --seeds are those of the first look."
        },
    )
    max_seeds: int | None = field(
        default=None, metadata={"help": "Seeds per head at the last look of --until_decided (default: 20)."}
    )

    def __post_init__(self):
        for name in ("heads", "seeds", "data_seeds"):
            values = getattr(self, name) or []
            twice = [value for i, value in enumerate(values) if value in values[:i]]
            if twice:
                raise ValueError(f"--{name} has {twice[0]} twice")
            if name != "heads" and min(values, default=0) < 0:
                raise ValueError(f"--{name} must be at least 0, not {min(values)}")
        if self.data_seeds is not None and min(len(self.seeds), len(self.data_seeds)) < 2:
            cure = "give two or more of both; --data_seed N is one order for all runs"
            raise ValueError(f"--data_seeds crossed with --seeds tells what each of them changes: {cure}")
        if self.validation_splits is not None:
            if min(len(self.seeds), self.validation_splits) < 2:
                raise ValueError(
                    "--validation_splits crossed with --seeds tells what each changes: at least two of both"
                )
            for name in ("data_seeds", "tune"):
                if getattr(self, name) is not None:
                    raise ValueError(f"--validation_splits and --{name} are two questions: leave one of them out")
        if self.ensembles and len(self.seeds) < 2:
            raise ValueError("--ensembles puts the seeds of a head together: give two or more --seeds")
        if self.ensembles and (self.validation_splits is not None or self.until_decided):
            other = "--until_decided" if self.until_decided else "--validation_splits"
            raise ValueError(f"--ensembles wants as many models of each head, on the same rows: leave {other} out")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"--workers must be at least 1, not {self.workers}")
        if self.workers is not None and self.ray_address is not None:
            raise ValueError("--workers counts runs on this machine, and on Ray the cluster decides: give one of them")
        if self.launcher is not None and not shlex.split(self.launcher):
            raise ValueError("--launcher is empty; leave it out for plain python")
        self._plan_looks()
        self._check_tuning()
        if self.head_kwargs is not None:
            self.kwargs = self._by_head("head_kwargs", self.head_kwargs, {"dropout": 0.2})
        if self.head_flags is not None:
            self.flags_by_head = self._by_head("head_flags", self.head_flags, {"head_learning_rate": 1e-3})
            _check_head_flags(self.flags_by_head)
            if self.data_seeds is not None and any("data_seed" in flags for flags in self.flags_by_head.values()):
                raise ValueError("--head_flags: data_seed is that of --data_seeds for all heads; leave one of them out")

    def _plan_looks(self) -> None:
        """Fixes the looks, and the seeds of the last one."""
        if self.margin is not None and not 0 < self.margin < math.inf:
            raise ValueError(f"--margin must be above 0, not {self.margin}")
        if self.margin is not None and self.crossed is not None:
            raise ValueError("--margin is judged over seeds alone: leave --data_seeds and --validation_splits out")
        if not self.until_decided:
            if self.max_seeds is not None:
                raise ValueError("--max_seeds is the last look of --until_decided: give that as well, or leave it out")
            return
        first, last = len(self.seeds), MOST_SEEDS if self.max_seeds is None else self.max_seeds
        if len(self.heads) < 2:
            raise ValueError("--until_decided decides between heads: name at least two as --heads")
        if first < 2:
            raise ValueError(
                "--seeds are those of the first look of --until_decided: name at least two, or leave it out"
            )
        if self.crossed is not None:
            raise ValueError("--until_decided adds seeds alone: leave --data_seeds and --validation_splits out")
        if last <= first:
            raise ValueError(f"--max_seeds {last} leaves no look after the first one, which has {first} seeds per head")
        self.looks = planned_looks(first, last)
        after = max(self.seeds) + 1
        self.seeds = [*self.seeds, *range(after, after + last - first)]

    @property
    def run_by(self) -> list[str]:
        """The words that run a script: the launcher's, else this Python."""
        return shlex.split(self.launcher) if self.launcher else [sys.executable]

    @property
    def crossed(self) -> tuple[str, list[int]] | None:
        """What every seed is crossed with: a flag of the script, and its values."""
        if self.data_seeds is not None:
            return "data_seed", self.data_seeds
        return (
            None if self.validation_splits is None else ("validation_split_seed", list(range(self.validation_splits)))
        )

    def _check_tuning(self) -> None:
        for name in ("tune", "tune_steps", "tune_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"--{name} must be above 0, not {value}")
            if name != "tune" and value is not None and self.tune is None:
                raise ValueError(f"--{name} limits the trials of --tune N: give that as well, or leave it out")
        if self.space is not None and self.tune is None:
            raise ValueError("--space holds the ranges of --tune N: give that as well, or leave it out")
        if self.tune is not None and TRIAL_SEED in self.seeds:
            raise ValueError(
                f"--seeds has {TRIAL_SEED}, the seed of the trials: take another, so that the runs are new ones"
            )

    def _by_head(self, flag: str, text: str, example: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The value of a flag that goes by head."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"--{flag} is not JSON ({error}): {text}") from error
        if not isinstance(values, dict) or not all(isinstance(own, dict) for own in values.values()):
            right = json.dumps({self.heads[-1]: values if isinstance(values, dict) else example})
            raise ValueError(f"--{flag} goes by head, as in '{right}', not {text}")
        unknown = [head for head in values if head not in self.heads]
        if unknown:
            raise ValueError(f"--{flag} names '{unknown[0]}', --heads are {', '.join(self.heads)}")
        return values


def planned_looks(first: int, last: int) -> list[int]:
    """The seeds per head at each look: those of `LOOKS` between the first look and the last one."""
    return [first, *(count for count in LOOKS if first < count < last), last]


def _check_head_flags(by_head: dict[str, dict[str, Any]]) -> None:
    """Raises ValueError for a flag that is none of training, or that all heads have alike."""
    known = [*LEVERS, *(item.name for item in fields(HeadTrainingArguments) if item.init)]
    for name in (name for flags in by_head.values() for name in flags):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            cure = f"did you mean '{near[0]}'?" if near else f"flags of training go by head, and {', '.join(LEVERS)}"
            raise ValueError(f"--head_flags: unknown flag '{name}'; {cure}")
        if name in ALIKE or name.startswith("hub_"):
            raise ValueError(f"--head_flags: {name} is the same for all heads; give it as a flag of its own, if at all")
