"""Entities by their characters, as annotation tools export them: read as characters with tags, and back again."""

from __future__ import annotations

import csv
import io
import json
import random
import unicodedata

import pytest
from faults import fault

from utils.data.tables import read_table
from utils.data.tagged import read_tagged
from utils.metrics.iob2 import Style

TEXT = "서울에 김철수가 산다"
SPANS = [(0, 2, "LC"), (4, 7, "PS")]
TAGS = "B-LC I-LC O O B-PS I-PS I-PS O O O O".split()


def label_studio(spans, text):
    return [{"start": start, "end": end, "text": text[start:end], "labels": [kind]} for start, end, kind in spans]


def as_csv(text, spans, spell=json.dumps):
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([["id", "text", "label"], [1, text, spell(spans)]])
    return stream.getvalue()


# How tools export a text with its entities, each as (name of the file, function of text and spans).
TOOLS = {
    "doccano": ("a.jsonl", lambda text, spans: json.dumps({"id": 1, "text": text, "label": spans})),
    "doccano, older": ("a.json", lambda text, spans: json.dumps({"id": 1, "text": text, "labels": spans})),
    "doccano with relations": (
        "a.jsonl",
        lambda text, spans: json.dumps(
            {
                "id": 1,
                "text": text,
                "entities": [{"id": 9, "label": k, "start_offset": s, "end_offset": e} for s, e, k in spans],
                "relations": [],
            }
        ),
    ),
    "Label Studio JSON-MIN": (
        "a.json",
        lambda text, spans: json.dumps([{"id": 1, "text": text, "label": label_studio(spans, text), "annotator": 1}]),
    ),
    "Label Studio CSV": ("a.csv", lambda text, spans: as_csv(text, label_studio(spans, text))),
    "pandas, of spaCy's tuples": ("a.csv", lambda text, spans: as_csv(text, spans, str)),
    "pandas, of dictionaries": ("a.csv", lambda text, spans: as_csv(text, label_studio(spans, text), str)),
    "Prodigy": (
        "a.jsonl",
        lambda text, spans: json.dumps(
            {
                "id": 1,
                "text": text,
                "tokens": [{"text": text, "start": 0, "end": len(text), "id": 0}],
                "spans": [{"start": s, "end": e, "label": k} for s, e, k in spans],
            }
        ),
    ),
    "NIKL": (
        "a.json",
        lambda text, spans: json.dumps(
            {
                "id": "N",
                "metadata": {},
                "document": [
                    {"sentence": []},
                    {
                        "sentence": [
                            {
                                "id": "1",
                                "form": text,
                                "word": [{"form": "x", "begin": 0, "end": 1}],
                                "NE": [{"form": text[s:e], "label": k, "begin": s, "end": e} for s, e, k in spans],
                            }
                        ]
                    },
                ],
            },
            indent=1,
        ),
    ),
}


@pytest.fixture(params=TOOLS)
def export(request, write):
    name, make = TOOLS[request.param]
    return lambda text, spans: write(name, make(text, spans))


def test_characters_and_tags(export):
    (row,) = read_tagged(export(TEXT, SPANS))
    assert row.fields == {"id": "1", "tokens": list(TEXT), "tags": TAGS}


def test_a_text_without_entities(export):
    (row,) = read_tagged(export("간다", []))
    assert row.fields == {"id": "1", "tokens": ["간", "다"], "tags": ["O", "O"]}


