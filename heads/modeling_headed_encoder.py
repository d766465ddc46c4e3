"""An encoder with a head of choice, for sequence classification, token classification and question answering.

Letters in shapes: B sequences of T tokens with H hidden dimensions, C labels.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel, PreTrainedTokenizerFast
from transformers.modeling_outputs import (
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from transformers.utils import can_return_tuple

from .characters import compose  # noqa: F401  (for spans.py: transformers 4.57 copies what this file imports, no more)
from .cnn import CNNHead
from .configuration_headed_encoder import HeadedEncoderConfig
from .crf import CRF, Chain, best_sequences, free_chain, log_marginals, scheme_chain, split_tags
from .dense import DenseHead
from .losses import class_loss, label_count, position_loss
from .lstm import LSTMHead
from .masking import move, real_tokens_first, take
from .pooling import COMBINATIONS, LayerMix
from .spans import close_tokens
from .tag_marks import SCHEMES  # noqa: F401  (for crf.py, as above)
from .weights import load_weights
from .windows import WINDOW_POOLINGS, pool_windows

HEADS: dict[str, type[nn.Module]] = {"dense": DenseHead, "cnn": CNNHead, "lstm": LSTMHead}

# The fields of a configuration that `from_encoder` takes as arguments.
CONFIG_ARGUMENTS = (
    "num_labels",
    "id2label",
    "problem_type",
    "use_last_layers",
    "combine_layers",
    "crf",
    "decoding",
    "token_unit",
)


def check_head(head: str, head_kwargs: dict[str, Any]) -> None:
    """Raises ValueError, listing what is valid, where the head's name or a key of its arguments is unknown."""
    if head not in HEADS:
        raise ValueError(f"unknown head '{head}': choose one of {', '.join(HEADS)}")
    given_by_model = ("self", "hidden_size", "num_labels", "per_token")
    valid = [name for name in inspect.signature(HEADS[head].__init__).parameters if name not in given_by_model]
    unknown = [name for name in head_kwargs if name not in valid]
    if unknown:
        raise ValueError(f"the {head} head has no argument '{unknown[0]}': valid ones are {', '.join(valid)}")


