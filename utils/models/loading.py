"""Which weights a run begins with: a pretrained encoder under a fresh head, a whole checkpoint, or none at all."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerFast

import heads
from heads import HeadedEncoderConfig
from heads.configuration_headed_encoder import longest_input
from heads.crf import split_tags
from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel
from heads.weights import NO_WEIGHTS, load_weights, why_refused

from ..arguments import ModelArguments
from ..errors import UserError, first_line
from ..files import listed
from .named_code import check_counts, check_files, check_no_code
from .own_fields import check_own_fields
from .parameters import count_parameters
from .stock import LABEL_FIELDS, from_stock, headed_config, stock_class, stock_ending
from .unreadable import MAKE_NO_MODEL, has_vocabulary, why_no_model, why_no_tokenizer, why_no_weights, why_not_built

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


def load_tokenizer(arguments: ModelArguments) -> PreTrainedTokenizerFast:
    """The tokenizer named by the flags, padding and truncating on the right.

    Raises:
        UserError: there is none, or it has no fast version, whose character offsets this project works with.
    """
    name = arguments.tokenizer_name or arguments.model_name_or_path or arguments.config_name or ""
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(
            name,
            revision=arguments.model_revision if name == arguments.model_name_or_path else "main",
            trust_remote_code=arguments.trust_remote_code,
        )
    except Exception as error:  # a tokenizer.json that is cut short raises a bare one
        cure = "name one with --tokenizer_name"
        raise UserError(f"no tokenizer at '{name}': {why_no_tokenizer(name, error)}; {cure}") from error
    if Path(name).is_dir() and not has_vocabulary(Path(name)):
        raise UserError(f"no tokenizer at '{name}': no vocabulary in this folder; name one with --tokenizer_name")
    if not tokenizer.is_fast:
        raise UserError(f"the tokenizer {name} has no fast version, and character offsets need one")
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    return tokenizer


def check_length(max_seq_length: int, config: PretrainedConfig, tokenizer: PreTrainedTokenizerFast) -> int:
    """The longest input that flags and model agree on; says so where that is less than the flag asks for."""
    longest = longest_input(getattr(config, "encoder_config", config), tokenizer, max_seq_length)
    if longest < max_seq_length:
        logger.warning("max_seq_length: %d, as much as the model takes, instead of %d", longest, max_seq_length)
    return longest


def build_model(
    model_class: type[HeadedEncoderPreTrainedModel],
    arguments: ModelArguments,
    config: PretrainedConfig,
    tokenizer: PreTrainedTokenizerFast,
    fields: dict[str, Any],
) -> HeadedEncoderPreTrainedModel:
    """Builds the model in float32; mixed precision is Trainer's business.

    Args:
        config: what `load_config` gave.
        fields: of the configuration besides, e.g. `id2label`; a checkpoint keeps its own, but for the columns that it is
            trained on.

    Raises:
        UserError: weights that do not fit, are missing or are not safetensors.
    """
    config = copy.deepcopy(config)
    if isinstance(config, HeadedEncoderConfig):
        config.update({name: value for name, value in fields.items() if name not in ("num_labels", *LABEL_FIELDS)})
        _set_decoding(config, arguments.decoding)
        stock = stock_class(config)
        if stock is None:
            model = _load(model_class, arguments, config)
            logger.info("head: %s, kept from the checkpoint", _named(config))
        else:
            model = from_stock(_load(stock, arguments, config.encoder_config), config, model_class)
            logger.info("head: %s, kept from the %s", _named(config), stock.__name__)
    else:
        head = arguments.head or "dense"
        encoder = None
        if arguments.model_name_or_path is not None:
            encoder = _load(AutoModel, arguments, config)
            if stock_ending(config) is not None:
                logger.info("encoder: that of a %s, whose own head is dropped", (config.architectures or [""])[0])
        else:
            config.vocab_size = len(tokenizer)
            logger.info("encoder: %s from scratch, vocabulary of %d", config.model_type, len(tokenizer))
        config._name_or_path = ""  # nobody's folders in what is published
        if arguments.crf:
            fields = fields | {"crf": True}
        if arguments.use_last_layers > 1:
            fields = fields | {"use_last_layers": arguments.use_last_layers}
        if arguments.combine_layers == "concat":
            fields = fields | {"combine_layers": "concat"}
        try:
            headed = HeadedEncoderConfig(config, head=head, head_kwargs=arguments.parsed_head_kwargs, **fields)
            _set_decoding(headed, arguments.decoding)
            model = model_class(headed, encoder=encoder)
        except ValueError as error:
            raise UserError(str(error)) from error
        except MAKE_NO_MODEL as error:
            name = arguments.model_name_or_path or arguments.config_name or ""
            raise UserError(why_not_built(name, error)) from error
        logger.info("head: %s, new", _named(headed))
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        logger.warning("the vocabulary grows from %d to the tokenizer's %d", rows, len(tokenizer))
        model.resize_token_embeddings(len(tokenizer))
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):  # as Trainer would, with a warning that helps nobody
        if getattr(tokenizer, name) is not None:
            setattr(model.config, name, getattr(tokenizer, name))
    encoder_parameters, all_parameters = count_parameters(model.encoder), count_parameters(model)
    logger.info(
        "parameters: encoder %s, head %s", f"{encoder_parameters:,}", f"{all_parameters - encoder_parameters:,}"
    )
    return model


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


def load_checkpoint(name: str) -> tuple[HeadedEncoderPreTrainedModel, PreTrainedTokenizerFast]:
    """A whole checkpoint of this project, for whichever task: its model in evaluation mode, and its tokenizer.

    Raises:
        UserError: it is none, or is broken.
    """
    arguments = ModelArguments(model_name_or_path=name)
    config = read_config(arguments)
    model_class = getattr(heads, (config.architectures or [""])[0], None)
    if model_class is None:
        raise UserError(f"{name} is no checkpoint of this project, but a model of type {config.model_type}")
    tokenizer = load_tokenizer(arguments)
    return build_model(model_class, arguments, config, tokenizer, {}).eval(), tokenizer


def read_config(arguments: ModelArguments) -> PretrainedConfig:
    """The configuration of an encoder or a checkpoint, whatever it is.

    Raises:
        UserError: there is none.
    """
    name = arguments.model_name_or_path or arguments.config_name or ""
    try:
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


def _set_decoding(config: HeadedEncoderConfig, decoding: str | None) -> None:
    """Writes a flag into a configuration, which keeps its own where there is none and names what is not the default."""
    if decoding is not None:
        vars(config).pop("decoding", None)
    if decoding == "constrained":
        config.decoding = decoding
        try:
            split_tags(config.label_names)
        except ValueError as error:
            raise UserError(f"--decoding constrained: {error}") from error


def _load(model_class: Any, arguments: ModelArguments, config: PretrainedConfig) -> Any:
    name = arguments.model_name_or_path or ""
    refused = why_refused(model_class, name)
    if refused is not None:
        raise UserError(refused + ("; --config_name trains from scratch" if refused == NO_WEIGHTS else ""), file=name)
    check_files(name, arguments.model_revision)
    try:
        return load_weights(model_class, name, config, arguments.model_revision, arguments.trust_remote_code)
    except SafetensorError as error:
        raise UserError(f"cannot load weights from '{name}': {why_no_weights(name, error)}") from error
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        told = first_line(error)
        raise UserError(told if told.startswith(name) else f"cannot load weights from '{name}': {told}") from error
    except MAKE_NO_MODEL as error:
        raise UserError(why_not_built(name, error)) from error


def _named(config: HeadedEncoderConfig) -> str:
    named = f"{config.head} {config.head_kwargs}" if config.head_kwargs else config.head
    beside = " beside each other" if config.combine_layers == "concat" else ""
    named += f" on {config.use_last_layers} layers{beside}" if config.use_last_layers > 1 else ""
    return f"{named}, with a CRF" if config.crf else named
