"""Which rows of texts have a label: which are trained on, which are left out, and why some are not scored."""

from __future__ import annotations

import logging
from collections import Counter

import numpy as np

from ..data.splits import Split
from ..files import listed
from .base import NoLabels
from .column_checks import no_label
from .columns import Columns
from .label_values import canonical, is_nothing, signs_for_nothing
from .labels import UNSCORED, Labels

logger = logging.getLogger(__name__)


def has_labels(split: Split, columns: Columns, labels: Labels | NoLabels) -> bool:
    """Whether every row has a label: a test file may have an empty column of labels, one of placeholders, or none."""
    if columns.label is None:
        return False
    values = split.column(columns.label)
    if isinstance(labels, NoLabels):
        return not any(map(is_nothing, values)) and not signs_for_nothing(Counter(canonical(str(v)) for v in values))
    if any(map(labels.lacks, values)):
        return False
    return split.name != "test" or not labels.is_placeholder(values)


def labelled_rows(split: Split, column: str, labels: Labels, drop_unlabelled: bool) -> Split:
    """The training or validation rows that have a label; says which classes are not among those of the training.

    Args:
        column: of the labels.
        drop_unlabelled: rows without a label are left out.

    Raises:
        UserError: some have none, and are not to be left out; or none is left.
    """
    lacking = np.fromiter(map(labels.lacks, split.column(column)), bool, len(split.rows))
    nothing = int(lacking.sum())
    if nothing and (not drop_unlabelled or nothing == len(split.rows)):
        raise no_label(split, column, labels.lacks)
    if nothing:
        message = "%s: %d of %d rows have no label and are left out of %s"
        logger.warning(message, split.file, nothing, len(split.rows), split.name)
        split = split.where(~lacking)
    if split.name == "train" and labels.names and not labels.kept:
        used = {name for names in labels.names_of(split.column(column)) for name in names}
        unused = [name for name in labels.names if name not in used]
        if unused:
            logger.warning("%s: classes without a row that is trained on: %s", split.file, listed(unused))
    return split


def say_unscored(split: Split, columns: Columns, labels: Labels) -> bool:
    """Says why test rows are not scored, or that their labels may be none.

    Returns:
        whether they are not scored.
    """
    if columns.label is None:
        return False
    values = split.column(columns.label)
    nothing = sum(map(labels.lacks, values))
    place = f"{split.file}, column '{columns.label}'"
    if nothing or labels.is_placeholder(values):
        count = nothing or len(values)
        logger.warning("%s: %d of %d rows have no label: the rows are not scored", place, count, len(values))
        return True
    if len(values) > 9 and not split.part and all(value == values[0] for value in values):
        message = "%s: every row has the label %r; if it stands where labels are hidden, %s"
        logger.warning(message, place, values[0], UNSCORED)
    return False
