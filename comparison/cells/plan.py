"""The cells of a comparison: one run of a script for every head and seed, in a folder that its arguments name."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from utils.arguments import Arguments, DataArguments, HeadTrainingArguments, as_words, parse_arguments
from utils.data.hub import hub_files, hub_streams
from utils.errors import UserError
from utils.files import existing_file, json_fields, replace_file, sha256, shards
from utils.models.loading import load_tokenizer
from utils.outputs.run_record import changed_from_default
from utils.tasks import TASKS, Task

from ..arguments import ComparisonArguments
from .cell import Cell
from .checks import check_hold_outs, check_many_runs, check_validation_rows

ROOT = Path(__file__).resolve().parents[2]

# Arguments that leave weights and scores as they are, besides those that a cell has by name and the files, which count
# by what is in them.
WITHOUT_EFFECT = set(
    "head head_kwargs seed do_train do_predict output_dir data_dir train_file validation_file test_file predict_split report "
    "overwrite_cache preprocessing_num_workers dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers "
    "dataloader_prefetch_factor resume_from_checkpoint save_total_limit log_level log_level_replica log_on_each_node "
    "disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id trackio_static_space_id".split()
)
WITHOUT_EFFECT_PREFIXES = ("logging_", "hub_")
COMPARED = ("--do_train", "true", "--do_predict", "true")  # what a cell does
WEIGHTS_AND_TOKENIZER = (".json", ".safetensors", ".txt", ".model")


@dataclass
class Plan:
    """A comparison before it runs.

    Attributes:
        folder: its `--output_dir`.
        script: of every cell.
        recipe: the YAML or JSON file, where there is one.
        metric: what was asked for; None: the task's own.
        arguments: model, data and training as the script parses them for the first cell; for the others all is the same but
            head, head_kwargs, seed, output_dir and the flags of the head.
        files: the data files by split.
        compared: the split whose rows are compared, "test" or "validation"; to the cells they are test rows.
        hold_outs: how many there are, where seeds are crossed with them.
        cells: seed by seed, and by what seeds are crossed with, so that a part of them has every head.
        notes: what a reader of the results has to know.
    """

    folder: Path
    script: str
    recipe: str | None
    metric: str | None
    arguments: Arguments
    files: dict[str, str]
    compared: str
    cells: list[Cell]
    notes: list[str]
    hold_outs: int | None = None

    def load_task(self) -> Task:
        """What the script trains, on the data of the first cell."""
        return TASKS[self.script](self.arguments.data, load_tokenizer(self.arguments.model))

    @property
    def cells_by_head(self) -> dict[str, list[Cell]]:
        """The cells of each head, in their order."""
        return {head: [cell for cell in self.cells if cell.head == head] for head in self.heads}

    @property
    def heads(self) -> list[str]:
        """The heads, each once, in the order of their first cells."""
        return list(dict.fromkeys(cell.head for cell in self.cells))

    @property
    def unfinished(self) -> list[Cell]:
        """The cells that have still to run."""
        return [cell for cell in self.cells if not cell.finished]


def make_plan(arguments: ComparisonArguments) -> Plan:
    """Lays out the cells, after the script's own parser has seen the arguments of each head.

    Raises:
        UserError: whatever that parser refuses, flags that a comparison cannot have, or files that are not there.
    """
    assert arguments.script is not None and arguments.output_dir is not None
    folder = Path(arguments.output_dir)
    notes = list(arguments.notes)

    by_head = {head: parse_words(arguments, head, COMPARED) for head in arguments.heads}
    model, data, training = by_head[arguments.heads[0]]
    for parsed in by_head.values():
        check_many_runs(model, parsed.training)
        if arguments.data_seeds is not None and parsed.training.train_sampling_strategy == "sequential":
            cure = "leave it or --train_sampling_strategy sequential out"
            raise UserError(f"--data_seeds are orders of the training rows, which are to stay as they are: {cure}")
    files = _data_files(data)
    if arguments.validation_splits is not None:
        check_hold_outs(files, data)
    given = "test" in files and data.predict_split == "test" and arguments.validation_splits is None
    compared, more = ("test", []) if given else ("validation", ["--predict_split", "validation"])
    if not given:
        check_validation_rows(files, data)
        notes += _on_validation_rows(arguments, training, has_test="test" in files)
        files.pop("test", None)

    contents = contents_of(arguments, files)
    cells_folder = folder / "cells"
    by_head = {head: parse_words(arguments, head, [*COMPARED, *more]) for head in arguments.heads}
    matters = {head: what_matters(parsed, contents) for head, parsed in by_head.items()}
    if arguments.crossed is not None:  # its values stand in the names
        for own in matters.values():
            own.pop(arguments.crossed[0], None)
    changed = _other_cells(cells_folder, matters)
    if changed is not None:
        notes.append(changed)
    write_what_matters(cells_folder, matters.values())
    cells = lay_out(arguments, cells_folder, matters, COMPARED, more)
    for cell in cells:
        cell.keeps_checkpoints = by_head[cell.head].training.save_total_limit is not None
    return Plan(
        folder=folder,
        script=arguments.script,
        recipe=arguments.recipe,
        metric=arguments.metric,
        arguments=by_head[arguments.heads[0]],
        files=files,
        compared=compared,
        cells=cells,
        notes=notes,
        hold_outs=arguments.validation_splits,
    )


def _data_files(data: DataArguments) -> dict[str, str]:
    """The data files by split."""
    if data.dataset_name:
        return {split: file for split, (file, _) in hub_streams(data).items()} if data.streaming else hub_files(data)
    given = {"train": data.train_file, "validation": data.validation_file, "test": data.test_file}
    for one in (one for file in given.values() if file for one in shards(file)):
        existing_file(one)
    return {split: file for split, file in given.items() if file}


def _on_validation_rows(arguments: ComparisonArguments, training: HeadTrainingArguments, has_test: bool) -> list[str]:
    """Notes on a comparison on validation rows.

    Args:
        has_test: there are test rows as well.
    """
    notes = []
    if arguments.validation_splits is not None and has_test:
        notes.append("the heads are compared on rows held out of the training file, not on the test rows")
    if arguments.validation_splits is None and not has_test:
        notes.append("there are no test rows: the validation rows are compared")
    if training.load_best_model_at_end:
        notes.append("the validation rows also chose the checkpoint, so the scores are too good")
    return notes


def parse_words(arguments: ComparisonArguments, head: str, does: Sequence[str]) -> Arguments:
    """What the script's own parser makes of the first run of a head.

    Args:
        does: the words that say what the run does, such as `COMPARED`.

    Raises:
        UserError: whatever that parser refuses.
    """
    words = [*_given_words(arguments), *does, *_head_words(head, arguments), "--seed", str(arguments.seeds[0])]
    if arguments.crossed is not None:
        words += [f"--{arguments.crossed[0]}", str(arguments.crossed[1][0])]
    words += ["--output_dir", str(arguments.output_dir)]
    return parse_arguments(TASKS[arguments.script or ""].arguments, words)


def lay_out(
    arguments: ComparisonArguments,
    folder: Path,
    matters: Mapping[str, Mapping[str, Any]],
    does: Sequence[str],
    more: Sequence[str] = (),
) -> list[Cell]:
    """Returns a cell for every seed, what it is crossed with, and head.

    Args:
        folder: where the folders of the cells lie.
        matters: of each head.
        does: the words that say what a run does, such as `COMPARED`.
        more: further words.
    """
    assert arguments.script is not None
    cells = []
    flag, values = arguments.crossed or ("", [])
    crossed_values: list[int | None] = [*values] or [None]
    for seed, value, head in product(arguments.seeds, crossed_values, arguments.heads):
        crossed = None if value is None else (flag, value)
        part = "" if value is None else f"-{'data' if flag == 'data_seed' else 'split'}-{value}"
        place = folder / f"{head}-seed-{seed}{part}-{short_hash(matters[head])}"
        words = [*arguments.run_by, str(ROOT / arguments.script), *_given_words(arguments), *does]
        words += [*_head_words(head, arguments), "--seed", str(seed)]
        words += [] if value is None else [f"--{flag}", str(value)]
        cells.append(
            Cell(
                head=head,
                seed=seed,
                crossed=crossed,
                head_kwargs=arguments.kwargs.get(head, {}),
                head_flags=arguments.flags_by_head.get(head, {}),
                folder=place,
                words=[*words, *more, "--output_dir", str(place)],
            )
        )
    return cells


def write_what_matters(folder: Path, matters: Iterable[Mapping[str, Any]]) -> None:
    """Writes HASH8.json beside the cells, for whoever wants to know what a folder's name stands for."""
    for one in matters:
        text = json.dumps(one, ensure_ascii=False, indent=2, sort_keys=True, default=str, allow_nan=False)
        replace_file(folder / f"{short_hash(one)}.json", [text + "\n"])