def test_entities_come_back(export):
    generator = random.Random(0)
    for _ in range(20):
        text = "".join(generator.choices("가나 다\n😀é", k=generator.randint(1, 30)))
        places = sorted(generator.sample(range(len(text) + 1), k=2 * generator.randint(0, (len(text) + 1) // 2)))
        spans = [(s, e, generator.choice(["PS", "LC"])) for s, e in zip(places[::2], places[1::2], strict=True)]
        shuffled = generator.sample(spans, k=len(spans))
        (row,) = read_tagged(export(text, shuffled))
        style = Style.of({"B-PS"})
        assert row.fields["tokens"] == list(text)
        assert [tuple(entity) for entity in style.entities(row.fields["tags"])] == [(k, s, e) for s, e, k in spans]


@pytest.mark.parametrize(
    ("span", "says"),
    [
        ((0, 99, "LC"), "the text has 11 characters; count from 0"),
        ((-1, 2, "LC"), "the text has 11 characters"),
        ((3, 3, "LC"), "the text has 11 characters"),
        ((5, 9, "LC"), "entity LC at 5-9: it overlaps another one; keep one of them"),
    ],
)
def test_entities_that_cannot_be(write, span, says):
    path = write("a.jsonl", json.dumps({"text": TEXT, "label": [*SPANS, span]}))
    assert says in fault(read_tagged, path)


def test_an_entity_that_stands_elsewhere(write):
    entity = {"start": 1, "end": 3, "text": "서울", "labels": ["LC"]}
    message = fault(read_tagged, write("a.json", json.dumps([{"text": TEXT, "label": [entity]}])))
    assert ', row 1, column \'label\': entity LC at 1-3: "울에" stands there, not "서울"' in message


@pytest.mark.parametrize("span", [["0", "2", "LC"], [0.0, 2.0, "LC"]])
def test_offsets_in_any_spelling(write, span):
    (row,) = read_tagged(write("a.jsonl", json.dumps({"text": TEXT, "label": [span]})))
    assert row.fields["tags"][:3] == ["B-LC", "I-LC", "O"]


def test_offsets_that_count_something_else(write):
    """Label Studio counts UTF-16 code units; the entities say what they are."""
    text = "😀서울 👍🏻부산"
    entities = [
        {"start": 2, "end": 4, "text": "서울", "label": "LC"},
        {"start": 9, "end": 11, "text": "부산", "label": "LC"},
    ]
    (row,) = read_tagged(write("a.jsonl", json.dumps({"text": text, "label": entities})))
    assert row.fields["tags"] == ["O", "B-LC", "I-LC", "O", "O", "O", "B-LC", "I-LC"]
    inclusive = [entity | {"end": entity["end"] - 1} for entity in entities]
    assert next(read_tagged(write("b.jsonl", json.dumps({"text": text, "label": inclusive})))).fields == row.fields


def test_an_entity_that_cuts_a_letter(write):
    text = unicodedata.normalize("NFD", "강에")
    message = fault(read_tagged, write("a.jsonl", json.dumps({"text": text, "label": [[0, 1, "LC"]]})))
    assert "entity LC at 0-1: it cuts a letter; does it count letters in NFC, where the text is in NFD?" in message
    own = {"start": 0, "end": 1, "text": "강", "label": "LC"}
    (row,) = read_tagged(write("a.jsonl", json.dumps({"text": text, "label": [own]})))
    assert row.fields["tags"] == ["B-LC", "I-LC", "I-LC", "O", "O"]


def test_flags_name_the_columns(write):
    path = write("a.jsonl", json.dumps({"text": "no", "body": TEXT, "ner": SPANS, "label": []}))
    (row,) = read_tagged(path, "body", "ner")
    assert row.fields["tags"] == TAGS


@pytest.mark.parametrize(
    "fields",
    [
        {"tokens": ["a", "b"], "tags": ["O", "O"], "text": "a b", "entities": []},
        {"tokens": ["a", "b"], "labels": ["O", "O"], "text": "a b"},
        {"tokens": ["a", "b"], "ner_tags": ["O", "O"], "text": "ab", "entities": [[0, 1, "LC"]]},
    ],
)
def test_tokens_that_are_there_are_read(write, fields):
    (row,) = read_tagged(write("a.jsonl", json.dumps(fields)))
    assert (row.fields["tokens"], row.fields["tags"]) == (["a", "b"], ["O", "O"])


@pytest.mark.parametrize("tool", ["doccano", "doccano, older", "Label Studio JSON-MIN", "Label Studio CSV"])
def test_entities_are_no_labels_of_a_text(write, tool):
    name, make = TOOLS[tool]
    message = fault(read_table, write(name, make(TEXT, SPANS)))
    assert "entities and where they stand; run_token_cls.py reads them" in message


@pytest.mark.parametrize("label", [["긍정", "부정"], [], [1, 0, 1], "긍정", "[긍정]", None, '["긍정"]'])
def test_labels_of_a_text_are(write, label):
    path = write("a.jsonl", json.dumps({"text": "좋다", "label": label}))
    assert [row.fields["label"] for row in read_table(path)] == [label]


@pytest.mark.parametrize("read", [read_table, read_tagged])
def test_the_full_export_of_label_studio(write, read):
    record = {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": []}]}
    assert "Label Studio's JSON; export the project as JSON-MIN" in fault(read, write("a.json", json.dumps([record])))


@pytest.mark.parametrize("read", [read_table, read_tagged])
@pytest.mark.parametrize(
    "record",
    [
        {"%TYPES": {}, "%FEATURE_STRUCTURES": [], "%VIEWS": {}},
        {"_context": {}, "_views": {"v": {}}, "_referenced_fss": {}},
    ],
)
def test_the_json_of_inception(write, read, record):
    message = fault(read, write("a.json", json.dumps(record)))
    assert "UIMA CAS JSON, as INCEpTION writes it; export the annotations as CoNLL 2002 there" in message


@pytest.mark.parametrize("read", [read_table, read_tagged])
def test_what_was_rejected_in_prodigy(write, read):
    """Its export keeps it, with the label that it does not have."""
    rows = [
        {"text": TEXT, "label": "a", "spans": [], "answer": answer, "_input_hash": 1} for answer in ("accept", "reject")
    ]
    message = fault(read, write("a.jsonl", "\n".join(map(json.dumps, rows))))
    assert (
        "row 2, column 'answer': Prodigy's answer is \"reject\": what stands here was not accepted; delete" in message
    )
    del rows[1]["_input_hash"]
    assert len(list(read(write("a.jsonl", "\n".join(map(json.dumps, rows)))))) == 2


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_pairs_of_spacy(write, wrapped):
    pairs = [[TEXT, {"entities": SPANS}]]
    (row,) = read_tagged(
        write("a.json", json.dumps({"classes": ["LC", "PS"], "annotations": pairs} if wrapped else pairs))
    )
    assert row.fields == {"id": None, "tokens": list(TEXT), "tags": TAGS}


@pytest.mark.parametrize(
    ("text", "entity", "reason"),
    [
        ("가 👨\u200d👩\u200d👧 나", [2, 3, "X"], "it cuts an emoji of several code points; count code points"),
        ("가 🇰🇷 나", [2, 3, "X"], "it cuts an emoji of several code points"),
    ],
)
def test_an_entity_that_is_misplaced(write, text, entity, reason):
    message = fault(read_tagged, write("a.jsonl", json.dumps({"text": text, "label": [entity]})))
    assert reason in message


def test_an_entity_of_two_types(write):
    entity = {"start": 0, "end": 2, "labels": ["LC", "OG"]}
    message = fault(read_tagged, write("a.jsonl", json.dumps({"text": "서울", "label": [entity]})))
    assert "column 'label': an entity needs a start, an end and one type, found" in message


def test_an_entity_of_white_space_is_said(write, caplog):
    file = write("a.jsonl", json.dumps({"text": TEXT, "label": [[3, 4, "PS"], [0, 2, "LC"]]}))
    assert [row.fields["tags"][:2] for row in read_tagged(file, None, None)] == [["B-LC", "I-LC"]]
    assert caplog.messages == [f"{file}, row 1: entity PS at 3-4 is white space and left out"]