class HeadedEncoderPreTrainedModel(PreTrainedModel):
    """What the three models share: the encoder, its inputs, and how a head's weights begin.

    Args:
        config: which encoder and head.
        encoder: a pretrained encoder of `config.encoder_config`'s kind; default: one with random weights.
    """

    config_class = HeadedEncoderConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = True  # `forward` takes `num_items_in_batch`: exact losses under gradient accumulation
    per_token = True
    labelled = True  # whether its outputs have names
    _supports_sdpa = True
    _supports_flash_attn = True

    def __init__(self, config: HeadedEncoderConfig, encoder: PreTrainedModel | None = None):
        super().__init__(config)
        check_head(config.head, config.head_kwargs)
        if encoder is None:
            encoder = AutoModel.from_config(config.encoder_config)
        if hasattr(encoder, "pooler"):
            encoder.pooler = None  # the heads read hidden states; a module without gradient would stop DDP
        layers = encoder.config.num_hidden_layers
        if not 1 <= config.use_last_layers <= layers:
            raise ValueError(
                f"use_last_layers must be 1 to {layers}, the encoder's layers, not {config.use_last_layers}"
            )
        if config.combine_layers not in COMBINATIONS:
            known = ", ".join(COMBINATIONS)
            raise ValueError(f"unknown combination of layers {config.combine_layers!r}: choose one of {known}")
        self.encoder = encoder
        self.encoder_inputs = set(inspect.signature(encoder.forward).parameters)
        if getattr(config.encoder_config, "type_vocab_size", 0) < 2:
            # klue/roberta has one type row and a tokenizer that emits type 1: an index error, on GPU a crash.
            self.encoder_inputs.discard("token_type_ids")
        self.num_labels = config.num_labels
        head_kwargs = {"dropout": self._stock_dropout(config.encoder_config)} | config.head_kwargs
        summed = config.use_last_layers > 1 and config.combine_layers == "sum"
        width = config.hidden_size * (1 if summed else config.use_last_layers)
        self.head = HEADS[config.head](width, config.num_labels, self.per_token, **head_kwargs)
        self.mix = LayerMix(config.use_last_layers) if summed else None
        self.crf = CRF(len(config.label_names)) if config.crf else None
        self.post_init()

    @classmethod
    def from_encoder(
        cls,
        name: str,
        head: str = "dense",
        head_kwargs: dict[str, Any] | None = None,
        *,
        labels: Sequence[str] | None = None,
        revision: str = "main",
        trust_remote_code: bool = False,
        token: str | bool | None = None,
        **fields,
    ):
        """A pretrained encoder under a new head, in float32; `from_pretrained` loads what was trained so.

        Args:
            name: Hub id or folder of a bare, discriminator, masked-LM or fine-tuned checkpoint, whose own head is dropped.
            head, head_kwargs: a name in `HEADS`, and the arguments of that head.
            labels: the names of the classes or tags, in order; or `num_labels`, or `id2label`.
            revision, trust_remote_code, token: as for `from_pretrained`.
            fields: `num_labels`, `id2label`, `problem_type`, `use_last_layers`, `combine_layers`, `crf`, `decoding`, `token_unit`.

        Raises:
            ValueError: an unknown head, argument or field, no labels, or weights that are not all there. What the library raises
                where there is no such model is left as it is.
        """
        unknown = [field for field in fields if field not in CONFIG_ARGUMENTS]
        if unknown:
            raise ValueError(
                f"from_encoder has no argument '{unknown[0]}': valid ones are labels, {', '.join(CONFIG_ARGUMENTS)}"
            )
        if labels is not None:
            if "id2label" in fields or fields.get("num_labels", len(labels)) != len(labels):
                raise ValueError("labels are the names of all classes: leave num_labels and id2label out")
            fields["id2label"] = dict(enumerate(labels))
        if "id2label" in fields:
            fields["label2id"] = {label: i for i, label in fields["id2label"].items()}
            if len(fields["label2id"]) < len(fields["id2label"]):
                raise ValueError("two classes have the same name")
        elif "num_labels" not in fields and cls.labelled:
            raise ValueError("how many classes are there? give labels=[...] or num_labels=N")
        fields = {field: value for field, value in fields.items() if value != getattr(HeadedEncoderConfig, field, None)}
        check_head(head, head_kwargs or {})
        config = AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=trust_remote_code, token=token)
        if config.model_type == HeadedEncoderConfig.model_type:
            raise ValueError(f"{name} has a head already: from_pretrained('{name}') loads it")
        encoder = load_weights(AutoModel, name, config, revision, trust_remote_code, token)
        config._name_or_path = ""  # nobody's folders in what is saved
        return cls(HeadedEncoderConfig(config, head=head, head_kwargs=head_kwargs, **fields), encoder=encoder)

    def _stock_dropout(self, encoder_config) -> float:
        """The probability that the encoder's own classification head uses."""
        for name in ("classifier_dropout", "hidden_dropout_prob", "dropout"):
            if getattr(encoder_config, name, None) is not None:
                return getattr(encoder_config, name)
        return 0.1

    def _init_weights(self, module: nn.Module) -> None:
        """Gives each kind of layer its first weights.

        Conv: He et al. 2015 (arXiv 1502.01852), for the ReLU after it. LSTM: Glorot input weights and orthogonal recurrent
        weights per gate, forget-gate bias 1 (Jozefowicz et al. 2015), other biases 0. Linear: as the encoder,
        N(0, initializer_range).
        """
        if isinstance(module, nn.Conv1d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM):
            for name, parameter in module.named_parameters():
                if getattr(parameter, "_is_hf_initialized", False):  # slices of it would not carry the mark
                    continue
                if "bias" in name:
                    nn.init.zeros_(parameter)
                    if "bias_ih" in name:
                        nn.init.ones_(parameter.data[module.hidden_size : 2 * module.hidden_size])  # gates: i, f, g, o
                else:
                    initialise = nn.init.xavier_uniform_ if "weight_ih" in name else nn.init.orthogonal_
                    for gate in parameter.data.chunk(4):
                        initialise(gate)
        elif isinstance(module, LayerMix):
            nn.init.zeros_(module.weights)
            nn.init.ones_(module.scale)
        elif isinstance(module, CRF):
            nn.init.zeros_(module.transitions)
        else:
            super()._init_weights(module)

    def set_calibration(self, calibration: dict[str, Any]) -> None:
        """Writes into the configuration what was chosen on validation rows, see `HeadedEncoderConfig.calibration`."""
        self.config.calibration = calibration

    def encode(self, **inputs) -> tuple[Any, torch.Tensor]:
        """Runs the encoder.

        Returns:
            its output, and the hidden states that are read of it: (B, T, H), or those of the last N layers beside each other,
            (B, T, N * H).
        """
        if self.config.use_last_layers == 1:
            output = self.encoder(**inputs, return_dict=True)
            return output, output.last_hidden_state
        asked = inputs.pop("output_hidden_states", None)
        output = self.encoder(**inputs, return_dict=True, output_hidden_states=True)
        before = output.hidden_states[-self.config.use_last_layers : -1]
        # The last one is taken as the encoder gives it, normed or not.
        states = torch.cat([*before, output.last_hidden_state], dim=-1)
        return output if asked else {name: output[name] for name in output if name != "hidden_states"}, states

    def encode_from(self, hidden_states: torch.Tensor, **inputs) -> tuple[Any, torch.Tensor]:
        """What `encode` gives where the hidden states are known: the head reads them, and the encoder does not run.

        A training with frozen first layers replaces this method: its hidden states have to pass through the layers above.
        """
        return {}, hidden_states

    def _logits(self, input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds, hidden_states, **kwargs):
        """Runs encoder and head, or what is above the hidden states where these are given.

        Returns:
            the head's logits, (B, C) or (B, T, C), and the encoder's output; that is empty where it did not run.
        """
        inputs = {
            "input_ids": input_ids,
            "inputs_embeds": inputs_embeds,
            "position_ids": position_ids,
            "token_type_ids": token_type_ids,
        }
        inputs = {name: value for name, value in inputs.items() if value is not None and name in self.encoder_inputs}
        if hidden_states is not None:
            inputs["hidden_states"] = hidden_states.to(self.dtype)
        if attention_mask is None:
            any_input = next(value for value in (hidden_states, input_ids, inputs_embeds) if value is not None)
            attention_mask = torch.ones(any_input.shape[:2], dtype=torch.long, device=any_input.device)
            target = None
        else:
            # Left padding becomes right padding: positions and every head then count from the first real token.
            target = real_tokens_first(attention_mask)
            # Position ids may come as one row for all.
            inputs = {
                name: move(value.expand(target.shape[0], *value.shape[1:]), target) for name, value in inputs.items()
            }
            attention_mask = move(attention_mask, target)
        encode = self.encode if hidden_states is None else self.encode_from
        output, states = encode(**inputs, attention_mask=attention_mask, **kwargs)
        logits = self.head(states if self.mix is None else self.mix(states), attention_mask)
        if self.per_token and target is not None:
            logits = take(logits, target)
        return logits, output


