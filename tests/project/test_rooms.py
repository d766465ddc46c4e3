"""The house: imports point one way, through few rooms."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("heads", "utils", "comparison")  # a package imports those before it


def imported(file: Path) -> set[str]:
    """The modules of this project that a file imports, by their whole names."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*start, *((node.module or "").split(".") if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in LAYERS}


def room_of(module: str, package: str) -> str | None:
    """The folder or file of a package that a module lies in; None for the package itself and for other packages."""
    parts = module.split(".")
    if parts[0] != package or len(parts) < 2:
        return None
    place = ROOT / package / parts[1]
    return parts[1] if place.is_dir() or place.with_suffix(".py").is_file() else None


@cache
def rooms(package: str) -> dict[str, frozenset[str]]:
    """Each room of a package and the rooms that it imports."""
    arrows: dict[str, set[str]] = {}
    for file in (ROOT / package).rglob("*.py"):
        own = room_of(".".join(file.relative_to(ROOT).with_suffix("").parts), package)
        if own is not None and own != "__init__":
            others = {room_of(module, package) for module in imported(file)} - {own, None}
            arrows.setdefault(own, set()).update(room for room in others if room)
    return {room: frozenset(others) for room, others in arrows.items()}


def longest_chain(package: str) -> list[str]:
    """The longest way through the rooms along their imports; fails where they go round in a circle."""
    arrows = rooms(package)

    def chain(room: str, behind: tuple[str, ...]) -> list[str]:
        assert room not in behind, f"a circle: {' -> '.join([*behind, room])}"
        return [room, *max((chain(other, (*behind, room)) for other in arrows[room]), key=len, default=[])]

    return max((chain(room, ()) for room in arrows), key=len)


@pytest.mark.parametrize(("package", "most_rooms", "most_pairs"), [("utils", 7, 28), ("comparison", 3, 7)])
def test_few_rooms_import_each_other_and_one_way(package, most_rooms, most_pairs):
    pairs = [(room, other) for room, others in rooms(package).items() for other in others]
    assert len(longest_chain(package)) <= most_rooms, longest_chain(package)
    assert len(pairs) <= most_pairs, sorted(pairs)


@pytest.mark.parametrize("package", LAYERS)
def test_no_package_imports_a_later_one(package):
    later = LAYERS[LAYERS.index(package) + 1 :]
    for file in (ROOT / package).rglob("*.py"):
        assert not [name for name in imported(file) if name.split(".")[0] in later], file


def test_heads_travel_flat():
    """transformers copies `from .name import x` and nothing else into a checkpoint."""
    for file in (ROOT / "heads").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1 and node.module and "." not in node.module, file


@pytest.mark.parametrize("package", ["heads", "utils", "comparison"])
def test_tests_mirror_the_rooms(package):
    folders = [path for path in (ROOT / package).rglob("*") if path.is_dir() and path.name != "__pycache__"]
    for folder in (ROOT / package, *folders):
        assert list((ROOT / "tests" / folder.relative_to(ROOT)).glob("test_*.py")), folder
