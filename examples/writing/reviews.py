"""Writes the film reviews: rows of (text, label), balanced, without doubles, split by the phrases that they combine."""

from __future__ import annotations

from random import Random

from . import review_phrases as bank
from .chance import pick, shuffle
from .review_families import FAMILIES, Row


def roughen(rng: Random, rows: list[Row]) -> list[Row]:
    """Now and then a typing error (the same in the whole group) or a lost space."""
    if rng.random() < 0.12:
        old, new = pick(rng, bank.TYPOS)
        rows = [(text.replace(old, new), label) for text, label in rows]
    if len(rows) == 1 and rng.random() < 0.12:
        text, label = rows[0]
        spaces = [i for i, char in enumerate(text) if char == " " and text[i + 1] not in "ㅋㅎㅠㅡㅉ;>★♥"]
        if spaces:
            at = pick(rng, spaces)
            rows = [(text[:at] + text[at + 1 :], label)]
    return rows


def skeleton(text: str) -> str:
    """The text without spaces, punctuation and laughter: two reviews that differ in these only count as the same."""
    return "".join(char for char in text if char == ">" or (char.isalnum() and char not in "ㅋㅎㅠㅡㅉ"))


def write_reviews(rng: Random, train: int, test: int) -> tuple[list[Row], list[Row]]:
    """`train` and `test` rows, the labels exactly balanced, no text twice, no key of a family in both splits."""
    splits: dict[str, list[Row]] = {"train": [], "test": []}
    seen: set[str] = set()
    for family, share in FAMILIES.items():
        side: dict[str, str] = {}
        wanted = {"train": round(train * share), "test": round(test * share)}
        counts = {(split, label): wanted[split] // 2 for split in wanted for label in (0, 1)}
        turn = 0
        for _ in range(400 * (train + test)):
            if not any(counts.values()):
                break
            turn += 1
            key, rows = family(rng, turn % 2)
            split = side.setdefault(key, "test" if rng.random() < test / (train + test) else "train")
            rows = roughen(rng, rows)
            bones = {skeleton(text) for text, _ in rows}
            if len(bones - seen) < len(rows) or any(not counts[split, label] for _, label in rows):
                continue
            seen |= bones
            for text, label in rows:
                counts[split, label] -= 1
                splits[split].append((text, label))
        else:
            raise RuntimeError(f"{family.__name__} ran out of phrases: {counts} still missing")
    for rows in splits.values():
        shuffle(rng, rows)
    return splits["train"], splits["test"]
