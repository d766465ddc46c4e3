"""Writes sentences with marked entities in the layout of KLUE-NER: one character and its IOB2 tag per line."""

from __future__ import annotations

from random import Random

from . import entity_phrases as bank
from .chance import draw_numbers, pick, shuffle
from .korean import fill_slots

Span = tuple[int, int, str]
Sentence = tuple[str, list[Span]]


def filler(rng: Random, kind: str) -> str:
    """A name, date, time or quantity of the kind."""
    if kind == "person":
        return pick(rng, bank.SURNAMES) + pick(rng, bank.GIVEN_NAMES)
    if kind == "foreigner":
        first, last = pick(rng, bank.FOREIGN_FIRST), pick(rng, bank.FOREIGN_LAST)
        return first if rng.random() < 0.3 else f"{first} {last}"
    return draw_numbers(rng, pick(rng, bank.FILLERS[kind]))


def fill(rng: Random, template: str) -> Sentence:
    """The template with its slots filled, and the entities as (start, end, type) in characters. No filler comes twice."""
    used: set[str] = set()

    def fresh(kind: str) -> str:
        value = filler(rng, kind)
        while value in used:
            value = filler(rng, kind)
        used.add(value)
        return value

    text, places = fill_slots(template, fresh)
    return text, [(start, start + len(value), bank.KINDS[kind]) for kind, value, start in places]


def write_sentences(rng: Random, train: int, dev: int) -> tuple[list[Sentence], list[Sentence]]:
    """`train` and `dev` sentences, no text twice; every template occurs in both."""
    seen: set[str] = set()
    rows: list[Sentence] = []
    turn = 0
    while len(rows) < train + dev:
        template = bank.SENTENCES[turn % len(bank.SENTENCES)]
        turn += 1
        if turn % 12 == 0:
            template = pick(rng, bank.EMPTY_SENTENCES)
        sentence = fill(rng, template)
        if rng.random() < 0.12:
            other = fill(rng, pick(rng, bank.SENTENCES))
            shift = len(sentence[0]) + 1
            spans = [(start + shift, end + shift, kind) for start, end, kind in other[1]]
            sentence = f"{sentence[0]} {other[0]}", sentence[1] + spans
        if sentence[0] not in seen:
            seen.add(sentence[0])
            rows.append(sentence)
    shuffle(rng, rows)
    return rows[:train], rows[train:]


def ner_tsv(sentences: list[Sentence], split: str) -> str:
    """KLUE-NER format: five comment lines, then per sentence a line with marks, the characters and an empty line."""
    lines = [
        "## 예제 개체명 말뭉치: 글자와 태그는 탭(\\t)으로 나눈다",
        "## 한 줄에 글자 하나, 빈칸도 글자 하나로 센다",
        "## 문장과 문장 사이는 빈 줄 하나로 나눈다",
        "## 우물 정 두 개와 빈칸으로 시작하는 줄은 글자가 아니라 설명이다",
        "## 열 이름: CHAR\tNE_TAG",
    ]
    for index, (text, spans) in enumerate(sentences):
        tags, marked, at = ["O"] * len(text), "", 0
        for start, end, kind in spans:
            tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
            marked += f"{text[at:start]}<{text[start:end]}:{kind}>"
            at = end
        lines.append(f"## example-ner_{split}_{index:05d}\t{marked}{text[at:]}")
        lines += [f"{char}\t{tag}" for char, tag in zip(text, tags, strict=True)]
        lines.append("")
    return "\n".join(lines) + "\n"
