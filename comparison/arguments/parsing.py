"""Reads the command of a comparison: its own flags, and what is left for the script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any

from utils.arguments import HeadTrainingArguments, ModelArguments, Parser, read_recipe
from utils.benchmarks import BENCHMARKS
from utils.errors import UserError, without_debug
from utils.tasks import TASKS, QuestionAnswering
from utils.tasks.base import comparable_metrics

from .flags import ComparisonArguments


@dataclass
class ScriptFlags:
    """The flags of a script that a comparison has to know of."""

    task_name: str | None = None
    head: str | None = None
    head_kwargs: str | None = None
    seed: str | None = None
    data_seed: str | None = None
    validation_split_seed: str | None = None
    output_dir: str | None = None


def parse_comparison(argv: Sequence[str], description: str | None = None) -> ComparisonArguments:
    """Reads `[RECIPE.yaml|.json] [--flag value ...]`: the comparison's flags, and what is left for the script.

    Args:
        argv: the words after the program's name.
        description: of the program, for --help.

    Raises:
        UserError: a value of the wrong kind, a contradiction, or no way to tell the script.
    """
    words = without_debug(argv)
    recipe = words.pop(0) if words and not words[0].startswith("-") else None
    epilog = f"All other flags are those of the script, such as --learning_rate: {', '.join(TASKS)} --help lists them."
    parser: Any = Parser(ComparisonArguments, allow_abbrev=False, description=description, epilog=epilog)  # type: ignore[arg-type]
    parser.complete()
    try:
        arguments, flags = parser.parse_args_into_dataclasses(words, return_remaining_strings=True)
    except ValueError as error:
        raise UserError(str(error)) from error
    arguments.recipe, arguments.flags = recipe, flags
    if arguments.across is not None:
        return _only_across(arguments)
    in_recipe, in_flags = ScriptFlags(), _script_flags(flags)
    if recipe is not None:
        in_recipe = _script_flags(read_recipe(recipe, script_names()))
    for name in ("head", "seed"):
        if getattr(in_flags, name) is not None:
            raise UserError(f"--{name} is one run's: a comparison has --{name}s {getattr(in_flags, name)} ...")
        if getattr(in_recipe, name) is not None:
            arguments.notes.append(f"{name} {getattr(in_recipe, name)} of {recipe} gives way to --{name}s")
    if arguments.crossed is not None:
        name, several = arguments.crossed[0], "data_seeds" if arguments.data_seeds is not None else "validation_splits"
        if getattr(in_flags, name) is not None:
            raise UserError(f"--{name} is one for all runs, --{several} are several: leave one of them out")
        if getattr(in_recipe, name) is not None:
            arguments.notes.append(f"{name} {getattr(in_recipe, name)} of {recipe} gives way to --{several}")
    arguments.output_dir = arguments.output_dir or in_recipe.output_dir
    if arguments.output_dir is None:
        if recipe is None:
            raise UserError("--output_dir is missing: a folder for the comparison")
        arguments.output_dir = f"runs/{Path(recipe).stem}-heads"
    _take_head_kwargs(arguments, in_recipe)
    task_name = in_flags.task_name or in_recipe.task_name
    arguments.script = _script_of(arguments.script, task_name)
    if arguments.ensembles and arguments.script == QuestionAnswering.script:
        raise UserError("--ensembles is for classes, sets, scores and tags: answers have no probabilities to average")
    own = BENCHMARKS[task_name].metric if task_name is not None else None
    known = comparable_metrics(TASKS[arguments.script], *([own] if own is not None else []))
    if arguments.metric is not None and arguments.metric not in known:
        raise UserError(f"--metric {arguments.metric} is not what {arguments.script} scores by: {', '.join(known)}")
    return arguments


def _only_across(arguments: ComparisonArguments) -> ComparisonArguments:
    """Checks that nothing is said that finished comparisons cannot follow."""
    changed = [
        item.name
        for item in fields(arguments)
        if item.init and item.name not in ("across", "output_dir") and getattr(arguments, item.name) != _default(item)
    ]
    said = [*([arguments.recipe] if arguments.recipe else []), *(f"--{name}" for name in changed), *arguments.flags]
    if said:
        raise UserError(f"--across trains nothing, it reads finished comparisons: leave {said[0]} out")
    arguments.output_dir = arguments.output_dir or "runs/across"
    return arguments


def _default(item: Field) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def script_names() -> list[str]:
    """All flags of all scripts."""
    kinds: list[Any] = [ModelArguments, *(task.arguments for task in TASKS.values()), HeadTrainingArguments]
    return sorted({item.name for kind in kinds for item in fields(kind) if item.init})


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
