"""Whether this environment has the lowest versions that pyproject.toml allows, so that `make test-lowest` tests what it says."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import tomlkit
from packaging.requirements import Requirement
from packaging.version import Version

project = tomlkit.parse((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
wrong = []
for line in (*project["dependencies"], *extras["lora"], *extras["demo"], *extras["onnx"], *extras["dev"]):
    wanted = Requirement(line)
    if wanted.name == project["name"] or (wanted.marker is not None and not wanted.marker.evaluate()):
        continue
    (lowest,) = (bound.version for bound in wanted.specifier if bound.operator == ">=")
    found = version(wanted.name)
    print(f"{wanted.name} {found}")
    if Version(Version(found).public) != Version(lowest):  # without +cpu
        wrong.append(f"{wanted.name} {found} is installed, {lowest} is the lowest that is allowed")
sys.exit("\n".join(wrong))
