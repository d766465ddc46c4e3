"""What is known of a model before its weights are loaded: its configuration, and what flags and checkpoints ask of it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from transformers import AutoConfig, PretrainedConfig, PreTrainedTokenizerFast

import heads
from heads import HeadedEncoderConfig
from heads.configuration_headed_encoder import longest_input
from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import ModelArguments
from ..errors import UserError
from ..files import listed
from .named_code import check_counts, check_no_code
from .own_fields import check_own_fields
from .stock import headed_config, stock_ending
from .unreadable import check_reachable, why_no_model

logger = logging.getLogger(__name__)


def load_config(
    arguments: ModelArguments,
    model_class: type[HeadedEncoderPreTrainedModel],
    do_train: bool,
    calibrate: bool = False,
) -> PretrainedConfig:
    """The configuration of an encoder, or the `HeadedEncoderConfig` of a checkpoint.

    That is one of this project or, where nothing is trained, a stock one.

    Args:
        do_train, calibrate: as the flags; with either of them the calibration of a checkpoint is dropped.

    Raises:
        UserError: there is none, it belongs to another script's checkpoint, the flags ask for another head, or a head
            would have to work untrained.
    """
    name = arguments.model_name_or_path or arguments.config_name or ""
    config = read_config(arguments)
    ending = model_class.__name__.removeprefix("HeadedEncoder")
    if model_class is not heads.HeadedEncoderForTokenClassification and (arguments.crf or arguments.decoding):
        flag = "--crf" if arguments.crf else "--decoding"
        raise UserError(f"{flag} is about tags, which run_token_cls.py learns; leave it out")
    if isinstance(config, HeadedEncoderConfig):
        if arguments.config_name is not None:
            raise UserError(f"--config_name {name} is a whole checkpoint; give it as --model_name_or_path")
        made_by = (config.architectures or [model_class.__name__])[0]
        if made_by != model_class.__name__:
            raise UserError(f"{name} is a {made_by}, this script trains a {model_class.__name__}; run the other script")
        if arguments.head not in (None, config.head):
            cure = f"leave --head {arguments.head} out, or begin with its encoder"
            raise UserError(f"the checkpoint {name} has the head '{config.head}'; {cure}")
        if arguments.head_kwargs is not None or arguments.pooling is not None:
            flag = "--pooling" if arguments.head_kwargs is None else "--head_kwargs"
            raise UserError(f"the checkpoint {name} keeps its head's arguments; leave {flag} out")
        if arguments.use_last_layers not in (1, config.use_last_layers):
            cure = f"leave --use_last_layers {arguments.use_last_layers} out, or begin with its encoder"
            raise UserError(f"the checkpoint {name} has use_last_layers {config.use_last_layers}; {cure}")
        if arguments.combine_layers not in (None, config.combine_layers):
            cure = f"leave --combine_layers {arguments.combine_layers} out, or begin with its encoder"
            raise UserError(f"the checkpoint {name} has combine_layers {config.combine_layers}; {cure}")
        if arguments.crf and not config.crf:
            raise UserError(f"the checkpoint {name} has no CRF; leave --crf out, or begin with its encoder")
        if config.calibration is not None and (do_train or calibrate):
            config.calibration = None
            logger.info("calibration: that of the checkpoint is dropped, it was for other weights or is chosen anew")
        elif config.calibration is not None:
            message = (
                "calibration: kept from the checkpoint, chosen on %d validation rows; scores on these are too good"
            )
            logger.info(message, config.calibration["rows"])
    elif not do_train:
        made_by = (config.architectures or ["model without a class"])[0]
        if stock_ending(config) is None or arguments.model_name_or_path is None:
            wanted = f"a checkpoint of this project or a stock ...{ending}"
            raise UserError(f"without --do_train, --model_name_or_path must be {wanted}; {name} is a {made_by}")
        if stock_ending(config) != ending:
            raise UserError(f"{name} is a {made_by}, this script takes a ...{ending}; run the other script")
        if arguments.head not in (None, "dense") or arguments.head_kwargs is not None:
            cure = "leave --head and --head_kwargs out, or give --do_train"
            raise UserError(f"the checkpoint {name} has a head of its own, which is 'dense' here; {cure}")
        for flag, given in (
            ("--crf", arguments.crf),
            ("--pooling", arguments.pooling is not None),
            ("--use_last_layers", arguments.use_last_layers > 1),
            ("--combine_layers", arguments.combine_layers is not None),
        ):
            if given:
                raise UserError(f"{flag} is learned, and nothing is trained here; leave it out, or give --do_train")
        config = headed_config(config, name)
    elif arguments.combine_layers is not None and arguments.use_last_layers == 1:
        raise UserError("--combine_layers is for several layers: give --use_last_layers as well, or leave it out")
    return config


def read_config(arguments: ModelArguments) -> PretrainedConfig:
    """The configuration of an encoder or a checkpoint, whatever it is.

    Raises:
        UserError: there is none.
    """
    name = arguments.model_name_or_path or arguments.config_name or ""
    try:
        check_reachable(name, arguments.model_revision)
        fields, _ = PretrainedConfig.get_config_dict(name, revision=arguments.model_revision)
        check_counts(fields)
        config = AutoConfig.from_pretrained(
            name, revision=arguments.model_revision, trust_remote_code=arguments.trust_remote_code
        )
        check_own_fields(config)
    except Exception as error:  # of its values, whatever the library makes of them
        raise UserError(f"no configuration at '{name}': {why_no_model(name, error)}") from error
    check_no_code(config, name, arguments.trust_remote_code)
    return config


def check_length(max_seq_length: int, config: PretrainedConfig, tokenizer: PreTrainedTokenizerFast) -> int:
    """The longest input that flags and model agree on; says so where that is less than the flag asks for."""
    longest = longest_input(getattr(config, "encoder_config", config), tokenizer, max_seq_length)
    if longest < max_seq_length:
        logger.warning("max_seq_length: %d, as much as the model takes, instead of %d", longest, max_seq_length)
    return longest


def check_resumed(folder: str | None, config: PretrainedConfig) -> None:
    """Raises UserError where the checkpoint that a training goes on from is of another model than this run's.

    Args:
        folder: `resume_from_checkpoint`; None: nothing is resumed.
        config: of this run's model.
    """
    file = Path(folder or "", "config.json")
    if folder is None or not file.is_file():
        return
    then, now = (
        {
            "encoder": f"{fields['encoder_config']['model_type']} of {fields['encoder_config']['hidden_size']} dimensions",
            "head": fields["head"],
            "head_kwargs": fields["head_kwargs"],
            "use_last_layers": fields.get("use_last_layers", 1),
            "combine_layers": fields.get("combine_layers", "sum"),
            "crf": fields.get("crf", False),
            "windows": json.dumps(fields.get("windows")),
            "kind of labels": fields.get("problem_type") or "single_label_classification",
            "labels": list(fields["id2label"].values()) if "id2label" in fields else fields.get("num_labels"),
        }
        for fields in (json.loads(file.read_text(encoding="utf-8")), json.loads(config.to_json_string(use_diff=False)))
    )
    for what, value in then.items():
        if value is not None and value != now[what]:  # None: transformers leaves out what is the default
            values = (listed(one) if isinstance(one, list) else str(one) for one in (value, now[what]))
            message = "its {0} is {1}, this run's {2}" if what != "labels" else "its {0} are {1}, this run's {2}"
            cure = "give what it was begun with, or another --output_dir to begin anew"
            raise UserError(f"--resume_from_checkpoint: {message.format(what, *values)}; {cure}", file=folder)
