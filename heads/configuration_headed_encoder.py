"""Which encoder, which head, and the head's own arguments."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PretrainedConfig, PreTrainedTokenizerFast


class HeadedEncoderConfig(PretrainedConfig):
    """Configuration of an encoder with a classification head of choice.

    Args:
        encoder_config: the encoder's own configuration, or its dictionary; default: a stock ELECTRA.
        head: a name in `HEADS`.
        head_kwargs: keyword arguments of that head; `dropout` defaults to what the encoder's stock head uses.
        kwargs: as for `PretrainedConfig`, e.g. `id2label`, `problem_type`; and the attributes below. A file holds only those
            that differ from their defaults.

    Attributes:
        crf: tags are trained and decoded with a linear-chain CRF, see `crf.CRF`.
        use_last_layers: how many of the encoder's last layers the head reads.
        combine_layers: how it reads several: "sum", their weighted sum, see `pooling.LayerMix`; "concat", side by side.
        decoding: "constrained": no tag follows another that the scheme of the tags does not let it follow; else "argmax".
        windows: how long texts are read, the fields of `windows.Windows`; None: they are cut.
        calibration: what was chosen on so many validation `rows`. `temperature`: logits are divided by it before the softmax;
            `thresholds`: of sets, by class, the probability above which it is predicted; `null_score_diff_threshold`: of
            questions, by how much (logits) no answer must win. None: nothing was.
    """

    use_last_layers = 1
    combine_layers = "sum"
    crf = False
    decoding = "argmax"
    windows: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None

    model_type = "headed_encoder"
    sub_configs = {"encoder_config": AutoConfig}  # so that `attn_implementation` and `dtype` reach the encoder

    def __init__(
        self,
        encoder_config: PretrainedConfig | dict[str, Any] | None = None,
        head: str = "dense",
        head_kwargs: dict[str, Any] | None = None,
        **kwargs,
    ):
        if encoder_config is None:
            encoder_config = {"model_type": "electra"}
        if isinstance(encoder_config, dict):
            encoder_config = AutoConfig.for_model(**encoder_config)
        self.encoder_config = encoder_config
        self.head = head
        self.head_kwargs = head_kwargs or {}
        # Read by transformers and by the heads; the encoder's values win over what a file repeats.
        kwargs["hidden_size"] = encoder_config.hidden_size
        kwargs["initializer_range"] = getattr(encoder_config, "initializer_range", 0.02)
        kwargs["pad_token_id"] = encoder_config.pad_token_id
        super().__init__(**kwargs)

    @classmethod
    def get_config_dict(cls, pretrained_model_name_or_path, **kwargs):
        """What a file says, once it is sure that it is about a model with a head.

        Raises:
            ValueError: it is that of an encoder.
        """
        fields, kwargs = super().get_config_dict(pretrained_model_name_or_path, **kwargs)
        found = fields.get("model_type", cls.model_type)
        if found != cls.model_type:
            name = pretrained_model_name_or_path
            raise ValueError(
                f"{name} is a model of type {found}: from_encoder('{name}', head=...) puts a head on its encoder"
            )
        return fields, kwargs

    @property
    def label_names(self) -> list[str]:
        """The classes' names by index."""
        names: Any = self.id2label
        return [names[i] for i in range(len(names))]

    @property
    def vocab_size(self) -> int:
        """The number of tokens that the encoder knows."""
        return self.encoder_config.vocab_size

    @vocab_size.setter
    def vocab_size(self, size: int) -> None:  # `resize_token_embeddings` writes it
        self.encoder_config.vocab_size = size


def positions(encoder_config: PretrainedConfig) -> int | None:
    """The longest input in tokens that an encoder has positions for; None where it knows no limit."""
    longest = getattr(encoder_config, "max_position_embeddings", None)
    if longest and encoder_config.model_type in ("roberta", "xlm-roberta", "camembert"):
        return longest - encoder_config.pad_token_id - 1  # their position ids begin after the padding id
    return longest


def longest_input(encoder_config: PretrainedConfig, tokenizer: PreTrainedTokenizerFast, wanted: int) -> int:
    """As many tokens as are wanted, or as encoder and tokenizer take."""
    return min(wanted, positions(encoder_config) or wanted, tokenizer.model_max_length)
