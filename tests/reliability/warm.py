"""Imported by the server of the runs: what each would do for the first time is done before they are forked."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tiny import make_tokenizer, tiny_model
from transformers.utils import logging

from utils.outputs.figures import draw_training

logging.disable_progress_bar()
with tempfile.TemporaryDirectory() as folder:
    draw_training([{"epoch": 1, "eval_loss": 1.0, "eval_accuracy": 0.5}], Path(folder) / "training.png")
    tiny_model("seq_cls", "cnn").save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
