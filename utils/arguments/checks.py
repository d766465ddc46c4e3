"""Checks that the library makes late, in its own words, or not at all: numbers out of range, packages that are missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.utils import is_liger_kernel_available, is_peft_available

# The least value of numbers that have one.
LEAST = {
    "learning_rate": 0,
    "head_learning_rate": 0,
    "weight_decay": 0,
    "max_grad_norm": 0,
    "label_smoothing_factor": 0,
    "focal_gamma": 0,
    "per_device_train_batch_size": 1,
    "per_device_eval_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "eval_accumulation_steps": 1,
    "early_stopping_patience": 1,
    "eval_delay": 0,
    "dataloader_num_workers": 0,
    "seed": 0,
    "data_seed": 0,
}
# What --lora may hold, and what that must be.
LORA: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "r": ("a whole number from 1 on", lambda value: isinstance(value, int) and value >= 1),
    "lora_alpha": ("a number above 0", lambda value: isinstance(value, (int, float)) and value > 0),
    "lora_dropout": ("at least 0 and below 1", lambda value: isinstance(value, (int, float)) and 0 <= value < 1),
    "target_modules": (
        "names of layers in a list, or a regular expression",
        lambda value: isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value)),
    ),
}
LARGEST_SEED = 2**32 - 1  # of numpy's generator
JSON_FLAGS = ("lr_scheduler_kwargs", "gradient_checkpointing_kwargs", "accelerator_config", "fsdp_config", "deepspeed")
PLAIN_OPTIMIZERS = ("adamw_torch", "adamw_torch_fused", "sgd", "adagrad", "rmsprop", "adafactor")
PACKAGES = {"azure_ml": "azureml-sdk", "comet_ml": "comet-ml", "flyte": "flytekit", "dagshub": "dagshub mlflow"}


def check_json(training: TrainingArguments) -> None:
    """Raises ValueError for a flag whose value begins like JSON, or is a file that should hold an object of it, and is none."""
    for name in JSON_FLAGS:
        value = getattr(training, name, None)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                json.loads(value)
            except json.JSONDecodeError as error:
                raise ValueError(f"--{name} is not JSON ({error}): {value}") from error
        elif isinstance(value, str) and Path(value).is_file():
            try:
                content = json.loads(Path(value).read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise ValueError(f"--{name} {value} is not JSON ({error})") from error
            if not isinstance(content, dict):
                raise ValueError(f"--{name} {value} holds no object of JSON")


def check_numbers(training: TrainingArguments) -> None:
    """Raises ValueError for a number out of range."""
    for name, least in LEAST.items():
        value = getattr(training, name)
        if value is not None and value < least:
            raise ValueError(f"--{name} must be at least {least}, not {value:g}")
    for name in ("seed", "data_seed"):
        if (getattr(training, name) or 0) > LARGEST_SEED:
            raise ValueError(f"--{name} must be at most {LARGEST_SEED:,}, not {getattr(training, name):,}")
    if training.label_smoothing_factor >= 1:
        raise ValueError(f"--label_smoothing_factor must be below 1, not {training.label_smoothing_factor:g}")
    if training.max_steps == 0 or (training.max_steps < 0 and training.num_train_epochs <= 0 and training.do_train):
        raise ValueError("--do_train takes at least one step: give --max_steps or --num_train_epochs above 0")
    for name in ("save", "eval"):
        if getattr(training, f"{name}_strategy") == "steps" and getattr(training, f"{name}_steps") <= 0:
            cure = f"--{name}_strategy no switches it off"
            raise ValueError(f"--{name}_steps must be above 0, not {getattr(training, f'{name}_steps'):g}; {cure}")


def check_packages(training: Any) -> None:
    """Raises ValueError for what needs a package that is not installed, and for names that nothing has."""
    for name in [training.report_to] if isinstance(training.report_to, str) else training.report_to or []:
        _check_reporter(name)
    if training.use_liger_kernel and not is_liger_kernel_available():
        raise ValueError(f"--use_liger_kernel {_missing('liger-kernel')}")
    if training.torch_compile_backend is not None and training.torch_compile:
        _check_compilation(training.torch_compile_backend, training.torch_compile_mode)
    if training.do_train and training.optim not in PLAIN_OPTIMIZERS:
        _check_optimizer(training)


def check_deepspeed(training: Any) -> None:
    """Raises ValueError for what DeepSpeed cannot do here, or would do in another way than the flags say."""
    config = training.deepspeed_plugin.deepspeed_config
    for part, flags in (("optimizer", "--optim"), ("scheduler", "--lr_scheduler_type")):
        if part in config:
            what = f"DeepSpeed's own {part} gives all parameters one rate and one weight decay"
            raise ValueError(f"{what}: take '{part}' out of its configuration, {flags} stands for it")
    zero = config.get("zero_optimization", {})
    if zero.get("stage") != 3:
        return
    if not zero.get("stage3_gather_16bit_weights_on_model_save"):
        cure = 'set "stage3_gather_16bit_weights_on_model_save": true (for accelerate: zero3_save_16bit_model)'
        raise ValueError(f"DeepSpeed's ZeRO 3 would leave no weights that can be loaded: {cure}")
    for name in ("freeze_encoder", "freeze_layers"):
        if getattr(training, name) not in (None, False):
            cure = "take ZeRO 2, or leave it out"
            raise ValueError(
                f"--{name} reads every text before training, and no process has the weights under ZeRO 3: {cure}"
            )


def check_lora(text: str) -> str:
    """The arguments of peft's LoraConfig, written in one way.

    Raises:
        ValueError: they are no JSON object, unknown or out of range, or peft is not installed.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"--lora is not JSON ({error}): {text}") from error
    if not isinstance(values, dict):
        raise ValueError(f'--lora must be a JSON object like {{"r": 16}}, not {text}')
    for name, value in values.items():
        if name not in LORA:
            raise ValueError(f"--lora has no '{name}': valid ones are {', '.join(LORA)}")
        right, fits = LORA[name]
        if isinstance(value, bool) or not fits(value):
            raise ValueError(f"--lora: {name} must be {right}, not {json.dumps(value)}")
    if not is_peft_available():
        raise ValueError(f"--lora {_missing('peft')}")
    return json.dumps(values, sort_keys=True)


