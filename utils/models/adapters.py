"""LoRA: low-rank adapters in a frozen encoder (Hu et al. 2022, arXiv 2106.09685), by peft, under a head that is trained fully.

Outside of a training nothing is special: what is saved is the ordinary checkpoint, its weights merged, W + scaling * B A. The
adapters lie beside it in a folder of their own, as peft reads them.
"""

from __future__ import annotations

import copy
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import PretrainedConfig

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..arguments import HeadTrainingArguments
from ..errors import UserError, first_line
from .parameters import count_parameters

logger = logging.getLogger(__name__)

ADAPTER = "adapter"  # a folder; in a checkpoint's own, peft's files would change how transformers loads it
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"  # peft's names
COMPARED = ("r", "lora_alpha", "lora_dropout", "target_modules")
INSIDE = "encoder."


class Adapters:
    """The adapters of a model that is trained, until they are merged and after it.

    Attributes:
        sizes: how many parameters are trained ("trained"), and how many the model has without adapters ("all").
        merged: whether the model is an ordinary one again.
    """

    def __init__(self, model: HeadedEncoderPreTrainedModel, config: Any):
        """Puts adapters into the encoder of a model, in place.

        Args:
            config: peft's, see `add_adapters`.
        """
        from peft import get_peft_model  # here, because nobody else pays for it or needs to have it

        size = count_parameters(model)
        self.model, self.merged = model, False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of peft's own use of transformers
            self.peft: Any = get_peft_model(model.encoder, config)
        self.sizes = {"trained": sum(p.numel() for p in model.parameters() if p.requires_grad), "all": size}
        self.config = self.peft.peft_config["default"]
        self.config.target_modules = sorted(self.config.target_modules)  # a set has another order in every process
        self._weights: dict[str, torch.Tensor] = {}  # once they are merged

    def merge(self) -> None:
        """Makes an ordinary model of the one that was trained."""
        self._weights = {name: tensor.detach().cpu().clone() for name, tensor in self._state().items()}
        self.peft.merge_and_unload()
        self.merged = True

    def merged_state(self) -> dict[str, torch.Tensor]:
        """The weights of the ordinary model; the one that is trained stays as it is, to the bit."""
        encoder = copy.deepcopy(self.peft).merge_and_unload()
        state = {name: value for name, value in self.model.state_dict().items() if not name.startswith(INSIDE)}
        return state | {f"{INSIDE}{name}": value for name, value in encoder.state_dict().items()}

    def save(self, folder: Path) -> None:
        """Writes them into a folder beside the merged weights, as `PeftModel.from_pretrained` reads them onto the encoder."""
        target = folder / ADAPTER
        target.mkdir(exist_ok=True)
        state = self._weights if self.merged else self._state()
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, target / WEIGHTS, {"format": "pt"})
        self.config.inference_mode = True
        self.config.save_pretrained(str(target))
        self.config.inference_mode = False

    def load(self, checkpoint: Path) -> None:
        """Reads adapters, head and all else that is trained from a checkpoint; the encoder under them is there already.

        Raises:
            UserError: the checkpoint was trained on another encoder.
        """
        from peft import set_peft_model_state_dict

        saved = load_file(checkpoint / "model.safetensors")
        frozen = {name: value for name, value in self.model.state_dict().items() if name.startswith(INSIDE)}
        if any(name in saved and not torch.equal(saved[name], value.cpu()) for name, value in frozen.items()):
            cure = "give the --model_name_or_path that it was begun with"
            raise UserError(f"its adapters were trained on another encoder than this run's; {cure}", file=checkpoint)
        own = {name: value for name, value in saved.items() if not name.startswith(INSIDE)}
        self.model.load_state_dict(frozen | own)  # strictly: nothing of a head may stay at its random weights
        set_peft_model_state_dict(self.peft, load_file(checkpoint / ADAPTER / WEIGHTS))

    def _state(self) -> dict[str, torch.Tensor]:
        from peft import get_peft_model_state_dict

        return get_peft_model_state_dict(self.peft, save_embedding_layers=False)


def add_adapters(
    model: HeadedEncoderPreTrainedModel, config: PretrainedConfig, training: HeadTrainingArguments
) -> Adapters | None:
    """Freezes the encoder and puts adapters into it, where `training.lora` asks for them.

    Rows that the vocabulary has grown by, which are random, are trained as well.

    Args:
        config: what `load_config` gave: the encoder before its vocabulary grew.

    Raises:
        UserError: layers that the encoder does not have.
    """
    if training.lora is None:
        return None
    from peft import LoraConfig

    embeddings: Any = model.get_input_embeddings()
    name = next(name for name, module in model.encoder.named_modules() if module is embeddings)
    new: Any = list(range(config.vocab_size, embeddings.num_embeddings))
    flags = {"target_modules": "all-linear"} | json.loads(training.lora)
    try:
        adapters = Adapters(model, LoraConfig(**flags, trainable_token_indices={name: new} if new else None))
    except ValueError as error:
        raise UserError(f"--lora: {first_line(error)}") from error
    base = config._name_or_path
    adapters.config.base_model_name_or_path = None if not base or Path(base).exists() else base
    logger.info(
        "LoRA: %d layers with adapters of rank %d; %s of %s parameters are trained, those of the head among them",
        len(adapters.config.target_modules),
        adapters.config.r,
        *(f"{size:,}" for size in adapters.sizes.values()),
    )
    return adapters


def check_resumed_adapters(folder: str | None, adapters: Adapters | None) -> None:
    """Raises UserError where the checkpoint that a training goes on from has other adapters than this run.

    Args:
        folder: `resume_from_checkpoint`; None: nothing is resumed.
    """
    if folder is None:
        return
    file = Path(folder, ADAPTER, CONFIG)
    then = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    if then is None and adapters is None:
        return
    cure = "give what it was begun with, or another --output_dir to begin anew"
    if then is None or adapters is None:
        what = "without --lora, and this run has it" if then is None else "with --lora, and this run is without"
        raise UserError(f"--resume_from_checkpoint: it was begun {what}; {cure}", file=folder)
    for name in COMPARED:
        old, new = then[name], getattr(adapters.config, name)
        if old != new and name == "target_modules":
            raise UserError(f"--resume_from_checkpoint: its adapters are in other layers; {cure}", file=folder)
        if old != new:
            raise UserError(f"--resume_from_checkpoint: its {name} is {old}, this run's {new}; {cure}", file=folder)
