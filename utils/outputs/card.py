"""The model card: the numbers are those of the weights beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from huggingface_hub import EvalResult, ModelCardData

from ..arguments import Arguments, DataArguments, HeadTrainingArguments
from ..files import sha256
from ..models.adapters import ADAPTER
from ..tasks import Task
from .data_report import ceiling_in_words, splits_of
from .escaping import code, literal
from .figures import numbered

LANGUAGES = {"ko": "Korean "}  # as the card calls them
STAGES = {"validation": "eval_", "test": "predict_"}
NO_SCORES = ("loss", "runtime", "model_preparation_time", "samples", "samples_per_second", "steps_per_second", "epoch")
PICTURES = {
    "training.png": "Losses and score during training",
    "scores.png": "Scores by class",
    "reliability.png": "Accuracy over confidence, before and after calibration",
}
# The Hub's names of metrics, which stand inside ours.
METRIC_TYPES = ("accuracy", "exact_match", "f1", "pearsonr", "spearmanr", "mse", "precision", "recall")

# Arguments that say nothing of how the weights came about: what the card shows in its own words, and names of files, folders
# and accounts of the machine at hand.
NOT_IN_CARD = set(
    "model_name_or_path config_name tokenizer_name head head_kwargs "
    "task_name data_dir dataset_name dataset_config_name train_file validation_file test_file predict_split overwrite_cache "
    "calibrate "
    "preprocessing_num_workers predictions_with predictions_format report output_dir do_train do_eval do_predict "
    "resume_from_checkpoint run_name project report_to "
    "log_level log_level_replica log_on_each_node logging_strategy logging_steps logging_first_step logging_nan_inf_filter "
    "disable_tqdm trackio_space_id trackio_bucket_id trackio_static_space_id push_to_hub hub_token hub_private_repo "
    "hub_model_id hub_strategy hub_always_push hub_revision local_rank debug "
    "dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor".split()
)


def write_card(
    folder: Path,
    config: Any,
    task: Task,
    arguments: Arguments,
    *,
    run: Mapping[str, Any],
    report: Mapping[str, Any],
    by_class: Mapping[str, Mapping[str, float]],
    chosen: str,
    language: str | None,
    repository: str | None,
) -> None:
    """Writes `README.md` beside the other files of a run.

    Args:
        folder: where they are.
        config: of the model.
        run: the contents of `run.json`.
        report: the contents of `data_report.json`.
        by_class: the scores of every class, type of entity or kind of answer on the last split that was scored.
        chosen: which of the training's weights these are.
        language: of the training texts, see `language_of`.
        repository: of the Hub that all this is pushed to; None: to none.
    """
    model, data, training = arguments
    name = training.hub_model_id or training.folder.resolve().name
    example = task.example(language or "en")
    base = model.model_name_or_path
    local = base is not None and Path(base).exists()
    scores = {split: scores_of(run["metrics"], prefix) for split, prefix in STAGES.items()}
    metadata = ModelCardData(
        model_name=name,
        language=language,
        widget=_widget(example),
        library_name="transformers",
        pipeline_tag=task.pipeline_tag,
        base_model=base if not local else None,
        datasets=[data.dataset_name] if data.dataset_name else None,
        tags=["electra-heads", config.head],
        eval_results=_eval_results(task.pipeline_tag, scores, data, report) or None,
    )
    origin = code(Path(base).name if local else base) if base else "an encoder trained from scratch"
    pictures = [f"![{text}]({file})" for file, text in PICTURES.items() if (folder / file).exists()]
    sections = [
        f"# {literal(name)}",
        f"{task.pipeline_tag.replace('-', ' ').capitalize()}: a **{config.head}** head on {origin}. Made with electra-heads, which fine-tunes "
        "an encoder with such heads and compares them with the linear one.",
        _loading(loaded_from(training, repository), task, example, "main" if training.push_to_hub else None),
        "## Intended use",
        f"It {literal(task.purpose())}. It is for {LANGUAGES.get(language or '', '')}texts of the kind that it was trained on, see Data. Nobody "
        "has examined it for other kinds of texts, for bias, or for uses in which a wrong answer harms somebody.",
        "## Scores",
        _table(
            ("split", "metric", "value"),
            [(split, key, f"{value:.4f}") for split, values in scores.items() for key, value in values.items()]
            or [("-", "not evaluated", "-")],
        ),
        f"Of exactly these weights: {chosen}. One run with seed {training.seed}: another seed gives other scores, and one "
        "run does not show that a head is better than another.",
        _calibrated(config.calibration),
        *pictures,
        _by_class(by_class, task.class_word),
        "## Training",
        f"Head: `{config.head}`, arguments: {code(json.dumps(config.head_kwargs)) if config.head_kwargs else 'its defaults'}.",
        _adapters(run),
        _table(
            ("argument", "value"),
            [(key, code(json.dumps(value, ensure_ascii=False))) for key, value in _changed(run).items()],
        ),
        "All others that the weights depend on have their defaults. Versions: "
        + ", ".join(f"{package} {version}" for package, version in run["versions"].items())
        + f".{_duration(run)}",
        "## Data",
        _source(data),
        _table(
            ("split", "file", "rows", "SHA-256"),
            [
                (
                    split,
                    literal(Path(entry["file"]).name),
                    f"{entry['rows']:,}",
                    f"`{run['data'][entry['file']]['sha256']}`",
                )
                for split, entry in splits_of(report).items()
            ],
        ),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(task, report, data)),
        "## Code in this repository",
        "`trust_remote_code=True` runs these files, and nothing else here is run: the weights are safetensors. `revision` with the hash of "
        "a commit keeps them as they were read.",
        _table(
            ("file", "SHA-256"),
            [(path.name, f"`{sha256(path)}`") for path in sorted(folder.glob("*.py"))],
        ),
    ]
    text = "\n\n".join(section for section in sections if section)
    (folder / "README.md").write_text(f"---\n{metadata.to_yaml()}\n---\n\n{text}\n", encoding="utf-8")


def scores_of(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    """The scores of a stage by name, without losses, times and counts."""
    named = {key.removeprefix(prefix): value for key, value in metrics.items() if key.startswith(prefix)}
    return {key: value for key, value in named.items() if key not in NO_SCORES}


def _eval_results(
    pipeline_tag: str, scores: Mapping[str, Mapping[str, float]], data: DataArguments, report: Mapping[str, Any]
) -> list[EvalResult]:
    """The Hub's form of the scores, `model-index`."""
    results = []
    for split, values in scores.items():
        for metric, value in values.items():
            if metric.endswith("_calibrated"):
                continue  # chosen on the same rows
            file = Path(report[split]["file"]).name
            kind = next((known for known in METRIC_TYPES if known in metric), metric)
            results.append(
                EvalResult(
                    task_type=pipeline_tag,
                    dataset_type=data.dataset_name or data.task_name or file,
                    dataset_name=data.task_name or data.dataset_name or file,
                    dataset_config=data.dataset_config_name,
                    dataset_split=split,
                    metric_type=kind,
                    metric_name=metric,
                    metric_value=value,
                )
            )
    return results


