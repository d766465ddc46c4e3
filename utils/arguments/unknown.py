"""What was probably meant by a flag that there is none of: one of transformers 4, of another toolkit, or a slip."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Flags of transformers 4 that transformers 5 has no more, and what to give in their place.
GONE = {
    "evaluation_strategy": "it is --eval_strategy now",
    "warmup_ratio": "--warmup_steps takes a share of the steps too, as in --warmup_steps 0.1",
    "group_by_length": "it is --train_sampling_strategy group_by_length now, and on unless you say otherwise",
    "no_cuda": "it is --use_cpu now",
    "use_mps_device": "leave it out, Apple's GPU is found by itself",
    "overwrite_output_dir": "leave it out, a run that ends well replaces what an earlier one left in its --output_dir",
    "logging_dir": "set the environment variable TENSORBOARD_LOGGING_DIR",
    "save_safetensors": "leave it out, weights are always saved as safetensors",
    "push_to_hub_token": "it is --hub_token now",
    "push_to_hub_model_id": "it is --hub_model_id now",
    "push_to_hub_organization": "it is part of --hub_model_id ORGANISATION/NAME now",
    "per_gpu_train_batch_size": "it is --per_device_train_batch_size now",
    "per_gpu_eval_batch_size": "it is --per_device_eval_batch_size now",
    "adafactor": "it is --optim adafactor now",
    "sharded_ddp": "it is --fsdp now",
    "fsdp_min_num_params": "it is a key of --fsdp_config now",
    "fsdp_transformer_layer_cls_to_wrap": "it is a key of --fsdp_config now",
    "fp16_backend": "leave it out, --fp16 and --bf16 need no backend",
    "half_precision_backend": "leave it out, --fp16 and --bf16 need no backend",
    "fp16_opt_level": "leave it out, --fp16 and --bf16 have no levels",
    "bf16_opt_level": "leave it out, --fp16 and --bf16 have no levels",
    "torchdynamo": "it is --torch_compile_backend now",
    "dispatch_batches": "it is a key of --accelerator_config now",
    "split_batches": "it is a key of --accelerator_config now",
    "include_inputs_for_metrics": "leave it out, the scores here need no inputs",
    "include_tokens_per_second": "it is --include_num_input_tokens_seen now",
    "evaluate_during_training": "it is --eval_strategy steps now",
    "jit_mode_eval": "leave it out, export_onnx.py makes models that answer faster",
    "use_ipex": "leave it out, --torch_compile compiles the model",
    "use_legacy_prediction_loop": "leave it out",
    "tpu_num_cores": "leave it out",
    "past_index": "leave it out",
    "ray_scope": "leave it out, compare_heads.py has --ray_address",
    "mp_parameters": "leave it out",
}
# What other toolkits call it.
ELSEWHERE = {
    "batch_size": "per_device_train_batch_size",
    "train_batch_size": "per_device_train_batch_size",
    "eval_batch_size": "per_device_eval_batch_size",
    "test_batch_size": "per_device_eval_batch_size",
    "epochs": "num_train_epochs",
    "epoch": "num_train_epochs",
    "num_epochs": "num_train_epochs",
    "n_epochs": "num_train_epochs",
    "max_epochs": "num_train_epochs",
    "steps": "max_steps",
    "num_train_steps": "max_steps",
    "lr": "learning_rate",
    "head_lr": "head_learning_rate",
    "max_length": "max_seq_length",
    "max_len": "max_seq_length",
    "max_seq_len": "max_seq_length",
    "model_max_length": "max_seq_length",
    "stride": "doc_stride",
    "max_answer_len": "max_answer_length",
    "model": "model_name_or_path",
    "model_name": "model_name_or_path",
    "model_path": "model_name_or_path",
    "pretrained_model": "model_name_or_path",
    "bert_model": "model_name_or_path",
    "encoder": "model_name_or_path",
    "checkpoint": "model_name_or_path",
    "tokenizer": "tokenizer_name",
    "config": "config_name",
    "revision": "model_revision",
    "output": "output_dir",
    "out": "output_dir",
    "out_dir": "output_dir",
    "save_dir": "output_dir",
    "save_path": "output_dir",
    "output_path": "output_dir",
    "train": "do_train",
    "eval": "do_eval",
    "evaluate": "do_eval",
    "predict": "do_predict",
    "test": "do_predict",
    "train_data": "train_file",
    "train_path": "train_file",
    "data": "train_file",
    "dev_file": "validation_file",
    "dev_data": "validation_file",
    "valid_file": "validation_file",
    "val_file": "validation_file",
    "eval_file": "validation_file",
    "predict_file": "test_file",
    "test_data": "test_file",
    "input_file": "test_file",
    "task": "task_name",
    "dataset": "dataset_name",
    "text_column": "text_column_name",
    "text_col": "text_column_name",
    "label_column": "label_column_name",
    "label_col": "label_column_name",
    "val_split": "validation_split",
    "dev_split": "validation_split",
    "warmup": "warmup_steps",
    "warmup_proportion": "warmup_steps",
    "optimizer": "optim",
    "scheduler": "lr_scheduler_type",
    "lr_scheduler": "lr_scheduler_type",
    "grad_clip": "max_grad_norm",
    "gradient_clip_val": "max_grad_norm",
    "clip_grad_norm": "max_grad_norm",
    "accumulate_grad_batches": "gradient_accumulation_steps",
    "grad_accum": "gradient_accumulation_steps",
    "accumulation_steps": "gradient_accumulation_steps",
    "patience": "early_stopping_patience",
    "early_stopping": "early_stopping_patience",
    "label_smoothing": "label_smoothing_factor",
    "device": "use_cpu",
    "cpu": "use_cpu",
    "num_workers": "dataloader_num_workers",
    "resume": "resume_from_checkpoint",
    "wandb": "report_to",
    "freeze": "freeze_encoder",
    "head_type": "head",
    "classifier": "head",
    "amp": "fp16",
    "mixed_precision": "fp16",
    "precision": "fp16",
}


def meant_by(name: str, names: Iterable[str], dashes: str = "") -> str | None:
    """What to give in place of an unknown flag or key, in words; None where nobody can tell.

    Args:
        name: without dashes before it.
        names: all that are known.
        dashes: what stands before a name.
    """
    plain, known = name.replace("-", "_").lower(), list(names)
    if plain in GONE:
        return GONE[plain]
    if plain in known or ELSEWHERE.get(plain) in known:
        return f"did you mean '{dashes}{plain if plain in known else ELSEWHERE[plain]}'?"
    close = difflib.get_close_matches(plain, known, n=1)
    return f"did you mean '{dashes}{close[0]}'?" if close else None
