"""Everything that a published checkpoint needs: flat modules that import each other as `from .name import ...`."""

from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from .configuration_headed_encoder import HeadedEncoderConfig
from .modeling_headed_encoder import (
    HEADS,
    HeadedEncoderForQuestionAnswering,
    HeadedEncoderForSequenceClassification,
    HeadedEncoderForTokenClassification,
    check_head,
)

__all__ = [
    "HEADS",
    "HeadedEncoderConfig",
    "HeadedEncoderForQuestionAnswering",
    "HeadedEncoderForSequenceClassification",
    "HeadedEncoderForTokenClassification",
    "check_head",
]

# Where this package is importable, the auto classes know it without `trust_remote_code` ...
AutoConfig.register(HeadedEncoderConfig.model_type, HeadedEncoderConfig)
AutoModelForSequenceClassification.register(HeadedEncoderConfig, HeadedEncoderForSequenceClassification)
AutoModelForTokenClassification.register(HeadedEncoderConfig, HeadedEncoderForTokenClassification)
AutoModelForQuestionAnswering.register(HeadedEncoderConfig, HeadedEncoderForQuestionAnswering)

# ... and everywhere else a checkpoint brings its code along.
HeadedEncoderConfig.register_for_auto_class()
HeadedEncoderForSequenceClassification.register_for_auto_class("AutoModelForSequenceClassification")
HeadedEncoderForTokenClassification.register_for_auto_class("AutoModelForTokenClassification")
HeadedEncoderForQuestionAnswering.register_for_auto_class("AutoModelForQuestionAnswering")
