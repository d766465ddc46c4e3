"""Tiny encoders, models, a tokenizer and batches, made in code: no network, a few milliseconds each.

B sequences of T tokens, C labels.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XLMRobertaConfig,
    set_seed,
)

from heads import (
    HeadedEncoderConfig,
    HeadedEncoderForQuestionAnswering,
    HeadedEncoderForSequenceClassification,
    HeadedEncoderForTokenClassification,
)

TASKS = {
    "seq_cls": HeadedEncoderForSequenceClassification,
    "token_cls": HeadedEncoderForTokenClassification,
    "qa": HeadedEncoderForQuestionAnswering,
}
VOCABULARY = 64  # ids below 5 are special

_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    # Ten times the usual: logits are then of order 1 and every token matters, so that a leak cannot hide in a tolerance.
    "initializer_range": 0.2,
}
_DISTILBERT_SIZES = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
_DEBERTA_SIZES = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}
_MODERNBERT_SIZES = {"local_attention": 4, "global_attn_every_n_layers": 2, "cls_token_id": 1, "sep_token_id": 2}

# What the size names above do not say about a family; the type vocabularies are those of the published checkpoints.
FAMILIES: dict[str, tuple[type[PretrainedConfig], dict]] = {
    "electra": (ElectraConfig, {"embedding_size": 8, "type_vocab_size": 2}),
    "bert": (BertConfig, {"type_vocab_size": 2}),
    "roberta": (RobertaConfig, {"type_vocab_size": 1, "pad_token_id": 1}),
    "xlm-roberta": (XLMRobertaConfig, {"type_vocab_size": 1, "pad_token_id": 1}),
    "distilbert": (DistilBertConfig, _DISTILBERT_SIZES),
    "deberta-v2": (DebertaV2Config, _DEBERTA_SIZES | {"type_vocab_size": 0}),
    "modernbert": (ModernBertConfig, _MODERNBERT_SIZES | {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}),
}


def tiny_config(family: str = "electra", **changes) -> PretrainedConfig:
    """A new configuration of an encoder with 2 layers of 16 dimensions."""
    kind, own = FAMILIES[family]
    return kind(**(_SIZES | own | changes))


def tiny_model(task: str, head: str, encoder_config: PretrainedConfig | None = None, seed: int = 0, **config):
    """A model in evaluation mode; `config` goes to HeadedEncoderConfig."""
    set_seed(seed)
    config = {"num_labels": 3} | config
    return TASKS[task](HeadedEncoderConfig(encoder_config or tiny_config(), head=head, **config)).eval()


def make_tokenizer() -> PreTrainedTokenizerFast:
    """WordPiece with character fallback over a few Korean and English pieces; pairs and types as BERT writes them."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = ["영화", "정말", "좋다", "나쁘다", "서울", "대한민국", "the", "good", "bad", "movie", "is"]
    characters = sorted(set("".join(words) + "abcdefghijklmnopqrstuvwxyz0123456789.,?!은는이가을를에의"))
    pieces = special + words + characters + [f"##{character}" for character in characters]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        model_max_length=64,
    )


def tiny_sequences(*lengths: int, seed: int = 0) -> list[torch.Tensor]:
    """Random token ids, one sequence per length."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(5, VOCABULARY, (length,), generator=generator) for length in lengths]


def pad(
    sequences: list[torch.Tensor], pad_token_id: int = 0, side: str = "right", extra: int = 0, garbage: bool = False
) -> dict[str, torch.Tensor]:
    """Batches sequences; the second half of each is of type 1.

    Args:
        sequences: token ids.
        pad_token_id: fills padding.
        side: of the padding: "right", "left", or "both", which differs from row to row.
        extra: padding beyond what the longest sequence needs.
        garbage: fill padding with random tokens and types.
    """
    width = max(map(len, sequences)) + extra
    shape = (len(sequences), width)
    generator = torch.Generator().manual_seed(1)
    input_ids = torch.randint(5, VOCABULARY, shape, generator=generator) if garbage else torch.full(shape, pad_token_id)
    token_type_ids = torch.randint(0, 2, shape, generator=generator) if garbage else torch.zeros(shape).long()
    attention_mask = torch.zeros(shape).long()
    for row, ids in enumerate(sequences):
        room = width - len(ids)
        start = {"right": 0, "left": room, "both": (room + row % 2) // 2}[side]
        real = slice(start, start + len(ids))
        input_ids[row, real] = ids
        token_type_ids[row, real] = (torch.arange(len(ids)) >= len(ids) / 2).long()
        attention_mask[row, real] = 1
    return {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}


def tiny_labels(task: str, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
    """Labels of 3 classes for a right-padded batch, or answers inside its sequences."""
    length = attention_mask.sum(dim=1)
    if task == "seq_cls":
        return {"labels": length % 3}
    if task == "token_cls":
        labels = torch.arange(attention_mask.shape[1]).expand_as(attention_mask) % 3
        return {"labels": labels.masked_fill(attention_mask == 0, -100)}
    return {"start_positions": length // 3, "end_positions": length - 1}


def answers(model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The model's logits without gradient: (B, C), or (B, T, C) per token, start and end being the C of QA."""
    with torch.no_grad():
        output = model(**batch)
    if "start_logits" in output:
        return torch.stack([output.start_logits, output.end_logits], dim=-1)
    return output.logits


def perturb(model):
    """Moves every parameter a little, so that none has the value that an initialisation would give it."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


def run_elsewhere(code: str, folder: Path, with_project: bool) -> None:
    """Runs Python code in a fresh process with `folder` as working directory.

    Args:
        code: may be indented.
        folder: also takes the modules that `trust_remote_code` copies.
        with_project: whether `heads` can be imported there.
    """
    code = textwrap.dedent(code)
    if not with_project:
        code = "import sys\nsys.modules['heads'] = None  # an import of it fails, also where it is installed\n" + code
    environment = os.environ | {"HF_MODULES_CACHE": str(folder / "modules"), "PYTHONWARNINGS": "ignore"}
    environment.pop("PYTHONPATH", None)
    if with_project:
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
