"""Small files for the scripts, drawn from a few words: what is to be learned can be learned, lengths differ, rows repeat."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Windows of this size are shorter than some of the sentences and contexts, so that all of them occur in most tests.
WINDOWS: dict[str, dict[str, int]] = {
    "seq_cls": {},
    "token_cls": {"max_seq_length": 16},
    "qa": {"max_seq_length": 32, "doc_stride": 8},
}

GOOD, BAD = ("좋다", "good"), ("나쁘다", "bad")
OTHERS = ("영화", "정말", "the", "movie", "is")
PLACES, GROUPS = ("서울", "seoul"), ("대한민국", "대한 민국")


def reviews(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """`id`, `text`, `label`: the label is the mood of the one telling word among 1 to 20."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        words = [draw.choice(OTHERS) for _ in range(draw.randrange(20))]
        label = draw.choice(("긍정", "부정"))
        words.insert(draw.randint(0, len(words)), draw.choice(GOOD if label == "긍정" else BAD))
        rows.append({"id": f"r{i}", "text": " ".join(words), "label": label})
    return rows


def sentences(count: int, seed: int = 0, unit: str = "characters") -> list[tuple[list[str], list[str]]]:
    """Tokens and tags of sentences with places and groups in them."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        tokens: list[str] = []
        tags: list[str] = []
        for i in range(draw.randint(1, 9)):
            kind, words = draw.choice((("LOC", PLACES), ("ORG", GROUPS), ("O", OTHERS), ("O", OTHERS)))
            word = draw.choice(words)
            if unit == "words":
                parts = word.split()
            else:
                parts = list(word)
                if i:
                    tokens, tags = [*tokens, " "], [*tags, "O"]
            tokens += parts
            tags += ["O"] * len(parts) if kind == "O" else [f"B-{kind}"] + [f"I-{kind}"] * (len(parts) - 1)
        rows.append((tokens, tags))
    return rows


def questions(count: int, seed: int = 0, impossible: float = 0.0, words: int = 20) -> list[dict[str, Any]]:
    """Flat questions: which place stands in the context? A share of them has no answer."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        context = [draw.choice(OTHERS) for _ in range(draw.randint(10, words))]
        answers = []
        if draw.random() >= impossible:
            place = draw.choice(PLACES)
            context.insert(draw.randint(0, len(context)), place)
            answers = [{"text": place, "answer_start": " ".join(context).index(place)}]
        text = " ".join(context)
        rows.append({"id": f"q{i}", "question": "the movie is?", "context": text, "answers": answers})
    return rows


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_columns(path: Path, rows: Sequence[tuple[list[str], list[str]]]) -> Path:
    """Token, TAB, tag; an empty line behind every sentence."""
    blocks = ("".join(f"{token}\t{tag}\n" for token, tag in zip(*row, strict=True)) for row in rows)
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def write_squad(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The nested JSON of SQuAD 2.0, one paragraph per question."""
    paragraphs = [
        {
            "context": row["context"],
            "qas": [
                {name: value for name, value in row.items() if name != "context"}
                | {"is_impossible": not row["answers"]}
            ],
        }
        for row in rows
    ]
    content = {"version": "v2.0", "data": [{"title": "places", "paragraphs": paragraphs}]}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path
