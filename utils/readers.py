"""The ways into a data file, one for each kind of task; each yields `Row`s and streams where the format permits."""

from .files import Row
from .squad import read_squad
from .tables import read_table
from .tagged import read_tagged

__all__ = ["Row", "read_squad", "read_table", "read_tagged"]