def what_matters(arguments: Arguments, contents: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that weights and scores depend on, as far as they differ from their defaults.

    Folders and files of the encoder count by what is in them.

    Args:
        contents: what matters and is no argument of the script.
    """
    changed = changed_from_default(arguments)
    matters = {
        name: value
        for name, value in changed.items()
        if name not in WITHOUT_EFFECT and not name.startswith(WITHOUT_EFFECT_PREFIXES)
    }
    if not arguments.training.load_best_model_at_end:  # only then a saved checkpoint becomes the result
        matters = {name: value for name, value in matters.items() if name not in ("save_strategy", "save_steps")}
    for name in ("model_name_or_path", "config_name", "tokenizer_name", "class_weights"):
        path = Path(str(matters.get(name)))
        if path.is_dir():
            kept = (file for file in sorted(path.iterdir()) if file.is_file() and file.suffix in WEIGHTS_AND_TOKENIZER)
            matters[name] = {file.name: sha256(file) for file in kept}
        elif path.is_file():
            matters[name] = sha256(path)
    return {**matters, **contents, "head_kwargs": arguments.model.parsed_head_kwargs}


def short_hash(matters: Mapping[str, Any] | list[str]) -> str:
    """Eight hexadecimal digits that tell apart what runs depend on."""
    return hashlib.sha256(json.dumps(matters, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _given_words(arguments: ComparisonArguments) -> list[str]:
    return [*([] if arguments.recipe is None else [arguments.recipe]), *arguments.flags]


def _head_words(head: str, arguments: ComparisonArguments) -> list[str]:
    kwargs = arguments.kwargs.get(head)
    words = ["--head", head, *([] if kwargs is None else ["--head_kwargs", json.dumps(kwargs)])]
    return [*words, *as_words(arguments.flags_by_head.get(head, {}))]


def contents_of(arguments: ComparisonArguments, files: Mapping[str, str]) -> dict[str, Any]:
    """What matters and is no argument of a script."""
    contents: dict[str, Any] = {f"{split}_file": sha256(file) for split, file in files.items()}
    contents["script"] = arguments.script
    if arguments.launcher is not None:  # two processes make batches of twice the size
        contents["launcher"] = shlex.split(arguments.launcher)
    return contents


def _other_cells(folder: Path, by_head: Mapping[str, Mapping[str, Any]]) -> str | None:
    """What to say where cells of other arguments lie: how many, and what differs from the latest of them."""
    current = {f"{head}-{short_hash(matters)}" for head, matters in by_head.items()}
    others = []
    for path in folder.glob("*-seed-*"):
        found = re.fullmatch(r"(.+)-seed-\d+(?:-(?:data|split)-\d+)?-([0-9a-f]{8})", path.name)
        if path.is_dir() and found and found[1] in by_head and f"{found[1]}-{found[2]}" not in current:
            others.append((path.stat().st_mtime, found[1], folder / f"{found[2]}.json"))
    if not others:
        return None
    _, head, file = max(others)
    then = json_fields(file)
    now = json.loads(json.dumps(by_head[head], default=str))
    names = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    return f"{folder} also holds {len(others)} runs with other arguments ({', '.join(names)}); they are left alone"
