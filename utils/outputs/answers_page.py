"""The answers of several checkpoints side by side, as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from .answers import Checkpoint, CheckpointAnswer, Mark
from .explanations import Explanation, Shade
from .page.formatting import number
from .page.markup import Markup, element, fragment
from .page.texts import language

MOST_CHOICES = 6  # with a bar; the others are counted
MOST_PARTS = 8  # n-grams or words by name; the others are one line

EXACT = "Exact: what each n-gram gave that won the CNN's maximum; with the bias they add up to it."
OCCLUSION = "Occlusion: how much it falls where a word is left out; not a sum."
COLOURS = "Blue speaks for it, orange against."

STYLE = """
.answers { --paper: #fff; --ink: #1c1c1c; --soft: #5c5c5c; --rule: #d9d9d9; --for: 0 114 178; --against: 213 94 0;
  color: var(--ink); display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem;
  font-variant-numeric: tabular-nums lining-nums; line-height: 1.5; }
.dark .answers { --paper: #16181a; --ink: #e4e4e2; --soft: #a3a5a6; --rule: #3a3d40; --for: 86 180 233; --against: 239 122 46; --strength: .65; }
.answers > article { min-width: 0; padding: 1rem 1.1rem; border: 1px solid var(--rule); border-radius: .5rem; background: var(--paper); }
.answers h2 { margin: 0; font-size: .875rem; font-weight: 600; color: var(--soft); overflow-wrap: anywhere; }
.answers h2 span { font-weight: 400; color: inherit; }
.out, .out > div { padding: 0 !important; }
.answers p { margin: .5rem 0; }
.answers .said { font-size: 1.25rem; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
.answers .said, .answers .read { word-break: keep-all; }
.answers .note { font-size: .8125rem; color: var(--soft); }
.answers .read { padding: .6rem 0; border-top: 1px solid var(--rule); line-height: 1.9; overflow-wrap: anywhere; white-space: pre-wrap; }
.answers mark { color: inherit; background: rgb(var(--tone) / calc(var(--strength, 1) * var(--share))); border-radius: .2rem; padding: .1rem 0; }
.answers mark.for { --tone: var(--for); } .answers mark.against { --tone: var(--against); }
.answers mark.found { --tone: var(--for); --share: .25; border-bottom: 2px solid rgb(var(--for)); padding: .1rem .15rem; }
.answers mark small { margin-left: .3rem; font-size: .6875rem; color: var(--soft); white-space: nowrap; }
.answers table { width: 100%; margin: 0; border: 0; border-collapse: collapse; font-size: .8125rem; }
.answers tr { border: 0; background: none; }
.answers th, .answers td { padding: .18rem 0; border: 0; text-align: left; font-weight: 400; vertical-align: baseline; }
.answers th { padding-right: .75rem; overflow-wrap: anywhere; }
.answers .shares th { width: 40%; }
.answers td.value { width: 4rem; text-align: right; white-space: nowrap; }
.answers tr.rest > * { color: var(--soft); }
.answers tr.sum > * { border-top: 1px solid var(--ink); font-weight: 600; }
.answers .bar { display: block; height: .55rem; min-width: 1px; border-radius: .15rem; background: rgb(var(--for)); }
.rows td:first-child, .rows th:first-child { text-align: left; }
.rows td { text-align: left; white-space: normal; }
"""


def answers_page(
    checkpoints: Sequence[Checkpoint], answers: Sequence[CheckpointAnswer], texts: Sequence[str]
) -> Markup:
    """One card for each checkpoint.

    Args:
        texts: that were read.
    """
    cards = [_card(*one, texts) for one in zip(checkpoints, answers, strict=True)]
    return element("div", *cards, class_="answers")


def _card(checkpoint: Checkpoint, answer: CheckpointAnswer, texts: Sequence[str]) -> Markup:
    head = checkpoint.model.config.head
    named = f" {head} head" if head not in checkpoint.name else ""
    prediction = answer.prediction or "nothing"
    return element(
        "article",
        element("h2", checkpoint.name, element("span", named), title=checkpoint.place),
        element("p", prediction, class_="said", lang=language(prediction), dir="auto"),
        _choices(answer.choices),
        element("p", answer.note, class_="note") if answer.note else "",
        _marked(texts[answer.marked], answer.marks)
        if answer.explanation is None
        else _explanation(answer.explanation, texts),
    )


def _choices(choices: Sequence[tuple[str, float]]) -> Markup:
    if not choices:
        return fragment()
    rows = [
        element(
            "tr",
            element("th", name, scope="row", lang=language(name), dir="auto"),
            element("td", element("span", class_="bar", style=f"width: {100 * share:.1f}%")),
            element("td", number(share, 3), class_="value"),
        )
        for name, share in choices[:MOST_CHOICES]
    ]
    rest = choices[MOST_CHOICES:]
    if rest:
        cells = (
            element("th", f"{len(rest)} more", scope="row"),
            element("td"),
            element("td", f"≤ {rest[0][1]:.3f}", class_="value"),
        )
        rows.append(element("tr", *cells, class_="rest"))
    return element("table", element("tbody", *rows), class_="shares", aria_label="probabilities")


def _explanation(explanation: Explanation, texts: Sequence[str]) -> Markup:
    """The texts in the colours of what they did for the logit, and the parts by name."""
    largest = max((abs(shade.value) for own in explanation.shades for shade in own), default=0.0)
    shown = [_shaded(text, own, largest) for text, own in zip(texts, explanation.shades, strict=True)]
    whose = f"Logit of “{explanation.label}”." if explanation.label else "The score."
    note = " ".join([whose, EXACT if explanation.exact else OCCLUSION, COLOURS])
    decimals = 3 if max((abs(value) for _, value in explanation.parts), default=1.0) >= 0.1 else 5

    def line(name: str, value: float, kind: str | None = None) -> Markup:
        cells = element("td", number(value, decimals, sign=True), class_="value")
        return element("tr", element("th", name, scope="row", dir="auto"), cells, class_=kind)

    most = MOST_PARTS + (len(explanation.parts) == MOST_PARTS + 1)  # one that is left over has a name, too
    rows, rest = [line(*part) for part in explanation.parts[:most]], explanation.parts[most:]
    if explanation.exact:
        if rest:
            rows.append(line(f"{len(rest)} other n-grams", sum(value for _, value in rest), "rest"))
        rows.append(line("bias", explanation.bias, "rest"))
        rows.append(line("logit" if explanation.label else "score", explanation.logit, "sum"))
    elif rest:
        cells = (
            element("th", f"{len(rest)} other words", scope="row"),
            element("td", f"≤ {abs(rest[0][1]):.{decimals}f}", class_="value"),
        )
        rows.append(element("tr", *cells, class_="rest"))
    table = element("table", element("tbody", *rows), aria_label="what the logit came from")
    return fragment(*shown, element("p", note, class_="note"), table)


def _shaded(text: str, shades: Sequence[Shade], largest: float) -> Markup:
    """A text whose characters are the more coloured, the more they did; characters in several shades have their sum."""
    values = [0.0] * len(text)
    for start, end, value in shades:
        for i in range(start, end):
            values[i] += value
    pieces: list[object] = []
    largest = max([largest, *map(abs, values)])
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or values[end] != values[start]:
            share = 0.75 * abs(values[start]) / largest if largest else 0.0
            if share < 0.02 or text[start:end].isspace():
                pieces.append(text[start:end])
            else:
                side = "for" if values[start] > 0 else "against"
                title = number(values[start], 3, sign=True)
                pieces.append(element("mark", text[start:end], class_=side, style=f"--share: {share:.2f}", title=title))
            start = end
    return element("p", *pieces, class_="read", lang=language(text), dir="auto")


def _marked(text: str, marks: Sequence[Mark]) -> Markup:
    """A text with what was found in it."""
    pieces: list[object] = []
    last = 0
    for start, end, label, probability in sorted(marks):
        share = "" if probability is None else f" {number(probability, 2)}"
        pieces += [text[last:start], element("mark", text[start:end], element("small", label + share), class_="found")]
        last = end
    return element("p", *pieces, text[last:], class_="read", lang=language(text), dir="auto")
