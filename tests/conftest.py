"""What all tests share: one thread, no network, and the folders and parameters that they ask for by name.

A test that names `head`, `task` or `family` runs once for every head in `HEADS`, every task, every encoder family.
"""

import gzip
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import torch
from tiny import FAMILIES, TASKS, make_tokenizer
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

from heads import HEADS

REPOSITORY = Path(__file__).resolve().parents[1]

torch.set_num_threads(1)
logging.disable_progress_bar()


@pytest.fixture(params=list(HEADS))
def head(request) -> str:
    return request.param


@pytest.fixture(params=list(TASKS))
def task(request) -> str:
    return request.param


@pytest.fixture(params=list(FAMILIES))
def family(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def tiny_tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer()


@pytest.fixture(scope="session")
def tiny_electra_folder() -> Path:
    """The encoder and tokenizer that the README's first command runs on."""
    return REPOSITORY / "examples" / "tiny-electra"


@pytest.fixture(scope="session")
def tiny_tokenizer_folder(tiny_electra_folder, tiny_tokenizer, tmp_path_factory) -> Path:
    """A folder that AutoTokenizer reads: the example's where it is there, else one with the tokenizer above."""
    if (tiny_electra_folder / "tokenizer_config.json").exists():
        return tiny_electra_folder
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the public data sets; its tests are skipped, visibly, where it is not there."""
    folder = Path(os.environ.get("ELECTRA_HEADS_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}: set ELECTRA_HEADS_DATA to the folder that holds them")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file byte for byte; a name that ends in `.gz` is compressed."""

    def _write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
        return path

    return _write


@pytest.fixture
def no_warnings() -> Iterator[None]:
    """A score that is undefined must be defined, not warned about."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
