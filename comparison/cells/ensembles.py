"""The seeds of each head put together: one run of ensemble.py per head, when its cells are finished."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from utils.arguments import HeadTrainingArguments, as_words

from ..arguments import ComparisonArguments
from .cell import Cell
from .plan import ROOT, Plan, short_hash

# Flags of training that a prediction has too.
OF_PREDICTION = ("per_device_eval_batch_size", "bf16", "fp16", "use_cpu")


def plan_ensembles(arguments: ComparisonArguments, plan: Plan) -> list[Cell]:
    """Returns one cell for each head, which predicts the test rows with all models of the head."""
    model, data, training = plan.arguments
    given: dict[str, Any] = {
        item.name: getattr(data, item.name)
        for item in fields(data)
        if item.init and getattr(data, item.name) != item.default
    }
    plain = HeadTrainingArguments(output_dir=training.output_dir, do_predict=True)
    given |= {
        name: getattr(training, name) for name in OF_PREDICTION if getattr(training, name) != getattr(plain, name)
    }
    if model.trust_remote_code:
        given["trust_remote_code"] = True
    ensembles = []
    for head, cells in plan.cells_by_head.items():
        place = plan.folder / "ensembles" / f"{head}-ensemble-{short_hash([cell.name for cell in cells])}"
        words = [*arguments.run_by, str(ROOT / "ensemble.py"), *(str(cell.folder) for cell in cells), *as_words(given)]
        words += ["--output_dir", str(place)]
        ensembles.append(Cell(head=head, seed=cells[0].seed, head_kwargs={}, folder=place, words=words))
    return ensembles
