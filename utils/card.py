"""The model card: the numbers are those of the weights beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData

from .arguments import DataArguments, HeadTrainingArguments, ModelArguments
from .checks import splits_of

PIPELINES = {
    "HeadedEncoderForSequenceClassification": ("text-classification", "AutoModelForSequenceClassification"),
    "HeadedEncoderForTokenClassification": ("token-classification", "AutoModelForTokenClassification"),
    "HeadedEncoderForQuestionAnswering": ("question-answering", "AutoModelForQuestionAnswering"),
}


def write_card(
    output_dir: Path,
    config: Any,
    arguments: tuple[ModelArguments, DataArguments, HeadTrainingArguments],
    report: dict[str, dict[str, Any]],
    metrics: dict[str, float],
) -> None:
    """Writes `README.md` with the metrics of this run."""
    model, data, training = arguments
    task, auto_class = PIPELINES[config.architectures[0]]
    name = training.hub_model_id or output_dir.resolve().name
    base = model.model_name_or_path
    metadata = ModelCardData(
        library_name="transformers",
        pipeline_tag=task,
        base_model=base if base and not Path(base).exists() else None,
        datasets=[data.dataset_name] if data.dataset_name else None,
        tags=["electra-heads", config.head],
    )
    origin = f"`{Path(base).name if Path(base).exists() else base}`" if base else "an encoder trained from scratch"
    scores = [
        f"| {stage} | {key.removeprefix(prefix)} | {value:.4f} |"
        for stage, prefix in (("validation", "eval_"), ("test", "predict_"))
        for key, value in metrics.items()
        if key.startswith(prefix) and isinstance(value, float) and not key.endswith(("_runtime", "_per_second"))
    ]
    rows = [f"| {split} | {Path(entry['file']).name} | {entry['rows']} |" for split, entry in splits_of(report).items()]
    text = f"""---
{metadata.to_yaml()}
---

# {name}

A **{config.head}** head ({config.head_kwargs or "default arguments"}) on {origin}, for {task.replace("-", " ")}.

```python
from transformers import AutoTokenizer, {auto_class}

tokenizer = AutoTokenizer.from_pretrained("{name}", trust_remote_code=True)
model = {auto_class}.from_pretrained("{name}", trust_remote_code=True)
```

## Scores

| split | metric | value |
|---|---|---|
{chr(10).join(scores) or "| - | not evaluated | - |"}

One run, seed {training.seed}.

## Data

| split | file | rows |
|---|---|---|
{chr(10).join(rows)}

Arguments, versions and the SHA-256 of the data files are in `run.json`, more counts in `data_report.json`.
"""
    (output_dir / "README.md").write_text(text, encoding="utf-8")
