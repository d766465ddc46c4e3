"""What a checkpoint says of one text: its answer, how sure it is, and what the answer came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedTokenizerFast

from heads.characters import is_inside
from heads.configuration_headed_encoder import longest_input
from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import TokenDataArguments
from ..data.splits import Split
from ..errors import UserError
from ..files import Row, fits, json_fields
from ..models.loading import load_checkpoint
from ..tasks import TASKS, QuestionAnswering, SequenceClassification, Task, TokenClassification
from ..tasks.class_predictions import predict, probabilities
from ..tasks.columns import reads_pairs
from ..tasks.labels import Labels
from ..training.collation import Collator
from .explanations import MOST_TOKENS, Explanation, SequenceReader

TYPED = "the text"  # what errors and notes call it
ANSWERS = 5  # that are shown of a question


class Mark(NamedTuple):
    """Characters of a text, start <= i < end, what they are, and the probability of that; None: not known."""

    start: int
    end: int
    label: str
    probability: float | None


class CheckpointAnswer(NamedTuple):
    """What a checkpoint says of a text.

    Attributes:
        prediction: in words.
        choices: what could be said and its probability, the likeliest first; empty for scores and tags.
        marked: of the texts of the input, the one that has marks.
        marks: where tags and answers stand in it.
        explanation: what it came from; None for tags and answers.
        note: what else there is to say, such as that the text was cut.
    """

    prediction: str
    choices: list[tuple[str, float]]
    marked: int = 0
    marks: Sequence[Mark] = ()
    explanation: Explanation | None = None
    note: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A trained model.

    Attributes:
        name: what it is called on the page.
        place: the folder or Hub id that it was read from.
        task: what it was trained for.
        inputs: what its texts are called.
    """

    name: str
    place: str
    model: Any
    tokenizer: PreTrainedTokenizerFast
    task: type[Task]
    inputs: tuple[str, ...]

    def answer(self, texts: Sequence[str]) -> CheckpointAnswer:
        """What it says of the texts that `inputs` names."""
        with torch.no_grad():
            return _ANSWERS[self.task](self, *texts)


def load_checkpoints(places: Sequence[str], names: Sequence[str]) -> list[Checkpoint]:
    """Loads what is shown side by side.

    Raises:
        UserError: one is no checkpoint of this project, or is of another task or reads other texts than the first.
    """
    found: list[Checkpoint] = []
    for place, name in zip(places, names, strict=True):
        model, tokenizer = load_checkpoint(place)
        task = next(task for task in TASKS.values() if isinstance(model, task.model_class))
        own = Checkpoint(
            name=name, place=place, model=model, tokenizer=tokenizer, task=task, inputs=_inputs(task, model)
        )
        first = found[0] if found else own
        if own.task is not first.task:
            own_kind, kind = (one.task.pipeline_tag.replace("-", " ") for one in (own, first))
            raise UserError(f"{place} is for {own_kind}, {first.place} for {kind}: name runs of one task")
        if own.inputs != first.inputs:
            own_kind, kind = ("pairs" if len(one.inputs) > 1 else "single texts" for one in (own, first))
            raise UserError(f"{place} reads {own_kind}, {first.place} {kind}: name runs that read alike")
        found.append(own)
    return found


def _inputs(task: type[Task], model: HeadedEncoderPreTrainedModel) -> tuple[str, ...]:
    if task is QuestionAnswering:
        return "question", "context"
    return ("text", "second text") if reads_pairs(model.config) else ("text",)


# Classes, sets and scores


def _answer_sequence(checkpoint: Checkpoint, *texts: str) -> CheckpointAnswer:
    config = checkpoint.model.config
    labels, calibration = Labels.of_checkpoint(config), config.calibration or {}
    reader = SequenceReader(checkpoint.model, checkpoint.tokenizer)
    logits, cut = reader.logits([texts])
    values = logits[0].double().numpy()
    best = int(values.argmax())
    note = f"the first {reader.length} tokens were read, the others cut" if cut else ""
    name = labels.names[best] if labels.names else ""
    explanation = reader.explain(texts, float(values[best]), best, name)
    said = predict(values, labels, calibration)["prediction"]
    words = ", ".join(said) if isinstance(said, list) else f"{said:.3f}" if isinstance(said, float) else said
    choices = sorted(probabilities(values, labels, calibration).items(), key=lambda one: -one[1])
    return CheckpointAnswer(prediction=words, choices=choices, explanation=explanation, note=note)


