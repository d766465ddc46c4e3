"""Writes everything under `examples/` that is data: reviews, intents, named entities, questions, the tiny ELECTRA's tokenizer.

    python examples/generate.py            # rewrite the files
    python examples/generate.py --check    # exit 1 if a file differs from what would be written

The texts come from the phrase banks in `examples/writing/` and one fixed seed, so every run writes the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from random import Random

from writing.entities import ner_tsv, write_sentences
from writing.intents import intents_csv, write_intents
from writing.questions import squad_json, write_articles
from writing.review_families import Row
from writing.reviews import write_reviews
from writing.tokenizer import model_config, tokenizer_config, tokenizer_json, train_vocabulary

SEED = 20240301
HERE = Path(__file__).resolve().parent


def reviews_tsv(rows: list[Row], first_id: int) -> str:
    """NSMC format: a header, then id, document and label, separated by tabs."""
    lines = ["id\tdocument\tlabel"]
    lines += [f"{first_id + 37 * number}\t{text}\t{label}" for number, (text, label) in enumerate(rows)]
    return "\n".join(lines) + "\n"


def as_json(content: object, indent: int = 2) -> str:
    """A JSON file: Hangul as it is, a line end at the end."""
    return json.dumps(content, ensure_ascii=False, indent=indent) + "\n"


def make_files() -> dict[str, str]:
    """Path below `examples/` -> content."""
    train, test = write_reviews(Random(SEED), 4000, 800)
    ner_train, ner_dev = write_sentences(Random(SEED + 1), 800, 200)
    qa_train, qa_dev = write_articles(Random(SEED + 2), 120, 30)
    intents_train, intents_test = write_intents(Random(SEED + 3), 80)
    texts = [text for text, _ in train] + [text for text, _ in ner_train]
    texts += [article["context"] for article in qa_train]
    texts += [question["question"] for article in qa_train for question in article["qas"]]
    vocabulary = train_vocabulary(texts)
    return {
        "reviews/train.txt": reviews_tsv(train, 1_000_003),
        "reviews/test.txt": reviews_tsv(test, 5_000_011),
        "intents/train.csv": intents_csv(intents_train),
        "intents/test.csv": intents_csv(intents_test),
        "ner/train.tsv": ner_tsv(ner_train, "train"),
        "ner/dev.tsv": ner_tsv(ner_dev, "dev"),
        "qa/train.json": as_json(squad_json(qa_train, "train"), indent=1),
        "qa/dev.json": as_json(squad_json(qa_dev, "dev"), indent=1),
        "tiny-electra/config.json": as_json(model_config(len(vocabulary))),
        "tiny-electra/tokenizer.json": as_json(tokenizer_json(vocabulary)),
        "tiny-electra/tokenizer_config.json": as_json(tokenizer_config()),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the example data.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is missing or differs")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to, or to check (default: this one)")
    arguments = parser.parse_args(argv)
    differing = []
    for name, content in make_files().items():
        path = arguments.out / name
        if arguments.check:
            if not path.is_file() or path.read_bytes() != content.encode():
                differing.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())
    for name in differing:
        print(
            f"{arguments.out / name}: differs from what generate.py writes; run python examples/generate.py",
            file=sys.stderr,
        )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
