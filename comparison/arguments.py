"""The flags of a comparison; all others are those of the script that runs its cells. And the file of a study."""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from heads import HEADS
from utils.arguments import (
    HeadTrainingArguments,
    ModelArguments,
    Parser,
    as_words,
    check_keys,
    read_mapping,
    read_recipe,
)
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

LEVERS = ("use_last_layers", "crf", "decoding")  # what a head may have for itself besides flags of training

TRIAL_SEED = 1234  # of every trial; a comparison takes others


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
        self._check_tuning()
        if self.head_kwargs is not None:
            self.kwargs = self._by_head("head_kwargs", self.head_kwargs, {"dropout": 0.2})
        if self.head_flags is not None:
            self.flags_by_head = self._by_head("head_flags", self.head_flags, {"head_learning_rate": 1e-3})
            _check_head_flags(self.flags_by_head)

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
    if arguments.across is not None:
        return _only_across(arguments)
    in_recipe, in_flags = ScriptFlags(), _script_flags(flags)
    if recipe is not None:
        in_recipe = _script_flags(read_recipe(recipe, _script_names()))
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


def _script_names() -> list[str]:
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


STUDY_KEYS = ("study", "recipes", "encoders")


@dataclass
class StudyFlags:
    """The flags of a study that are not those of each of its comparisons."""

    output_dir: str | None = None
    plan: bool = False


@dataclass(frozen=True)
class Study:
    """Every recipe with every encoder, each an ordinary comparison.

    Attributes:
        title: of the page on all of them.
        folder: its `--output_dir`; each comparison has its own in it.
        comparisons: the words of each command, by folder.
        plan: print the shell lines of all, and run nothing.
    """

    title: str
    folder: Path
    comparisons: dict[Path, list[str]]
    plan: bool = False


def is_study(argv: Sequence[str]) -> bool:
    """Whether the file that is named first is a study: it has one of `STUDY_KEYS`, which no recipe has."""
    words = [word for word in argv if word != "--debug"]
    if not words or words[0].startswith("-"):
        return False
    return not read_mapping(words[0]).keys().isdisjoint(STUDY_KEYS)


def parse_study(argv: Sequence[str]) -> Study:
    """Reads `STUDY.yaml|.json [--flag value ...]`.

    Its keys are `recipes`, `encoders`, `study` (a title), and all flags of a comparison and of the scripts. A recipe or an
    encoder may have flags of its own. Those of a recipe win over those of an encoder, both win over the study's, and those of
    the command line over all.

    Raises:
        UserError: an unknown key, a study without recipes, or two comparisons that would share a folder.
    """
    path, *words = [word for word in argv if word != "--debug"]
    parser: Any = Parser(StudyFlags, allow_abbrev=False, add_help=False)  # type: ignore[arg-type]
    own, flags = parser.parse_args_into_dataclasses(words, return_remaining_strings=True)
    mapping = read_mapping(path)
    ours = [item.name for item in fields(ComparisonArguments) if item.init and item.name not in ("across", "plan")]
    names = [*ours, *(name for name in _script_names() if name not in ours)]
    check_keys(mapping, [*STUDY_KEYS, *names], path)
    own_names = [name for name in names if name != "output_dir"]
    recipes = _with_flags(mapping.get("recipes"), "recipes", own_names, path)
    encoders = [("", {})] if mapping.get("encoders") is None else _encoders(mapping["encoders"], own_names, path)
    shared = {key: value for key, value in mapping.items() if key not in (*STUDY_KEYS, "output_dir")}
    folder = Path(own.output_dir or mapping.get("output_dir") or f"runs/{Path(path).stem}")
    comparisons: dict[Path, list[str]] = {}
    for recipe, recipe_flags in recipes:
        for encoder, encoder_flags in encoders:
            place = folder / "-".join(_label(name) for name in (recipe, encoder) if name)
            if place in comparisons:
                raise UserError(f"{recipe} is there twice: give a copy of it another name, and name that", file=path)
            merged = {**shared, **encoder_flags, **recipe_flags, "output_dir": str(place)}
            comparisons[place] = [recipe, *as_words(merged), *flags]
    return Study(
        title=str(mapping.get("study") or Path(path).stem), folder=folder, comparisons=comparisons, plan=own.plan
    )


def _with_flags(value: Any, key: str, names: Sequence[str], path: str) -> list[tuple[str, dict[str, Any]]]:
    """Reads `[a, b]`, `[a, {b: {flag: value}}]` or `{a: null, b: {flag: value}}`."""
    items = value if isinstance(value, list) else [value]
    pairs = [pair for item in items for pair in (item.items() if isinstance(item, dict) else [(item, None)])]
    for name, flags in pairs:
        if not isinstance(name, str) or not isinstance(flags, dict | None):
            example = f"`{key}: [A, B]`, or `{key}: {{A: {{flag: value}}}}`"
            raise UserError(f"{key} are missing or not a list: write {example}", file=path)
        check_keys(flags or {}, names, path)
    return [(name, flags or {}) for name, flags in pairs]


def _encoders(value: Any, names: Sequence[str], path: str) -> list[tuple[str, dict[str, Any]]]:
    """Reads encoders: names, also with flags of their own; one without weights says so: `{A: {config_name: A}}`."""
    found = _with_flags(value, "encoders", names, path)
    return [(name, flags if "config_name" in flags else {"model_name_or_path": name, **flags}) for name, flags in found]


def _label(name: str) -> str:
    """The name of a folder for a recipe or an encoder: `recipes/klue/ner.yaml` is `klue-ner`."""
    place = Path(name)
    place = place.with_suffix("") if place.suffix in (".yaml", ".yml", ".json") else place
    inside = not place.is_absolute() and ".." not in place.parts
    parts = [part for part in place.parts if part != "recipes"] if inside else [place.name]
    return "-".join(parts)
