"""A checkpoint is whole or it does not exist.

It is written into a folder beside the others and gets its name when all of it is on the disk. A list of its files, with their
sizes and digests, tells one that was damaged later.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from numbers import Real
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from ..files import UNFINISHED_CHECKPOINT, fits, json_fields, read_json, sha256, sync

MANIFEST = "checkpoint.json"  # a checkpoint's list of its own files
CHECKPOINT_NAME = re.compile(r"checkpoint-(\d+)")
STATE = "trainer_state.json"
# Of Trainer's state, as far as a run goes on from it; see `utils.files.fits`.
SHAPE_OF_STATE = {
    "global_step": (int, None),
    "epoch": (Real, None),
    "log_history": ([dict], None),
    "best_model_checkpoint": (str, None),
    "best_metric": (Real, None),
    "best_global_step": (int, None),
    "stateful_callbacks": (dict, None),
}
OF_TRAINING = re.compile("optimizer|scheduler|scaler|rng_state")  # files that weights do not need
INCOMPLETE = "checkpoint-is-incomplete.txt"  # what transformers puts into one that it is about to write


class FoundCheckpoint(NamedTuple):
    """The checkpoint to go on from.

    Attributes:
        checkpoint: the newest from which a run can go on; None: there is none.
        skipped: the newer ones, each with what is wrong with it.
    """

    checkpoint: Path | None
    skipped: list[str]


def checkpoints(folder: Path) -> list[Path]:
    """The folders that are called a checkpoint, whole or not, by step."""
    return sorted((path for path in folder.glob("checkpoint-*") if CHECKPOINT_NAME.fullmatch(path.name)), key=step_of)


def step_of(checkpoint: Path) -> int:
    """The step after which it was saved."""
    return int(checkpoint.name.removeprefix("checkpoint-"))


def new_stage(folder: Path) -> Path:
    """An empty folder in `folder` for what is written or removed there."""
    stage = folder / UNFINISHED_CHECKPOINT
    if stage.exists():
        shutil.rmtree(stage)
    stage.mkdir(parents=True)
    return stage


def put_in_place(draft: Path, folder: Path, processes: int, weights_only: bool) -> Path:
    """Lists the files of a checkpoint, brings it to the disk, and gives it its name in `folder`.

    Args:
        draft: the checkpoint, in a folder that `new_stage` made.
        processes: that saved it.
        weights_only: nothing but the weights was saved: no run can go on from there.
    """
    files = {
        path.relative_to(draft).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    }
    manifest = {"processes": processes, "weights_only": weights_only, "files": files}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    sync(draft)
    target = folder / draft.name
    if target.exists():  # a run that went on from an earlier one comes here again
        target.rename(draft.parent / "earlier")
    draft.rename(target)
    sync(folder, deep=False)
    shutil.rmtree(draft.parent)
    return target


def remove(checkpoint: Path) -> None:
    """Removes a checkpoint; at no time is there half of one under its name."""
    stage = new_stage(checkpoint.parent)
    checkpoint.rename(stage / checkpoint.name)
    shutil.rmtree(stage)


def read_manifest(checkpoint: Path) -> dict[str, Any]:
    """What `put_in_place` wrote about a checkpoint.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is something else.
    """
    found = read_json(checkpoint / MANIFEST)
    files = {name: {"bytes": int(one["bytes"]), "sha256": str(one["sha256"])} for name, one in found["files"].items()}
    if any(PurePath(name).is_absolute() or ".." in PurePath(name).parts for name in files):
        raise ValueError("a file elsewhere is none of the checkpoint")
    return {"processes": int(found["processes"]), "weights_only": bool(found["weights_only"]), "files": files}


def damage(checkpoint: Path, to_go_on: bool = True) -> str | None:
    """What is wrong with a checkpoint, in words; None where it is as it was saved.

    Args:
        to_go_on: whether a training goes on from there, and not its weights alone are read.
    """
    try:
        files = read_manifest(checkpoint)["files"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return f"it has no readable {MANIFEST}, which is written last"
    for name, saved in files.items():
        path = checkpoint / name
        if not to_go_on and OF_TRAINING.match(name):
            continue
        if not path.is_file():
            return f"{name} is missing"
        size = path.stat().st_size
        if size != saved["bytes"]:
            return f"{name} has {size:,} of {saved['bytes']:,} bytes"
        try:
            if sha256(path) != saved["sha256"]:
                return f"{name} is not what was saved"
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
    return f"{INCOMPLETE} is in it" if (checkpoint / INCOMPLETE).exists() else None


def _is_state(fields: dict[str, Any]) -> bool:
    """Whether fields are those of Trainer's state: it is built of them, whatever they are."""
    from transformers.trainer_callback import TrainerState  # a comparison lists checkpoints without it

    known = {field.name for field in dataclasses.fields(TrainerState)}
    return bool(fields) and fields.keys() <= known and fits(fields, SHAPE_OF_STATE)


def best_of(checkpoint: Path) -> Path | None:
    """The checkpoint with the best weights up to this one, where it names one."""
    best = json_fields(checkpoint / STATE).get("best_model_checkpoint")
    if best is None:
        return None
    beside = checkpoint.parent / Path(best).name  # the folder may have moved since
    return beside if beside.is_dir() else Path(best)


def obstacle(checkpoint: Path, with_best: bool) -> str | None:
    """Why a run cannot go on from a checkpoint, in words; None where it can.

    Args:
        with_best: the run ends with the best weights, which must then be there as well.
    """
    found = damage(checkpoint)
    if found is None and read_manifest(checkpoint)["weights_only"]:
        found = "it holds the weights alone (--save_only_model)"
    if found is None and not _is_state(json_fields(checkpoint / STATE)):
        return f"its {STATE} cannot be read (it is not what a training writes)"
    best = best_of(checkpoint) if found is None and with_best else None
    if best is not None and best != checkpoint:
        wrong = damage(best, to_go_on=False) if best.is_dir() else "it is missing"
        found = f"of {best.name}, the best before it, {wrong}" if wrong else None
    return found


def newest(folder: Path, with_best: bool) -> FoundCheckpoint:
    """The newest checkpoint in a folder from which a run can go on."""
    skipped: list[str] = []
    for checkpoint in reversed(checkpoints(folder)):
        wrong = obstacle(checkpoint, with_best)
        if wrong is None:
            return FoundCheckpoint(checkpoint, skipped)
        skipped.append(f"{checkpoint.name} ({wrong})")
    return FoundCheckpoint(None, skipped)


def how_to_go_on(folder: Path | None) -> str:
    """What to do after a run that a signal ended.

    Args:
        folder: its `output_dir`; None where it trains nothing.
    """
    if folder is None:
        return "the same command goes on from here"
    saved = checkpoints(folder)
    if not saved:
        return "no checkpoint was saved yet, the same command begins anew"
    return (
        f"{saved[-1]} is the newest checkpoint, the same command with --resume_from_checkpoint true goes on from there"
    )
