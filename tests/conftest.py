"""What all tests share: one thread, no network, and the folders and parameters that they ask for by name.

A test that names `head`, `task` or `family` runs once for every head in `HEADS`, every task, every encoder family.
"""

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import torch
from tiny import FAMILIES, TASKS
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
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
    """WordPiece with character fallback over a few Korean and English pieces; pairs and types as BERT writes them."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = ["영화", "정말", "좋다", "나쁘다", "서울", "대한민국", "the", "good", "bad", "movie", "is"]
    characters = sorted(set("".join(words) + "abcdefghijklmnopqrstuvwxyz0123456789.,?!은는이가을를에의"))
    pieces = special + words + characters + [f"##{character}" for character in characters]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        model_max_length=64,
    )


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
