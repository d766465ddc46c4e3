"""A checkpoint as an ONNX graph with free batch size and length, its int8 version, and how far either is from torch.

Letters in shapes: B sequences of T tokens with H hidden dimensions, S the width of an LSTM's state.
"""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.export import Dim

from heads.configuration_headed_encoder import positions
from heads.modeling_headed_encoder import HeadedEncoderForQuestionAnswering, HeadedEncoderPreTrainedModel

# Not the convolutions: as integers they are slower.
INT8_OPERATORS = ["MatMul", "LSTM", "Gather"]


def input_names(model: HeadedEncoderPreTrainedModel) -> list[str]:
    """What the graph is fed with: `token_type_ids` only where the encoder reads them."""
    optional = ["token_type_ids"] if "token_type_ids" in model.encoder_inputs else []
    return ["input_ids", "attention_mask", *optional]


def output_names(model: HeadedEncoderPreTrainedModel) -> list[str]:
    """As the fields of the model's output."""
    return ["start_logits", "end_logits"] if isinstance(model, HeadedEncoderForQuestionAnswering) else ["logits"]


def export(model: HeadedEncoderPreTrainedModel, path: Path) -> None:
    """Writes the graph of a model in evaluation mode; inputs (B, T) are int64, padding may stand on either side."""
    names = input_names(model)
    graph_model = _with_onnx_lstms(model)
    free = {0: Dim("batch"), 1: Dim("sequence", max=positions(model.config.encoder_config))}
    # One tensor each: inputs that are the same object become one input of the graph.
    example = {name: torch.ones(2, 8, dtype=torch.long) for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the exporter's own insides
        loggers = logging.getLogger("torch.onnx"), logging.getLogger("onnxscript")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        program: Any = torch.onnx.export(
            graph_model,
            kwargs=example,
            dynamic_shapes={name: free for name in names},
            input_names=names,
            output_names=output_names(model),
            dynamo=True,
            verbose=False,
        )
    program.save(path)


class _OnnxLSTM(nn.Module):
    """A one-way, one-layer LSTM as the operator of that name; traced, torch's own would be unrolled over T.

    https://onnx.ai/onnx/operators/onnx__LSTM.html
    """

    weight: torch.Tensor  # (1, 4 * S, H)
    recurrence: torch.Tensor  # (1, 4 * S, S)
    bias: torch.Tensor  # (1, 8 * S)

    def __init__(self, lstm: Any):
        super().__init__()

        def reordered(parameter: torch.Tensor) -> torch.Tensor:
            i, f, g, o = parameter.detach().chunk(4)
            return torch.cat([i, o, f, g])  # ONNX has another order of gates

        self.size = lstm.hidden_size
        self.register_buffer("weight", reordered(lstm.weight_ih_l0)[None])
        self.register_buffer("recurrence", reordered(lstm.weight_hh_l0)[None])
        self.register_buffer("bias", torch.cat([reordered(lstm.bias_ih_l0), reordered(lstm.bias_hh_l0)])[None])

    def forward(self, values: torch.Tensor) -> tuple[torch.Tensor, None]:
        """(B, T, H) to the states (B, T, S)."""
        by_time = values.transpose(0, 1)
        shape = (by_time.shape[0], 1, by_time.shape[1], self.size)  # the 1 is the number of directions
        inputs = (by_time, self.weight, self.recurrence, self.bias)
        (states,) = torch.onnx.ops.symbolic_multi_out(
            "LSTM", inputs, {"hidden_size": self.size}, dtypes=(values.dtype,), shapes=(shape,)
        )
        return states.squeeze(1).transpose(0, 1), None


def _with_onnx_lstms(model: HeadedEncoderPreTrainedModel) -> HeadedEncoderPreTrainedModel:
    model = copy.deepcopy(model)
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.LSTM):
                setattr(module, name, _OnnxLSTM(child))
    return model


def quantize(source: Path, target: Path) -> None:
    """Writes a graph with 8-bit weights. Activations are quantised on the fly, so it takes no calibration data."""
    from onnxruntime.quantization import quantize_dynamic

    # One scale per channel, and 7 of the 8 bits: CPUs without VNNI would overflow on 8.
    quantize_dynamic(source, target, op_types_to_quantize=INT8_OPERATORS, per_channel=True, reduce_range=True)


def opsets(path: Path) -> dict[str, int]:
    """The versions of the operators that a graph is made of, by domain."""
    import onnx

    return {one.domain or "ai.onnx": one.version for one in onnx.load(path, load_external_data=False).opset_import}


def session(path: Path, threads: int = 0):
    """An onnxruntime session on the CPU.

    Args:
        path: of the graph.
        threads: 0 for as many as there are cores.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def difference(model: HeadedEncoderPreTrainedModel, path: Path) -> float:
    """The largest difference of any logit between torch and onnxruntime, on random tokens in batches of several shapes."""
    graph = session(path)
    generator = torch.Generator().manual_seed(0)
    longest = min(positions(model.config.encoder_config) or 512, 512)
    largest = 0.0
    for rows, length in ((1, 1), (1, longest), (3, min(7, longest))):
        lengths = length - torch.arange(rows).unsqueeze(1)  # a token less in every row
        batch = {
            "input_ids": torch.randint(model.config.vocab_size, (rows, length), generator=generator),
            "attention_mask": (torch.arange(length) < lengths).long(),
            "token_type_ids": torch.randint(2, (rows, length), generator=generator),
        }
        inputs = {name: batch[name] for name in input_names(model)}
        with torch.inference_mode():
            expected = model(**inputs)
        found = graph.run(output_names(model), {name: values.numpy() for name, values in inputs.items()})
        real = batch["attention_mask"].numpy() == 1 if model.per_token else slice(None)  # padding's logits are noise
        for name, values in zip(output_names(model), found, strict=True):
            largest = max(largest, float(np.abs(expected[name].numpy() - values)[real].max()))
    return largest
