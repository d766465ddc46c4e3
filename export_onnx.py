# PYTHON_ARGCOMPLETE_OK
"""Exports a checkpoint of this project to ONNX: batches of any size and length, without torch and without this project.

    python export_onnx.py runs/quickstart/cnn --output runs/quickstart/cnn-onnx
    python export_onnx.py runs/quickstart/cnn --output runs/quickstart/cnn-int8 --quantize int8

The folder holds model.onnx, a tokenizer.json that pads and truncates by itself, config.json with the labels, and a card, README.md.
"""

import argparse
import importlib.util
import json
import logging
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from utils.errors import (  # first: from here on Ctrl-C is one line
    ShownError,
    UserError,
    log_to,
    run,
    say,
    without_debug,
)

# isort: split
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging as library_logging

from heads.configuration_headed_encoder import positions
from heads.modeling_headed_encoder import HeadedEncoderForTokenClassification, HeadedEncoderPreTrainedModel
from utils.arguments import Parser
from utils.files import check_new_folder
from utils.models import onnx_graph
from utils.models.loading import load_checkpoint
from utils.outputs.onnx_card import render_onnx_card

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
TOLERANCE = 1e-3  # of logits; float32 in another order of sums stays far below


def parse_arguments() -> argparse.Namespace:
    parser = Parser(description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("checkpoint", help="folder or Hub id of a checkpoint of this project; its code is not run")
    parser.add_argument("--output", type=Path, required=True, help="folder to make; it must not hold anything yet")
    parser.add_argument(
        "--quantize", choices=["int8"], help="write model.onnx with 8-bit weights: smaller and faster, less exact"
    )
    parser.complete()
    arguments = parser.parse_args(without_debug(sys.argv[1:]))
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        raise UserError(f'exporting needs {", ".join(lacking)}: pip install -c constraints.txt -e ".[onnx]"')
    check_new_folder(arguments.output)
    return arguments


def write_tokenizer(tokenizer: PreTrainedTokenizerFast, config: Any, folder: Path) -> None:
    """The tokenizer's files; tokenizer.json alone pads, and truncates to what the model takes, or gives a text's windows."""
    tokenizer.model_max_length = min(tokenizer.model_max_length, positions(config.encoder_config) or 512)
    length, stride = tokenizer.model_max_length, 0
    if config.windows is not None:
        length, stride = config.windows["max_seq_length"], config.windows["doc_stride"]
    tokenizer.backend_tokenizer.enable_truncation(length, stride=stride)
    tokenizer.backend_tokenizer.enable_padding(pad_id=tokenizer.pad_token_id, pad_token=tokenizer.pad_token)
    tokenizer.save_pretrained(folder)


def write_config(model: HeadedEncoderPreTrainedModel, folder: Path) -> dict[str, Any]:
    """Writes and returns the encoder's own configuration, which needs no code of this project, with the labels of the head.

    How long texts are read (`windows`) and what predictions go by (`calibration`) are there as in the checkpoint.
    Where the tags of a sentence are decided together it has `tag_chain`: what they score beside their logits, null for what is
    forbidden.
    """
    config: Any = model.config
    fields = config.encoder_config.to_dict() | {
        "architectures": config.architectures,
        "id2label": dict(enumerate(config.label_names)),
        "label2id": {name: index for index, name in enumerate(config.label_names)},
        "problem_type": config.problem_type,
    }
    if isinstance(model, HeadedEncoderForTokenClassification) and model.decodes:
        scores = {name: values.tolist() for name, values in model.chain()._asdict().items()}
        sides = {side: _finite(scores[side]) for side in ("start", "end")}
        fields["token_unit"] = getattr(config, "token_unit", None)
        fields["tag_chain"] = sides | {"between": [_finite(row) for row in scores["between"]]}
    for name in ("windows", "calibration"):
        if getattr(config, name) is not None:
            fields[name] = getattr(config, name)
    fields.pop("_name_or_path", None)  # a folder of the machine that trained
    text = json.dumps(fields, ensure_ascii=False, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    return json.loads(text)


def _finite(scores: list[float]) -> list[float | None]:
    return [score if math.isfinite(score) else None for score in scores]


def main() -> None:
    arguments = parse_arguments()
    log_to(sys.stdout, logging.INFO)
    logging.getLogger().setLevel(logging.ERROR)  # the export's own libraries warn of what no user can change
    logging.getLogger("utils").setLevel(logging.INFO)
    library_logging.disable_progress_bar()
    model, tokenizer = load_checkpoint(arguments.checkpoint)

    with tempfile.TemporaryDirectory() as scratch:  # nothing half done ever stands in --output
        folder = Path(scratch) / "export"
        folder.mkdir()
        exported = Path(scratch) / "float32.onnx" if arguments.quantize else folder / "model.onnx"
        onnx_graph.export(model, exported)
        difference = onnx_graph.difference(model, exported)
        if not difference < TOLERANCE:
            raise ShownError(f"the graph differs from the model by {difference:.2g}; this encoder cannot be exported")
        say(f"exported, differs from torch by at most {difference:.1g}")
        if arguments.quantize:
            onnx_graph.quantize(exported, folder / "model.onnx")
            difference = onnx_graph.difference(model, folder / "model.onnx")
            say(f"quantised, differs from torch by at most {difference:.1g}")
        write_tokenizer(tokenizer, model.config, folder)
        config = write_config(model, folder)
        opsets = onnx_graph.opsets(folder / "model.onnx")
        int8 = arguments.quantize is not None
        card = render_onnx_card(model, arguments.checkpoint, config, opsets, int8, difference)
        (folder / "README.md").write_text(card, encoding="utf-8")
        arguments.output.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.iterdir()):
            shutil.move(file, arguments.output / file.name)
    say(f"{arguments.output / 'model.onnx'}: {(arguments.output / 'model.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
