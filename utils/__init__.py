"""All that surrounds training. Data pass its rooms in this order: data, tasks, models, training, outputs."""

import sys

from .errors import show

sys.excepthook = show  # before torch and transformers are imported: Ctrl-C is one line from here on