def loaded_from(training: HeadTrainingArguments, repository: str | None) -> str:
    """What `from_pretrained` takes: the Hub id, else the folder as it was given.

    Args:
        repository: that is pushed to. Its full name, so that nobody's folders are published.
    """
    return repository or training.hub_model_id or training.folder.as_posix()


def _widget(example: Mapping[str, str]) -> list[dict[str, str]] | None:
    """What the Hub's page offers to ask. It asks about single texts, and calls a question `text`."""
    if "text_pair" in example:
        return None
    return [{"text": example["question"], "context": example["context"]} if "question" in example else dict(example)]


def _loading(name: str, task: Task, example: Mapping[str, str], revision: str | None) -> str:
    """How to load what is in `name`: a repository of the Hub, which has revisions, or a folder."""
    words = {key: json.dumps(value, ensure_ascii=False) for key, value in example.items()}
    inputs = ", ".join(f"{key}={value}" for key, value in words.items())
    if "text" in words:
        inputs = json.dumps(example, ensure_ascii=False) if "text_pair" in words else words["text"]
    where = json.dumps(name, ensure_ascii=False)
    pin = "" if revision is None else ", revision=revision"
    said = "" if revision is None else f'revision = "{revision}"  # or the commit whose code you have read\n'
    return f"""```python
from transformers import AutoTokenizer, {task.auto_class}, pipeline

{said}tokenizer = AutoTokenizer.from_pretrained({where}{pin}, trust_remote_code=True)
model = {task.auto_class}.from_pretrained({where}{pin}, trust_remote_code=True)

ask = pipeline("{task.pipeline_tag}", model={where}{pin}, trust_remote_code=True)
print(ask({inputs}))
```"""


