"""Flags that make no sense for many runs at once, and rows that are not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from heads import HeadedEncoderConfig
from utils.arguments import DataArguments, HeadTrainingArguments, ModelArguments
from utils.errors import UserError
from utils.files import json_fields


def check_many_runs(model: ModelArguments, training: HeadTrainingArguments) -> None:
    """Raises UserError for flags that make no sense for many runs at once."""
    fields = json_fields(Path(model.model_name_or_path or "", "config.json"))
    if fields.get("model_type") == HeadedEncoderConfig.model_type:
        message = "has a head already: a comparison begins with an encoder alone"
        raise UserError(f"--model_name_or_path {model.model_name_or_path} {message}")
    if training.hub_token is not None:
        raise UserError(
            "a comparison writes its commands into logs: give the token as the environment variable HF_TOKEN"
        )
    if training.push_to_hub:
        raise UserError("a comparison pushes nothing: leave --push_to_hub out, and push a run with `hf upload`")
    if training.resume_from_checkpoint is not None:
        raise UserError("a comparison goes on where it stopped by itself: leave --resume_from_checkpoint out")
    if training.save_only_model and training.save_strategy != "no":
        raise UserError("no run can go on from weights alone: leave --save_only_model out, or give --save_strategy no")


def check_hold_outs(files: Mapping[str, str], data: DataArguments) -> None:
    """Raises UserError unless rows can be held out of the training file."""
    if "validation" in files:
        raise UserError(f"--validation_splits hold out training rows, and {files['validation']} is given: leave it out")
    if data.validation_split is None or "train" not in files:
        raise UserError("--validation_splits K needs to know how many rows to hold out: give --validation_split 0.1")


def check_validation_rows(files: Mapping[str, str], data: DataArguments) -> None:
    """Raises UserError unless there are validation rows: their own file, or a share of the training rows."""
    if "validation" not in files and (data.validation_split is None or "train" not in files):
        cure = "give --test_file, --validation_file, or --validation_split 0.1 to hold out training rows"
        raise UserError(f"there are no rows to compare the heads on: {cure}")
