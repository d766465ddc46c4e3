"""What a comparison runs: its cells, and the trials that choose the settings of each head."""

from .cell import Cell
from .ensembles import plan_ensembles
from .plan import ROOT, Plan, make_plan
from .trials import Trial, Tuning, plan_trials

__all__ = ["ROOT", "Cell", "Plan", "Trial", "Tuning", "make_plan", "plan_ensembles", "plan_trials"]
