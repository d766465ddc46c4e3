"""The campaign of `make faults`, in short: some faults of one training, none of which may lose anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from asking import compile_library


@pytest.mark.long
def test_some_faults(tmp_path):
    if compile_library(tmp_path) is None:
        pytest.skip("this needs Linux and a C compiler")
    campaign, output = Path(__file__).with_name("campaign.py"), tmp_path / "counts.json"
    words = ["--scenarios", "train seq_cls", "--every", "60", "--errors", "200", "--random", "1", "--pairs", "0"]
    done = subprocess.run(
        [sys.executable, campaign, *words, "--output", output], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(output.read_text(encoding="utf-8"))["counts"]
    kinds = {fault: sum(number for _, one, _, _, number in counts if one == fault) for _, fault, *_ in counts}
    assert kinds["SIGKILL"] >= 5 and kinds.keys() == {
        *("SIGKILL", "SIGTERM", "SIGINT", "no space left", "I/O error", "read-only")
    }
    assert {outcome for *_, outcome, _ in counts} <= {"same bytes", "was done"}
