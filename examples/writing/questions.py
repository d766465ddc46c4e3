"""Writes articles with questions whose answers are spans of the text, or are not in it, in the layout of SQuAD 2.0 / KorQuAD."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from .chance import draw_numbers, pick, pop, shuffle
from .korean import fill_slots
from .question_phrases import BANKS, TOPICS


class Article(NamedTuple):
    """Text about one thing; `answers` maps a slot to (text, start), only for slots that the text tells."""

    topic: str
    name: str
    values: dict[str, str]
    text: str
    answers: dict[str, tuple[str, int]]


def write_article(rng: Random, topic: str, name: str, kept: float) -> Article:
    """An article with about the share `kept` of the topic's sentences. No two slots hold the same words."""
    values = {"name": name}
    for slot, bank in TOPICS[topic].banks.items():
        while slot != "name":
            value = draw_numbers(rng, pick(rng, BANKS[bank]))
            if not any(value in other or other in value for other in values.values()):
                values[slot] = value
                break
    _order_years(values, TOPICS[topic].banks)
    text, told = "", True
    answers: dict[str, tuple[str, int]] = {}
    for index, sentence in enumerate(TOPICS[topic].sentences):
        told = not index or (told if sentence.startswith("^") else rng.random() < kept)
        if not told:
            continue
        part, places = fill_slots(sentence.removeprefix("^"), values.__getitem__)
        start = len(text) + 1 if text else 0
        text = f"{text} {part}" if text else part
        answers.update({slot: (value, start + at) for slot, value, at in places})
    return Article(topic=topic, name=name, values=values, text=text, answers=answers)


def _order_years(values: dict[str, str], banks: dict[str, str]) -> None:
    """Puts the years of one article in the order in which its sentences tell them."""
    slots = [slot for slot, bank in banks.items() if bank in ("past", "year", "late")]
    for slot, value in zip(slots, sorted(values[slot] for slot in slots), strict=True):
        values[slot] = value


def ask(rng: Random, article: Article, answerable: int, impossible: int) -> list[dict[str, Any]]:
    """Questions on the article, each slot at most once."""
    topic = TOPICS[article.topic]
    told = [slot for slot in topic.questions if slot in article.answers]
    untold = [question for slot in topic.questions if slot not in article.answers for question in topic.questions[slot]]
    rows = []
    for _ in range(answerable):
        slot = pop(rng, told)
        text, start = article.answers[slot]
        rows.append((pick(rng, topic.questions[slot]), [{"text": text, "answer_start": start}]))
    absent = topic.never + untold
    for _ in range(impossible):
        rows.append((pop(rng, absent), []))
    return [
        {
            "question": fill_slots(question, article.values.__getitem__)[0],
            "answers": answers,
            "is_impossible": not answers,
        }
        for question, answers in rows
    ]


def write_articles(rng: Random, train: int, dev: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """`train` and `dev` articles of one paragraph each; no name stands in both."""
    names: dict[str, list[str]] = {}
    for topic in TOPICS:
        names[topic] = list(BANKS[TOPICS[topic].banks["name"]])
        shuffle(rng, names[topic])
    kinds = list(TOPICS)
    articles: list[dict[str, Any]] = []
    while len(articles) < train + dev:
        kind = kinds[len(articles) % len(kinds)]
        while len(names[kind]) < 2:
            kind = pick(rng, kinds)
        draw = rng.random()
        first = write_article(rng, kind, names[kind].pop(), 0.45 if draw < 0.25 else 0.75 if draw < 0.55 else 1.0)
        answerable = min(3, len(first.answers) - 1)
        questions = ask(rng, first, answerable, 1 if rng.random() < 0.6 else 0)
        context = first.text
        if draw > 0.72:
            second = write_article(rng, kind, names[kind].pop(), 1.0)
            shift = len(context) + 1
            context = f"{context} {second.text}"
            for row in ask(rng, second, 2, 0):
                for answer in row["answers"]:
                    answer["answer_start"] += shift
                questions.append(row)
            questions.pop(0)
        articles.append({"title": first.name, "context": context, "qas": questions})
    return articles[:train], articles[train:]


def squad_json(articles: list[dict[str, Any]], split: str) -> dict[str, Any]:
    """SQuAD 2.0 layout: version, data[].title, paragraphs[].context and qas[]."""
    data = []
    for index, article in enumerate(articles):
        qas = [{"id": f"example-qa-{split}-{index:03d}-{n}", **row} for n, row in enumerate(article["qas"])]
        data.append({"title": article["title"], "paragraphs": [{"context": article["context"], "qas": qas}]})
    return {"version": f"electra-heads-example_{split}", "data": data}