class HeadedEncoderForSequenceClassification(HeadedEncoderPreTrainedModel):
    """An encoder and a head that gives one answer per sequence: a class, a set of labels or a score.

    `config.problem_type` says which, as in transformers; without it the labels decide.

    With `config.windows` a text may come as several windows, whose logits are pooled: the inputs then have one more dimension.
    """

    per_token = False

    def __init__(self, config: HeadedEncoderConfig, encoder: PreTrainedModel | None = None):
        config = copy.deepcopy(config)
        vars(config).pop("custom_pipelines", None)
        if config.windows is not None and config.windows.get("pooling") not in WINDOW_POOLINGS:
            raise ValueError(f"windows are pooled by one of {', '.join(WINDOW_POOLINGS)}, not {config.windows}")
        super().__init__(config, encoder)
        self._name_pipeline()

    def set_calibration(self, calibration: dict[str, Any]) -> None:
        super().set_calibration(calibration)
        self._name_pipeline()

    def _name_pipeline(self) -> None:
        """Has the checkpoint bring its pipeline along where transformers' own would say something else."""
        if self.config.windows is not None or self.config.calibration is not None:
            impl = "sequence_classification.SequenceClassificationPipeline"
            entry = {"impl": impl, "pt": ["AutoModelForSequenceClassification"]}
            # As for question answering: written anew. One task, two names.
            self.config.custom_pipelines = {"text-classification": entry, "sentiment-analysis": dict(entry)}

    def pipeline(self, tokenizer: PreTrainedTokenizerFast, **options):
        """This model, which is loaded already, as a `SequenceClassificationPipeline`; it takes the options.

        The function `pipeline` wants a folder or a repository to read the pipeline's code from.
        """
        from .sequence_classification import SequenceClassificationPipeline  # here: `transformers.pipelines` costs time

        return SequenceClassificationPipeline(model=self, tokenizer=tokenizer, task="text-classification", **options)

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        hidden_states: torch.Tensor | None = None,
        **kwargs,
    ) -> SequenceClassifierOutput:
        """One answer per sequence.

        Args:
            input_ids, attention_mask, token_type_ids, position_ids: (B, T); inputs_embeds: (B, T, H). Of texts in W windows
                (B, W, T) and (B, W, T, H); the mask is then needed, and all 0 where a text has fewer windows.
            labels: (B,) class indices, (B,) scores or (B, C) of 0 and 1, as `config.problem_type` says.
            num_items_in_batch: what the summed loss is divided by; default: the number of labels given.
            hidden_states: (B, T, H), what `encode` gave for these inputs: the encoder is not run, the head alone is.

        Returns:
            logits (B, C), and the loss where there are labels. Hidden states and attentions are those of the windows.
        """
        inputs = (input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds, hidden_states)
        if attention_mask is not None and attention_mask.dim() == 3:
            if self.config.windows is None:
                raise ValueError("inputs (B, T) are read here; windows (B, W, T) need config.windows")
            real = attention_mask.any(dim=-1)
            logits, output = self._logits(*(None if one is None else one[real] for one in inputs), **kwargs)
            logits = pool_windows(logits, real, self.config.windows["pooling"])
        else:
            logits, output = self._logits(*inputs, **kwargs)
        loss = None
        if labels is not None:
            problem_type: str | None = self.config.problem_type
            if problem_type is None:  # as transformers guesses it
                several = "multi_label_classification" if labels.is_floating_point() else "single_label_classification"
                problem_type = "regression" if self.num_labels == 1 else several
            items = label_count(labels, problem_type)
            loss = class_loss(logits, labels, problem_type)
            loss = loss / (items if num_items_in_batch is None else num_items_in_batch)
        return SequenceClassifierOutput(loss, logits, output.get("hidden_states"), output.get("attentions"))


