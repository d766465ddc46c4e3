# PYTHON_ARGCOMPLETE_OK
"""Turns a checkpoint with the dense head into one of the stock transformers class of its encoder, without custom code.

    python export_stock.py runs/quickstart/dense --output runs/reviews-electra
    python run_seq_cls.py --model_name_or_path runs/reviews-electra --test_file examples/reviews/test.txt \\
        --do_predict --output_dir runs/reviews-electra-test
"""

import logging
import sys
from pathlib import Path

from utils.errors import log_to, run, say  # first: from here on Ctrl-C is one line

# isort: split
from transformers.utils import logging as library_logging

from utils.arguments import Parser
from utils.files import check_new_folder, share_weights
from utils.models.loading import load_checkpoint
from utils.models.stock import to_stock


def main() -> None:
    parser = Parser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="Folder or Hub id of a checkpoint of this project.")
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="A new folder.")
    parser.complete()
    arguments = parser.parse_args()
    check_new_folder(arguments.output)

    log_to(sys.stdout, logging.WARNING)
    library_logging.disable_progress_bar()
    model, tokenizer = load_checkpoint(arguments.checkpoint)
    stock = to_stock(model)
    if "token_type_ids" not in model.encoder_inputs:  # the stock class would fail on what the model here leaves out
        read = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
        tokenizer.model_input_names = tokenizer.init_kwargs["model_input_names"] = read
    stock.save_pretrained(arguments.output)
    share_weights(arguments.output)
    tokenizer.save_pretrained(arguments.output)
    say(f"{type(stock).__name__} in {arguments.output}")
    if model.config.decoding == "constrained":
        say("it tags each token by its largest logit: no stock class knows constrained decoding")
    if model.config.calibration is not None:
        say("it is not calibrated: no stock class knows a temperature or thresholds")


if __name__ == "__main__":
    run(main)
