"""Code that a configuration names, which loading would fetch and run."""

from __future__ import annotations

import logging
from typing import Any

from transformers import PretrainedConfig
from transformers.utils import is_kernels_available

from ..errors import UserError

logger = logging.getLogger(__name__)


def check_no_code(config: PretrainedConfig, name: str, trust_remote_code: bool) -> None:
    """Raises UserError where a configuration, or one inside it, names compiled code for transformers to fetch from the Hub.

    Kernels for attention and experts, and those of quantized weights, run without a question; `trust_remote_code` is about Python
    files alone. Where that is given, says which other repositories those files come from.

    Args:
        name: of the model.
    """
    if trust_remote_code:
        others = sorted(
            {place.partition("--")[0] for place in _places(getattr(config, "auto_map", {})) if "--" in place}
        )
        if others:
            logger.warning("%s: its code comes from elsewhere, as it is there today: %s", name, ", ".join(others))
        return
    cure = "or give --trust_remote_code, if you trust it"
    for part in [config, *(getattr(config, key, None) for key in config.sub_configs)]:
        for field in ("attn_implementation", "experts_implementation"):
            kernel = getattr(part, f"_{field}", None)
            if kernel and ("/" in kernel or (kernel.startswith("flash_attention") and is_kernels_available())):
                told = f"its configuration has code fetched from the Hub and run, {field} {kernel}"
                raise UserError(f"{told}; delete that from config.json, {cure}", file=name)
        if getattr(part, "quantization_config", None):
            told = "its weights are quantized, which takes code of other packages or of the Hub"
            raise UserError(f"{told}; name the model that it was made from, {cure}", file=name)


def _places(auto_map: Any) -> list[str]:
    """The classes that an `auto_map` names; a tokenizer's may be two."""
    values = auto_map.values() if isinstance(auto_map, dict) else []
    return [str(one) for value in values for one in (value if isinstance(value, (list, tuple)) else [value])]