class HeadedEncoderForTokenClassification(HeadedEncoderPreTrainedModel):
    """An encoder and a head that gives every token a class.

    A head may define two more methods in its own file:

    - `loss(logits, labels)`, the loss summed over the labels (B, T) that are not -100; default: cross-entropy;
    - `decode(logits, attention_mask)`, logits (B, T, C) whose largest class is the tag that is chosen. It is called outside of
      training, so that Trainer, pipelines and exported graphs all see what it decides.

    With `config.crf` or `config.decoding` "constrained" the tags of a sentence are decided together, by `decode`: by whoever
    knows which tokens have a tag, and a whole sentence of several windows. The logits stay those of each token.
    """

    def __init__(self, config: HeadedEncoderConfig, encoder: PreTrainedModel | None = None):
        config = copy.deepcopy(config)
        vars(config).pop("custom_pipelines", None)
        if config.crf or config.decoding == "constrained":
            # As for question answering: written anew.
            entry = {"impl": "token_classification.TaggingPipeline", "pt": ["AutoModelForTokenClassification"]}
            config.custom_pipelines = {"token-classification": entry, "ner": dict(entry)}  # one task, two names
        super().__init__(config, encoder)
        if config.decoding == "constrained":
            split_tags(config.label_names)
        if config.crf and (hasattr(self.head, "loss") or hasattr(self.head, "decode")):
            raise ValueError(f"the {config.head} head has a loss or a decision of its own; leave crf out")

    def pipeline(self, tokenizer: PreTrainedTokenizerFast, **options):
        """This model, which is loaded already, as a `TaggingPipeline`; it takes the options.

        The function `pipeline` wants a folder or a repository to read the pipeline's code from.
        """
        from .token_classification import TaggingPipeline  # here, because `transformers.pipelines` costs time

        return TaggingPipeline(model=self, tokenizer=tokenizer, task="token-classification", **options)

    @property
    def decodes(self) -> bool:
        """Whether the tags of a sentence are decided together, by `decode`, and not each by its largest logit."""
        return self.crf is not None or self.config.decoding == "constrained"

    def decode(self, logits: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The best sequences of tags, and how likely each tag is, over all sequences that are allowed.

        Args:
            logits: (B, L, C), of the tokens of a sentence that have a tag: for words their first sub-words.
            mask: (B, L), 1 for tokens, on the left, and 0 for padding after them.

        Returns:
            tags (B, L) int64, and log-probabilities (B, L, C) in float32.
        """
        chain = self.chain()
        return best_sequences(logits, mask, chain), log_marginals(logits, mask, chain)

    def chain(self) -> Chain:
        """What a sequence of tags scores in addition to its logits."""
        chain = free_chain(len(self.config.label_names)) if self.crf is None else self.crf.chain()
        if self.config.decoding == "constrained":
            allowed = scheme_chain(self.config.label_names)
            chain = Chain(*(ours + theirs for ours, theirs in zip(chain, allowed, strict=True)))
        return chain

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        hidden_states: torch.Tensor | None = None,
        **kwargs,
    ) -> TokenClassifierOutput:
        """One answer per token.

        Args:
            input_ids, attention_mask, token_type_ids, position_ids: (B, T); inputs_embeds: (B, T, H).
            labels: (B, T) class indices, -100 where a token carries none.
            num_items_in_batch: what the summed loss is divided by; default: the number of labels that are not -100.
            hidden_states: (B, T, H), what `encode` gave for these inputs: the encoder is not run, the head alone is.

        Returns:
            logits (B, T, C), and the loss where there are labels.
        """
        logits, output = self._logits(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds, hidden_states, **kwargs
        )
        head: Any = self.head
        loss = None
        if labels is not None:
            if self.crf is not None:
                loss = self.crf(logits.float(), labels)
            elif hasattr(head, "loss"):
                loss = head.loss(logits.float(), labels)
            else:
                loss = class_loss(logits, labels, None)
            # A batch may hold no label at all (a window of nothing but overlap): its loss is 0, not 0 / 0.
            loss = loss / (label_count(labels, None) if num_items_in_batch is None else num_items_in_batch)
        if not self.training and hasattr(head, "decode"):
            if attention_mask is None:
                attention_mask = torch.ones(logits.shape[:2], dtype=torch.long, device=logits.device)
            logits = head.decode(logits, attention_mask)
        return TokenClassifierOutput(loss, logits, output.get("hidden_states"), output.get("attentions"))


class HeadedEncoderForQuestionAnswering(HeadedEncoderPreTrainedModel):
    """An encoder and a head that says of every token how likely an answer starts and ends there."""

    labelled = False

    def __init__(self, config: HeadedEncoderConfig, encoder: PreTrainedModel | None = None):
        config = copy.deepcopy(config)
        config.num_labels = 2  # start and end, whatever a configuration file says
        # Written anew, because `pipeline` replaces the names in what it has read by classes, which no file can hold.
        entry = {"impl": "question_answering.QuestionAnsweringPipeline", "pt": ["AutoModelForQuestionAnswering"]}
        config.custom_pipelines = {"question-answering": entry}
        super().__init__(config, encoder)

    def pipeline(self, tokenizer: PreTrainedTokenizerFast, **options):
        """This model, which is loaded already, as a `QuestionAnsweringPipeline`; it takes the options.

        The function `pipeline` wants a folder or a repository to read the pipeline's code from.
        """
        from .question_answering import QuestionAnsweringPipeline  # here, because `transformers.pipelines` costs time

        return QuestionAnsweringPipeline(self, tokenizer, task="question-answering", **options)

    def _stock_dropout(self, encoder_config) -> float:
        return 0.0  # the stock question answering classes drop nothing after the encoder, DistilBERT's excepted

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        start_positions: torch.Tensor | None = None,
        end_positions: torch.Tensor | None = None,
        p_mask: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        hidden_states: torch.Tensor | None = None,
        **kwargs,
    ) -> QuestionAnsweringModelOutput:
        """Where an answer starts and ends.

        Args:
            input_ids, attention_mask, token_type_ids, position_ids: (B, T); inputs_embeds: (B, T, H).
            start_positions, end_positions: (B,) the answer's first and last token; 0 where there is no answer.
            p_mask: (B, T), 1 at tokens that no answer can touch, as in transformers' XLNet. Their logits come out as
                the lowest number of the dtype; the loss does not see this.
            num_items_in_batch: what the summed loss is divided by; default: B.
            hidden_states: (B, T, H), what `encode` gave for these inputs: the encoder is not run, the head alone is. Padding is
                then closed in the loss as well; otherwise the encoder's states of padding weigh in it, as in transformers.

        Returns:
            start_logits and end_logits (B, T), and the loss where there are positions.
        """
        logits, output = self._logits(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds, hidden_states, **kwargs
        )
        start_logits, end_logits = logits.unbind(dim=-1)
        if hidden_states is not None and attention_mask is not None:
            padding = attention_mask == 0
            start_logits, end_logits = close_tokens(start_logits, padding), close_tokens(end_logits, padding)
        loss = None
        if start_positions is not None and end_positions is not None:
            start_loss = position_loss(start_logits, start_positions, num_items_in_batch)
            loss = (start_loss + position_loss(end_logits, end_positions, num_items_in_batch)) / 2
        if p_mask is not None:
            start_logits, end_logits = close_tokens(start_logits, p_mask), close_tokens(end_logits, p_mask)
        return QuestionAnsweringModelOutput(
            loss=loss,
            start_logits=start_logits,
            end_logits=end_logits,
            hidden_states=output.get("hidden_states"),
            attentions=output.get("attentions"),
        )
