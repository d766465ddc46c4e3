"""What a comparison runs: its cells, and the trials that choose the settings of each head."""

from .plan import ROOT, Cell, Plan, make_plan
from .trials import Trial, Tuning, plan_trials

__all__ = ["ROOT", "Cell", "Plan", "Trial", "Tuning", "make_plan", "plan_trials"]
