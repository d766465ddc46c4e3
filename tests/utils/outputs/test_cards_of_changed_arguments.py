"""The arguments that a card shows are all those of `run.json` that weights can depend on, whatever they are called."""

from __future__ import annotations

import dataclasses

from utils.arguments import HeadTrainingArguments, ModelArguments, QADataArguments, SequenceDataArguments
from utils.outputs.card import _changed

# What the card says in its own words (the model, the head, the data, which stages), and what is of one machine or account.
ELSEWHERE = {"model_name_or_path", "config_name", "tokenizer_name", "head", "head_kwargs", "task_name"}
ELSEWHERE |= {"dataset_name", "dataset_config_name", "train_file", "validation_file", "test_file", "data_dir"}
ELSEWHERE |= {"do_train", "do_eval", "do_predict", "output_dir", "resume_from_checkpoint", "local_rank", "debug"}
ELSEWHERE |= {"predict_split", "predictions_with", "predictions_format", "report", "calibrate"}
OF_THE_MACHINE = {"overwrite_cache", "preprocessing_num_workers", "run_name", "project", "report_to", "disable_tqdm"}
OF_THE_MACHINE |= {"log_level", "log_level_replica", "log_on_each_node", "logging_strategy", "logging_steps"}
OF_THE_MACHINE |= {"logging_first_step", "logging_nan_inf_filter", "dataloader_num_workers", "dataloader_pin_memory"}
OF_THE_MACHINE |= {"dataloader_persistent_workers", "dataloader_prefetch_factor", "push_to_hub", "hub_token"}
OF_THE_MACHINE |= {"hub_private_repo", "hub_model_id", "hub_strategy", "hub_always_push", "hub_revision"}
OF_THE_MACHINE |= {"trackio_space_id", "trackio_bucket_id", "trackio_static_space_id"}


def test_every_argument_is_shown_but_these():
    kinds = (ModelArguments, SequenceDataArguments, QADataArguments, HeadTrainingArguments)
    names = {item.name for kind in kinds for item in dataclasses.fields(kind) if item.init}
    shown = {name for name in names if _changed({"changed_from_default": {name: 1}}) == {name: 1}}
    assert names - shown == ELSEWHERE | OF_THE_MACHINE


def test_these_were_once_left_out_for_the_sake_of_their_names():
    changed = {"head_learning_rate": 1e-3, "do_regression": True, "text_column_name": "body", "label_column_name": "y"}
    assert _changed({"changed_from_default": changed | {"head": "cnn", "train_file": "a.csv"}}) == changed


def test_a_file_is_named_without_its_folder(tmp_path):
    (tmp_path / "deepspeed.json").write_text("{}", encoding="utf-8")
    changed = {"deepspeed": str(tmp_path / "deepspeed.json"), "optim_args": "a=1", "seed": 3}
    assert _changed({"changed_from_default": changed}) == changed | {"deepspeed": "deepspeed.json"}