def _calibrated(calibration: Mapping[str, Any] | None) -> str:
    """What predictions go by besides the weights, in words; empty where that is nothing."""
    if calibration is None:
        return ""
    kinds = {
        "temperature": "Logits are divided by the temperature {:.4g} before the softmax.",
        "thresholds": "A label is predicted above a threshold of its own, see `calibration` in `config.json`.",
        "null_score_diff_threshold": "No answer is given where it beats the best span by more than {:.4g} (logits).",
    }
    words = next(text.format(calibration[kind]) for kind, text in kinds.items() if kind in calibration)
    return (
        f"{words} This was chosen on the {calibration['rows']:,} validation rows: their scores that end in `_calibrated` are too good. "
        "Test scores are with it, those that end in `_uncalibrated` without."
    )


def _adapters(run: Mapping[str, Any]) -> str:
    if "parameters" not in run:
        return ""
    trained, size = run["parameters"]["trained"], run["parameters"]["all"]
    return (
        f"LoRA: {trained:,} parameters were trained, the head's among them, {100 * trained / size:.2g} % of {size:,}. These weights have the "
        f"adapters merged; `{ADAPTER}/` holds them alone, for peft and the encoder without this training."
    )


def _by_class(by_class: Mapping[str, Mapping[str, float]], class_word: str) -> str:
    if not by_class:
        return ""
    measures = [key for key in next(iter(by_class.values())) if key != "support"]
    numbers = numbered(list(by_class))
    rows = [
        (
            literal(f"{name} ({numbers[name]} in the picture)" if name in numbers else name),
            *(f"{values[measure]:.4f}" for measure in measures),
            f"{values['support']:,.0f}",
        )
        for name, values in by_class.items()
    ]
    return _table((class_word, *measures, "how many"), rows)


def _duration(run: Mapping[str, Any]) -> str:
    """How long the training took; of one that was resumed nobody has measured it as a whole."""
    seconds = run["metrics"].get("train_runtime")
    if seconds is None or "resume_from_checkpoint" in run["changed_from_default"]:
        return ""
    return f" The training took {seconds:,.0f} seconds."


def _changed(run: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that differ from their defaults, but for those of `NOT_IN_CARD`; a file by its name alone."""
    shown = {key: value for key, value in run["changed_from_default"].items() if key not in NOT_IN_CARD}
    return {
        key: Path(value).name if isinstance(value, str) and Path(value).is_file() else value
        for key, value in shown.items()
    }


def _source(data: DataArguments) -> str:
    if data.benchmark is not None:
        licence = data.benchmark.licence or f"see {data.benchmark.source}"
        return f"{data.task_name}, from {data.benchmark.source}. Licence: {licence}."
    if data.dataset_name is not None:
        page = f"https://huggingface.co/datasets/{quote(data.dataset_name)}"
        return f"[{literal(data.dataset_name)}]({page}). Licence: as stated there."
    return "Files of the author. Licence: not stated."


def _limits(task: Task, report: Mapping[str, Any], data: DataArguments) -> list[str]:
    limits = [f"It was trained on inputs of at most {data.max_seq_length} tokens; {task.long_inputs}."]
    for split, entry in splits_of(report).items():
        if entry["truncated_share"] > 0:
            limits.append(f"{100 * entry['truncated_share']:.2f} % of the {split} inputs were cut.")
        if entry["unknown_token_share"] > 0.001:
            share = 100 * entry["unknown_token_share"]
            limits.append(f"{share:.1f} % of the {split} tokens are unknown to its vocabulary.")
        for metric, value in entry.get("ceiling", {}).items():
            if split != "train" and value < 99.95:
                most = ceiling_in_words(metric, value, task)
                limits.append(f"Its tokenizer does not allow more than {most} on the {split} rows.")
    shared = {what.replace(" also in ", " that are also in "): count for what, count in report["shared_texts"].items()}
    limits += [f"There are {count:,} {what}." for what, count in shared.items() if count]
    return [*limits, "It has seen the kind of text it was trained on; on any other its scores are unknown."]


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
