"""Token classification: one tag per word or character; see `token_windows` for how these become sub-words."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import torch
from transformers import PretrainedConfig, PreTrainedTokenizerFast
from typing_extensions import Self

from heads import HeadedEncoderConfig, HeadedEncoderForTokenClassification

from ..arguments import TokenDataArguments
from ..data.splits import Group, Split
from ..data.stored_rows import Lazy
from ..data.tagged import read_tagged
from ..data.typed import typed_lines
from ..files import Row, fits, listed
from ..metrics.catalogue import TAGS, TAGS_OF_CHARACTERS
from ..metrics.metric import Metric
from .base import Output, Pairs, PreparedSplit, Task
from .decoding import Decode, decode_sentences
from .excerpts import Judged
from .features import build_features
from .judging import judge_tags
from .tags import Tags
from .token_decisions import decide_tokens
from .token_rows import CHARACTERS, check_tagged, check_tags, check_unit, has_tags, name_tags, without_spaces
from .token_windows import feature_columns, tokenize

logger = logging.getLogger(__name__)


class TokenClassification(Task):
    """Words or characters have a tag each; a long sentence is read in windows."""

    model_class = HeadedEncoderForTokenClassification
    arguments = TokenDataArguments
    script = arguments.script
    space = "tokens"
    pipeline_tag = "token-classification"
    auto_class = "AutoModelForTokenClassification"
    examples: ClassVar = {
        "ko": ("서울은 대한민국의 수도이다.", ""),
        "en": ("Seoul is the capital of South Korea.", ""),
    }
    long_inputs = "longer sentences were tagged in overlapping windows"
    class_word = "entity type"
    metrics = (TAGS, TAGS_OF_CHARACTERS)
    padding = {"labels": -100}

    data: TokenDataArguments
    labels: Tags
    decode: Decode | None = None

    def __init__(self, data: Any, tokenizer: PreTrainedTokenizerFast, config: PretrainedConfig | None = None):
        super().__init__(data, tokenizer, config)
        self.known_unit = getattr(config, "token_unit", None)

    def with_decoder(self, model: Any) -> Self:
        """The task once it knows its model, whose tags may be decided together: a sentence then needs all of its logits."""
        task = copy.copy(self)
        task.decode = model.decode if model.decodes else None
        return task

    def purpose(self) -> str:
        style = self.labels.style
        if style is None:
            return f"gives every token one of these tags: {listed(self.labels.names)}"
        return f"finds entities of these types: {listed(style.kinds(self.labels.names))}"

    def read(self, file: str) -> Iterator[Row]:
        if self.data.text is not None:
            return self._typed()
        rows = read_tagged(file, self.data.text_column_name, self.data.label_column_name)
        return rows if self.data.tag_names is None else name_tags(file, rows, self.data.tag_names)

    def _typed(self) -> Iterator[Row]:
        """The texts that were typed, as characters or as the words between spaces."""
        for number, text in enumerate(typed_lines(self.data.text or []), start=1):
            tokens = list(text) if self.known_unit == CHARACTERS else text.split()
            yield Row(number, {"id": None, "tokens": tokens, "tags": None})

    def groups(self, split: Split) -> Sequence[Group]:
        return Lazy(split.column("tokens"), lambda tokens: Group(" ".join(tokens)))

    def check(self, split: Split) -> None:
        check_tagged(split)

    def find_labels(self, config: PretrainedConfig, rows: Split) -> Tags:
        if isinstance(config, HeadedEncoderConfig):
            return Tags.of_checkpoint(config, rows)
        check_tags(rows)
        return Tags.of(rows, self.data)

    def prepare(self, split: Split) -> PreparedSplit:
        check_unit(split, self.labels.unit)
        if split.name == "train":
            self.labels.say_unused(split)
        features = build_features(
            feature_columns(split, self.labels),
            tokenize,
            self.tokenizer,
            self.data,
            split,
            max_seq_length=self.data.max_seq_length,
            unit=self.labels.unit,
        )
        return PreparedSplit(split, features)

    def texts(self, split: Split) -> Sequence[str]:
        return Lazy(split.column("tokens"), self.labels.joiner.join)

    def text_fields(self, split: Split) -> dict[str, Sequence]:
        return {"tokens": split.column("tokens")}

    def labelled(self, split: Split) -> bool:
        return has_tags(split)

    def label_names(self, split: Split) -> Sequence[list[str]]:
        return split.column("tags") if has_tags(split) else []

    def references(self, split: Split) -> list[list[str]]:
        return without_spaces(split, self.labels.read(split))

    def faults(self, split: Split) -> dict[str, int]:
        return self.labels.faults(split) if has_tags(split) else {}

    def ceiling(self, prepared: PreparedSplit) -> dict[str, float]:
        if not has_tags(prepared.split):
            return {}
        if self.faults(prepared.split).get("entities") == 0:
            return {}  # nothing to be right about
        split = prepared.split
        names = [] if self.labels.style is None else ["entity_f1"]
        names += ["char_macro_f1"] if self.labels.unit == CHARACTERS else []
        metrics = [self.metric.sums(name, self.labels.names) for name in names]
        sums: list[Any] = [0] * len(metrics)
        read = self.labels.read(split)
        for rows, tags, _ in decide_tokens(split, prepared.features, self.labels.names_by_class()):
            own = replace(split, rows=split.rows[rows])
            pairs = self._written(own, tags), without_spaces(own, read[rows])
            sums = [total + one.count(*pairs).sum(axis=0) for total, one in zip(sums, metrics, strict=True)]
        return {one.name: 100 * float(one.score(total)) for one, total in zip(metrics, sums, strict=True)}

    def describe(self, split: Split, row: int, value: Any) -> str:
        """`서울/LC, 대한민국/OG`; tags as they are where they mark no entities."""
        style = self.labels.style
        if style is None:
            return " ".join(value)
        pieces = _with_spaces_before(split.rows[row].fields["tokens"])
        entities = (
            (self.labels.joiner.join(pieces[entity.first : entity.end]).strip(), entity.kind)
            for entity in style.entities(value)
        )
        return ", ".join(f"{text}/{kind}" for text, kind in entities)

    def reduce_logits(
        self, logits: torch.Tensor, labels: torch.Tensor | None
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Logits (B, T, C) to the best class and its probability, (B, T) each, before they leave the device.

        Where a whole sentence is decoded they stay what they are, in float32.
        """
        if self.decode is not None:
            return logits.float()
        best = logits.argmax(dim=-1)
        probability = logits.float().softmax(dim=-1).gather(-1, best.unsqueeze(-1)).squeeze(-1)
        return best, probability

    def pairs(self, prepared: PreparedSplit, output: Output) -> Pairs | None:
        if not has_tags(prepared.split):
            return None
        best, probability = self._decided(prepared, output)
        predicted = self._written(prepared.split, self.tags_of_tokens(prepared, best, probability)[0])
        return {"predictions": predicted, "references": self.references(prepared.split)}

    def records(self, prepared: PreparedSplit, output: Output) -> list[dict[str, Any]]:
        """For every token a tag in `prediction` and its probability in `score`."""
        best, probability = self._decided(prepared, output)
        predicted, scores = self.tags_of_tokens(prepared, best, probability)
        records = []
        for row, tags, probabilities in zip(prepared.split.rows, predicted, scores, strict=True):
            record: dict[str, Any] = {} if row.fields["id"] is None else {"id": row.fields["id"]}
            records.append(
                record | {"prediction": self.labels.write(tags), "score": [round(p, 4) for p in probabilities]}
            )
        return records

    def answers(self, prepared: PreparedSplit, output: Output) -> list[dict[str, str]]:
        split = prepared.split
        predicted = self.predictions(split, self.records(prepared, output))
        return [
            {"tags": self.describe(split, i, tags) or "(none)", "text": text}
            for i, (tags, text) in enumerate(zip(predicted, self.texts(split), strict=True))
        ]

    def judge(
        self, prepared: PreparedSplit, output: Output, pairs: Pairs, records: Sequence[Mapping[str, Any]]
    ) -> Judged:
        return judge_tags(prepared.split, pairs, records, self.labels.joiner)

    def is_prediction(self, value: Any, row: Row) -> bool:
        return fits(value, [str]) and len(value) == len(row.fields["tokens"]) and self.labels.knows(value)

    def predictions(self, split: Split, records: list[dict[str, Any]]) -> list[list[str]]:
        return without_spaces(split, self.labels.read_back(split, super().predictions(split, records)))

    def usual_metric(self) -> Metric:
        return TAGS_OF_CHARACTERS if self.labels.unit == CHARACTERS else TAGS

    def _decided(self, prepared: PreparedSplit, output: Output) -> tuple[Any, Any]:
        """Of every window the class of each sub-word, and its probability."""
        predictions: Any = output.predictions
        return predictions if self.decode is None else decode_sentences(prepared.features, predictions, self.decode)

    def tags_of_tokens(
        self, prepared: PreparedSplit, best: Any, probability: Any
    ) -> tuple[list[list[str]], list[list[float]]]:
        """One tag and one score for each token of every row, see `decide_tokens`."""
        names = self.labels.names_by_class()
        decided = [*decide_tokens(prepared.split, prepared.features, names, best, probability)]
        return [tags for one in decided for tags in one.tags], [scores for one in decided for scores in one.scores]

    def _written(self, split: Split, tags: list[list[str]]) -> list[list[str]]:
        """Tags as `predictions.jsonl` says them, which is what is scored."""
        return without_spaces(split, self.labels.read_back(split, [self.labels.write(row) for row in tags]))


def _with_spaces_before(tokens: list[str]) -> list[str]:
    """The tokens that are no spaces, each with the spaces that stand before it."""
    pieces, spaces = [], ""
    for token in tokens:
        if not token.isspace():
            pieces.append(spaces + token)
        spaces = spaces + token if token.isspace() else ""
    return pieces