def _missing(package: str) -> str:
    return f"needs a package that is not installed: pip install {package}"


def _check_reporter(name: str) -> None:
    if name in ("none", "all"):
        return
    from transformers.integrations import integration_utils  # here, because it costs seconds

    known = list(integration_utils.INTEGRATION_TO_CALLBACK)
    if name not in known:
        raise ValueError(f"--report_to {name} is none of {', '.join(known)}, none")
    available = integration_utils.get_available_reporting_integrations()
    if name not in available and not (name == "flyte" and integration_utils.is_flytekit_available()):
        raise ValueError(f"--report_to {name} {_missing(PACKAGES.get(name, name))}; or give --report_to none")


def _check_compilation(backend: str, mode: str | None) -> None:
    from torch import _dynamo, _inductor

    if backend not in _dynamo.list_backends(None):
        raise ValueError(f"--torch_compile_backend {backend} is none of {', '.join(_dynamo.list_backends())}")
    modes = list(_inductor.list_mode_options())
    if mode is not None and mode not in modes:
        raise ValueError(f"--torch_compile_mode {mode} is none of {', '.join(modes)}")


def _check_optimizer(training: TrainingArguments) -> None:
    from transformers import Trainer  # here, because it costs seconds

    try:
        Trainer.get_optimizer_cls_and_kwargs(training)
    except (ImportError, ValueError) as error:
        raise ValueError(f"--optim {str(getattr(training.optim, 'value', training.optim))}: {error}") from error
    except Exception:  # some want to see the model; what is wrong with them shows when the optimizer is made
        pass
