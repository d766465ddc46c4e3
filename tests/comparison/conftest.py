"""Fixtures of the tests of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """The current folder, with two files of data and a configuration."""
    monkeypatch.chdir(tmp_path)
    for name in ("train", "test", "dev"):
        Path(f"{name}.csv").write_text(f"text,label\n{name},0\nb,1\n", encoding="utf-8")
    Path("encoder").mkdir()
    Path("encoder/config.json").write_text('{"model_type": "electra"}', encoding="utf-8")
    return tmp_path
