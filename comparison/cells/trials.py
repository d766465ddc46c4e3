"""The trials that choose the settings of each head: runs that are scored on the validation rows and predict nothing.

All heads have as many, at the same points of one sequence. A trial is a cell: it is run once, wherever, and its folder keeps
what it scored.
"""

from __future__ import annotations

import copy
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import torch

from heads import HEADS
from utils.errors import UserError, first_line
from utils.files import read_record, write_json
from utils.outputs.run_record import changed_from_default
from utils.tasks import TASKS

from ..arguments import TRIAL_SEED, ComparisonArguments
from .cell import Cell
from .plan import ROOT, Plan, contents_of, lay_out, parse_words, what_matters, write_what_matters
from .space import Space, read_space, training_flags

SCORED = ("--do_train", "true", "--do_eval", "true", "--do_predict", "false")  # what a trial does


@dataclass
class Trial:
    """One setting of one head.

    Attributes:
        number: from 1, its place in the sequence.
        settings: the values that were tuned.
        cell: the run.
    """

    number: int
    settings: dict[str, Any]
    cell: Cell

    @property
    def failure(self) -> str | None:
        """Why it failed; None where it did not, or has not run."""
        return None if self.cell.finished or not self._mark.is_file() else self._read_mark()["reason"]

    @property
    def ended(self) -> bool:
        """Whether it has run to its end or failed."""
        return self.cell.finished or self._mark.is_file()

    @property
    def seconds(self) -> float:
        """Of training; of a trial that failed, until then."""
        if not self.cell.finished:
            return self._read_mark()["seconds"]
        return self.cell.read("train_results.json", {"train_runtime": float})["train_runtime"]

    @property
    def steps(self) -> int:
        """Of training; 0 of a trial that failed."""
        if not self.cell.finished:
            return 0
        return self.cell.read("trainer_state.json", {"global_step": int})["global_step"]

    def score(self, metric: str) -> float | None:
        """On the validation rows; None where it failed or diverged, that is, where a score or loss is no finite number."""
        if not self.cell.finished:
            return None
        results = self.cell.read("eval_results.json", {f"eval_{metric}": Real, "eval_loss": (Real, None)})
        trained = self.cell.read("train_results.json", {"train_loss": Real})
        losses = [results.get("eval_loss") or 0.0, trained["train_loss"]]
        score = results[f"eval_{metric}"]
        return score if all(map(math.isfinite, (score, *losses))) else None

    def fail(self, reason: str, seconds: float) -> None:
        """Marks it as failed: it counts as a trial, and is not run again."""
        write_json(self._mark, {"reason": reason, "seconds": round(seconds, 1)}, indent=None)

    def forget_failure(self) -> None:
        """Lets it run again."""
        self._mark.unlink(missing_ok=True)

    def discard_weights(self) -> None:
        """Removes the weights of a trial that has ended: only its scores are needed."""
        for file in self.cell.folder.glob("*.safetensors"):
            file.unlink()
        for folder in self.cell.folder.glob("checkpoint-*"):
            shutil.rmtree(folder)

    def _read_mark(self) -> Any:
        return read_record(self._mark, {"reason": str, "seconds": float}, "delete it, and the trial is run again")

    @property
    def _mark(self) -> Path:
        return self.cell.folder.with_name(f"{self.cell.name}.failed.json")


@dataclass
class Tuning:
    """The trials of a comparison.

    Attributes:
        space: what is tuned.
        file: where it was read.
        planned: the trials of each head.
        steps, seconds: a head begins no further trial once its trials have taken so much; None: no limit.
        notes: what a reader of the results has to know.
    """

    space: Space
    file: str
    planned: dict[str, list[Trial]]
    steps: int | None
    seconds: float | None
    notes: list[str]

    @property
    def trials(self) -> dict[str, list[Trial]]:
        """The trials of each head that its limits leave, as far as is known yet."""
        return {head: self._within_limits(planned) for head, planned in self.planned.items()}

    def due(self) -> list[Trial]:
        """The trials that can run now: all, or where there are limits the next of each head."""
        due = [trial for trials in self.trials.values() for trial in trials if not trial.ended]
        return sorted(due, key=lambda trial: trial.number)  # so that a part of them has every head

    def _within_limits(self, planned: list[Trial]) -> list[Trial]:
        if self.steps is None and self.seconds is None:
            return planned
        found: list[Trial] = []
        steps, seconds = 0, 0.0
        for trial in planned:
            if (self.steps is not None and steps >= self.steps) or (
                self.seconds is not None and seconds >= self.seconds
            ):
                break
            found.append(trial)
            if not trial.ended:  # what it takes decides on the next one
                break
            steps, seconds = steps + trial.steps, seconds + trial.seconds
        return found

    def choose(self, arguments: ComparisonArguments, best: Mapping[str, int]) -> ComparisonArguments:
        """Returns the arguments of the comparison of the best settings.

        Args:
            best: the number of the best trial of each head.
        """
        settings = {head: trials[best[head] - 1].settings for head, trials in self.planned.items()}
        chosen = _with_settings(arguments, settings)
        chosen.notes = [*arguments.notes, *self.notes]
        return chosen


