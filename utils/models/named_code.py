"""What a configuration asks loading to do: code that it names is fetched and run, parts that it counts are built."""

from __future__ import annotations

import logging
import re
from pathlib import Path, PurePosixPath
from typing import Any

from transformers import PretrainedConfig
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, cached_file, find_adapter_config_file, is_kernels_available

from ..errors import UserError, first_line
from ..files import read_json, shown

logger = logging.getLogger(__name__)

# Parts that are built one by one, from their number alone: a billion of them would fill the memory before a weight is looked at.
COUNTED = re.compile(r"(^|_)(layers?|groups?|experts?|blocks?)$")
MOST_PARTS, MOST_LABELS = 1_000, 1_000_000


def check_counts(fields: Any) -> None:
    """Raises ValueError where a configuration, or one inside it, asks for more parts or labels than any model has.

    Args:
        fields: as the file has them.
    """
    for key, value in fields.items() if isinstance(fields, dict) else ():
        most = MOST_LABELS if key == "num_labels" else MOST_PARTS if COUNTED.search(key) else None
        if most is not None and isinstance(value, (int, float)) and value > most:
            raise ValueError(f"it asks for {key} {shown(value)}, and no model has more than {most:,}")
        check_counts(value)


def check_files(name: str, revision: str) -> None:
    """Raises UserError where loading weights would read more than safetensors in the model's own folder or repository.

    An index may name a pickle, or a file elsewhere; an adapter's configuration changes the weights, or those that are loaded, where
    `peft` is installed.

    Args:
        name: of the model.
    """
    if find_adapter_config_file(name, revision=revision) is not None:
        told = (
            "adapter_config.json stands beside the model: an adapter that would change its weights, or another model's"
        )
        cure = "merge it with peft (`merge_and_unload`) and save the whole, or remove that file"
        raise UserError(f"{told}; {cure}", file=name)
    options: Any = {"_raise_exceptions_for_missing_entries": False, "_raise_exceptions_for_connection_errors": False}
    index = cached_file(name, SAFE_WEIGHTS_INDEX_NAME, revision=revision, **options)
    if index is None:
        return
    try:
        files = {str(file) for file in read_json(Path(index))["weight_map"].values()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"its {SAFE_WEIGHTS_INDEX_NAME} cannot be read ({first_line(error)})", file=name) from error
    for file in sorted(files):
        if not file.endswith(".safetensors") or PurePosixPath(file).name != file or "\\" in file:
            told = f"its {SAFE_WEIGHTS_INDEX_NAME} names {shown(file)}, which is no *.safetensors beside it"
            raise UserError(f"{told}; download the model again, or take another", file=name)


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
