"""How a file is changed: some of its tokens, or some of the values of its JSON, for odd ones."""

from __future__ import annotations

import copy
import json
import random
import re
from typing import Any

TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[-+\w.]+|\s+|[^\w\s]')
# What stands in the place of a token: values that readers trip over, and words that formats know.
# fmt: off
ODD = [
    b'null', b'true', b'NaN', b'-Infinity', b'-1', b'0', b'1', b'1.5', b'1e5', b'1e309', b'1e999999999', b"9" * 20,
    b"9" * 4301, b'""', b'" "', b'"\\ud800"', b'"\\u0000"', b'"\\u001b[31m"', b'"1e999999999"', b'"\\u202e"',
    b'"\xf0\x9f\x87\xb0\xf0\x9f\x87\xb7"', b'[]', b'{}', b'[[]]', b'[null]', b'[{}]', b'[""]', b'["a", 1]', b'{"a": {}}',
    b'{"": []}', b'"[1, 2"', b'"(\'a\', \'b\')"', b'"[\'a\' \'b\']"', b'"{\'text\': [\'a\'], \'answer_start\': [0]}"',
    b'"set()"', b'"[\'\\\\d\']"', b'"[{\'start\': 0}]"', b'\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab', b'\xed\x95\x9c',
    b'\xcc\x81', b'\xe2\x80\xa8', b'\xc2\xa0', b'\xef\xbb\xbf', b'\xff', b'\x00', b'\t', b'\n', b'\n\n', b'\r', b'\r\n',
    b'\x1a', b'\x1b', b'\\', b'"', b"'", b',', b';', b'|', b'#', b'-', b'_', b'/', b'..', b'text', b'label', b'tokens',
    b'ner_tags', b'entities', b'start', b'end', b'O', b'B-PER', b'I-PER', b'S-LOC', b'U-X', b'NE', b'context', b'question',
    b'answers', b'answer_start', b'is_impossible', b'data', b'paragraphs', b'qas', b'document', b'id', b'# text = ',
    b'## id\t', b'-DOCSTART-', b'# global.columns = ID FORM UPOS', b'1-2', b'2.1', b'sep=;', b'__label__', b'&a', b'*a',
    b'!!int', b'!x', b'? ', b': ', b'- ', b'<<: ', b'|\n ', b'%YAML 1.1\n', b'---\n', b'2001-99-99', b'0x', b'1:1:1', b'~',
    b'head', b'cnn', b'head_kwargs', b'learning_rate', b'shared', b'heads', b'log', b'choice', b'recipes', b'encoders',
]
# fmt: on

# What stands in the place of a value of JSON.
VALUES: list[Any] = [None, True, False, 0, 1, -1, 1.5, 1e308, float("nan"), float("inf"), 10**20, 10**400, 2**31]
VALUES += [
    "",
    " ",
    "x",
    "a",
    "\ud800",
    "\0",
    "\x1b[31m",
    "\u202e",
    "9" * 5000,
    "/",
    "..",
    "a/b",
    "<b>",
    "dense",
    "O",
    "B-x",
]
VALUES += [[], {}, [None], [[]], [{}], ["a"], [0], [1.5], {"a": None}, {"0": "a"}, {"a": {}}, {"a": 1}]


def changed_json(content: bytes, draw: random.Random) -> bytes:
    """A file of JSON, or a line of one, with one to three of its values changed, left out or put elsewhere; others as they are."""
    lines = (
        content.split(b"\n")
        if content.count(b"\n") and content[:1] == b"{" and content.split(b"\n")[0][-1:] == b"}"
        else [content]
    )
    place = draw.randrange(len(lines))
    try:
        root = [json.loads(lines[place])]
    except (ValueError, RecursionError):
        return content
    for _ in range(draw.choice([1, 1, 2, 3])):
        parents = list(_parents(root))
        parent = draw.choice(parents)
        key = draw.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        kind = draw.random()
        if kind < 0.6:
            parent[key] = copy.deepcopy(draw.choice(VALUES))
        elif kind < 0.75 and parent is not root:
            del parent[key]
        elif kind < 0.9:
            other = draw.choice(parents)
            own = list(other) if isinstance(other, dict) else range(len(other))
            parent[key] = copy.deepcopy(other[draw.choice(own)])
        elif isinstance(parent, dict):
            parent[draw.choice(["", "x", "0", "\x1b[31m", "a|b"])] = parent.pop(key)
        else:
            parent.append(copy.deepcopy(parent[key]))
    lines[place] = json.dumps(root[0], ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _parents(value: Any) -> Any:
    """All lists and objects that hold something."""
    if isinstance(value, (list, dict)) and value:
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _parents(one)
