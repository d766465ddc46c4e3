"""Dependencies: every one has a range with two ends, a tested version for every Python, and a licence in the document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
NEEDED = [
    Requirement(text) for text in re.findall(r'"([^"]+)"', PROJECT.partition("dependencies = [")[2].partition("\n]")[0])
]
EXTRA = [
    Requirement(text)
    for text in re.findall(r'"([^"]+)"', PROJECT.partition("[project.optional-dependencies]")[2].partition("\n[")[0])
    if not text.startswith("electra-heads")
]


def pins(python: str) -> dict[str, str]:
    """The tested versions for a Python on Linux."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    place = {"python_full_version": f"{python}.0", "python_version": python, "sys_platform": "linux"}
    place |= {
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    found = [one for one in found if one.marker is None or one.marker.evaluate(place)]
    names = [canonicalize_name(one.name) for one in found]
    assert len(set(names)) == len(names)
    return {name: str(one.specifier).removeprefix("==") for name, one in zip(names, found, strict=True)}


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_dependency_has_a_tested_version_in_its_range(python):
    versions = pins(python)
    for one in [*NEEDED, *EXTRA]:
        if one.name not in ("psutil", "ray"):  # of Windows, and of clusters
            assert one.specifier.contains(versions[canonicalize_name(one.name)]), one


def test_ranges_have_two_ends():
    for one in NEEDED:
        ends = {part.operator for part in one.specifier}
        assert ends == {">=", "<"}, one
    for one in EXTRA:
        assert ">=" in {part.operator for part in one.specifier}, one


def test_the_document_has_the_licence_of_each():
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").partition("## Licences")[2]
    listed = {name for cell in re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE) for name in cell.split(", ")}
    assert {one.name for one in [*NEEDED, *EXTRA]} == listed - {"package"}


@pytest.mark.parametrize("name", ["SECURITY.md", "docs/reliability.md"])
def test_promises_name_tests_that_exist(name):
    tests = re.findall(r"`(tests/[\w/*.]+)`", (ROOT / name).read_text(encoding="utf-8"))
    assert tests
    for path in tests:
        assert list(ROOT.glob(path)), path
