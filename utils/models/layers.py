"""The layers of an encoder: where they are, and how to begin above the first of them.

Letters in shapes: B rows of T tokens with H hidden dimensions, those of K layers beside each other.
"""

from __future__ import annotations

from typing import Any

import torch

from heads.modeling_headed_encoder import HeadedEncoderPreTrainedModel

from ..errors import UserError

# Of the largest number of an answer: far more than rounding, far less than another layer.
CLOSE = 1e-3


def find_layers(encoder: torch.nn.Module, flag: str) -> tuple[str, torch.nn.ModuleList]:
    """The list that an encoder keeps its layers in, and its name.

    Args:
        flag: what asks for them.

    Raises:
        UserError: there is none.
    """
    config: Any = encoder.config
    for name, module in encoder.named_modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == config.num_hidden_layers:
            return name, module
    what = f"{config.model_type} has no list of {config.num_hidden_layers} layers to be told apart"
    raise UserError(f"{flag}: {what}; leave {flag} out")


class FirstLayers:
    """The embeddings and the first layers of an encoder, which are frozen: the others go on from hidden states that they gave before.

    All else, such as masks and positions, is computed by the encoder's own `forward`. Its weights and their names stay as they are.

    Args:
        model: in evaluation mode; its `encode_from` goes on from there from now on.
        count: of layers.

    Attributes:
        kept: K, how many layers are kept of a row: the last of them, and those below it that the head reads.

    Raises:
        UserError: the encoder has no more layers than these, no list of them, or gives something else when it goes on from there
            than when it runs as a whole.
    """

    def __init__(self, model: HeadedEncoderPreTrainedModel, count: int):
        encoder: Any = model.encoder
        going_on: Any = model
        _, self.layers = find_layers(encoder, "--freeze_layers")
        if not count < len(self.layers):
            what = f"--freeze_layers must be 1 to {len(self.layers) - 1}, not {count}"
            raise UserError(f"{what}: the encoder has {len(self.layers)} layers, and --freeze_encoder freezes them all")
        self.model, self.count = model, count
        self.kept = max(1, count - len(self.layers) + model.config.use_last_layers)
        self.given: dict[int, torch.Tensor] | None = None  # by number of the layer, while the others go on from there
        for number, layer in enumerate(self.layers[:count], start=1):
            layer.forward = self._instead_of(layer.forward, number)
        going_on.encode_from = self.encode_from

        # Frozen is all that these layers' states depend on: positions, norms and the like have other names in every family.
        ids = torch.arange(16, device=encoder.device).view(2, 8) % encoder.config.vocab_size
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        states = self.read(**inputs)
        parameters = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(states.sum(), parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.requires_grad_(gradient is None)
        self.embeddings = [
            part for part in encoder.children() if not any(one.requires_grad for one in part.parameters())
        ]
        with torch.no_grad():
            (_, expected), (_, found) = model.encode(**inputs), self.encode_from(states, **inputs)
        if not torch.allclose(found, expected, rtol=0, atol=CLOSE * expected.abs().max().item()):
            what = f"{encoder.config.model_type} does not go on from layer {count} alone"
            raise UserError(f"--freeze_layers: {what}; give another number of layers, or --freeze_encoder")

    def read(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What the last K of these layers give for inputs (B, T): (B, T, K * H). Layers above do not run."""
        seen: dict[int, torch.Tensor] = {}

        def look(number: int, args: tuple, kwargs: dict[str, Any]) -> None:
            seen[number] = args[0] if args else kwargs["hidden_states"]
            if number == self.count:
                raise _Reached

        hooks = [
            # What a layer gives is what the next one is given.
            self.layers[number].register_forward_pre_hook(
                lambda module, args, kwargs, number=number: look(number, args, kwargs), with_kwargs=True
            )
            for number in range(self.count - self.kept + 1, self.count + 1)
        ]
        try:
            self.model.encoder(**inputs, return_dict=True)
        except _Reached:
            return torch.cat([seen[number] for number in sorted(seen)], dim=-1)
        finally:
            for hook in hooks:
                hook.remove()
        raise RuntimeError(f"the encoder never came to layer {self.count + 1}")

    def _instead_of(self, forward: Any, number: int) -> Any:
        """A layer's `forward` that does not compute where its hidden states, or those of a layer above, are given."""
        in_a_tuple = False

        def handed_on(*args: Any, **kwargs: Any) -> Any:
            nonlocal in_a_tuple
            if self.given is None:
                output = forward(*args, **kwargs)
                in_a_tuple = isinstance(output, tuple)
                return output
            states = self.given.get(number, self.given[self.count])
            return (states, None) if in_a_tuple else states

        return handed_on

    def encode_from(self, hidden_states: torch.Tensor, **inputs: torch.Tensor) -> tuple[Any, torch.Tensor]:
        """What the model's `encode` gives, from hidden states (B, T, K * H) that `read` gave for these inputs."""
        for part in self.embeddings:  # what they give is not looked at: no random numbers for their dropout
            part.eval()
        numbers = range(self.count - self.kept + 1, self.count + 1)
        self.given = dict(zip(numbers, hidden_states.chunk(self.kept, dim=-1), strict=True))
        try:
            return self.model.encode(**inputs)
        finally:
            self.given = None


class _Reached(Exception):
    """Ends a run through the encoder at a layer whose input is all that was asked for."""
