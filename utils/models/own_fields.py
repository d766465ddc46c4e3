"""What a checkpoint's configuration says in fields of this project's own: its head, its labels, how texts are read, its calibration."""

from __future__ import annotations

from typing import Any

from heads import HeadedEncoderConfig

from ..files import fits, shown

# See `utils.files.fits`.
SHAPES: dict[str, Any] = {
    "head": str,
    "head_kwargs": dict,
    "crf": bool,
    "use_last_layers": int,
    "windows": ({"pooling": str, "max_seq_length": int, "doc_stride": int}, None),
    "calibration": (
        {
            "rows": (int, None),
            "temperature": (float, None),
            "thresholds": ({str: float}, None),
            "null_score_diff_threshold": (float, None),
        },
        None,
    ),
    "token_unit": (str, None),
    "tag_scheme": (
        {"name": str, "suffix": (bool, None), "separator": (str, None), "lower": (bool, None), "outside": (str, None)},
        None,
    ),
}
CHOICES = {
    "combine_layers": ("sum", "concat"),
    "decoding": ("argmax", "constrained"),
    "problem_type": (None, "regression", "single_label_classification", "multi_label_classification"),
}


def check_own_fields(config: Any) -> None:
    """Raises ValueError where a field of a configuration holds what no checkpoint of this project has there."""
    if not fits(config.architectures, ([str], None)):
        raise ValueError("its 'architectures' are no names of classes")
    headed = isinstance(config, HeadedEncoderConfig)
    _check_numbers(config.encoder_config if headed else config)
    if not headed:
        return
    wrong = [name for name, shape in SHAPES.items() if not fits(getattr(config, name, None), shape)]
    wrong += [name for name, values in CHOICES.items() if getattr(config, name) not in values]
    names = config.id2label
    if not isinstance(names, dict) or {*names} != {*range(len(names))} or not fits([*names.values()], [str]):
        wrong.append("id2label")
    if not wrong and not _can_calibrate(config.calibration or {}, {*names.values()}):
        wrong.append("calibration")
    if wrong:
        raise ValueError(f"its '{wrong[0]}' holds what no checkpoint of this project has there")


def _can_calibrate(calibration: dict[str, Any], names: set[str]) -> bool:
    temperature, thresholds = calibration.get("temperature"), calibration.get("thresholds")
    return (temperature is None or temperature > 0) and (thresholds is None or names <= thresholds.keys())


def _check_numbers(config: Any) -> None:
    """Raises ValueError where an encoder's configuration holds something else in the place of a number: a layer may notice late."""
    if getattr(config, "has_no_defaults_at_init", False):
        return
    for name, default in vars(type(config)()).items():
        value = vars(config).get(name)
        if isinstance(default, int | float) and not isinstance(value, int | float | None) and "token_id" not in name:
            raise ValueError(f"its '{name}' is no number: {shown(value)}")
