"""Token classification: words or characters to sub-word windows, and back to one tag per word or character."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import torch
from transformers import EvalPrediction, PreTrainedTokenizerFast
from transformers.trainer_utils import PredictionOutput

from heads import HeadedEncoderConfig

from . import pictures
from .arguments import TokenDataArguments
from .errors import UserError
from .groups import score_classes
from .labels import NAMING, unnamed
from .splits import Split

logger = logging.getLogger(__name__)


def texts(split: Split) -> list[str]:
    """The tokens of every row in one string."""
    return [" ".join(tokens) for tokens in split.column("tokens")]


def has_tags(split: Split) -> bool:
    return all(row.fields["tags"] is not None for row in split.rows)


def check_tagged(split: Split) -> None:
    """Raises UserError where a row of a split that needs tags has none, or where no row has a token."""
    for row in split.rows:
        if row.fields["tags"] is None and split.name != "test":
            raise UserError("no tags; give a file with a tag for every token", file=split.file, row=row.line)
    if not split.part and not any(token.strip() for row in split.rows for token in row.fields["tokens"]):
        raise UserError("every sentence is empty; give sentences with tokens", file=split.file)


@dataclass
class Tags:
    """What is tagged, and with what.

    Attributes:
        names: tags by class index.
        unit: what a token is: "characters" (spaces may be among them, as in KLUE-NER) or "words".
    """

    names: list[str]
    unit: str

    @classmethod
    def of(cls, split: Split, data: TokenDataArguments) -> Tags:
        """Reads tags and unit off the training rows: O first, and for every type both its B- and its I- tag."""
        unit = _unit(split)
        if data.task is not None and data.task.labels:
            return cls(list(data.task.labels), unit)
        names = {tag for tags in split.column("tags") for tag in tags}
        for name in list(names):
            if name.startswith(("B-", "I-")):
                names |= {f"B-{name[2:]}", f"I-{name[2:]}"}
        return cls(sorted(names, key=lambda name: (name != "O", name[2:] if name[1:2] == "-" else name, name)), unit)

    @classmethod
    def of_checkpoint(cls, config: HeadedEncoderConfig, split: Split) -> Tags:
        """What a checkpoint was trained on; the unit is read off a split's rows where a stock one does not say it."""
        return cls(config.label_names, getattr(config, "token_unit", None) or _unit(split))

    def config_fields(self) -> dict[str, Any]:
        """How a configuration says the same."""
        return {
            "token_unit": self.unit,
            "id2label": dict(enumerate(self.names)),
            "label2id": {name: i for i, name in enumerate(self.names)},
        }


def _unit(split: Split) -> str:
    unit = "characters" if all(len(token) == 1 for row in split.rows for token in row.fields["tokens"]) else "words"
    logger.info("%s: the tokens are %s", split.file, unit)
    return unit


def feature_columns(split: Split, tags: Tags) -> dict[str, list]:
    """The columns that `encode` reads.

    Raises:
        UserError: an unknown tag.
    """
    columns: dict[str, list] = {"row": list(range(len(split.rows))), "tokens": split.column("tokens")}
    if has_tags(split):
        index = {name: i for i, name in enumerate(tags.names)}
        columns["tags"] = []
        for row in split.rows:
            try:
                columns["tags"].append([index[tag] for tag in row.fields["tags"]])
            except KeyError as error:
                message = f"unknown tag {error} at token {row.fields['tags'].index(error.args[0]) + 1} of the sentence"
                message += f"; known ones are {', '.join(tags.names)}" + (NAMING if unnamed(tags.names) else "")
                raise UserError(message, file=split.file, row=row.line) from None
    return columns