def plan_trials(arguments: ComparisonArguments, plan: Plan) -> Tuning:
    """Lays out the trials, after the script's own parser and the heads have seen each setting.

    Args:
        plan: the comparison without tuning.

    Raises:
        UserError: no validation rows, no test rows besides them, a space with errors, or settings that the script refuses.
    """
    assert arguments.tune is not None
    _check_rows(plan)
    model, data, training = plan.arguments
    kind = "pretrained" if model.model_name_or_path is not None else "from-scratch"
    file = arguments.space or str(ROOT / "recipes" / "spaces" / f"{TASKS[plan.script].space}-{kind}.yaml")
    space = read_space(file, arguments.heads)
    tuned = dict.fromkeys(name for head in arguments.heads for name in space.ranges(head))
    if training.max_steps > 0 and "num_train_epochs" in tuned:
        raise UserError("num_train_epochs is tuned, and --max_steps decides instead: leave one of them out", file=file)
    given = [name for name in tuned if name in changed_from_default(plan.arguments)]
    notes = [f"{', '.join(given)} of the command or recipe: tuned instead"] if given else []
    settings: dict[str, list[dict[str, Any]]] = {}
    for head in arguments.heads:
        fixed = {**arguments.flags_by_head.get(head, {}), **arguments.kwargs.get(head, {})}
        kept = [name for name in space.ranges(head) if name in fixed]
        if kept:
            notes.append(
                f"{', '.join(kept)} of the {head} head is fixed by --head_flags or --head_kwargs, and not tuned"
            )
        if len(kept) == len(space.ranges(head)):
            raise UserError(f"nothing of the {head} head is tuned: leave some of its flags and arguments to --tune")
        points = space.settings(head, arguments.tune)
        settings[head] = [{name: value for name, value in one.items() if name not in fixed} for one in points]

    folder = plan.folder / "trials"
    contents = contents_of(arguments, {split: name for split, name in plan.files.items() if split != "test"})
    planned: dict[str, list[Trial]] = {head: [] for head in arguments.heads}
    everything: list[dict[str, Any]] = []
    for i in range(arguments.tune):
        variant = _with_settings(arguments, {head: several[i] for head, several in settings.items()})
        variant.seeds, variant.data_seeds = [TRIAL_SEED], None
        _check_heads(variant, i + 1)
        matters = {head: what_matters(parse_words(variant, head, SCORED), contents) for head in arguments.heads}
        everything += matters.values()
        for cell in lay_out(variant, folder, matters, SCORED):
            planned[cell.head].append(Trial(i + 1, settings[cell.head][i], cell))
    write_what_matters(folder, everything)
    return Tuning(
        space=space, file=file, planned=planned, steps=arguments.tune_steps, seconds=arguments.tune_seconds, notes=notes
    )


def _with_settings(arguments: ComparisonArguments, settings: Mapping[str, Mapping[str, Any]]) -> ComparisonArguments:
    """The arguments with one setting for each head; what the user gave a head stays."""
    found = copy.copy(arguments)
    found.kwargs, found.flags_by_head = dict(arguments.kwargs), dict(arguments.flags_by_head)
    flags = training_flags()
    for head, values in settings.items():
        kwargs = {name: value for name, value in values.items() if name not in flags}
        if kwargs:
            found.kwargs[head] = kwargs | arguments.kwargs.get(head, {})
        own = {name: value for name, value in values.items() if name in flags}
        if own:
            found.flags_by_head[head] = own | arguments.flags_by_head.get(head, {})
    return found


def _check_rows(plan: Plan) -> None:
    """Raises UserError unless there are validation rows, and other rows to compare the heads on."""
    data = plan.arguments.data
    if plan.compared != "test":
        cure = "give them as --test_file, and --validation_split 0.1 to hold out training rows"
        raise UserError(f"--tune chooses by the validation rows, which then cannot be compared on as well: {cure}")
    if "validation" not in plan.files and data.validation_split is None:
        cure = "give --validation_file, or --validation_split 0.1 to hold out training rows"
        raise UserError(f"--tune scores its trials on validation rows, and there are none: {cure}")


def _check_heads(arguments: ComparisonArguments, number: int) -> None:
    """Raises UserError where a head refuses the arguments of a trial."""
    per_token = TASKS[arguments.script or ""].model_class.per_token
    for head in arguments.heads:
        try:
            with torch.device("meta"):  # no memory, no time
                HEADS[head](16, 2, per_token, **arguments.kwargs.get(head, {}))
        except (TypeError, ValueError, RuntimeError) as error:
            raise UserError(f"trial {number} of the {head} head: {first_line(error)}", file=arguments.space) from error
