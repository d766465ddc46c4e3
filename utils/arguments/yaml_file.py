"""YAML and JSON files of flags: plain values and nothing else, of bounded size whatever their aliases stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError

LARGEST = 1 << 20  # bytes of a file
LONGEST_NUMBER = 1000  # characters of a whole number
MOST = 100_000  # values in a file, each alias counted as what it stands for
PLAIN = {*yaml.SafeLoader.yaml_constructors, "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"}


class PlainLoader(yaml.SafeLoader):
    """The library's, but that a text which its tag does not fit (`!!int _`) is an error of YAML as others are."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node."""
        try:
            return super().construct_object(node, deep)
        except (AttributeError, LookupError) as error:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise yaml.constructor.ConstructorError(None, None, f"this is no {tag}", node.start_mark) from error


def read_node(path: str | Path, kind: Any = PlainLoader) -> tuple[yaml.Node | None, Any]:
    """The root of a file, None of an empty one, and the loader that makes values of it.

    Args:
        kind: of loader.

    Raises:
        UserError: a tag that asks for an object of Python, aliases that stand for too much or for themselves, values nested
            too deeply, too large a file.
        OSError, ValueError, yaml.YAMLError: no such file, not UTF-8, not YAML.
    """
    if Path(path).stat().st_size > LARGEST:
        raise UserError(f"a file of flags has at most {LARGEST:,} bytes", file=path)
    loader = kind(Path(path).read_text(encoding="utf-8-sig"))  # JSON is YAML
    try:
        node = loader.get_single_node()
        if node is not None:
            _size(path, node, {})
    except RecursionError as error:
        raise UserError("its values are nested too deeply", file=path) from error
    return node, loader


def read_yaml(path: str | Path, kind: Any = PlainLoader) -> Any:
    """The values of a file; see `read_node`."""
    node, loader = read_node(path, kind)
    return None if node is None else loader.construct_document(node)


def _size(path: str | Path, node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for.

    Args:
        known: of nodes that were seen before; 0 while what is in a node is counted.
    """
    row = node.start_mark.line + 1
    if id(node) in known:
        if known[id(node)] == 0:
            raise UserError("an alias stands for what it is part of; write the values out", file=path, row=row)
        return known[id(node)]
    if node.tag not in PLAIN:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise UserError(f"the tag {tag} asks for more than a plain value; leave it out", file=path, row=row)
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:int" and len(node.value) > LONGEST_NUMBER:
        reason = f"a number of more than {LONGEST_NUMBER} digits; if it is a text, put it in quotes"
        raise UserError(reason, file=path, row=row)
    known[id(node)] = 0
    parts: list[yaml.Node] = [] if isinstance(node, yaml.ScalarNode) else node.value
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    size = 1 + sum(_size(path, part, known) for part in parts)
    if size > MOST:
        raise UserError(f"its aliases stand for more than {MOST:,} values; write out what is meant", file=path, row=row)
    known[id(node)] = size
    return size