def encode(
    batch: dict[str, list], tokenizer: PreTrainedTokenizerFast, max_seq_length: int, unit: str
) -> dict[str, list]:
    """Tokenizes sentences into windows of at most `max_seq_length` tokens that overlap by a quarter.

    A sub-word belongs to the word or character of its first letter, found by character offsets, so any fast tokenizer
    will do and [UNK] needs no special care. Every sub-word is labelled in exactly one window, the one in which more of
    its context is seen; the first sub-word of a word is labelled, or every sub-word where the tokens are characters.

    Returns:
        one row per window: the model's inputs, `row`, `length`, `labels` (-100: not labelled) and, for each sub-word
        labelled here, `first` and `end`: the tokens first <= t < end that it answers for; -1 for the others.
    """
    joiner = "" if unit == "characters" else " "
    stride = max_seq_length // 4
    encoded = tokenizer(
        [joiner.join(tokens) for tokens in batch["tokens"]],
        truncation=True,
        max_length=max_seq_length,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    samples = encoded.pop("overflow_to_sample_mapping")
    offsets_of, special_of = encoded.pop("offset_mapping"), encoded.pop("special_tokens_mask")
    features: dict[str, list] = {
        name: values for name, values in encoded.items() if name in tokenizer.model_input_names
    }
    features |= {"row": [], "length": [], "first": [], "end": []}
    if "tags" in batch:
        features["labels"] = []
    token_at: list[int] = []
    last_seen: list[int] = []  # for each sub-word of a window the token that is the last up to there
    for window, sample in enumerate(samples):
        begins = window == 0 or samples[window - 1] != sample
        ends = window + 1 == len(samples) or samples[window + 1] != sample
        if begins:
            token_at = _token_at(batch["tokens"][sample], joiner)
        last = -1 if begins else last_seen[-stride - 1]  # before this window's first sub-word
        last_seen = []
        inside = [i for i, special in enumerate(special_of[window]) if not special]
        # The overlap with a neighbouring window is shared out half and half.
        owned = set(
            inside[0 if begins else stride // 2 : len(inside) if ends else len(inside) - (stride - stride // 2)]
        )
        first, end = [-1] * len(special_of[window]), [-1] * len(special_of[window])
        for i in inside:
            covered = [t for t in token_at[slice(*offsets_of[window][i])] if t >= 0]
            if covered:
                starts_token = covered[0] != last
                if i in owned and (starts_token or unit == "characters"):
                    first[i], end[i] = covered[0], covered[-1] + 1
                last = covered[-1]
            last_seen.append(last)
        features["row"].append(batch["row"][sample])
        features["length"].append(len(first))
        features["first"].append(first)
        features["end"].append(end)
        if "tags" in batch:
            tags = batch["tags"][sample]
            features["labels"].append([tags[t] if t >= 0 else -100 for t in first])
    return features


def _token_at(tokens: list[str], joiner: str) -> list[int]:
    """For each character of the joined tokens the token it belongs to; -1 for spaces."""
    token_at: list[int] = []
    for i, token in enumerate(tokens):
        if i and joiner:
            token_at.append(-1)
        token_at += [-1 if character.isspace() else i for character in token]
    return token_at


def reduce_logits(logits: torch.Tensor, labels: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (B, T, C) to the best class and its probability, (B, T) each, before they leave the device."""
    best = logits.argmax(dim=-1)
    probability = logits.float().softmax(dim=-1).gather(-1, best.unsqueeze(-1)).squeeze(-1)
    return best, probability


@dataclass
class TagDecoder:
    """From the best class of every sub-word to a tag for every token of a split.

    Attributes:
        split: the rows.
        features: what `encode` made of them, in any order.
        tags: what the classes mean.
    """

    split: Split
    features: datasets.Dataset
    tags: Tags

    def texts(self) -> list[str]:
        return texts(self.split)

    def label_names(self) -> list[list[str]]:
        return self.split.column("tags") if has_tags(self.split) else []

    def ceiling(self, tokenizer: PreTrainedTokenizerFast) -> dict[str, float]:
        if not has_tags(self.split):
            return {}
        gold = list(self.features["labels"])
        scores = self.score(**self._pairs(self._decode(gold, [[1.0] * len(row) for row in gold])[0]))
        return {name: 100 * scores[name] for name in ("entity_f1", "char_macro_f1") if name in scores}

    def decode(self, output: EvalPrediction | PredictionOutput) -> tuple[list[list[str]], list[list[float]]]:
        """One tag and one score per token of every row. A token that no sub-word covers, such as a space, is inside an
        entity if its neighbours are, else O, and has the score 0."""
        predictions: Any = output.predictions
        return self._decode(*predictions)

    def _decode(self, best: Any, probability: Any) -> tuple[list[list[str]], list[list[float]]]:
        nothing = "O" if "O" in self.tags.names else self.tags.names[0]
        tags: list[list[str | None]] = [[None] * len(row.fields["tokens"]) for row in self.split.rows]
        scores = [[0.0] * len(row.fields["tokens"]) for row in self.split.rows]
        columns = zip(self.features["row"], self.features["first"], self.features["end"], strict=True)
        for window, (row, firsts, ends) in enumerate(columns):
            for i, (first, end) in enumerate(zip(firsts, ends, strict=True)):
                if first >= 0:
                    name = self.tags.names[best[window][i]]
                    tags[row][first:end] = [name] + [_inside(name)] * (end - first - 1)
                    scores[row][first:end] = [float(probability[window][i])] * (end - first)
        missing = 0
        for row, sentence in zip(self.split.rows, tags, strict=True):
            for i, token in enumerate(row.fields["tokens"]):
                if token.isspace():
                    sentence[i] = None
                elif sentence[i] is None:
                    missing += 1
            for i, tag in enumerate(sentence):
                if tag is None:
                    sentence[i] = _between(sentence, i, nothing)
        if missing:
            message = "%s: %d tokens mean nothing to the tokenizer; outside of entities they are tagged %s"
            logger.warning(message, self.split.file, missing, nothing)
        return [[tag or nothing for tag in sentence] for sentence in tags], scores

    def scored(self, output: EvalPrediction | PredictionOutput) -> dict[str, list] | None:
        return self._pairs(self.decode(output)[0]) if has_tags(self.split) else None

    def _pairs(self, predicted: list[list[str]]) -> dict[str, list]:
        """Tags without those of spaces, which do not count, as in KLUE-NER."""
        references = self.split.column("tags")
        kept = [[not token.isspace() for token in row.fields["tokens"]] for row in self.split.rows]
        return {
            "predictions": [_compress(tags, keep) for tags, keep in zip(predicted, kept, strict=True)],
            "references": [_compress(tags, keep) for tags, keep in zip(references, kept, strict=True)],
        }

    def score(self, predictions: list, references: list) -> dict[str, float]:
        from . import metrics

        return metrics.TaggingMetric().compute(
            predictions=predictions,
            references=references,
            tag_names=self.tags.names,
            characters=self.tags.unit == "characters",
        )

    def groups(self, predictions: list, references: list) -> dict[str, dict[str, float]]:
        from . import metrics

        if metrics.marks_entities(self.tags.names):
            return metrics.score_entity_types(predictions, references)
        index = {name: i for i, name in enumerate(self.tags.names)}
        predicted, gold = ([index[tag] for tags in column for tag in tags] for column in (predictions, references))
        return score_classes(predicted, gold, self.tags.names)

    def draw(self, path: Path, predictions: list, references: list) -> None:
        pictures.draw_groups(self.groups(predictions, references), "f1", path)

    def answers(self, output: EvalPrediction | PredictionOutput) -> list[dict[str, Any]]:
        """One dictionary per row, in order: `id`, and per token `prediction`, a tag by name, and `score`, its probability."""
        predicted, scores = self.decode(output)
        answers = []
        for row, tags, probabilities in zip(self.split.rows, predicted, scores, strict=True):
            answer: dict[str, Any] = {} if row.fields["id"] is None else {"id": row.fields["id"]}
            answers.append(answer | {"prediction": tags, "score": [round(p, 4) for p in probabilities]})
        return answers


def _inside(name: str) -> str:
    """The tag of an entity's further characters."""
    return f"I-{name[2:]}" if name.startswith("B-") else name


def _between(tags: list[str | None], i: int, nothing: str) -> str:
    """A token without a tag is inside an entity if the tags before and after it are."""
    before, after = tags[i - 1] if i else None, next((tag for tag in tags[i + 1 :] if tag is not None), None)
    return after if before and after and after.startswith("I-") and before[2:] == after[2:] else nothing


def _compress(tags: list[str], keep: list[bool]) -> list[str]:
    return [tag for tag, kept in zip(tags, keep, strict=True) if kept]
