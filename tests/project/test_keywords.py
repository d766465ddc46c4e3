"""Records of more than four fields are built by keyword, so that each value says what it is."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST = 4  # fields that may be given by their order
FILES = [
    path
    for path in [*ROOT.glob("*.py"), *(file for name in ("heads", "utils", "comparison", "benchmarks", "examples", "tests")
                                       for file in (ROOT / name).rglob("*.py"))]
]  # fmt: skip


def records(tree: ast.Module) -> Iterator[str]:
    """The names of the dataclasses and named tuples with more fields than that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            kinds = [ast.unparse(word) for word in (*node.decorator_list, *node.bases)]
            words = [ast.unparse(item) for item in node.body if isinstance(item, ast.AnnAssign)]
            fields = [word for word in words if "ClassVar" not in word and "init=False" not in word]
            if any("dataclass" in kind or "NamedTuple" in kind for kind in kinds) and len(fields) > MOST:
                yield node.name


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
LONG = Counter(name for tree in TREES.values() for name in records(tree))


def test_there_are_such_records():
    assert {"Split", "Cell", "PairComparison", "TagScheme"} <= set(LONG)
    assert max(LONG.values()) == 1, LONG.most_common(1)  # one name, one thing


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_records_are_built_by_keyword(path):
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LONG:
            assert not node.args, f"{path}:{node.lineno}"
