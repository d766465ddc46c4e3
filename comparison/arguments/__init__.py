"""The command line of a comparison, and the file of a study."""

from .flags import ALIKE, TRIAL_SEED, ComparisonArguments
from .parsing import parse_comparison
from .study import Study, is_study, parse_study

__all__ = ["ALIKE", "TRIAL_SEED", "ComparisonArguments", "Study", "is_study", "parse_comparison", "parse_study"]