# Tags


def _answer_tags(checkpoint: Checkpoint, text: str) -> CheckpointAnswer:
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    places = list(_tokens(text, getattr(model.config, "token_unit", None)))
    row = Row(1, {"id": None, "tokens": [text[start:end] for start, end in places], "tags": None})
    split = Split(name="test", file=TYPED, rows=[row], part=0)
    length = longest_input(model.config.encoder_config, tokenizer, MOST_TOKENS)
    data = TokenDataArguments(test_file=TYPED, max_seq_length=length)
    task: Any = TokenClassification(data, tokenizer).with_labels(model.config, split).with_decoder(model)
    if not places:
        return CheckpointAnswer(prediction="no tags", choices=[])
    prepared = task.prepare(split)
    collate = Collator(tokenizer, {})
    logits = model(**collate([*prepared.features])).logits
    reduced = task.reduce_logits(logits, None)
    predictions = reduced.numpy() if isinstance(reduced, torch.Tensor) else tuple(part.numpy() for part in reduced)
    records = task.records(prepared, _Output(predictions))
    (tags,) = task.predictions(split, records)
    kept = [i for i, (start, end) in enumerate(places) if not text[start:end].isspace()]
    scores = [records[0]["score"][i] for i in kept]
    style = task.labels.style
    if style is None:
        marks = [Mark(*places[i], tag, score) for i, tag, score in zip(kept, tags, scores, strict=True)]
    else:
        marks = [
            Mark(places[kept[one.first]][0], places[kept[one.end - 1]][1], one.kind, min(scores[one.first : one.end]))
            for one in style.entities(tags)
        ]
    words = ", ".join(f"{text[one.start : one.end]} ({one.label})" for one in marks) if style is not None else ""
    return CheckpointAnswer(prediction=words or ("no entities" if style is not None else ""), choices=[], marks=marks)


class _Output(NamedTuple):
    predictions: Any


def _tokens(text: str, unit: str | None) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand, or its characters as a reader sees them, spaces too."""
    start = 0
    for end in range(1, len(text) + 1):
        if unit == "characters":
            if end == len(text) or not is_inside(text, end):
                yield start, end
                start = end
        elif end == len(text) or text[end - 1].isspace() != text[end].isspace():
            if not text[start:end].isspace():
                yield start, end
            start = end


# Answers


def _answer_question(checkpoint: Checkpoint, question: str, context: str) -> CheckpointAnswer:
    pipeline = checkpoint.model.pipeline(checkpoint.tokenizer)
    knows_none = _knows_no_answer(checkpoint)
    found = pipeline(question=question, context=context, top_k=ANSWERS, handle_impossible_answer=knows_none)
    choices = [(one["answer"] or "no answer", one["score"]) for one in found]
    best = found[0]
    marks = [Mark(best["start"], best["end"], "answer", best["score"])] if best["answer"] else []
    return CheckpointAnswer(prediction=choices[0][0], choices=choices, marked=1, marks=marks)


def _knows_no_answer(checkpoint: Checkpoint) -> bool:
    """Whether questions without an answer were among those that it was trained with, as far as the checkpoint says."""
    if checkpoint.model.config.calibration is not None:
        return True
    run = json_fields(Path(checkpoint.place, "run.json"))
    return fits(run, {"changed_from_default": {"version_2_with_negative": bool}}) and bool(
        run["changed_from_default"]["version_2_with_negative"]
    )


_ANSWERS: dict[type[Task], Callable[..., CheckpointAnswer]] = {
    SequenceClassification: _answer_sequence,
    TokenClassification: _answer_tags,
    QuestionAnswering: _answer_question,
}
