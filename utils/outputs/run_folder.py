"""A folder holds one run: what a run leaves is put there at its end, and takes the place of what an earlier run left."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import heads

from ..files import PARTS, UNFINISHED, sync
from ..models.adapters import ADAPTER, CONFIG

logger = logging.getLogger(__name__)

LAST = "run.json"  # where it is, everything is
CODE = {path.name for path in Path(heads.__file__).parent.glob("*.py")} - {"__init__.py"}
RESULTS = ("trainer_state.json", "all_results.json", "train_results.json", "eval_results.json", "predict_results.json")
REPORTS = (
    "README.md",
    LAST,
    "data_report.json",
    "predictions.jsonl",
    "predictions.csv",
    "predictions.parquet",
    "training.png",
    "scores.png",
    "reliability.png",
    "report.json",
    "report.html",
)
# Weights, also in pieces; the configuration; and what tokenizers of any kind save.
MODEL = re.compile(
    r"model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|(adapter_)?config\.json|training_args\.bin|"
    r"tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|"
    r"spiece\.model|sentencepiece\.bpe\.model|tokenizer\.model|chat_template\.jinja"
)


def left_by_a_run(name: str) -> bool:
    """Whether a file of this name is one that runs leave; all others are their owner's and stay."""
    return name in CODE or name in RESULTS or name in REPORTS or MODEL.fullmatch(name) is not None


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A folder in `folder` for what a run writes, while all that was in `folder` before stays as it is.

    If the run fails, what it has trained is kept there.
    """
    stage = folder / UNFINISHED
    try:
        yield stage
    except BaseException:
        if any(stage.glob("*.safetensors")):
            logger.warning("the model that was trained is in %s", stage)
        else:
            shutil.rmtree(stage, ignore_errors=True)
        raise


def clear(stage: Path) -> None:
    """Makes the folder anew: what is in it is of a run that failed."""
    if stage.exists():
        shutil.rmtree(stage)
    stage.mkdir(parents=True)


def finish(stage: Path, folder: Path) -> None:
    """Puts the files of a run in the place of those that an earlier run left.

    Only renames, of what has reached the disk: this takes no room. `run.json` goes first and comes last.
    """
    sync(stage)
    ours = {path.name for path in stage.iterdir()}
    earlier = sorted(path.name for path in folder.iterdir() if path.is_file() and left_by_a_run(path.name))
    gone = [name for name in earlier if name not in ours]
    if gone:
        logger.info("of an earlier run, removed from %s: %s", folder, ", ".join(gone))
    for name in sorted({*gone, LAST}, key=lambda name: name != LAST):
        (folder / name).unlink(missing_ok=True)
    if (folder / ADAPTER / CONFIG).is_file():
        shutil.rmtree(folder / ADAPTER)
    for path in sorted(stage.iterdir(), key=lambda path: path.name == LAST):
        path.replace(folder / path.name)
    sync(folder, deep=False)
    stage.rmdir()
    shutil.rmtree(folder / PARTS, ignore_errors=True)
