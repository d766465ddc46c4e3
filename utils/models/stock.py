"""Stock transformers checkpoints: from their classes to the dense head, and back.

`FAMILIES` says where a family's classes keep the head's layers; the encoder lies under their `base_model_prefix`. With the
same weights in the same places the logits are the same, bit for bit.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from transformers import PretrainedConfig, PreTrainedModel

from heads import HeadedEncoderConfig
from heads.dense import ACTIVATIONS
from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..errors import UserError


@dataclass(frozen=True)
class Family:
    """The stock classes of a family of encoders.

    Attributes:
        name: how their names begin.
        dense, out_proj: where the sequence classifier keeps the two layers of the dense head.
        activation: what it applies between them.
    """

    name: str
    dense: str
    out_proj: str
    activation: str


FAMILIES = {
    "electra": Family("Electra", "classifier.dense", "classifier.out_proj", "gelu"),
    "bert": Family("Bert", "bert.pooler.dense", "classifier", "tanh"),
    "roberta": Family("Roberta", "classifier.dense", "classifier.out_proj", "tanh"),
    "xlm-roberta": Family("XLMRoberta", "classifier.dense", "classifier.out_proj", "tanh"),
    "distilbert": Family("DistilBert", "pre_classifier", "classifier", "relu"),
    "deberta-v2": Family("DebertaV2", "pooler.dense", "classifier", "gelu"),
}
# Their other two classes have one linear layer.
LINEAR = {"ForTokenClassification": "classifier", "ForQuestionAnswering": "qa_outputs"}
ENDINGS = ("ForSequenceClassification", *LINEAR)  # of the names of its classes
UNLIKE = {"modernbert": "a dense layer, an activation and a norm come before every classifier, which no head here has"}

LABEL_FIELDS = ("id2label", "label2id", "problem_type", "token_unit", "tag_scheme")


def stock_ending(config: PretrainedConfig) -> str | None:
    """Which of `ENDINGS` the class of a stock checkpoint was fine-tuned for; None for an encoder, or for another task."""
    made_by = (config.architectures or [""])[0]
    return next((ending for ending in ENDINGS if made_by.endswith(ending)), None)


def stock_class(config: HeadedEncoderConfig) -> type[PreTrainedModel] | None:
    """The class whose weights belong to a configuration that `headed_config` made; None for a checkpoint of this project."""
    made_by = (config.architectures or [""])[0]
    return None if made_by in ("", f"HeadedEncoder{stock_ending(config)}") else getattr(transformers, made_by)


def headed_config(config: PretrainedConfig, name: str) -> HeadedEncoderConfig:
    """The configuration of a stock checkpoint in this project's terms: the dense head, the checkpoint's labels.

    Args:
        config: of a checkpoint that has a `stock_ending`.
        name: of the checkpoint, for errors.

    Raises:
        UserError: no head here computes what that class does.
    """
    ending, made_by = stock_ending(config) or "", (config.architectures or [""])[0]
    family = FAMILIES.get(config.model_type)
    if family is None or made_by != family.name + ending:
        raise UserError(f"{name} is a {made_by}: {_unlike(config)}; score it with transformers, or give --do_train")
    fields = {field: getattr(config, field) for field in LABEL_FIELDS if hasattr(config, field)}
    head_kwargs = {}
    if ending == "ForSequenceClassification":
        activation = _activation(config, family)
        if activation not in ACTIVATIONS:
            raise UserError(f"{name} applies {activation} in its head; the dense head knows {', '.join(ACTIVATIONS)}")
        head_kwargs = {"activation": activation}
        scores = config.num_labels or 0
        if scores == 1 and config.problem_type is None:  # as transformers guesses it
            fields["problem_type"] = "regression"
        if scores > 1 and config.problem_type == "regression":
            raise UserError(f"{name} gives {scores} scores to a text; this project knows one")
    return HeadedEncoderConfig(config, head="dense", head_kwargs=head_kwargs, architectures=[made_by], **fields)


def from_stock(
    stock: PreTrainedModel, config: HeadedEncoderConfig, model_class: type[HeadedEncoderPreTrainedModel]
) -> HeadedEncoderPreTrainedModel:
    """A stock model as one of this project; the two share their encoder's memory.

    Args:
        config: what `headed_config` made of the stock model's configuration.
    """
    state = stock.state_dict()
    encoder: Any = stock.base_model
    model = model_class(config, encoder=encoder)
    places = _places(type(stock), config.encoder_config)
    model.load_state_dict(_rename(state, {theirs: ours for ours, theirs in places.items()}))
    return model


def to_stock(model: HeadedEncoderPreTrainedModel) -> PreTrainedModel:
    """A model of this project, with the dense head, as the stock class of its encoder.

    Raises:
        UserError: there is no stock class that computes the same.
    """
    ours = model.config
    config = copy.deepcopy(ours.encoder_config)
    family = FAMILIES.get(config.model_type)
    if ours.head != "dense":
        raise UserError(f"no stock class has the head '{ours.head}'; only --head dense has its like in transformers")
    if ours.use_last_layers > 1 or ours.head_kwargs.get("pooling", "cls") != "cls":
        cure = "train without --use_last_layers and --pooling what is to be exported"
        raise UserError(f"a stock class reads the last layer's first token; {cure}")
    if ours.crf:
        raise UserError("no stock class has a CRF; train without --crf what is to be exported")
    if ours.windows is not None:
        raise UserError("no stock class reads texts in windows; train without --windows what is to be exported")
    if family is None:
        raise UserError(f"no stock class for a head on {config.model_type}: {_unlike(config)}")
    ending = type(model).__name__.removeprefix("HeadedEncoder")
    if ending == "ForSequenceClassification" and model.head.activation != _activation(config, family):
        wanted = _activation(config, family)
        cure = f"""train with --head_kwargs '{{"activation": "{wanted}"}}'"""
        raise UserError(
            f"{family.name}{ending} applies {wanted} where this head applies {model.head.activation}; {cure}"
        )
    for field in LABEL_FIELDS:
        if hasattr(ours, field):
            setattr(config, field, getattr(ours, field))
    vars(config).pop("auto_map", None)  # the stock class needs no code of the repository that the encoder came from
    kind = getattr(transformers, family.name + ending)
    stock = kind(config)
    stock.load_state_dict(_rename(model.state_dict(), _places(kind, config)))
    return stock.eval()


def _places(kind: type[PreTrainedModel], config: PretrainedConfig) -> dict[str, str]:
    """Where a stock class keeps what lies under `encoder` and `head` here."""
    family = FAMILIES[config.model_type]
    ending = kind.__name__.removeprefix(family.name)
    if ending in LINEAR:
        return {"encoder": kind.base_model_prefix, "head.out_proj": LINEAR[ending]}
    return {"encoder": kind.base_model_prefix, "head.dense": family.dense, "head.out_proj": family.out_proj}


def _rename(state: dict[str, torch.Tensor], places: dict[str, str]) -> dict[str, torch.Tensor]:
    """Weights under other names; of two places that fit the longer counts: BERT's pooler lies inside its encoder."""
    renamed = {}
    for name, values in state.items():
        place = max((place for place in places if name.startswith(f"{place}.")), key=len)
        renamed[places[place] + name.removeprefix(place)] = values
    return renamed


def _activation(config: PretrainedConfig, family: Family) -> str:
    """DeBERTa-v2 has a field for it."""
    return getattr(config, "pooler_hidden_act", family.activation)


def _unlike(config: PretrainedConfig) -> str:
    known = f"not one of the classes that convert, those of {', '.join(FAMILIES)}"
    return UNLIKE.get(config.model_type, known)
