"""Numbers out of range and packages that are missing: said before anything is read, in one line."""

from __future__ import annotations

import pytest

from utils.arguments import SequenceDataArguments, parse_arguments
from utils.errors import UserError

LEAST = ["--model_name_or_path", "m", "--train_file", "a.csv", "--output_dir", "run", "--do_train"]


def refused(words: str) -> str:
    with pytest.raises(UserError) as caught:
        parse_arguments(SequenceDataArguments, [*LEAST, *words.split()])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--learning_rate nan", "--learning_rate must be a number, not nan"),
        ("--weight_decay inf", "--weight_decay must be a number, not inf"),
        ("--validation_split nan", "--validation_split must"),
        ("--learning_rate -1e-3", "--learning_rate must be at least 0, not -0.001"),
        ("--per_device_train_batch_size 0", "--per_device_train_batch_size must be at least 1, not 0"),
        ("--per_device_eval_batch_size 0", "--per_device_eval_batch_size must be at least 1, not 0"),
        ("--gradient_accumulation_steps 0", "--gradient_accumulation_steps must be at least 1, not 0"),
        ("--seed -1", "--seed must be at least 0, not -1"),
        ("--seed 4294967296", "--seed must be at most 4,294,967,295, not 4,294,967,296"),
        ("--label_smoothing_factor 1", "--label_smoothing_factor must be below 1, not 1"),
        ("--max_steps 0", "--do_train takes at least one step: give --max_steps or --num_train_epochs above 0"),
        ("--num_train_epochs 0", "--do_train takes at least one step: give --max_steps or --num_train_epochs above 0"),
        ("--save_steps 0", "--save_steps must be above 0, not 0; --save_strategy no switches it off"),
        ("--dataloader_num_workers -1", "--dataloader_num_workers must be at least 0, not -1"),
        ("--lr_scheduler_kwargs {bad", "--lr_scheduler_kwargs is not JSON (Expecting property name"),
        ("--accelerator_config nowhere.json", "[Errno 2] No such file or directory: 'nowhere.json'"),
        ("--do_eval maybe", "argument --do_eval/--do-eval: 'maybe' is neither true nor false"),
        ("--optim adam", "argument --optim: invalid choice: 'adam'; did you mean"),
        ("--train_sampling_strategy sorted", "invalid choice: 'sorted'"),
    ],
)
def test_numbers_and_words(words, expected):
    assert expected in refused(words)


@pytest.mark.parametrize(
    ("words", "package"),
    [
        ("--report_to wandb", "wandb"),
        ("--report_to comet_ml", "comet-ml"),
        ("--use_liger_kernel", "liger-kernel"),
        ("--deepspeed zero.json", "deepspeed"),
    ],
)
def test_packages(words, package):
    pytest.importorskip("transformers")
    name = words.split()[0]
    message = refused(words)
    assert message.startswith(name) and f"needs a package that is not installed: pip install {package}" in message


def test_optimizers_of_other_packages():
    message = refused("--optim adamw_bnb_8bit")
    assert message.startswith("--optim adamw_bnb_8bit: ") and "bitsandbytes" in message
    assert "galore_torch" in refused("--optim galore_adamw")


def test_names_that_nothing_has():
    assert refused("--report_to tensorbord").startswith("--report_to tensorbord is none of azure_ml, comet_ml, mlflow")
    assert refused("--torch_compile_backend fast").startswith("--torch_compile_backend fast is none of ")
    assert "reduce-overhead" in refused("--torch_compile_mode fast")


def test_what_is_right_stays_so():
    words = "--report_to tensorboard --optim sgd --warmup_steps 0.1 --max_grad_norm 0 --learning_rate 0 --save_total_limit 0"
    assert parse_arguments(SequenceDataArguments, [*LEAST, *words.split()]).training.max_grad_norm == 0


@pytest.mark.parametrize("flag", ["--model_name_or_path", "--tokenizer_name"])
@pytest.mark.parametrize("inside", ["", "checkpoint-5"])
def test_a_folder_that_is_read_is_not_written(flag, inside, tmp_path):
    place = tmp_path / "run" / inside
    place.mkdir(parents=True)
    words = ["--train_file", "a.csv", "--do_train", "--output_dir", str(tmp_path / "other" / ".." / "run")]
    words += [] if flag == "--model_name_or_path" else ["--model_name_or_path", "m"]
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match=f"^a folder holds one run, and {flag} {place} is read from there; "):
        parse_arguments(SequenceDataArguments, [*words, flag, str(place)])
    deeper = tmp_path / "run" / "next"
    assert parse_arguments(SequenceDataArguments, [*words, flag, str(place), "--output_dir", str(deeper)])
