"""The `text-classification` pipeline of checkpoints that read long texts in windows, or that are calibrated."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TextClassificationPipeline
from transformers.pipelines.base import ChunkPipeline

from .windows import Windows, encode_texts, pool_windows


class SequenceClassificationPipeline(TextClassificationPipeline, ChunkPipeline):
    """transformers' own, with what `run_seq_cls.py` predicts: the same arguments, and answers in the same form.

    A long text is read in the windows that the checkpoint was trained with. `batch_size` counts windows; it changes the speed,
    not the results.

    Scores are probabilities after the checkpoint's temperature; `function_to_apply="none"` gives the plain logits. Of sets with
    thresholds a text's answer is the list of the labels that are predicted; `top_k` and `function_to_apply` are for all labels, as
    in transformers, and no threshold counts.
    """

    def preprocess(self, inputs: Any, **tokenizer_kwargs: Any):  # type: ignore[override]
        """The windows of one text, of (1, T) each."""
        fields = self.model.config.windows
        if fields is None:
            yield {**super().preprocess(inputs, **tokenizer_kwargs), "is_last": True}
            return
        text = inputs.get("text") if isinstance(inputs, dict) and not inputs.get("text_pair") else inputs
        if not isinstance(text, str):
            raise ValueError(f"this model reads single texts, in windows, and no {type(inputs).__name__}")
        tokenizer: Any = self.tokenizer
        encoded = encode_texts([text], tokenizer, Windows(**fields))
        count = len(encoded["input_ids"])
        for i in range(count):
            window = {name: encoded[name][i] for name in tokenizer.model_input_names if name in encoded}
            yield {name: torch.tensor([values]) for name, values in window.items()} | {"is_last": i == count - 1}

    def _forward(self, model_inputs: Any):  # type: ignore[override]
        is_last = model_inputs.pop("is_last")
        return {"logits": self.model(**model_inputs).logits, "is_last": is_last}

    def postprocess(self, model_outputs: Any, function_to_apply: Any = None, top_k: Any = 1, _legacy: bool = True):  # type: ignore[override]
        logits = torch.cat([output["logits"] for output in model_outputs])
        if self.model.config.windows is not None:
            real = torch.ones(1, len(logits), dtype=torch.bool, device=logits.device)
            logits = pool_windows(logits, real, self.model.config.windows["pooling"])
        chosen = self.model.config.calibration or {}
        if getattr(function_to_apply, "value", function_to_apply) != "none":
            logits = logits / chosen.get("temperature", 1.0)
        outputs = {"logits": logits}
        if "thresholds" in chosen and _legacy and function_to_apply is None:
            every = super().postprocess(outputs, top_k=None, _legacy=False)
            return [one for one in every if one["score"] > chosen["thresholds"][one["label"]]]
        return super().postprocess(outputs, function_to_apply, top_k, _legacy)
