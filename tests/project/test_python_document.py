"""The examples of docs/python.md run as they stand, and so does the notebook."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny import run_elsewhere
from transformers import AutoConfig, ElectraForPreTraining, set_seed

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), flags=re.DOTALL
)
NOTEBOOK = ROOT / "examples" / "korean_intents.ipynb"
NAME = '"monologg/koelectra-base-v3-discriminator"'


@pytest.fixture(scope="module")
def discriminator(tmp_path_factory):
    """A tiny discriminator with the example tokenizer, whose pieces are Korean."""
    folder = tmp_path_factory.mktemp("tiny")
    source = ROOT / "examples" / "tiny-electra"
    set_seed(0)
    ElectraForPreTraining(AutoConfig.from_pretrained(source)).save_pretrained(folder)
    for file in source.glob("tokenizer*.json"):
        shutil.copy(file, folder)
    return folder


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(example, id=name, marks=[] if name == "tags" else [pytest.mark.long])
        for example, name in zip(EXAMPLES, ("classes", "tags", "answers"), strict=True)
    ],
)
def test_an_example_trains_saves_and_answers(example, discriminator, tmp_path):
    assert len(example.splitlines()) <= 42 and NAME in example
    code = example.replace(NAME, repr(str(discriminator))).replace('report_to="none"', 'report_to="none", use_cpu=True')
    run_elsewhere(code, tmp_path, with_project=True)
    (folder,) = (tmp_path / "runs").iterdir()
    assert {"model.safetensors", "tokenizer.json", "modeling_headed_encoder.py"} <= {
        file.name for file in folder.iterdir()
    }


def test_the_notebook_is_small_and_has_no_outputs():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    for cell in cells:
        compile("".join(cell["source"]), NOTEBOOK.name, "exec")


@pytest.mark.long
def test_the_notebook_runs(tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    for name in ("heads", "utils", "comparison", "examples", "recipes", "run_seq_cls.py", "compare_heads.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("EPOCHS = 12", "EPOCHS = 2")
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook.cells], ensure_ascii=False)
    assert outputs.count("<iframe srcdoc=") >= 2 and "Errors of cnn" in outputs and "'주문'" in outputs
    assert {"cnn", "heads", "encoder"} <= {path.name for path in (tmp_path / "runs" / "korean-intents").iterdir()}
