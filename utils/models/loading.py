"""Which weights a run begins with: a pretrained encoder under a fresh head, a whole checkpoint, or none at all."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerFast

import heads
from heads import HeadedEncoderConfig
from heads.crf import split_tags
from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel
from heads.weights import NO_WEIGHTS, load_weights, why_refused

from ..arguments import ModelArguments
from ..errors import UserError, first_line
from .configuration import read_config
from .named_code import check_files
from .parameters import count_parameters
from .stock import LABEL_FIELDS, from_stock, stock_class, stock_ending
from .unreadable import (
    MAKE_NO_MODEL,
    check_reachable,
    has_vocabulary,
    why_no_tokenizer,
    why_no_weights,
    why_not_built,
)

logger = logging.getLogger(__name__)


def load_tokenizer(arguments: ModelArguments) -> PreTrainedTokenizerFast:
    """The tokenizer named by the flags, padding and truncating on the right.

    Raises:
        UserError: there is none, or it has no fast version, whose character offsets this project works with.
    """
    name = arguments.tokenizer_name or arguments.model_name_or_path or arguments.config_name or ""
    revision = arguments.model_revision if name == arguments.model_name_or_path else "main"
    try:
        check_reachable(name, revision)
        tokenizer: Any = AutoTokenizer.from_pretrained(
            name,
            revision=revision,
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
