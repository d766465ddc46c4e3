# PYTHON_ARGCOMPLETE_OK
"""A page to try trained heads side by side: a text in, every head's answer out, and what it came from.

    python demo.py runs/quickstart/dense runs/quickstart/cnn runs/quickstart/lstm
    python demo.py runs/heads

A RUN is a checkpoint, all of one task, or the folder of a comparison: the first seed of each head, and rows that the heads
disagreed about. The page is served to this machine alone unless --host says otherwise.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.arguments import Parser
from utils.errors import ShownError, UserError, first_line, log_to, run, say, without_debug

# Nothing is reported to anybody, neither by Gradio nor by the Hub's client. Read when they are imported.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}

FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "Noto Sans CJK KR",
    "sans-serif",
)


def main() -> None:
    arguments = parse_arguments()

    import logging

    import datasets
    from transformers.utils import logging as library_logging

    from utils.outputs.answers import load_checkpoints

    log_to(sys.stdout, logging.ERROR)
    library_logging.disable_progress_bar()
    datasets.disable_progress_bars()
    places, names, examples = find_runs(arguments.runs)
    blocks = serve(page(load_checkpoints(places, names), examples), arguments.host, arguments.port)
    say(f"the page is at {blocks.local_url} (Ctrl-C ends it)")
    blocks.block_thread()


def find_runs(runs: Sequence[str]) -> tuple[list[str], list[str], list[Any]]:
    """Where the checkpoints are, what they are called, and rows to try; a comparison stands for a run of each of its heads."""
    from comparison.gathering.examples import is_comparison, read_examples

    places: list[str] = []
    names: list[str] = []
    examples: list[Any] = []
    for one in runs:
        if is_comparison(Path(one)):
            shown = read_examples(Path(one))
            places += map(str, shown.runs.values())
            names += shown.runs
            examples += shown.examples
        else:
            places.append(one)
            names.append(one)
    last = [Path(name).name or name for name in names]
    return places, last if len(set(last)) == len(last) else names, examples


def parse_arguments() -> argparse.Namespace:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="checkpoint (folder or Hub id), or folder of a comparison"
    )
    parser.add_argument(
        "--host", help="address to serve at; default: 127.0.0.1, or GRADIO_SERVER_NAME as Spaces set it"
    )
    parser.add_argument("--port", type=int, help="default: GRADIO_SERVER_PORT, else the first free one from 7860 on")
    parser.complete()
    arguments = parser.parse_args(without_debug(sys.argv[1:]))
    if importlib.util.find_spec("gradio") is None:
        raise UserError('the page needs gradio: pip install -c constraints.txt -e ".[demo]"')
    return arguments


def page(checkpoints: Sequence[Any], examples: Sequence[Any]) -> Any:
    """The page: one box for each text that the models read, a button, the answers, and rows to click at."""
    import gradio

    from utils.outputs.answers_page import answers_page

    inputs, task = checkpoints[0].inputs, checkpoints[0].task.pipeline_tag.replace("-", " ")

    def answer(*texts: str) -> str:
        if not all(text.strip() for text in texts):
            return ""
        return answers_page(checkpoints, [one.answer(texts) for one in checkpoints], texts)

    def chosen(sample: list[str]) -> Any:
        return sample[: len(inputs)] if len(inputs) > 1 else sample[0]  # one box takes no list

    with gradio.Blocks(title="Heads side by side", analytics_enabled=False) as blocks:
        gradio.HTML(f"<h1>Heads side by side</h1><p>{task}</p>", elem_classes="top")
        boxes = [gradio.Textbox(label=name.capitalize(), lines=2 if name != "context" else 5) for name in inputs]
        button = gradio.Button("Ask every head", variant="primary")
        output = gradio.HTML(padding=False, elem_classes="out")
        button.click(answer, boxes, output, api_name="answer", concurrency_limit=1)
        if examples:
            samples = [[*split(one.text, inputs), one.gold, *one.said.values()] for one in examples]
            headers = [*map(str.capitalize, inputs), "Gold", *examples[0].said]
            table = gradio.Dataset(
                label="Rows that the heads disagreed about",
                components=[gradio.Textbox(visible=False) for _ in headers],
                headers=headers,
                samples=samples,
                samples_per_page=10,
                elem_classes="rows",
                type="index",
            )
            table.click(lambda i: chosen(samples[i]), table, boxes, api_visibility="private").then(
                answer, boxes, output, api_visibility="private"
            )
    return blocks


def split(text: str, inputs: Sequence[str]) -> list[str]:
    """The text of an example as the boxes hold it; of two texts the second may be missing."""
    parts = text.split("\n", len(inputs) - 1)
    return [*parts, *[""] * (len(inputs) - len(parts))]


def serve(blocks: Any, host: str | None = None, port: int | None = None) -> Any:
    """Begins to serve a page, none of which comes from elsewhere.

    Raises:
        ShownError: the address is taken, or none of this machine.
    """
    import gradio

    from utils.outputs.answers_page import STYLE

    theme = gradio.themes.Default(primary_hue="blue", font=FONTS, font_mono=("ui-monospace", "Consolas", "monospace"))
    options = {"share": False, "ssr_mode": False, "quiet": True, "footer_links": [], "theme": theme, "css": STYLE}
    try:
        blocks.launch(server_name=host, server_port=port, prevent_thread_lock=True, **options)
    except OSError as error:
        raise ShownError(f"the page cannot be served: {first_line(error)}") from error
    return blocks


if __name__ == "__main__":
    run(main)
