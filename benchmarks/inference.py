"""torch against onnxruntime with 32 and 8 bits: what an answer costs on one CPU thread, and whether it stays the same.

    python -m benchmarks.inference runs/quickstart/cnn examples/reviews/test.txt [--rows 10000] [--rounds 9]

Prints milliseconds per text for batches of 1 and 32, medians of rounds in which the three are run in turn, and for
sequence classification the accuracy of each on the first rows of the file.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from utils.arguments import SequenceDataArguments
from utils.data.splits import Split
from utils.data.tables import read_table
from utils.models import onnx_graph
from utils.models.loading import load_checkpoint
from utils.tasks.columns import find_columns

Batch = dict[str, np.ndarray]
Runner = Callable[[Batch], np.ndarray]


def batches(encodings: list[list[int]], size: int, names: list[str], pad_token_id: int) -> list[Batch]:
    """Right-padded batches of token ids, in order."""
    made = []
    for first in range(0, len(encodings), size):
        rows = encodings[first : first + size]
        shape = (len(rows), max(map(len, rows)))
        batch = {"input_ids": np.full(shape, pad_token_id), **{name: np.zeros(shape, int) for name in names[1:]}}
        for row, ids in enumerate(rows):
            batch["input_ids"][row, : len(ids)] = ids
            batch["attention_mask"][row, : len(ids)] = 1
        made.append(batch)
    return made


def runners(model, folder: Path) -> dict[str, Runner]:
    """The three ways from a batch to the first output, one thread each."""
    onnx_graph.export(model, folder / "float32.onnx")
    onnx_graph.quantize(folder / "float32.onnx", folder / "int8.onnx")
    output = onnx_graph.output_names(model)[0]

    def torch_runner(batch: Batch) -> np.ndarray:
        with torch.inference_mode():
            return model(**{name: torch.from_numpy(values) for name, values in batch.items()})[output].numpy()

    def onnx_runner(name: str) -> Runner:
        graph = onnx_graph.session(folder / f"{name}.onnx", threads=1)
        return lambda batch: graph.run([output], batch)[0]

    return {"torch": torch_runner, "float32": onnx_runner("float32"), "int8": onnx_runner("int8")}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=1000, help="rows of the file that accuracy is measured on")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = load_checkpoint(arguments.checkpoint)
    split = Split(name="test", file=arguments.file, rows=list(read_table(arguments.file))[: arguments.rows])
    columns = find_columns(split, SequenceDataArguments(test_file=arguments.file))
    encodings = tokenizer(split.column(columns.text), truncation=True, max_length=128)["input_ids"]

    def made(rows: int, size: int) -> list[Batch]:
        return batches(encodings[:rows], size, onnx_graph.input_names(model), tokenizer.pad_token_id)

    with tempfile.TemporaryDirectory() as folder:
        ways = runners(model, Path(folder))
        for name in ("float32", "int8"):
            print(f"{name}.onnx: {(Path(folder) / f'{name}.onnx').stat().st_size / 1e6:.1f} MB")
        for size, rows in ((1, 32), (32, 128)):
            times: dict[str, list[float]] = {name: [] for name in ways}
            work = made(rows, size)
            texts = sum(len(batch["input_ids"]) for batch in work)
            for _ in range(arguments.rounds + 1):
                for name, run in ways.items():
                    began = time.perf_counter()
                    for batch in work:
                        run(batch)
                    times[name].append((time.perf_counter() - began) / texts * 1000)
            medians = {name: statistics.median(values[1:]) for name, values in times.items()}  # the first warms up
            shown = ", ".join(f"{name} {ms:.2f} ms ({ms / medians['torch']:.2f})" for name, ms in medians.items())
            print(f"batches of {size}: {shown}")
        if columns.label is not None and not model.per_token:
            labels = np.array([model.config.label2id.get(label, -1) for label in split.column(columns.label)])
            logits = {
                name: np.concatenate([run(batch) for batch in made(len(encodings), 32)]) for name, run in ways.items()
            }
            for name, values in logits.items():
                best = values.argmax(axis=-1)
                others = (best != logits["torch"].argmax(axis=-1)).sum()
                far = np.abs(values - logits["torch"]).max()
                print(
                    f"{name}: accuracy {(best == labels).mean():.4f}, {others} other answers, logits within {far:.1g}"
                )


if __name__ == "__main__":
    main()
