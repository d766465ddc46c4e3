import pytest
from conftest import WINDOWS
FLAGS = {
 "drop_last": dict(dataloader_drop_last=True),
 "unused": dict(remove_unused_columns=False),
 "batch_metrics": dict(batch_eval_metrics=True),
 "loss_only": dict(prediction_loss_only=True),
 "workers": dict(dataloader_num_workers=2),
 "smoothing": dict(label_smoothing_factor=0.1),
 "checkpointing": dict(gradient_checkpointing=True),
 "fp16": dict(fp16=True),
 "bf16_eval": dict(bf16_full_eval=True),
 "bf16": dict(bf16=True),
 "eval_on_start": dict(eval_on_start=True),
 "accum": dict(eval_accumulation_steps=1),
 "inputs": dict(include_for_metrics="inputs"),
 "determinism": dict(full_determinism=True),
 "neftune": dict(neftune_noise_alpha=5),
 "auto": dict(auto_find_batch_size=True),
 "mem": dict(skip_memory_metrics=False),
 "tokens": dict(include_num_input_tokens_seen="all"),
 "adafactor": dict(optim="adafactor", head_learning_rate=1e-3),
 "loglevel": dict(log_level="info", disable_tqdm=False),
 "epochs0": dict(num_train_epochs=0, max_steps=-1),
 "gather_object": dict(eval_use_gather_object=True),
 "do_concat": dict(eval_do_concat_batches=False),
 "length_name": dict(length_column_name="row"),
 "best": dict(load_best_model_at_end=True, metric_for_best_model="loss", eval_strategy="steps", save_strategy="steps", eval_steps=1, save_steps=1, save_total_limit=1),
 "persist": dict(dataloader_num_workers=1, dataloader_persistent_workers=True, dataloader_prefetch_factor=2),
 "resize": dict(report_to="all"),
}
@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("task", ["seq_cls","token_cls","qa"])
def test_it(name, task, run, encoder, files):
    o = {"model_name_or_path": encoder, "do_train": True, "do_eval": True, "do_predict": True, "max_steps": 2, "per_device_eval_batch_size": 4} | files[task] | WINDOWS[task]
    r = run(task, code=None, **(o | FLAGS[name]))
    last = r.stderr.strip().split("\n")[-1][:300] if r.stderr else ""
    n = len(r.predictions) if (r.folder/"predictions.jsonl").exists() else None
    print("@@", name, task, r.code, n, len(r.stderr), last)
