"""The flags of a comparison; all others are those of the script that runs its cells."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from heads import HEADS
from utils.arguments import (
    DataArguments,
    HeadTrainingArguments,
    ModelArguments,
    Parser,
    QADataArguments,
    SequenceDataArguments,
    TokenDataArguments,
    read_recipe,
)
from utils.errors import UserError
from utils.tasks import TASKS

SCRIPTS: dict[str, type[DataArguments]] = {
    kind.script: kind for kind in (SequenceDataArguments, TokenDataArguments, QADataArguments)
}

# What a script's test rows can be compared by: metrics that are a function of sums over rows, so that rows can be resampled.
METRICS = {
    "run_seq_cls.py": ("accuracy", "macro_f1", "micro_f1", "pearsonr", "mse", "f1"),
    "run_token_cls.py": (
        "entity_f1",
        "accuracy",
        "entity_macro_f1",
        "macro_f1",
        "char_macro_f1",
        "char_macro_f1_without_o",
    ),
    "run_qa.py": ("f1", "exact_match", "rouge_w"),
}


@dataclass
class ComparisonArguments:
    """Which heads and seeds, scored by what, run where.

    Attributes:
        recipe: the YAML or JSON file, where there is one.
        flags: what is passed on to the script.
        kwargs: the arguments of each head that has some.
        notes: what was overridden.
    """

    recipe: str | None = field(init=False, default=None)
    flags: list[str] = field(init=False, default_factory=list)
    kwargs: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)
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
        default=None, metadata={"help": "The script of your own data; a task_name has one.", "choices": list(SCRIPTS)}
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
            self.kwargs = self._kwargs_by_head(self.head_kwargs)

    def _kwargs_by_head(self, text: str) -> dict[str, dict[str, Any]]:
        try:
            kwargs = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"--head_kwargs is not JSON ({error}): {text}") from error
        if not isinstance(kwargs, dict) or not all(isinstance(values, dict) for values in kwargs.values()):
            example = json.dumps({self.heads[-1]: kwargs if isinstance(kwargs, dict) else {"dropout": 0.2}})
            raise ValueError(f"--head_kwargs goes by head, as in '{example}', not {text}")
        unknown = [head for head in kwargs if head not in self.heads]
        if unknown:
            raise ValueError(f"--head_kwargs names '{unknown[0]}', --heads are {', '.join(self.heads)}")
        return kwargs


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
        kinds: list[Any] = [ModelArguments, *SCRIPTS.values(), HeadTrainingArguments]
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
    arguments.script = _script_of(arguments.script, in_flags.task_name or in_recipe.task_name)
    if arguments.metric is not None and arguments.metric not in METRICS[arguments.script]:
        known = ", ".join(METRICS[arguments.script])
        raise UserError(f"--metric {arguments.metric} is not what {arguments.script} scores by: {known}")
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
        if task_name not in TASKS:
            raise UserError(f"--task_name {task_name} is none of {', '.join(TASKS)}")
        return script or TASKS[task_name].script
    if script is None:
        raise UserError(f"which script? Without --task_name, give --script, one of {', '.join(SCRIPTS)}")
    return script
