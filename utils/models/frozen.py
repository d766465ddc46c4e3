"""A frozen encoder, or its first layers: what they say about each text is computed once, kept on disk, and read by every run.

Letters in shapes: B rows of T tokens with H hidden dimensions, those of several layers beside each other where a head reads
several.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import numpy as np
import torch
from filelock import FileLock
from transformers import PreTrainedTokenizerFast

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import HeadTrainingArguments
from ..errors import UserError
from ..files import cache_folder, sync
from .each_window import each_window
from .layers import FirstLayers
from .parameters import add_weights, count_parameters

logger = logging.getLogger(__name__)

BATCH_TOKENS = 4096  # padding included: what the encoder reads at once, and what is held in memory
PROGRESS_SECONDS = 10.0

# Reads rows: their inputs -> the hidden states of their tokens, (tokens, H).
Read = Callable[[dict[str, list]], np.ndarray]


class HiddenStates(NamedTuple):
    """A file of hidden states, (tokens, H) without padding, the longest row first.

    Attributes:
        path: the file.
        dtype: of its numbers.
        width: H.
    """

    path: Path
    dtype: str
    width: int

    def read(self, starts: Sequence[int], lengths: Sequence[int], tokens: int) -> np.ndarray:
        """The states of B rows, (B, T, H) with zeros after a row's last token.

        Args:
            starts: each row's first token in the file.
            lengths: each row's number of tokens.
            tokens: T.
        """
        # Mapped for each batch anew: pages are then given back, and a worker process is sent a path, not the numbers.
        stored = np.memmap(self.path, self.dtype, mode="r").reshape(-1, self.width)
        states = np.zeros((len(starts), tokens, self.width), self.dtype)
        for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
            states[row, :length] = stored[start : start + length]
        return states


def freeze(
    model: HeadedEncoderPreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prepared: Mapping[str, Any],
    training: HeadTrainingArguments,
) -> tuple[dict[str, Any], list[HiddenStates]]:
    """Stops the training of the encoder or its first layers, and has these read all rows, unless an earlier run had them read.

    What is frozen runs in evaluation mode, that is without dropout, and in float32 whatever `training.bf16` says; the dropout of
    all else stays on.

    Args:
        prepared: the splits with their `features`.

    Returns:
        the splits, whose features have one more column, `hidden_states`: the number of a file and the row's first token
        there; and the files by number. Where nothing is to be frozen, the splits as they are, and no files.

    Raises:
        UserError: there is no room on the disk, a state is beyond what float16 holds, or the encoder has no such layers.
    """
    if not training.freeze_encoder and training.freeze_layers is None:
        return dict(prepared), []
    encoder = model.encoder.eval().to(training.device)
    kept, below, states_of = _stop_training(model, training)

    @torch.inference_mode()
    def read(rows: dict[str, list]) -> np.ndarray:
        if "windows" in rows:  # those of a text after each other
            texts = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
            windows = [window for text in texts for window in each_window(text, [*rows.keys() - {"windows"}])]
            rows = {name: [window[name] for window in windows] for name in windows[0]}
        batch: Any = tokenizer.pad(rows, padding_side="right", return_tensors="pt").to(training.device)
        return states_of(**batch)[batch["attention_mask"].bool()].float().cpu().numpy()

    names = [*(name for name in tokenizer.model_input_names if name in model.encoder_inputs), "windows"]
    config = encoder.config.to_dict()
    config.pop("_name_or_path", None)
    key = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode())
    key.update(Path(__file__).read_bytes() + f"{training.hidden_states_dtype} {kept}{below}".encode())
    add_weights(key, encoder.state_dict())
    frozen, files = {}, []
    for number, (split, one) in enumerate(prepared.items()):
        rows = one.features
        lengths = np.asarray(rows["length"])
        order = np.argsort(-lengths, kind="stable")  # little padding, and a batch too large fails at once
        starts = np.empty_like(lengths)
        starts[order] = np.cumsum(lengths[order]) - lengths[order]
        own = key.copy()
        inputs = rows.select_columns([name for name in names if name in rows.column_names])
        _add_rows(own, inputs)
        file = HiddenStates(
            cache_folder() / f"{own.hexdigest()}.states",
            training.hidden_states_dtype,
            model.config.hidden_size * kept,
        )
        with FileLock(f"{file.path}.lock"):  # the other processes of this run, and other runs, wait here and then read
            if file.path.exists():
                logger.info("hidden states of %s: %s rows, read from %s", split, f"{len(lengths):,}", file.path)
            else:
                _write(file, read, inputs.select(order), lengths[order], split)
        files.append(file)
        places = [[number, start] for start in starts.tolist()]
        frozen[split] = replace(one, features=rows.add_column("hidden_states", places))
    return frozen, files


def _stop_training(
    model: HeadedEncoderPreTrainedModel, training: HeadTrainingArguments
) -> tuple[int, str, Callable[..., torch.Tensor]]:
    """Freezes the encoder or its first layers.

    Returns:
        how many layers are kept on disk, the last of them in words ("" for the encoder's last), and what reads inputs.
    """
    if training.freeze_layers is None:
        model.encoder.requires_grad_(False)
        return model.config.use_last_layers, "", lambda **inputs: model.encode(**inputs)[1]
    if training.n_gpu > 1:
        cure = "start one process for each with accelerate launch, or show it one with CUDA_VISIBLE_DEVICES"
        raise UserError(f"--freeze_layers in one process with {training.n_gpu} GPUs: {cure}")
    first = FirstLayers(model, training.freeze_layers)
    size, trained = count_parameters(model.encoder), count_parameters(model.encoder, trained=True)
    frozen = f"{size - trained:,} of the encoder's {size:,} parameters"
    logger.info("frozen: the embeddings and %d layers, %s", first.count, frozen)
    return first.kept, f" up to {first.count}", first.read


def _add_rows(key: Any, inputs: datasets.Dataset) -> None:
    """Adds the rows to a hash: what the encoder reads, not where it comes from or what its labels are."""
    for table in inputs.with_format("arrow").iter(batch_size=1000):
        for name in inputs.column_names:
            column = table[name].combine_chunks()
            key.update(name.encode())
            key.update(np.asarray(column.value_lengths()).astype(np.int64))
            key.update(np.asarray(column.flatten()).astype(np.int64))


def _write(file: HiddenStates, read: Read, inputs: datasets.Dataset, lengths: np.ndarray, split: str) -> None:
    """Has rows read, the longest first; until all are written, there is no file of that name."""
    folder = file.path.parent
    needed = int(lengths.sum()) * file.width * np.dtype(file.dtype).itemsize
    free = shutil.disk_usage(folder).free
    if needed > free:
        cure = "set HF_DATASETS_CACHE to a folder on a larger disk"
        cure += ", or give --hidden_states_dtype float16" if file.dtype == "float32" else ""
        have = f"need {needed / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB left"
        raise UserError(f"the frozen layers' hidden states of {split} {have}; {cure}")
    rows = len(lengths)
    logger.info("hidden states of %s: %s rows, %.2f GB, computed for %s", split, f"{rows:,}", needed / 1e9, file.path)
    handle, draft = tempfile.mkstemp(dir=folder, prefix=f"{file.path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            shown = time.monotonic()
            start = 0
            while start < rows:
                end = start + max(1, BATCH_TOKENS // int(lengths[start]))
                states = read(inputs[start:end]).astype(file.dtype)
                if not np.isfinite(states).all():
                    cure = "float16 ends at 65,504: give --hidden_states_dtype float32"
                    cure = cure if file.dtype == "float16" else "are its weights whole?"
                    raise UserError(f"the frozen layers give hidden states that are not finite; {cure}")
                stream.write(states.tobytes())
                start = min(end, rows)
                if time.monotonic() - shown > PROGRESS_SECONDS:
                    shown = time.monotonic()
                    logger.info("hidden states of %s: %s of %s rows", split, f"{start:,}", f"{rows:,}")
        sync(Path(draft))
        Path(draft).replace(file.path)
    except OSError as error:
        raise UserError(f"cannot write the frozen layers' hidden states ({error.strerror})", file=folder) from error
    finally:
        Path(draft).unlink(missing_ok=True)
