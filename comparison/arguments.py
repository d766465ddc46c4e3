"""The flags of a comparison; all others are those of the script that runs its cells."""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from heads import HEADS
from utils.arguments import HeadTrainingArguments, ModelArguments, Parser, read_recipe
from utils.benchmarks import BENCHMARKS
from utils.errors import UserError
from utils.tasks import TASKS
from utils.tasks.base import comparable_metrics

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


@dataclass
class ComparisonArguments:
    """Which heads and seeds, scored by what, run where.

    Attributes:
        recipe: the YAML or JSON file, where there is one.
        flags: what is passed on to the script.
        kwargs: the arguments of each head that has some.
        flags_by_head: the training flags of each head that has some.
        notes: what was overridden.
    """

    recipe: str | None = field(init=False, default=None)
    flags: list[str] = field(init=False, default_factory=list)
    kwargs: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)
    flags_by_head: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)
    notes: list[str] = field(init=False, default_factory=list)
    heads: list[str] = field(
        default_factory=lambda: list(HEADS),
        metadata={"help": "The heads; the others are compared with the first.", "choices": list(HEADS)},
    )
    seeds: list[int] = field(
        default_factory=lambda: [0, 1, 2],
        metadata={"help": "Every head is trained once with every seed; more seeds show smaller differences."},
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
            "help": "Folder of the comparison (default: runs/RECIPE-heads); each run has its own in OUTPUT_DIR/cells."
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

    def __post_init__(self):
        for name in ("heads", "seeds"):
            values = getattr(self, name)
            twice = [value for i, value in enumerate(values) if value in values[:i]]
            if twice:
                raise ValueError(f"--{name} has {twice[0]} twice")
        if min(self.seeds) < 0:
            raise ValueError(f"--seeds must be at least 0, not {min(self.seeds)}")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"--workers must be at least 1, not {self.workers}")
        if self.workers is not None and self.ray_address is not None:
            raise ValueError("--workers counts runs on this machine, and on Ray the cluster decides: give one of them")
        if self.launcher is not None and not shlex.split(self.launcher):
            raise ValueError("--launcher is empty; leave it out for plain python")
        if self.head_kwargs is not None:
            self.kwargs = self._by_head("head_kwargs", self.head_kwargs, {"dropout": 0.2})
        if self.head_flags is not None:
            self.flags_by_head = self._by_head("head_flags", self.head_flags, {"head_learning_rate": 1e-3})
            _check_head_flags(self.flags_by_head)

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


def _check_head_flags(by_head: dict[str, dict[str, Any]]) -> None:
    """Raises ValueError for a flag that is none of training, or that all heads have alike."""
    known = [item.name for item in fields(HeadTrainingArguments) if item.init]
    for name in (name for flags in by_head.values() for name in flags):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            cure = f"did you mean '{near[0]}'?" if near else "only flags of training go by head"
            raise ValueError(f"--head_flags: unknown flag '{name}'; {cure}")
        if name in ALIKE or name.startswith("hub_"):
            raise ValueError(f"--head_flags: {name} is the same for all heads; give it as a flag of its own, if at all")


@dataclass
class ScriptFlags:
    """The flags of a script that a comparison has to know of."""

    task_name: str | None = None
    head: str | None = None
    head_kwargs: str | None = None
    seed: str | None = None
    output_dir: str | None = None


def parse_comparison(argv: Sequence[str]) -> ComparisonArguments:
    """Reads `[RECIPE.yaml|.json] [--flag value ...]`: the comparison's flags, and what is left for the script.

    Raises:
        UserError: a value of the wrong kind, a contradiction, or no way to tell the script.
    """
    words = [word for word in argv if word != "--debug"]  # see `errors.run`
    recipe = words.pop(0) if words and not words[0].startswith("-") else None
    parser: Any = Parser(ComparisonArguments, allow_abbrev=False)  # type: ignore[arg-type]
    try:
        arguments, flags = parser.parse_args_into_dataclasses(words, return_remaining_strings=True)
    except ValueError as error:
        raise UserError(str(error)) from error
    arguments.recipe, arguments.flags = recipe, flags
    in_recipe, in_flags = ScriptFlags(), _script_flags(flags)
    if recipe is not None:
        kinds: list[Any] = [ModelArguments, *(task.arguments for task in TASKS.values()), HeadTrainingArguments]
        in_recipe = _script_flags(
            read_recipe(recipe, sorted({item.name for kind in kinds for item in fields(kind) if item.init}))
        )
    for name in ("head", "seed"):
        if getattr(in_flags, name) is not None:
            raise UserError(f"--{name} is one run's: a comparison has --{name}s {getattr(in_flags, name)} ...")
        if getattr(in_recipe, name) is not None:
            arguments.notes.append(f"{name} {getattr(in_recipe, name)} of {recipe} gives way to --{name}s")
    arguments.output_dir = arguments.output_dir or in_recipe.output_dir
    if arguments.output_dir is None:
        if recipe is None:
            raise UserError("--output_dir is missing: a folder for the comparison")
        arguments.output_dir = f"runs/{Path(recipe).stem}-heads"
    _take_head_kwargs(arguments, in_recipe)
    task_name = in_flags.task_name or in_recipe.task_name
    arguments.script = _script_of(arguments.script, task_name)
    own = BENCHMARKS[task_name].metric if task_name is not None else None
    known = comparable_metrics(TASKS[arguments.script], *([own] if own is not None else []))
    if arguments.metric is not None and arguments.metric not in known:
        raise UserError(f"--metric {arguments.metric} is not what {arguments.script} scores by: {', '.join(known)}")
    return arguments


def _script_flags(words: Sequence[str]) -> ScriptFlags:
    parser: Any = Parser(ScriptFlags, allow_abbrev=False, add_help=False)  # type: ignore[arg-type]
    return parser.parse_args_into_dataclasses(words, return_remaining_strings=True)[0]


def _take_head_kwargs(arguments: ComparisonArguments, in_recipe: ScriptFlags) -> None:
    """Gives the arguments of a recipe's head to that head, where the flags have none for it."""
    if in_recipe.head_kwargs is None:
        return
    head = in_recipe.head or "dense"
    if head in arguments.heads and head not in arguments.kwargs:
        try:
            arguments.kwargs[head] = json.loads(in_recipe.head_kwargs)
        except json.JSONDecodeError as error:
            raise UserError(f"head_kwargs is no mapping ({error})", file=arguments.recipe) from error
        arguments.notes.append(f"head_kwargs of {arguments.recipe} go to the {head} head alone")
    else:
        arguments.notes.append(f"head_kwargs of {arguments.recipe} are left out")
    for other in arguments.heads:
        arguments.kwargs.setdefault(other, {})  # said aloud, or the recipe's would hold


def _script_of(script: str | None, task_name: str | None) -> str:
    """The script that was asked for or that trains the task."""
    if task_name is not None:
        if task_name not in BENCHMARKS:
            raise UserError(f"--task_name {task_name} is none of {', '.join(BENCHMARKS)}")
        return script or BENCHMARKS[task_name].script
    if script is None:
        raise UserError(f"which script? Without --task_name, give --script, one of {', '.join(TASKS)}")
    return script
